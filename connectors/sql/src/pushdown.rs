//! How much of a condition a source may be trusted with.

use portcullis_connector_api::subplan::Node;
use portcullis_connector_api::{CompareOp, Predicate, Pushdown, Table, Value};

use crate::dialect::Dialect;
use crate::error::SqlError;
use crate::shape::{Comparison, Shape, position, shape_at, shapes, table_shapes};

/// Answers [`Connector::pushdown`](portcullis_connector_api::Connector::pushdown) from what the
/// dialect knows of the columns' shapes.
pub fn pushdown(dialect: &dyn Dialect, table: &Table, conjunct: &Predicate) -> Pushdown {
    let by_position = conjunct.try_map_columns(&mut |name| position(table, name));
    match (by_position, table_shapes(dialect, table)) {
        (Ok(condition), Ok(shapes)) => verdict(dialect, &shapes, &condition),
        _ => Pushdown::No,
    }
}

/// Answers [`Connector::decides`](portcullis_connector_api::Connector::decides) likewise.
pub fn decides(dialect: &dyn Dialect, table: &Table, conjunct: &Predicate) -> bool {
    let columns = table.columns.iter().map(|column| column.name.clone()).collect();
    let scan = Node::Scan { table: table.clone().into(), columns, guard: Predicate::True };
    let by_position = conjunct.try_map_columns(&mut |name| position(table, name));
    by_position.and_then(|condition| decided(dialect, &scan, &condition)).unwrap_or(false)
}

/// How many of the longest lists one statement must be able to bind together; a longer list stays
/// here.
const LISTS: usize = 16;

/// The verdict over a condition from verdicts over its leaves: as good as the worst of them.
pub fn combine<C>(
    condition: &Predicate<C>,
    leaf: &mut impl FnMut(&Predicate<C>) -> Pushdown,
) -> Pushdown {
    match condition {
        Predicate::True | Predicate::False => Pushdown::Exact,
        Predicate::And(parts) | Predicate::Or(parts) => parts
            .iter()
            .map(|part| combine(part, leaf))
            .max_by_key(|verdict| match verdict {
                Pushdown::Exact => 0,
                Pushdown::Superset => 1,
                Pushdown::No => 2,
            })
            .unwrap_or(Pushdown::Exact),
        condition => leaf(condition),
    }
}

/// Whether every condition of a plan admits there exactly what it should: in a scan what it
/// admits here, above it what it admits in PostgreSQL.
pub(crate) fn is_exact(dialect: &dyn Dialect, node: &Node) -> Result<bool, SqlError> {
    Ok(match node {
        Node::Scan { table, guard, .. } => {
            if shapes(dialect, node)?.iter().any(|shape| shape.fallible) {
                return Ok(false);
            }
            let guard = guard.try_map_columns(&mut |name| position(table, name))?;
            verdict(dialect, &table_shapes(dialect, table)?, &guard) == Pushdown::Exact
        }
        Node::Filter { input, predicate } => {
            decided(dialect, input, predicate)? && is_exact(dialect, input)?
        }
        Node::Project { input, .. }
        | Node::Aggregate { input, .. }
        | Node::Sort { input, .. }
        | Node::Limit { input, .. } => is_exact(dialect, input)?,
        Node::Join { left, right, .. } => is_exact(dialect, left)? && is_exact(dialect, right)?,
    })
}

/// Whether a condition above this node admits what it admits in PostgreSQL.
pub(crate) fn decided(
    dialect: &dyn Dialect,
    input: &Node,
    condition: &Predicate<usize>,
) -> Result<bool, SqlError> {
    Ok(verdict(dialect, &shapes(dialect, input)?, condition) == Pushdown::Exact)
}

fn verdict(dialect: &dyn Dialect, shapes: &[Shape], condition: &Predicate<usize>) -> Pushdown {
    combine(condition, &mut |leaf| leaf_verdict(dialect, shapes, leaf).unwrap_or(Pushdown::No))
}

/// `None` where the leaf cannot be said at all.
fn leaf_verdict(
    dialect: &dyn Dialect,
    shapes: &[Shape],
    leaf: &Predicate<usize>,
) -> Option<Pushdown> {
    let shape = |at: usize| shape_at(shapes, at).ok();
    let compared = |at: usize| shape(at).filter(|shape| shape.comparison != Comparison::Never);
    let takes = |shape: &Shape, value: &Value| dialect.bind_type(&shape.sql_type, value).is_some();
    match leaf {
        Predicate::True | Predicate::False | Predicate::And(_) | Predicate::Or(_) => None,
        // A cell that cannot be decoded is not NULL there, and admits nothing here.
        Predicate::IsNull(column) => shape(*column).map(|_| Pushdown::Exact),
        Predicate::IsNotNull(column) => shape(*column).map(|shape| fenced(dialect, &shape)),
        Predicate::Compare { column, op, value } => {
            let shape = compared(*column).filter(|shape| takes(shape, value))?;
            // No cell beyond the range equals a value within it.
            let decodable = *op == CompareOp::Eq && dialect.range(&shape.sql_type).is_some();
            Some(if decodable { Pushdown::Exact } else { fenced(dialect, &shape) })
        }
        Predicate::In { column, values } | Predicate::NotIn { column, values } => {
            let shape = compared(*column)?;
            if values.len() > dialect.most_binds() / LISTS {
                return None;
            }
            let all = values.iter().all(|value| takes(&shape, value));
            all.then(|| fenced(dialect, &shape))
        }
        Predicate::CompareColumns { left, right, .. } => {
            let (left, right) = (compared(*left)?, compared(*right)?);
            comparable(&left, &right).then(|| {
                match (fenced(dialect, &left), fenced(dialect, &right)) {
                    (Pushdown::Exact, Pushdown::Exact) => Pushdown::Exact,
                    _ => Pushdown::Superset,
                }
            })
        }
        Predicate::Like { column, pattern, .. } => {
            let shape = compared(*column).filter(Shape::is_text)?;
            dialect.pattern(pattern).map(|_| fenced(dialect, &shape))
        }
    }
}

/// A fallible column needs a fence around its comparisons; without one they admit more.
fn fenced(dialect: &dyn Dialect, shape: &Shape) -> Pushdown {
    if !shape.fallible || fence(dialect, shape).is_some() {
        Pushdown::Exact
    } else {
        Pushdown::Superset
    }
}

/// The least and the greatest value that decode, where a column may hold others.
pub(crate) fn fence(dialect: &dyn Dialect, shape: &Shape) -> Option<(Value, Value)> {
    let compares = shape.comparison != Comparison::Never;
    (shape.fallible && compares).then(|| dialect.range(&shape.sql_type))?
}

/// The columns of a comparison that need a fence, because it could admit a cell beyond the
/// range. Equality with a constant cannot: the constant lies within.
pub(crate) fn to_fence(
    dialect: &dyn Dialect,
    shapes: &[Shape],
    leaf: &Predicate<usize>,
) -> Result<Vec<usize>, SqlError> {
    let mut columns = match leaf {
        Predicate::Compare { column, op, .. } if *op != CompareOp::Eq => vec![*column],
        Predicate::NotIn { column, .. } => vec![*column],
        Predicate::CompareColumns { left, right, .. } => vec![*left, *right],
        _ => Vec::new(),
    };
    columns.dedup();
    let mut fenced = Vec::new();
    for column in columns {
        if fence(dialect, &shape_at(shapes, column)?).is_some() {
            fenced.push(column);
        }
    }
    Ok(fenced)
}

/// Whether two columns are of one type, so that they compare without a conversion that the
/// source would choose.
pub(crate) fn comparable(left: &Shape, right: &Shape) -> bool {
    let compares = |shape: &Shape| shape.comparison != Comparison::Never;
    compares(left)
        && compares(right)
        && (left.sql_type == right.sql_type || (left.is_text() && right.is_text()))
}
