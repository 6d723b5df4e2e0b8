//! Why a text or bytes are no value of a type. The wording is PostgreSQL's.

use crate::error::{ClientError, SqlState};

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// Not a value of the type.
    #[error("invalid input syntax for type {spoken}: \"{value}\"")]
    Syntax { spoken: &'static str, value: String },
    /// Not a value of a type whose values are too long to be repeated.
    #[error("invalid input syntax for type {0}")]
    LongSyntax(&'static str),
    /// `\x` with something else than pairs of hexadecimal digits.
    #[error("invalid hexadecimal data")]
    Hexadecimal,
    /// Not a date or time.
    #[error("invalid input syntax for type {spoken}: \"{value}\"")]
    DateTimeSyntax { spoken: &'static str, value: String },
    /// A thirteenth month and the like.
    #[error("date/time field value out of range: \"{value}\"")]
    DateTimeField { value: String },
    /// A date or time that the type, or what carries it here, cannot hold.
    #[error("{spoken} out of range: \"{value}\"")]
    DateTimeRange { spoken: &'static str, value: String },
    /// A number too large for an interval.
    #[error("interval field value out of range: \"{value}\"")]
    IntervalRange { value: String },
    /// No such zone.
    #[error("time zone \"{zone}\" not recognized")]
    TimeZone { zone: String },
    /// Further from UTC than any zone.
    #[error("time zone displacement out of range: \"{value}\"")]
    Displacement { value: String },
    /// An integer past its type.
    #[error("value \"{value}\" is out of range for type {spoken}")]
    Range { spoken: &'static str, value: String },
    /// A floating-point number past its type.
    #[error("\"{value}\" is out of range for type {spoken}")]
    FloatRange { spoken: &'static str, value: String },
    /// More digits than the parameter's type has. They are not rounded away, since a comparison
    /// would then find what is not equal.
    #[error("numeric field overflow")]
    NumericRange { precision: u8, scale: i8 },
    /// An array literal that is none.
    #[error("malformed array literal: \"{value}\"")]
    Array { value: String },
    /// More than one dimension, or another thing that PostgreSQL has and we have not.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// The elements of a binary array are of another type.
    #[error("binary data has array element type {found} instead of expected {expected}")]
    ItemType { found: String, expected: String },
    /// Binary data of the wrong length or form.
    #[error("incorrect binary data format")]
    Binary,
    /// Not UTF-8, or it holds NUL; the offending bytes.
    #[error("invalid byte sequence for encoding \"UTF8\": {0}")]
    Encoding(String),
}

impl DecodeError {
    pub(super) fn syntax(spoken: &'static str, value: &str) -> Self {
        Self::Syntax { spoken, value: value.to_owned() }
    }

    /// As a client sees it, of a text that it wrote.
    pub(crate) fn told(&self) -> ClientError {
        ClientError::new(self.sqlstate(), self.to_string())
    }

    /// As a client sees it, of a text that may come from any row: an error is not where values are
    /// shown.
    pub(crate) fn told_of_a_row(&self) -> ClientError {
        let message = match self {
            Self::Syntax { spoken, .. } | Self::DateTimeSyntax { spoken, .. } => {
                format!("invalid input syntax for type {spoken}")
            }
            Self::DateTimeField { .. } => "date/time field value out of range".to_owned(),
            Self::DateTimeRange { spoken, .. } => format!("{spoken} out of range"),
            Self::IntervalRange { .. } => "interval field value out of range".to_owned(),
            Self::TimeZone { .. } => "time zone not recognized".to_owned(),
            Self::Displacement { .. } => "time zone displacement out of range".to_owned(),
            Self::Range { spoken, .. } | Self::FloatRange { spoken, .. } => {
                format!("value is out of range for type {spoken}")
            }
            Self::Array { .. } => "malformed array literal".to_owned(),
            Self::LongSyntax(_)
            | Self::Hexadecimal
            | Self::NumericRange { .. }
            | Self::Unsupported(_)
            | Self::ItemType { .. }
            | Self::Binary
            | Self::Encoding(_) => self.to_string(),
        };
        ClientError::new(self.sqlstate(), message)
    }

    /// As a client sees it; `number` is the parameter's, from 1.
    pub(crate) fn in_parameter(self, number: usize) -> ClientError {
        let message = match self {
            Self::Binary => format!("{self} in bind parameter {number}"),
            Self::Unsupported(_) => format!("{self} as a parameter"),
            _ => self.to_string(),
        };
        let error = ClientError::new(self.sqlstate(), message);
        match self {
            Self::NumericRange { precision, scale } => error.detail(format!(
                "Parameter ${number} is of type numeric({precision},{scale}), which cannot hold \
                 its value exactly."
            )),
            _ => error,
        }
    }

    fn sqlstate(&self) -> SqlState {
        match self {
            Self::Syntax { .. } | Self::LongSyntax(_) | Self::Array { .. } => {
                SqlState::INVALID_TEXT_REPRESENTATION
            }
            Self::DateTimeSyntax { .. } => SqlState::INVALID_DATETIME_FORMAT,
            Self::DateTimeField { .. } | Self::DateTimeRange { .. } => {
                SqlState::DATETIME_FIELD_OVERFLOW
            }
            Self::IntervalRange { .. } => SqlState::INTERVAL_FIELD_OVERFLOW,
            Self::TimeZone { .. } | Self::Hexadecimal => SqlState::INVALID_PARAMETER_VALUE,
            Self::Displacement { .. } => SqlState::INVALID_TIME_ZONE_DISPLACEMENT,
            Self::Range { .. } | Self::FloatRange { .. } | Self::NumericRange { .. } => {
                SqlState::NUMERIC_VALUE_OUT_OF_RANGE
            }
            Self::Unsupported(_) => SqlState::FEATURE_NOT_SUPPORTED,
            Self::ItemType { .. } => SqlState::DATATYPE_MISMATCH,
            Self::Binary => SqlState::INVALID_BINARY_REPRESENTATION,
            Self::Encoding(_) => SqlState::CHARACTER_NOT_IN_REPERTOIRE,
        }
    }
}
