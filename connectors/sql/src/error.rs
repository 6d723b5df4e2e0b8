//! Why a plan does not become a statement.

use portcullis_connector_api::ConnectorError;

/// Why there is no statement for a plan. In every case the work can be done in the gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The dialect has no equal expression, or a bound of ours was passed.
    #[error("{0} cannot be said to this source")]
    Unsupported(String),
    /// The catalog names something that cannot be quoted exactly.
    #[error("the name {0:?} cannot be quoted for this source")]
    Name(String),
    /// The text that was written does not read as the plan: a fault of ours, or an attack.
    #[error("the written statement does not read as its plan: {0}")]
    Mismatch(String),
}

impl SqlError {
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    pub(crate) fn mismatch(what: impl Into<String>) -> Self {
        Self::Mismatch(what.into())
    }
}

impl From<SqlError> for ConnectorError {
    fn from(error: SqlError) -> Self {
        Self::Unsupported(error.to_string())
    }
}
