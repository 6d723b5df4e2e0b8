//! Attacks that have worked on systems like this one. Takes the company, tries each attack on a
//! plain filter and on the gateway, and gives both answers; whether something was given away is
//! judged by the same rule for both, over the answer alone.

mod list;
mod plain;
mod run;
mod secrets;
mod show;
mod tables;

use std::path::PathBuf;

use super::answer::Answer;
use super::company::Tenant;
use super::people::Person;

pub use list::attacks;
pub use plain::PlainFilter;
pub use run::run;
pub use show::{Tried, summary};

/// How the attacker comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// With a good token of their own.
    Own(Person),
    /// With one's token under the name of another.
    Borrowed {
        /// Whose token.
        token: Person,
        /// Under which name.
        user: Person,
    },
    /// With a token that nobody signed (`"alg": "none"`).
    Unsigned(Person),
    /// With a token that was good until an hour ago.
    Expired(Person),
}

/// How the plain filter is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It runs the query here.
    Here,
    /// It hands the query on to SQLite.
    AtSource,
}

/// What gives something away. The same rule judges both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leak {
    /// Any of these texts, wherever it stands.
    Mentions(Vec<String>),
    /// This credential; of the real one, the screen gets the beginning.
    Credential(String),
    /// These values in the first column, in this order.
    Values(Vec<String>),
    /// An error whose message holds this text.
    ErrorAbout(&'static str),
    /// That it was not refused.
    Success,
    /// That this file is there.
    File(PathBuf),
}

/// One attack.
#[derive(Clone, Debug)]
pub struct Attack {
    /// Its name, as a heading.
    pub title: &'static str,
    /// What is tried, and why it might work.
    pub story: &'static str,
    /// How the attacker comes in.
    pub entry: Entry,
    /// What is sent, as one simple query.
    pub sql: String,
    /// How the plain filter is asked.
    pub way: Way,
    /// The tenant for whom the plain filter works. It knows no tokens: it takes the caller's word.
    pub told: Tenant,
    /// What must not come back.
    pub leak: Leak,
}

impl Attack {
    /// Whether something was given away that must not be: by this answer, or beside it.
    pub fn gives_away(&self, answer: &Answer) -> bool {
        match &self.leak {
            Leak::Mentions(texts) => texts.iter().any(|text| answer.mentions(text)),
            Leak::Credential(text) => answer.mentions(text),
            Leak::Values(values) => answer.first_cells() == *values,
            Leak::ErrorAbout(text) => !answer.is_ok() && answer.mentions(text),
            Leak::Success => answer.is_ok(),
            Leak::File(path) => path.exists(),
        }
    }
}

#[cfg(test)]
mod tests;
