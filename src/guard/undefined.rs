//! What PostgreSQL says of operators and functions that there are not: 42883.

use std::fmt::Display;

use crate::error::{ClientError, SqlState};

/// An operator between operands of these types, as in `date * integer`.
pub(in crate::guard) fn operator(what: impl Display) -> ClientError {
    let message = format!("operator does not exist: {what}");
    ClientError::new(SqlState::UNDEFINED_FUNCTION, message).hint(
        "No operator matches the given name and argument types. You might need to add explicit \
         type casts.",
    )
}

/// A function of arguments of these types, as in `length(integer)`.
pub(in crate::guard) fn function(call: impl Display) -> ClientError {
    let message = format!("function {call} does not exist");
    ClientError::new(SqlState::UNDEFINED_FUNCTION, message).hint(
        "No function matches the given name and argument types. You might need to add explicit \
         type casts.",
    )
}
