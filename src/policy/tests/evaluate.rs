//! A reference evaluator of predicates: slow, plain, and without a thought of sources.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use portcullis_connector_api::predicate::LikePiece;
use portcullis_connector_api::{ColumnName, CompareOp, Predicate, Value};

/// The cells of a row; `None` is NULL.
pub(super) type Row = BTreeMap<ColumnName, Option<Value>>;

/// Whether the predicate admits the row. Panics over what a predicate must not hold: columns
/// that the row has not, and constants that are not of their column's type.
pub(super) fn admits(predicate: &Predicate, row: &Row) -> bool {
    match predicate {
        Predicate::True => true,
        Predicate::False => false,
        Predicate::Compare { column, op, value } => {
            cell(row, column).is_some_and(|cell| holds(compare(cell, value), *op))
        }
        Predicate::CompareColumns { left, op, right } => {
            match (cell(row, left), cell(row, right)) {
                (Some(left), Some(right)) => holds(compare(left, right), *op),
                _ => false,
            }
        }
        Predicate::In { column, values } => cell(row, column)
            .is_some_and(|cell| values.iter().any(|value| compare(cell, value).is_eq())),
        Predicate::NotIn { column, values } => cell(row, column)
            .is_some_and(|cell| values.iter().all(|value| compare(cell, value).is_ne())),
        Predicate::IsNull(column) => cell(row, column).is_none(),
        Predicate::IsNotNull(column) => cell(row, column).is_some(),
        Predicate::Like { column, pattern, negated } => match cell(row, column) {
            Some(Value::Text(text)) => matches(&pattern.0, text) != *negated,
            Some(other) => panic!("LIKE on {other}"),
            None => false,
        },
        Predicate::And(parts) => parts.iter().all(|part| admits(part, row)),
        Predicate::Or(parts) => parts.iter().any(|part| admits(part, row)),
    }
}

fn cell<'a>(row: &'a Row, column: &ColumnName) -> Option<&'a Value> {
    row.get(column).unwrap_or_else(|| panic!("no column {column}")).as_ref()
}

fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b))
        | (Value::Timestamp(a), Value::Timestamp(b))
        | (Value::Timestamptz(a), Value::Timestamptz(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Decimal { unscaled: a, scale: p }, Value::Decimal { unscaled: b, scale: q }) => {
            assert_eq!(p, q, "a constant has its column's scale");
            a.cmp(b)
        }
        _ => panic!("{left} is not of the type of {right}"),
    }
}

fn holds(order: Ordering, op: CompareOp) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::NotEq => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::LtEq => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::GtEq => order.is_ge(),
    }
}

fn matches(pattern: &[LikePiece], text: &str) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    match first {
        LikePiece::Literal(literal) => {
            text.strip_prefix(literal.as_str()).is_some_and(|left| matches(rest, left))
        }
        LikePiece::AnyCharacter => {
            let mut characters = text.chars();
            characters.next().is_some() && matches(rest, characters.as_str())
        }
        LikePiece::AnyText => text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .any(|at| matches(rest, &text[at..])),
    }
}
