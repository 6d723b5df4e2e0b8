//! Constants that a predicate compares columns with.

use std::fmt;
use std::sync::Arc;

/// A constant. NULL is not a value here: a comparison with NULL admits no row, so it never
/// becomes a predicate.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `bool`
    Bool(bool),
    /// `int2`, `int4`, `int8`
    Int(i64),
    /// `float4`, `float8`; never NaN
    Float(f64),
    /// `numeric`: `unscaled × 10^-scale`
    Decimal {
        /// The digits, with their sign.
        unscaled: i128,
        /// How many of the digits stand behind the point.
        scale: i8,
    },
    /// `text`, `varchar`, and `uuid` in its canonical lower-case form
    Text(Arc<str>),
    /// `date`, in days since 1970-01-01
    Date(i32),
    /// `timestamp` without time zone, in microseconds since 1970-01-01 00:00
    Timestamp(i64),
    /// `timestamptz`, in microseconds since 1970-01-01 00:00 UTC
    Timestamptz(i64),
}

impl Value {
    /// Text from anything that holds text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }
}

/// SQL-like text for people: the audit log and the guard's view of a plan. Never sent to a source.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Decimal { unscaled, scale } => {
                let digits = usize::try_from(*scale).unwrap_or(0);
                if digits == 0 {
                    return write!(f, "{unscaled}");
                }
                let sign = if *unscaled < 0 { "-" } else { "" };
                let text = format!("{:0>width$}", unscaled.unsigned_abs(), width = digits + 1);
                let (whole, fraction) = text.split_at(text.len() - digits);
                write!(f, "{sign}{whole}.{fraction}")
            }
            Self::Text(value) => write!(f, "'{}'", value.replace('\'', "''")),
            Self::Date(days) => write!(f, "date {days}"),
            Self::Timestamp(micros) => write!(f, "timestamp {micros}us"),
            Self::Timestamptz(micros) => write!(f, "timestamptz {micros}us"),
        }
    }
}
