//! Files as a source: Parquet, CSV and newline-delimited JSON.
//!
//! A folder is the source. Each `<name>.parquet`, `<name>.csv` or `<name>.json` (also `.jsonl`,
//! `.ndjson`) in it is a table, and so is each folder `<name>/` that holds files of one of these
//! formats; names that begin with `.` or `_` are passed over. The catalog is read when asked
//! for, the files anew at each scan.
//!
//! Parquet is read by DataFusion's own reader, so what the guard pushes down prunes row groups
//! and pages and keeps columns from being decoded; it is never taken as exact. CSV and JSON are
//! read row by row and take no predicates.
//!
//! A cell that cannot be decoded is NULL and marked. A line that cannot be parsed, or a CSV row
//! with more cells than the header has names, belongs to no tenant: it is passed over and
//! counted in the log. So is a CSV row of several lines, unless the options vouch for the quotes.
//!
//! The columns of CSV and JSON, and their types, are what the options declare. What they do not
//! declare is inferred from the rows, and then any row has a say in it, whosever it is.

mod options;

mod folder;

mod connector;
mod exec;

mod parquet;
mod text;

pub use connector::Files;
pub use options::{FilesOptions, TableOptions};
