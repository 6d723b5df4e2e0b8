//! SQLite as a source.
//!
//! A database file, opened for reading only and never changed: no ATTACH, no extensions, no
//! functions that its schema should not be trusted with. Each scan has a connection and a thread
//! of its own, at most so many at a time, and stops when its stream is dropped.
//!
//! SQLite keeps any kind of value in any column, so a column's [type](types) here is a promise
//! that cells may break: such a cell is NULL and marked. What is compared there is compared by
//! the storage classes of [`portcullis_connector_sql::Sqlite`], and only where a cell that
//! decodes cannot be stored in any other class; elsewhere nothing is pushed down.

mod options;

mod open;
mod types;

mod catalog;
mod connector;

mod cells;
mod stream;

pub use connector::SqliteConnector;
pub use options::SqliteOptions;
