//! `LIKE`, its operators and its escapes.

use sqlparser::ast::{BinaryOperator, Expr, Value, ValueWithSpan};

use super::call;
use crate::guard::system::functions::like_escape;

/// Whether an operator is LIKE's, by another name: whether it is negated, and whether letters have no
/// case.
pub fn operator(op: &BinaryOperator) -> Option<(bool, bool)> {
    Some(match op {
        BinaryOperator::PGLikeMatch => (false, false),
        BinaryOperator::PGNotLikeMatch => (true, false),
        BinaryOperator::PGILikeMatch => (false, true),
        BinaryOperator::PGNotILikeMatch => (true, true),
        _ => return None,
    })
}

/// A pattern with an escape of its own, as one with a backslash.
pub fn escaped(pattern: Expr, escape: ValueWithSpan) -> Expr {
    if let (
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(pattern), .. }),
        Value::SingleQuotedString(escape),
    ) = (&pattern, &escape.value)
        && let Ok(spelled) = like_escape(pattern, escape)
    {
        return Expr::value(Value::SingleQuotedString(spelled));
    }
    call("like_escape", vec![pattern, Expr::Value(escape)])
}

/// Whether an escape is the one that the planner knows.
pub fn is_backslash(escape: &ValueWithSpan) -> bool {
    matches!(&escape.value, Value::SingleQuotedString(text) if text == "\\")
}
