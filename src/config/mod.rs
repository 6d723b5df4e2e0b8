//! The configuration. Takes the file `portcullis.toml` and gives a [`Config`], in which everything
//! was checked that can be checked without asking a source; or all of the file's faults, each with
//! its line and key. Imported by no stage of the journey: whoever starts the gateway hands each
//! stage its part.

mod audit;
mod error;
mod found;
mod identity;
mod keys;
mod limits;
mod nearest;
mod policies;
mod reader;
mod secret;
mod server;
mod sources;
mod tables;
mod tenancy;

use std::path::{Path, PathBuf};

pub use audit::Audit;
pub use error::{ConfigError, Fault};
pub use identity::Identity;
pub use keys::DevelopmentKeys;
pub use limits::Limits;
pub(crate) use nearest::nearest;
pub use policies::Policies;
pub use secret::Secret;
pub use server::{Server, Tls};
pub use sources::{PostgresSource, Source, SourceKind, TlsMode};
pub use tables::{ColumnRules, TableRules, TableScope};
pub use tenancy::Tenancy;

use reader::{Document, Environment, Section};

/// A checked configuration. Paths are complete, credentials are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The file.
    pub path: PathBuf,
    /// `[server]`
    pub server: Server,
    /// `[identity]`
    pub identity: Identity,
    /// `[tenancy]`
    pub tenancy: Tenancy,
    /// `[policies]`
    pub policies: Policies,
    /// `[sources.*]`, in the order of the file: at least one.
    pub sources: Vec<Source>,
    /// `[audit]`
    pub audit: Audit,
    /// `[limits]`
    pub limits: Limits,
}

impl Config {
    /// Reads the file, and the environment variables and files that it refers to.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds a fault.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path)?;
        Self::parse(path, &text, &|name| std::env::var(name).ok())
    }

    /// Reads `[identity]` alone: to sign a token, nobody needs the sources' credentials.
    ///
    /// # Errors
    /// Where the file cannot be read, or its `[identity]` holds a fault.
    pub fn load_identity(path: &Path) -> Result<Identity, ConfigError> {
        let text = read(path)?;
        Document::new(path, &text, &|_| None).read(|root| {
            root.forgive_unknown_keys();
            root.table("identity", Identity::read)
        })
    }

    /// Reads where the keys of a configuration for development lie: they may be absent.
    ///
    /// # Errors
    /// Where the file cannot be read, or does not say where they are.
    pub fn load_development_keys(path: &Path) -> Result<DevelopmentKeys, ConfigError> {
        let text = read(path)?;
        Document::new(path, &text, &|_| None).read(DevelopmentKeys::read)
    }

    /// As [`Config::load`], with the file's text and an environment of the caller's choice.
    fn parse(path: &Path, text: &str, environment: Environment<'_>) -> Result<Self, ConfigError> {
        Document::new(path, text, environment).read(|root| Self::read(path, root))
    }

    fn read(path: &Path, root: &Section<'_>) -> Option<Self> {
        let server = root.table("server", Server::read);
        let identity = root.table("identity", Identity::read);
        let attributes = identity.as_ref().map(|identity| &identity.attributes);
        let tenancy = root.table("tenancy", |tenancy| Tenancy::read(tenancy, attributes?));
        let policies = root.table("policies", policies::Draft::read);
        let mut tags = Vec::new();
        let sources = sources::read(root, &mut tags);
        let policies = policies.map(|policies| policies.complete(&tags));
        let audit = root.table("audit", Audit::read);
        let limits = root.table("limits", Limits::read);
        Some(Self {
            path: path.to_owned(),
            server: server?,
            identity: identity?,
            tenancy: tenancy?,
            policies: policies?,
            sources,
            audit: audit?,
            limits: limits?,
        })
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
