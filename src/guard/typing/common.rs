//! The one type of several values.

use arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::{Expr, cast};

use super::kind::{Kind, Operand};
use crate::error::{ClientError, SqlState};
use crate::guard::calls::wide;
use crate::guard::numbers::{SqlNumber, external, numeric_literal, open_text, recast};

/// The type that values of these types have together; `None` where the engine finds the same.
///
/// # Errors
/// 42804, in which `construct` names where they stand.
pub(super) fn common<'a>(
    construct: &str,
    operands: impl IntoIterator<Item = &'a Operand>,
) -> Result<Option<Operand>> {
    let mut so_far: Option<Operand> = None;
    for next in operands {
        let Some(before) = &so_far else {
            so_far = (next.kind != Kind::Unknown).then(|| next.clone());
            continue;
        };
        so_far = match (&before.kind, &next.kind) {
            (Kind::Other, _) | (_, Kind::Other) => return Ok(None),
            (_, Kind::Unknown) => continue,
            (Kind::Number(a), Kind::Number(b)) => Some(Operand::of_type(together(*a, *b).arrow())),
            (Kind::Text, Kind::Text) if before.field.metadata() != next.field.metadata() => {
                Some(Operand::of_type(DataType::Utf8))
            }
            (a, b) if a == b => continue,
            (a, b) if a.is_moment() && b.is_moment() => {
                let wider = if b.width() > a.width() { b } else { a };
                Some(Operand::of_type(wider.moment()))
            }
            (Kind::Array(a), Kind::Array(b)) if numbers(a, b) => return Ok(None),
            _ => {
                let (a, b) = (before.name(), next.name());
                let message = format!("{construct} types {a} and {b} cannot be matched");
                return Err(external(ClientError::new(SqlState::DATATYPE_MISMATCH, message)));
            }
        };
    }
    Ok(so_far)
}

fn numbers(a: &Kind, b: &Kind) -> bool {
    matches!((a, b), (Kind::Number(_), Kind::Number(_)))
}

/// The wider of two; of numeric values, one that has the digits of both.
fn together(a: SqlNumber, b: SqlNumber) -> SqlNumber {
    match (a.digits(), b.digits(), a.max(b)) {
        (Some((first, s)), Some((second, t)), SqlNumber::Numeric(..)) => {
            let whole = |digits: u8, scale: i8| i16::from(digits) - i16::from(scale);
            let scale = s.max(t);
            let digits = whole(first, s).max(whole(second, t)) + i16::from(scale);
            SqlNumber::Numeric(u8::try_from(digits.min(38)).unwrap_or(38), scale)
        }
        (_, _, wider) => wider,
    }
}

/// A value as one of this type.
pub(super) fn brought(expr: Expr, to: &Operand, schema: &DFSchema) -> Result<Expr> {
    let target = to.field.data_type();
    let Some(from) = Operand::of(&expr, schema) else { return Ok(expr) };
    match &to.kind {
        _ if from.kind == Kind::Unknown && open_text(&expr).is_none() => Ok(expr),
        Kind::Text | Kind::Other | Kind::Unknown => Ok(expr),
        Kind::Array(_) if from.kind != Kind::Unknown => Ok(expr),
        _ if from.kind != Kind::Unknown && from.field.data_type() == target => Ok(expr),
        Kind::Number(number) => as_number(expr, *number, schema),
        _ => recast(expr, target, schema),
    }
}

fn as_number(expr: Expr, number: SqlNumber, schema: &DFSchema) -> Result<Expr> {
    if number >= SqlNumber::Float4
        && let Some(float) = wide(&expr)
    {
        return recast(float, &number.arrow(), schema);
    }
    if let Some(text) = open_text(&expr) {
        return match number {
            SqlNumber::Numeric(..) => Ok(numeric_literal(text).map_or_else(
                || cast(expr, DataType::Decimal128(38, 10)),
                |value| Expr::Literal(value, None),
            )),
            other => recast(expr, &other.arrow(), schema),
        };
    }
    // A literal becomes the nearest float; a division by a power of ten would round twice.
    if let (Expr::Literal(ScalarValue::Decimal128(Some(unscaled), _, scale), None), true) =
        (&expr, number >= SqlNumber::Float4)
        && let Ok(value) = format!("{unscaled}e{}", -i16::from(*scale)).parse::<f64>()
    {
        let wide = Expr::Literal(ScalarValue::Float64(Some(value)), None);
        return if number == SqlNumber::Float8 {
            Ok(wide)
        } else {
            recast(wide, &DataType::Float32, schema)
        };
    }
    recast(expr, &number.arrow(), schema)
}

/// A nullable field of this type.
pub(super) fn field_of(operand: &Operand) -> Field {
    operand.field.as_ref().clone().with_name("").with_nullable(true)
}

/// The two columns of a key of `JOIN … USING`. Moments are in the type that they have together,
/// numbers as they are.
///
/// # Errors
/// 42804 where they have none.
pub(in crate::guard) fn joined_keys(
    left: &Column,
    of_left: &DFSchema,
    right: &Column,
    of_right: &DFSchema,
) -> Result<(Expr, Expr)> {
    let (left, right) = (Expr::Column(left.clone()), Expr::Column(right.clone()));
    let operands = Operand::of(&left, of_left).into_iter().chain(Operand::of(&right, of_right));
    match common("JOIN/USING", &operands.collect::<Vec<_>>())? {
        Some(to) if to.kind.is_moment() => {
            Ok((brought(left, &to, of_left)?, brought(right, &to, of_right)?))
        }
        _ => Ok((left, right)),
    }
}
