//! What PostgreSQL says where a number does not fit.

use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use super::types::SqlNumber;
use crate::error::{ClientError, SqlState};

/// 22003, in the words for the type.
pub(super) fn out_of_range(of: &DataType) -> ClientError {
    let message = match SqlNumber::of(of) {
        Some(SqlNumber::Int2) => "smallint out of range",
        Some(SqlNumber::Int4) => "integer out of range",
        Some(SqlNumber::Int8) => "bigint out of range",
        Some(SqlNumber::Numeric(..)) => return too_many_digits(),
        Some(SqlNumber::Float4 | SqlNumber::Float8) => "value out of range: overflow",
        None => match of {
            DataType::Date32 => return timely("date out of range"),
            DataType::Interval(_) => return timely("interval out of range"),
            DataType::Timestamp(..) => return timely("timestamp out of range"),
            _ => "value out of range",
        },
    };
    ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, message)
}

/// A decimal that PostgreSQL could hold and the gateway cannot.
pub(super) fn too_many_digits() -> ClientError {
    ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
        .hint("A numeric value has at most 38 digits here, those behind the point included.")
}

/// A result too close to zero for its type.
pub(super) fn underflow() -> ClientError {
    ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow")
}

/// 22012
pub(super) fn division_by_zero() -> ClientError {
    ClientError::new(SqlState::DIVISION_BY_ZERO, "division by zero")
}

fn timely(message: &'static str) -> ClientError {
    ClientError::new(SqlState::DATETIME_FIELD_OVERFLOW, message)
}

/// Carries an error through a kernel of Arrow.
pub(super) fn raise(error: ClientError) -> ArrowError {
    ArrowError::ExternalError(Box::new(error))
}

/// An error of ours, for the engine.
pub(in crate::guard) fn external(error: ClientError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// What a kernel gave, as PostgreSQL says it of a result of this type.
pub(super) fn told(error: DataFusionError, result: &DataType) -> DataFusionError {
    match error {
        DataFusionError::ArrowError(error, context) => match *error {
            ArrowError::ExternalError(ours) => DataFusionError::External(ours),
            ArrowError::DivideByZero => external(division_by_zero()),
            ArrowError::ArithmeticOverflow(_) => external(out_of_range(result)),
            other => DataFusionError::ArrowError(Box::new(other), context),
        },
        other => other,
    }
}
