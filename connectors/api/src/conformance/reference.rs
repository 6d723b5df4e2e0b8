//! What a predicate means, written down a second time and as plainly as possible.

use std::cmp::Ordering;

use crate::catalog::{SqlType, Table};
use crate::conformance::Cell;
use crate::predicate::{CompareOp, LikePattern, LikePiece, Predicate};
use crate::value::Value;

/// Whether the predicate admits a row of this table. A cell that cannot be decoded, like NULL,
/// satisfies no condition, and `IS NULL` neither.
pub fn admits(predicate: &Predicate, table: &Table, row: &[Cell]) -> bool {
    let cell = |name: &str| {
        let at = table.columns.iter().position(|column| column.name.as_str() == name)?;
        Some((row.get(at)?, &table.columns.get(at)?.sql_type))
    };
    let orders = |name: &str, value: &Value| {
        let (cell, sql_type) = cell(name)?;
        compare(cell, sql_type, value)
    };
    match predicate {
        Predicate::True => true,
        Predicate::False => false,
        Predicate::Compare { column, op, value } => {
            orders(column.as_str(), value).is_some_and(|order| holds(*op, order))
        }
        Predicate::CompareColumns { left, op, right } => {
            let pair = cell(left.as_str()).zip(cell(right.as_str()));
            pair.and_then(|((left, sql_type), (right, _))| compare_cells(left, right, sql_type))
                .is_some_and(|order| holds(*op, order))
        }
        Predicate::In { column, values } => {
            values.iter().any(|value| orders(column.as_str(), value) == Some(Ordering::Equal))
        }
        Predicate::NotIn { column, values } => {
            let present = cell(column.as_str()).is_some_and(|(cell, _)| is_value(cell));
            let differs = |value| {
                orders(column.as_str(), value).is_some_and(|order| order != Ordering::Equal)
            };
            present && values.iter().all(differs)
        }
        Predicate::IsNull(column) => {
            cell(column.as_str()).is_some_and(|(cell, _)| *cell == Cell::Null)
        }
        Predicate::IsNotNull(column) => {
            cell(column.as_str()).is_some_and(|(cell, _)| is_value(cell))
        }
        Predicate::Like { column, pattern, negated } => match cell(column.as_str()) {
            Some((Cell::Text(text), _)) => like(&pattern_of(pattern), text) != *negated,
            _ => false,
        },
        Predicate::And(parts) => parts.iter().all(|part| admits(part, table, row)),
        Predicate::Or(parts) => parts.iter().any(|part| admits(part, table, row)),
    }
}

/// Whether a source that decides the condition by itself may admit the row, where it takes
/// comparisons of cells that cannot be decoded to be true if `doubt` is. There is no NOT, so
/// what it admits lies between the two answers, whatever such a cell means to it.
pub(super) fn decided(condition: &Predicate, table: &Table, row: &[Cell], doubt: bool) -> bool {
    let bad = |name: &crate::name::ColumnName| {
        let at = table.columns.iter().position(|column| column.name == *name);
        matches!(at.and_then(|at| row.get(at)), Some(Cell::Bad(_)))
    };
    match condition {
        Predicate::And(parts) => parts.iter().all(|part| decided(part, table, row, doubt)),
        Predicate::Or(parts) => parts.iter().any(|part| decided(part, table, row, doubt)),
        // It is there, though not for us.
        Predicate::IsNotNull(column) if bad(column) => true,
        Predicate::IsNull(column) if bad(column) => false,
        leaf => {
            let mut reads_bad = false;
            leaf.for_each_column(&mut |column| reads_bad |= bad(column));
            if reads_bad { doubt } else { admits(leaf, table, row) }
        }
    }
}

fn is_value(cell: &Cell) -> bool {
    !matches!(cell, Cell::Null | Cell::Bad(_))
}

fn holds(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::NotEq => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::LtEq => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::GtEq => order.is_ge(),
    }
}

/// The order of a cell and a constant; none for NULL.
fn compare(cell: &Cell, sql_type: &SqlType, value: &Value) -> Option<Ordering> {
    Some(match (cell, value) {
        (Cell::Bool(cell), Value::Bool(value)) => cell.cmp(value),
        (Cell::Int(cell), Value::Int(value)) => cell.cmp(value),
        (Cell::Float(cell), Value::Float(value)) => floats(*cell, *value),
        (Cell::Decimal(cell), Value::Decimal { unscaled, scale }) => {
            let SqlType::Numeric { scale: own, .. } = sql_type else { return None };
            decimals((*cell, *own), (*unscaled, *scale))
        }
        (Cell::Text(cell), Value::Text(value)) => cell.as_bytes().cmp(value.as_bytes()),
        (Cell::Date(cell), Value::Date(value)) => cell.cmp(value),
        (Cell::Timestamp(cell), Value::Timestamp(value) | Value::Timestamptz(value)) => {
            cell.cmp(value)
        }
        _ => return None,
    })
}

fn compare_cells(left: &Cell, right: &Cell, sql_type: &SqlType) -> Option<Ordering> {
    match (left, right) {
        (Cell::Float(left), Cell::Float(right)) => Some(floats(*left, *right)),
        (left, right) => compare(left, sql_type, &right.value(sql_type)?),
    }
}

/// NaN is equal to itself and above all; the two zeros are equal.
fn floats(left: f64, right: f64) -> Ordering {
    match (left.is_nan(), right.is_nan()) {
        (false, false) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
        (left, right) => left.cmp(&right),
    }
}

/// Compares `unscaled × 10^-scale`, digit by digit from the left.
fn decimals(left: (i128, i8), right: (i128, i8)) -> Ordering {
    let signs = (left.0.signum(), right.0.signum());
    if signs.0 != signs.1 {
        return signs.0.cmp(&signs.1);
    }
    let digits = |(unscaled, scale): (i128, i8), of: i8| {
        let zeros = usize::try_from(of.max(scale) - scale).unwrap_or(0);
        let text = format!("{}{}", unscaled.unsigned_abs(), "0".repeat(zeros));
        text.trim_start_matches('0').to_owned()
    };
    let (left, right) = (digits(left, right.1), digits(right, left.1));
    let order = left.len().cmp(&right.len()).then_with(|| left.cmp(&right));
    if signs.0 < 0 { order.reverse() } else { order }
}

/// A pattern's pieces, a character each.
enum Step {
    This(char),
    One,
    Any,
}

fn pattern_of(pattern: &LikePattern) -> Vec<Step> {
    let mut steps = Vec::new();
    for piece in &pattern.0 {
        match piece {
            LikePiece::Literal(text) => steps.extend(text.chars().map(Step::This)),
            LikePiece::AnyCharacter => steps.push(Step::One),
            LikePiece::AnyText => steps.push(Step::Any),
        }
    }
    steps
}

fn like(steps: &[Step], text: &str) -> bool {
    match steps.split_first() {
        None => text.is_empty(),
        Some((Step::This(character), rest)) => {
            text.strip_prefix(*character).is_some_and(|text| like(rest, text))
        }
        Some((Step::One, rest)) => {
            let mut characters = text.chars();
            characters.next().is_some() && like(rest, characters.as_str())
        }
        Some((Step::Any, rest)) => {
            let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            starts.filter_map(|at| text.get(at..)).any(|text| like(rest, text))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numerics_of_different_scale() {
        assert_eq!(decimals((150, 2), (15, 1)), Ordering::Equal);
        assert_eq!(decimals((150, 2), (1501, 3)), Ordering::Less);
        assert_eq!(decimals((-150, 2), (-1501, 3)), Ordering::Greater);
        assert_eq!(decimals((0, 5), (0, 0)), Ordering::Equal);
        assert_eq!(decimals((i128::MAX, 0), (1, 37)), Ordering::Greater);
    }

    #[test]
    fn patterns() {
        let pattern = |pieces: &[LikePiece]| pattern_of(&LikePattern(pieces.to_vec()));
        let literal = |text: &str| LikePiece::Literal(text.to_owned());
        assert!(like(&pattern(&[literal("a"), LikePiece::AnyText, literal("c")]), "abbc"));
        assert!(!like(&pattern(&[literal("a"), LikePiece::AnyText, literal("c")]), "abcd"));
        assert!(like(&pattern(&[LikePiece::AnyCharacter]), "ä"));
        assert!(!like(&pattern(&[LikePiece::AnyCharacter]), ""));
        assert!(like(&pattern(&[literal("%")]), "%"));
        assert!(!like(&pattern(&[literal("%")]), "x"));
    }

    #[test]
    fn a_bad_cell_satisfies_nothing() {
        let column = |name: &str| crate::Column {
            name: name.into(),
            sql_type: SqlType::Int8,
            nullable: true,
            fallible: true,
        };
        let table = Table { name: "t".into(), columns: vec![column("n")] };
        let row = [Cell::Bad(b"x".to_vec())];
        assert!(!admits(&Predicate::IsNull("n".into()), &table, &row));
        assert!(!admits(&Predicate::IsNotNull("n".into()), &table, &row));
        assert!(!admits(&Predicate::NotIn { column: "n".into(), values: vec![] }, &table, &row));
    }
}
