//! The normal form of a plan: of the plans that mean the same by the rules below, the one that
//! is written, and that reading the text gives back.

use portcullis_connector_api::predicate::LikePiece;
use portcullis_connector_api::subplan::{Aggregate, Node};
use portcullis_connector_api::{LikePattern, Predicate, SqlType};

use crate::dialect::Dialect;
use crate::error::SqlError;
use crate::shape::shapes;

/// Operators, one above the other. Deeper plans run in the gateway; this bounds our recursion,
/// that of the grammar, and the work of the source's planner.
const DEEPEST_PLAN: usize = 32;
/// Comparisons in one condition, and how deep AND and OR may be nested.
const MOST_COMPARISONS: usize = 1000;
const DEEPEST_CONDITION: usize = 32;

/// Brings a plan into its normal form.
///
/// # Errors
/// Where it is too large, or has a sort whose order nothing above keeps.
pub(crate) fn normal(dialect: &dyn Dialect, plan: &Node) -> Result<Node, SqlError> {
    let plan = node(dialect, plan, DEEPEST_PLAN)?;
    sorts_are_kept(&plan, true)?;
    Ok(plan)
}

fn node(dialect: &dyn Dialect, plan: &Node, depth: usize) -> Result<Node, SqlError> {
    let depth = depth.checked_sub(1).ok_or_else(|| SqlError::unsupported("a plan this deep"))?;
    let below = |input: &Node| node(dialect, input, depth).map(Box::new);
    Ok(match plan {
        Node::Scan { table, columns, guard } => Node::Scan {
            table: table.clone(),
            columns: columns.clone(),
            guard: bounded(condition(guard))?,
        },
        Node::Filter { input, predicate } => match bounded(condition(predicate))? {
            Predicate::True => *below(input)?,
            predicate => Node::Filter { input: below(input)?, predicate },
        },
        Node::Project { input, columns } => project(dialect, *below(input)?, columns.clone())?,
        Node::Limit { input, skip: 0, fetch: None } => *below(input)?,
        // The limit goes beneath the projection, next to the sort that gives it a meaning.
        Node::Limit { input, skip, fetch } => match *below(input)? {
            Node::Project { input, columns } => Node::Project {
                input: Box::new(Node::Limit { input, skip: *skip, fetch: *fetch }),
                columns,
            },
            input => Node::Limit { input: Box::new(input), skip: *skip, fetch: *fetch },
        },
        Node::Join { left, right, kind, on } => {
            Node::Join { left: below(left)?, right: below(right)?, kind: *kind, on: on.clone() }
        }
        Node::Aggregate { input, keys, aggregates } => Node::Aggregate {
            input: below(input)?,
            keys: keys.clone(),
            // The text does not say what type the gateway wants; the result is converted here.
            aggregates: aggregates
                .iter()
                .map(|aggregate| Aggregate { sql_type: SqlType::Text, ..aggregate.clone() })
                .collect(),
        },
        Node::Sort { input, keys } if keys.is_empty() => *below(input)?,
        Node::Sort { input, keys } => Node::Sort { input: below(input)?, keys: keys.clone() },
    })
}

/// A projection of a projection is one; one that changes nothing is none.
fn project(dialect: &dyn Dialect, input: Node, columns: Vec<usize>) -> Result<Node, SqlError> {
    let (input, columns) = match input {
        Node::Project { input, columns: inner } => {
            let pick = |at: usize| {
                inner.get(at).copied().ok_or_else(|| SqlError::unsupported("a bad position"))
            };
            let columns = columns.into_iter().map(pick).collect::<Result<Vec<_>, _>>()?;
            return project(dialect, *input, columns);
        }
        input => (input, columns),
    };
    let width = shapes(dialect, &input)?.len();
    if columns.iter().copied().eq(0..width) {
        return Ok(input);
    }
    Ok(Node::Project { input: Box::new(input), columns })
}

/// SQL keeps the order of a subquery only where it is the outermost one, or limited at once.
fn sorts_are_kept(plan: &Node, kept: bool) -> Result<(), SqlError> {
    match plan {
        Node::Sort { .. } if !kept => Err(SqlError::unsupported("an order that is not kept")),
        Node::Sort { input, .. } | Node::Filter { input, .. } | Node::Aggregate { input, .. } => {
            sorts_are_kept(input, false)
        }
        Node::Project { input, .. } => sorts_are_kept(input, kept),
        Node::Limit { input, .. } => sorts_are_kept(input, true),
        Node::Join { left, right, .. } => {
            sorts_are_kept(left, false)?;
            sorts_are_kept(right, false)
        }
        Node::Scan { .. } => Ok(()),
    }
}

/// AND and OR flattened, without parts that decide nothing, and lists that are not empty.
pub(crate) fn condition<C: Clone + PartialEq>(predicate: &Predicate<C>) -> Predicate<C> {
    match predicate {
        Predicate::And(parts) => Predicate::all(parts.iter().map(condition)),
        Predicate::Or(parts) => Predicate::any(parts.iter().map(condition)),
        Predicate::In { values, .. } if values.is_empty() => Predicate::False,
        Predicate::NotIn { column, values } if values.is_empty() => {
            Predicate::IsNotNull(column.clone())
        }
        Predicate::Like { column, pattern, negated } => Predicate::Like {
            column: column.clone(),
            pattern: LikePattern(merged(&pattern.0)),
            negated: *negated,
        },
        other => other.clone(),
    }
}

/// Neighbouring literals as one, without empty ones.
fn merged(pieces: &[LikePiece]) -> Vec<LikePiece> {
    let mut all: Vec<LikePiece> = Vec::new();
    for piece in pieces {
        match (all.last_mut(), piece) {
            (_, LikePiece::Literal(text)) if text.is_empty() => {}
            (Some(LikePiece::Literal(before)), LikePiece::Literal(text)) => before.push_str(text),
            (_, piece) => all.push(piece.clone()),
        }
    }
    all
}

fn bounded<C>(predicate: Predicate<C>) -> Result<Predicate<C>, SqlError> {
    let mut comparisons = 0_usize;
    predicate.for_each_column(&mut |_| comparisons += 1);
    if comparisons > MOST_COMPARISONS || depth(&predicate) > DEEPEST_CONDITION {
        return Err(SqlError::unsupported("a condition this large"));
    }
    Ok(predicate)
}

fn depth<C>(predicate: &Predicate<C>) -> usize {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => {
            1 + parts.iter().map(depth).max().unwrap_or(0)
        }
        _ => 0,
    }
}
