//! Literals of numbers that only a float can hold.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Value, ValueWithSpan};

use super::parts;
use crate::guard::calls;

/// The text of a number that is called as [`calls::WIDE`].
pub fn wide_text(expr: &mut Expr) -> Option<&mut String> {
    let function = match expr {
        Expr::Nested(inner) => return wide_text(inner),
        Expr::Function(function) => function,
        _ => return None,
    };
    let is_wide = parts(&function.name) == [calls::WIDE];
    let FunctionArguments::List(list) = &mut function.args else { return None };
    match list.args.as_mut_slice() {
        [
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(ValueWithSpan {
                value: Value::SingleQuotedString(text),
                ..
            }))),
        ] if is_wide => Some(text),
        _ => None,
    }
}

/// A number with an exponent has more digits than a numeric value has here, but not than a float.
pub fn exponent(number: &mut Expr) {
    if let Some(text) = wide_text(number) {
        let text = Value::SingleQuotedString(std::mem::take(text));
        *number = Expr::value(text);
        return;
    }
    if let Expr::Value(value) = number
        && let Value::Number(text, _) = &value.value
        && text.contains(['e', 'E'])
    {
        value.value = Value::SingleQuotedString(text.clone());
    }
}
