//! What SQL sources share: a guarded scan or subplan goes in, a [`Statement`] comes out that may
//! be sent.
//!
//! A [`Statement`] is made in three steps. The plan is brought into its [normal form](normal),
//! so that one meaning has one text. It is then [written](write) in the [`Dialect`] of the
//! source: names from the catalog, aliases of our own, values bound. Last, the text is
//! [read back](read) into a plan by the source's grammar, and only where that plan is the one we
//! began with does a statement exist. So a name or a value that broke out of its place, or a
//! guard that was lost, is found before anything is sent.

mod normal;

mod dialect;
mod shape;

mod pushdown;

mod write;

mod lexis;
mod read;

mod error;
mod statement;

pub use dialect::postgres::{Postgres, Relation};
pub use dialect::sqlite::Sqlite;
pub use dialect::{Dialect, LikeSyntax};
pub use error::SqlError;
pub use pushdown::{combine, decides, pushdown};
pub use shape::{Comparison, Shape};
pub use statement::{Bind, Statement};

#[cfg(test)]
mod tests;
