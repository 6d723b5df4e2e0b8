//! CSV and JSON: rows of text.
//!
//! Takes the files of a table, judges the types of those columns that are not declared from the
//! first rows, and reads the rows into batches, one file after the other. Evaluates no predicates.

mod csv;
mod json;

mod infer;
mod source;

mod catalog;
mod scan;

pub use catalog::describe;
pub use scan::TextScan;

/// A record of more bytes is passed over: a quote that is never closed must not fill the memory.
const MAX_RECORD_BYTES: usize = 16 << 20;

/// PostgreSQL's limit of columns in a table.
const MAX_COLUMNS: usize = 1600;
