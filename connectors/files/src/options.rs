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
    /// What is said of all the others.
    pub others: TableOptions,
}

impl FilesOptions {
    /// The folder, with nothing more said.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), tables: BTreeMap::new(), others: TableOptions::default() }
    }

    /// What is said of this table.
    pub fn of(&self, table: &TableName) -> &TableOptions {
        self.tables.get(table).unwrap_or(&self.others)
    }
}

/// One table.
///
/// What is not declared of a CSV or JSON table is inferred from its rows, whosever they are. What
/// is declared is not looked for in any row.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// Columns and their types, in their order. A JSON column that is declared exists even if no
    /// line has it; a CSV column must be in the header. Parquet files know their own types, with
    /// which these must agree.
    pub columns: Vec<(ColumnName, SqlType)>,
    /// Whether the columns above are all of the table's. What else the files hold is left out.
    pub columns_only: bool,
    /// The column that names the tenant, and its type: what no row may change, even where nothing
    /// is declared of it.
    pub tenant: Option<(ColumnName, SqlType)>,
    /// Whether a field of a CSV file may hold line breaks. Only where whoever writes the file is
    /// trusted to quote every text: else a quote that a tenant managed to leave open would make the
    /// rows of others part of a field of its own. Without it such a record is passed over.
    pub multiline: bool,
}

impl TableOptions {
    /// The type that a column has whatever the rows hold.
    pub fn declared(&self, column: &str) -> Option<&SqlType> {
        let mut declared = self.columns.iter().chain(&self.tenant);
        declared.find(|(name, _)| name.as_str() == column).map(|(_, sql_type)| sql_type)
    }
}
