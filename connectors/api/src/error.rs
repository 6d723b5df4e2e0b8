//! What can go wrong at a source.

/// A fault of a source. `Display` is for the log and the audit record: it may hold what the
/// driver said, never credentials. What a client is told is made from the variant and the
/// source's name alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectorError {
    /// The configuration of the source is wrong.
    #[error("{0}")]
    Configuration(String),
    /// The source cannot be reached, or the connection was lost (SQLSTATE 08006).
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It is there, but has no room for a further statement (SQLSTATE 53300).
    #[error("busy: {0}")]
    Busy(String),
    /// The source refused or broke down while it ran what it was sent (SQLSTATE 58000).
    #[error("failed: {0}")]
    Failed(String),
    /// Stored data is damaged beyond single cells: a Parquet file cut short (SQLSTATE XX001).
    #[error("damaged: {0}")]
    Damaged(String),
    /// A cell of a visible row cannot be decoded (SQLSTATE 22P02 for bad text, 22003 for a value
    /// out of range). Holds the column, never the value.
    #[error("a value of column \"{column}\" cannot be decoded as {sql_type}")]
    BadCell {
        /// The column.
        column: String,
        /// The type it was declared with.
        sql_type: String,
    },
    /// The source was asked for something that it does not do (SQLSTATE 0A000).
    #[error("unsupported: {0}")]
    Unsupported(String),
}

impl From<ConnectorError> for datafusion::error::DataFusionError {
    fn from(error: ConnectorError) -> Self {
        Self::External(Box::new(error))
    }
}
