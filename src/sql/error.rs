//! What can be wrong with a statement before anything is known of its tables.

use sqlparser::tokenizer::Location;

use super::split::position;
use crate::error::{ClientError, SqlState};

/// A statement that goes no further.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SqlError {
    /// The text is not SQL.
    #[error("{message}")]
    Syntax {
        /// In PostgreSQL's words.
        message: String,
        /// In characters from 1.
        position: Option<u32>,
    },
    /// A table whose name stands in single quotes, at this place.
    #[error("syntax error: a table's name stands in double quotes")]
    TextForTable(Location),
    /// A statement that would change data, structure or rights.
    #[error("permission denied: {0} is not possible, this gateway only reads")]
    ReadOnly(&'static str),
    /// A read that is not built, or not part of this SQL.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// A read that is not built, where another does.
    #[error("{what} is not supported")]
    Instead {
        /// The form.
        what: &'static str,
        /// What to say in place of it.
        hint: &'static str,
    },
    /// An option of a `COPY` that cannot be, in PostgreSQL's words.
    #[error("{message}")]
    CopyOption {
        /// PostgreSQL's.
        sqlstate: SqlState,
        /// What is wrong.
        message: String,
    },
    /// A statement that the caller may never issue (`SET ROLE` and the like).
    #[error("permission denied to {0}")]
    Forbidden(&'static str),
    /// Too deep, or too many operators, to be planned safely.
    #[error("statement is too complex")]
    TooComplex,
    /// A list of results that is longer than PostgreSQL's.
    #[error("target lists can have at most 1664 entries")]
    TooManyColumns,
    /// More arguments than PostgreSQL passes.
    #[error("cannot pass more than {limit} arguments to a function")]
    TooManyArguments {
        /// The bound.
        limit: usize,
    },
    /// A `CUBE` that would be of very many sets.
    #[error("CUBE is limited to {limit} elements")]
    CubeTooLarge {
        /// The bound.
        limit: usize,
    },
    /// A `GROUP BY` that would be of very many sets.
    #[error("too many grouping sets present (maximum {limit})")]
    TooManyGroupingSets {
        /// The bound.
        limit: usize,
    },
    /// More words, values and signs than the configured bound.
    #[error("statement has more than {limit} words, values and signs")]
    TooManyTokens {
        /// The bound.
        limit: usize,
    },
    /// Longer than the configured bound.
    #[error("statement is longer than {limit} bytes")]
    TooLong {
        /// The bound, in bytes.
        limit: usize,
    },
}

impl SqlError {
    /// With its place in the text as PostgreSQL counts it.
    pub(super) fn placed(self, text: &str) -> Self {
        match self {
            Self::TextForTable(at) => {
                Self::Syntax { message: self.to_string(), position: position(text, at) }
            }
            other => other,
        }
    }
}

impl From<SqlError> for ClientError {
    fn from(error: SqlError) -> Self {
        let message = error.to_string();
        match error {
            SqlError::Syntax { position, .. } => {
                ClientError::new(SqlState::SYNTAX_ERROR, message).at(position)
            }
            SqlError::TextForTable(_) => ClientError::new(SqlState::SYNTAX_ERROR, message),
            SqlError::ReadOnly(_) => ClientError::new(SqlState::INSUFFICIENT_PRIVILEGE, message)
                .hint("Send changes to the source itself."),
            SqlError::Forbidden(_) => ClientError::new(SqlState::INSUFFICIENT_PRIVILEGE, message),
            SqlError::Unsupported(_) => ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message),
            SqlError::CopyOption { sqlstate, .. } => ClientError::new(sqlstate, message),
            SqlError::Instead { hint, .. } => {
                ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message).hint(hint)
            }
            SqlError::TooManyColumns | SqlError::CubeTooLarge { .. } => {
                ClientError::new(SqlState::TOO_MANY_COLUMNS, message)
            }
            SqlError::TooManyArguments { .. } => {
                ClientError::new(SqlState::TOO_MANY_ARGUMENTS, message)
            }
            SqlError::TooManyGroupingSets { .. } => {
                ClientError::new(SqlState::STATEMENT_TOO_COMPLEX, message)
            }
            SqlError::TooManyTokens { .. } => {
                ClientError::new(SqlState::STATEMENT_TOO_COMPLEX, message)
                    .hint("Pass a long list as one array: column = ANY ($1).")
            }
            SqlError::TooComplex => ClientError::new(SqlState::STATEMENT_TOO_COMPLEX, message)
                .hint("Long lists of conditions fit into one IN (…) or a join with VALUES."),
            SqlError::TooLong { .. } => ClientError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message)
                .hint("The administrator sets this bound as limits.max_statement_bytes."),
        }
    }
}
