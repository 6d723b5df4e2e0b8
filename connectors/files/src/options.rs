//! What the configuration may say of a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use portcullis_connector_api::{ColumnName, SqlType, TableName};

/// A folder and how to read it.
#[derive(Clone, Debug)]
pub struct FilesOptions {
    /// The folder. It may itself be a symbolic link; what is in it may not lead out of it.
    pub path: PathBuf,
    /// Tables of which more is said.
    pub tables: BTreeMap<TableName, TableOptions>,
    /// At most so many files of one table are read side by side.
    pub max_partitions: usize,
}

impl FilesOptions {
    /// The folder, with nothing more said: one reader per processor, at most eight.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { path: path.into(), tables: BTreeMap::new(), max_partitions: processors.min(8) }
    }
}

/// One table.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// Types of CSV and JSON columns that are declared instead of inferred. A JSON column that
    /// is declared exists even if no line has it. Parquet files know their own types.
    pub columns: BTreeMap<ColumnName, SqlType>,
}
