//! What the engine says while a query runs.

use crate::error::{ClientError, SqlState};

/// An error of a function that ran, recognised by its words. What is said holds no value: it may
/// come from any row.
pub(in crate::guard) fn of_a_function(message: &str) -> Option<ClientError> {
    let lower = message.to_ascii_lowercase();
    let told = [
        (
            "factorial of a negative",
            SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            "factorial of a negative number is undefined",
        ),
        (
            "negative count not allowed",
            SqlState::SUBSTRING_ERROR,
            "negative substring length not allowed",
        ),
        (
            "field position must not be zero",
            SqlState::INVALID_PARAMETER_VALUE,
            "field position must not be zero",
        ),
        (
            "failed to decode value using hex",
            SqlState::INVALID_PARAMETER_VALUE,
            "invalid hexadecimal data",
        ),
        ("failed to decode value", SqlState::INVALID_PARAMETER_VALUE, "invalid encoded data"),
        ("no built-in encoding", SqlState::INVALID_PARAMETER_VALUE, "unrecognized encoding"),
        (
            "unsupported date_trunc granularity",
            SqlState::INVALID_PARAMETER_VALUE,
            "unit not recognized for this type",
        ),
        ("date part", SqlState::INVALID_PARAMETER_VALUE, "unit not recognized for this type"),
        ("does not support: ", SqlState::FEATURE_NOT_SUPPORTED, "unit not supported for this type"),
        ("date_bin stride", SqlState::DATETIME_FIELD_OVERFLOW, "stride must be greater than zero"),
        ("month value", SqlState::DATETIME_FIELD_OVERFLOW, "date field value out of range"),
        ("day value", SqlState::DATETIME_FIELD_OVERFLOW, "date field value out of range"),
        (
            "unable to parse date from",
            SqlState::DATETIME_FIELD_OVERFLOW,
            "date field value out of range",
        ),
        (
            "ntile requires",
            SqlState::INVALID_ARGUMENT_FOR_NTILE,
            "argument of ntile must be greater than zero",
        ),
        (
            "percentile value for",
            SqlState::FEATURE_NOT_SUPPORTED,
            "a percentile that is NULL, or not constant, is not supported",
        ),
        (
            "percentile value must be",
            SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            "percentile value is not between 0 and 1",
        ),
        (
            "was not provided a value for execution",
            SqlState::UNDEFINED_PARAMETER,
            "there is no such parameter",
        ),
        (
            "in an aggregate with distinct",
            SqlState::INVALID_COLUMN_REFERENCE,
            "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list",
        ),
        (
            "cannot be larger than end bound",
            SqlState::WINDOWING_ERROR,
            "a window frame cannot end before it starts",
        ),
        (
            "unrecognized flag",
            SqlState::INVALID_PARAMETER_VALUE,
            "invalid regular expression option",
        ),
    ];
    let (_, state, message) = told.into_iter().find(|(words, ..)| lower.contains(words))?;
    Some(ClientError::new(state, message))
}
