//! What is wrong with a configuration.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a configuration cannot be used. Never holds the value of a credential.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read \"{}\": {source}", path.display())]
    Unreadable {
        /// The configuration file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file was read, and this is wrong with it: at least one fault, in the order of lines.
    #[error("{}", Lines(.0))]
    Faulty(Vec<Fault>),
}

/// One fault, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The configuration file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong: names the key.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.message)
    }
}

struct Lines<'a>(&'a [Fault]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}
