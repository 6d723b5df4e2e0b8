//! Why a value cannot be sent.

use crate::error::{ClientError, SqlState};

#[derive(Debug, thiserror::Error)]
pub(crate) enum EncodeError {
    /// Beyond what the type holds in PostgreSQL.
    #[error("{0} out of range")]
    OutOfRange(&'static str),
    /// A date or time beyond what PostgreSQL knows.
    #[error("{0} out of range")]
    OutOfCalendar(&'static str),
    /// Text that is carried in place of a value, and is not one.
    #[error("a value cannot be sent as {0}")]
    NotOfType(&'static str),
    /// It has no binary form here.
    #[error("a value of type {0} can be sent as text only")]
    TextOnly(&'static str),
    /// Past 1 GB.
    #[error("row is too large to be sent")]
    TooLarge,
    /// An array that is none of those that carry the type.
    #[error("unsupported: {0}")]
    Unsupported(String),
}

impl From<EncodeError> for ClientError {
    fn from(error: EncodeError) -> Self {
        let sqlstate = match error {
            EncodeError::OutOfRange(_) => SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            EncodeError::OutOfCalendar(_) => SqlState::DATETIME_FIELD_OVERFLOW,
            EncodeError::NotOfType(_) => SqlState::INVALID_TEXT_REPRESENTATION,
            EncodeError::TextOnly(_) => SqlState::FEATURE_NOT_SUPPORTED,
            EncodeError::TooLarge => SqlState::PROGRAM_LIMIT_EXCEEDED,
            EncodeError::Unsupported(found) => {
                return Self::new(SqlState::INTERNAL_ERROR, "a result could not be encoded")
                    .internal(found);
            }
        };
        Self::new(sqlstate, error.to_string())
    }
}
