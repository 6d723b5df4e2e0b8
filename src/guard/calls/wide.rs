//! Literals of numbers that no numeric value holds here. Beside a `double precision` such a literal is
//! one; anywhere else it is an error (22003).

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;

use super::{Function, Types, all_texts};
use crate::error::{ClientError, SqlState};
use crate::guard::numbers::open_text;

pub(super) const FUNCTIONS: &[Function] =
    &[Function { name: WIDE, types: one, body: |_, _| Err(overflow()) }];

/// What a query calls with the literal's text.
pub const WIDE: &str = "wide number";

/// The most digits, and the largest exponent, that the planner reads.
const DIGITS: i64 = 76;
const EXPONENT: i64 = 128;

fn one(arguments: &[DataType]) -> Option<Types> {
    let known = (arguments.len() == 1).then(|| all_texts(arguments, DataType::Decimal128(38, 0)));
    known.flatten()
}

fn overflow() -> ClientError {
    let message = "value overflows numeric format";
    ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, message)
        .hint("Numeric values have at most 38 digits here; write the number as a double precision.")
}

/// Whether the literal of a number is one that the planner cannot read.
pub(in crate::guard) fn is_wide(literal: &str) -> bool {
    let (digits, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
    let Ok(exponent) = exponent.parse::<i64>() else { return true };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let length = |digits: &str| i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let digits = length(whole).saturating_add(length(fraction));
    let behind = length(fraction).saturating_sub(exponent);
    digits.max(behind) > DIGITS || behind < -EXPONENT
}

/// Such a literal as a float.
pub(in crate::guard) fn wide(expr: &Expr) -> Option<Expr> {
    let Expr::ScalarFunction(call) = expr else { return None };
    let text = call.args.first().filter(|_| call.func.name() == WIDE).and_then(open_text)?;
    let value: f64 = text.parse().ok()?;
    value.is_finite().then(|| Expr::Literal(ScalarValue::Float64(Some(value)), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_planner_cannot_read_is_known() {
        for literal in ["0", "1.50", "1e128", "1e-76", "0.1e-75", "12.5E+20"] {
            assert!(!is_wide(literal), "{literal}");
        }
        let long = "1".repeat(77);
        for literal in ["1e129", "1e-77", "0.1e-76", "1e99999999999999999999", &long] {
            assert!(is_wide(literal), "{literal}");
        }
    }
}
