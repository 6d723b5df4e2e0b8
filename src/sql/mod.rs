//! What is asked. Takes the text of a statement, parses it once, refuses what the gateway never
//! does, bounds what is left, and gives [`Statement`]s. Nothing after this stage looks in the
//! text for what it means, and nothing prints a tree back into SQL to parse it anew.

mod allow;
mod chains;
mod copy;
mod cursor;
mod dialect;
mod error;
mod expansion;
mod grouping;
mod identifier;
mod options;
mod query;
mod split;
mod statement;
mod words;

pub use error::SqlError;
pub(crate) use identifier::{fold, quoted};
pub use split::{Limits, parse};
pub use statement::{Command, Explain, Fetch, Query, Reach, SetValue, Statement};
