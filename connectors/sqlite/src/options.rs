//! What the configuration may say of a database file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use portcullis_connector_api::{ColumnName, SqlType, TableName};

/// A database file and how to read it.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The file.
    pub path: PathBuf,
    /// Types that are declared instead of read from the schema. Such columns are decoded as
    /// declared and take part in no pushdown.
    pub columns: BTreeMap<TableName, BTreeMap<ColumnName, SqlType>>,
    /// At most so many scans run at a time; the others wait. Each has a thread.
    pub max_scans: usize,
    /// How long a scan waits for a writer to let go of the file.
    pub busy_timeout_ms: u64,
}

impl SqliteOptions {
    /// The file, with nothing more said.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), columns: BTreeMap::new(), max_scans: 64, busy_timeout_ms: 5_000 }
    }
}
