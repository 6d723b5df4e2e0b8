//! Operators between two operands.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{Expr, Operator, cast};

use super::common::brought;
use super::kind::{Kind, Operand};
use crate::error::{ClientError, SqlState};
use crate::guard::numbers::{SqlNumber, external, is_comparison, open_text};
use crate::guard::undefined;

/// The operands of a comparison, as PostgreSQL compares them.
///
/// # Errors
/// 42883 where it has no such operator.
pub(super) fn compared(
    left: Expr,
    op: Operator,
    right: Expr,
    schema: &DFSchema,
) -> Result<(Expr, Expr)> {
    let (left, right) = unread(left, right);
    let Some((a, b)) = operands(&left, &right, schema) else { return Ok((left, right)) };
    match together(&a, &b).ok_or_else(|| no_operator(&a, &op.to_string(), &b))? {
        None => Ok((left, right)),
        Some(to) => Ok((brought(left, &to, schema)?, brought(right, &to, schema)?)),
    }
}

/// Operands of which one is a literal that was read as an array of numbers before those beside it
/// had their types: it is as it was written.
fn unread(left: Expr, right: Expr) -> (Expr, Expr) {
    let written = |expr: &Expr| match expr {
        Expr::Cast(Cast { expr: inner, field }) if open_text(inner).is_some() => {
            let kind = Kind::of_field(field);
            let numbers = matches!(&kind, Kind::Array(item) if matches!(**item, Kind::Number(_)));
            numbers.then(|| inner.as_ref().clone())
        }
        _ => None,
    };
    match (written(&left), written(&right)) {
        (Some(left), None) => (left, right),
        (None, Some(right)) => (left, right),
        _ => (left, right),
    }
}

fn operands(left: &Expr, right: &Expr, schema: &DFSchema) -> Option<(Operand, Operand)> {
    Some((Operand::of(left, schema)?, Operand::of(right, schema)?))
}

/// The type that two operands are compared in, where the engine would not find it; `None` where
/// they cannot be compared.
pub(super) fn together(left: &Operand, right: &Operand) -> Option<Option<Operand>> {
    Some(match (&left.kind, &right.kind) {
        (Kind::Other, _) | (_, Kind::Other) | (Kind::Unknown, Kind::Unknown) => None,
        (Kind::Unknown, _) => Some(right.clone()),
        (_, Kind::Unknown) => Some(left.clone()),
        (Kind::Number(a), Kind::Number(b)) => {
            let mixed = a != b && a.max(b) >= &SqlNumber::Float4;
            mixed.then(|| Operand::of_type(DataType::Float64))
        }
        (a, b) if a == b => None,
        (a, b) if a.is_moment() && b.is_moment() => {
            let wider = if b.width() > a.width() { b } else { a };
            Some(Operand::of_type(wider.moment()))
        }
        (Kind::Array(a), Kind::Array(b)) if **a == Kind::Unknown || **b == Kind::Unknown => None,
        _ => return None,
    })
}

/// What the planner is to know before it looks at types itself: whether there is such an operator,
/// and literals whose type it would not find.
///
/// # Errors
/// 42883 and 42804, in PostgreSQL's words.
pub(in crate::guard) fn checked(
    left: Expr,
    op: Operator,
    right: Expr,
    schema: &DFSchema,
) -> Result<(Expr, Expr)> {
    match op {
        Operator::And | Operator::Or => {
            let what = if op == Operator::And { "AND" } else { "OR" };
            return Ok((truth(left, what, schema)?, truth(right, what, schema)?));
        }
        _ => {}
    }
    let Some((a, b)) = operands(&left, &right, schema) else { return Ok((left, right)) };
    let bad = || Err(no_operator(&a, symbol(op), &b));
    match op {
        Operator::StringConcat => match (&a.kind, &b.kind) {
            (Kind::Unknown, Kind::Unknown) if open_text(&left).is_none() => {
                Ok((cast(left, DataType::Utf8), right))
            }
            (Kind::Unknown, Kind::Bytea) => Ok((bytes(left), right)),
            (Kind::Bytea, Kind::Unknown) => Ok((left, bytes(right))),
            (Kind::Text | Kind::Unknown | Kind::Other | Kind::Array(_), _)
            | (_, Kind::Text | Kind::Unknown | Kind::Other | Kind::Array(_))
            | (Kind::Bytea, Kind::Bytea) => Ok((left, right)),
            _ => bad(),
        },
        Operator::RegexMatch
        | Operator::RegexIMatch
        | Operator::RegexNotMatch
        | Operator::RegexNotIMatch
        | Operator::LikeMatch
        | Operator::ILikeMatch
        | Operator::NotLikeMatch
        | Operator::NotILikeMatch => {
            if textual(&a) && textual(&b) {
                Ok((left, right))
            } else {
                bad()
            }
        }
        _ if is_comparison(op) => {
            if together(&a, &b).is_none() {
                return bad();
            }
            let early = |operand: &Operand| matches!(operand.kind, Kind::Bool | Kind::Time);
            match (&a.kind, &b.kind) {
                (Kind::Unknown, _) if early(&b) => Ok((brought(left, &b, schema)?, right)),
                (_, Kind::Unknown) if early(&a) => {
                    let right = brought(right, &a, schema)?;
                    Ok((left, right))
                }
                _ => Ok((left, right)),
            }
        }
        _ => Ok((left, right)),
    }
}

/// A literal, as the bytes that it stands for beside others.
fn bytes(literal: Expr) -> Expr {
    cast(literal, DataType::Binary)
}

/// Whether something is a text, or may be one.
pub(super) fn textual(operand: &Operand) -> bool {
    matches!(operand.kind, Kind::Text | Kind::Unknown | Kind::Other)
}

/// What must be true or false.
///
/// # Errors
/// 42804 where it is of another type; `what` names where it stands.
pub(in crate::guard) fn truth(expr: Expr, what: &str, schema: &DFSchema) -> Result<Expr> {
    let Some(operand) = Operand::of(&expr, schema) else { return Ok(expr) };
    match operand.kind {
        Kind::Bool | Kind::Other => Ok(expr),
        Kind::Unknown if matches!(expr, Expr::Literal(ScalarValue::Null, _)) => Ok(expr),
        Kind::Unknown => Ok(cast(expr, DataType::Boolean)),
        _ => {
            let name = operand.name();
            let message = format!("argument of {what} must be type boolean, not type {name}");
            Err(external(ClientError::new(SqlState::DATATYPE_MISMATCH, message)))
        }
    }
}

/// What PostgreSQL calls an operator.
fn symbol(op: Operator) -> &'static str {
    match op {
        Operator::Eq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => "=",
        Operator::NotEq => "<>",
        Operator::Lt => "<",
        Operator::LtEq => "<=",
        Operator::Gt => ">",
        Operator::GtEq => ">=",
        Operator::StringConcat => "||",
        Operator::RegexMatch => "~",
        Operator::RegexIMatch => "~*",
        Operator::RegexNotMatch => "!~",
        Operator::RegexNotIMatch => "!~*",
        Operator::LikeMatch => "~~",
        Operator::ILikeMatch => "~~*",
        Operator::NotLikeMatch => "!~~",
        Operator::NotILikeMatch => "!~~*",
        _ => "?",
    }
}

/// 42883
pub(super) fn no_operator(left: &Operand, op: &str, right: &Operand) -> DataFusionError {
    external(undefined::operator(format_args!("{} {op} {}", left.name(), right.name())))
}
