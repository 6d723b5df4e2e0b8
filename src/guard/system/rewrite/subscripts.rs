//! `a[i]` and `a[i:j]`. The elements of an array are numbered from one, and there is nothing before the
//! first; the engine would count from the end.

use sqlparser::ast::{CastKind, DataType, Expr, Subscript, Value};

use super::{call, take};
use crate::guard::calls;

/// Gives subscripts the bounds that they do not say, and keeps them from being below the first.
pub fn bound(subscript: &mut Subscript) {
    match subscript {
        Subscript::Index { index } => at_least(index, "0"),
        Subscript::Slice { lower_bound, upper_bound, stride: None } => {
            at_least(lower_bound.get_or_insert_with(|| number("1")), "1");
            at_least(upper_bound.get_or_insert_with(|| number(LAST)), "0");
        }
        Subscript::Slice { .. } => {}
    }
}

/// No array has more elements.
const LAST: &str = "2147483647";

fn at_least(subscript: &mut Expr, least: &str) {
    let below = match subscript {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => text == "0",
            Value::Placeholder(_) => {
                let data_type = DataType::Int(None);
                let kind = CastKind::Cast;
                let expr = Box::new(take(subscript));
                *subscript = Expr::Cast { kind, expr, data_type, array: false, format: None };
                true
            }
            // What is no number is refused as it is.
            _ => false,
        },
        _ => true,
    };
    if below {
        *subscript = call(calls::SUBSCRIPT, vec![take(subscript), number(least)]);
    }
}

fn number(digits: &str) -> Expr {
    Expr::value(Value::Number(digits.to_owned(), false))
}
