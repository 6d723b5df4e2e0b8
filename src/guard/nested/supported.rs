//! What the engine makes joins of by itself.

use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, JoinType, Result};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Join, LogicalPlan, Operator, Subquery};

use crate::guard::system::{self, free, subquery_of};

/// Whether a plan refers to rows beside it.
pub(super) fn depends(plan: &LogicalPlan) -> Result<bool> {
    Ok(!free(plan)?.is_empty())
}

/// Whether an expression holds a query that depends on something.
pub(super) fn holds_a_query(expr: &Expr) -> Result<bool> {
    expr.exists(|part| match subquery_of(part) {
        Some(subquery) => depends(&subquery.subquery),
        None => Ok(false),
    })
}

/// Whether an expression's subqueries read columns that are not among these.
pub(super) fn reads_more(expr: &Expr, schema: &DFSchema) -> Result<bool> {
    expr.exists(|part| match subquery_of(part) {
        Some(subquery) => {
            Ok(free(&subquery.subquery)?.iter().any(|(_, column)| !schema.has_column(column)))
        }
        None => Ok(false),
    })
}

/// A part of a condition.
pub(super) fn condition(part: &Expr, schema: &DFSchema) -> Result<bool> {
    let (subquery, negated, is_in) = match part {
        Expr::Exists(Exists { subquery, negated }) => (subquery, *negated, false),
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            if expr.exists(|part| Ok(subquery_of(part).is_some()))? {
                return Ok(false);
            }
            (subquery, *negated, true)
        }
        other => return all_scalars(other, schema),
    };
    if !depends(&subquery.subquery)? {
        return Ok(true);
    }
    // `NOT IN` asks for NULLs among the rows that belong to the row, which its join does not.
    Ok(!(is_in && negated)
        && beside(subquery, schema)?
        && bound_by_conditions(&subquery.subquery, &|_| true)?)
}

/// Whether an expression's subqueries are values that the engine joins.
fn all_scalars(expr: &Expr, schema: &DFSchema) -> Result<bool> {
    let unknown = expr.exists(|part| match part {
        Expr::ScalarSubquery(subquery) => Ok(!scalar(subquery, schema)?),
        other => Ok(subquery_of(other).is_some()),
    })?;
    Ok(!unknown)
}

/// A subquery that stands for a value.
pub(super) fn scalar(subquery: &Subquery, schema: &DFSchema) -> Result<bool> {
    if !depends(&subquery.subquery)? {
        return Ok(true);
    }
    let mut plan = subquery.subquery.as_ref();
    loop {
        plan = match plan {
            LogicalPlan::Projection(projection) if computes_alone(plan)? => &projection.input,
            LogicalPlan::SubqueryAlias(alias) => &alias.input,
            LogicalPlan::Aggregate(aggregate) => {
                return Ok(aggregate.group_expr.is_empty()
                    && !aggregate.aggr_expr.is_empty()
                    && computes_alone(plan)?
                    && beside(subquery, schema)?
                    && bound_by_conditions(&aggregate.input, &is_key)?);
            }
            _ => return Ok(false),
        }
    }
}

/// Whether the right side of a join reads the left: as the planner says it, or in a query within.
pub(super) fn is_lateral(join: &Join) -> Result<bool> {
    if system::is_lateral(&join.right) {
        return Ok(true);
    }
    Ok(free(&join.right)?.iter().any(|(_, column)| join.left.schema().has_column(column)))
}

/// The right side of a join with LATERAL.
pub(super) fn lateral(plan: &LogicalPlan, left: &DFSchema) -> Result<bool> {
    let beside = free(plan)?.iter().all(|(_, column)| left.has_column(column));
    Ok(beside && joinable(plan)?)
}

fn joinable(plan: &LogicalPlan) -> Result<bool> {
    match plan {
        LogicalPlan::Subquery(subquery) => joinable(&subquery.subquery),
        LogicalPlan::SubqueryAlias(alias) => joinable(&alias.input),
        LogicalPlan::Projection(projection) if computes_alone(plan)? => joinable(&projection.input),
        LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.is_empty() => {
            Ok(computes_alone(plan)? && bound_by_conditions(&aggregate.input, &is_key)?)
        }
        other => bound_by_conditions(other, &|_| true),
    }
}

/// Whether a subquery refers to the row beside it alone, and not to one further out.
fn beside(subquery: &Subquery, schema: &DFSchema) -> Result<bool> {
    Ok(free(&subquery.subquery)?.iter().all(|(_, column)| schema.has_column(column)))
}

/// Whether a plan refers to the row beside it in conditions alone, all of which are of this kind.
fn bound_by_conditions(plan: &LogicalPlan, is: &dyn Fn(&Expr) -> bool) -> Result<bool> {
    if !depends(plan)? {
        return Ok(true);
    }
    match plan {
        LogicalPlan::Filter(filter) => {
            for part in split_conjunction(&filter.predicate) {
                if holds_a_query(part)? || (part.contains_outer() && !is(part)) {
                    return Ok(false);
                }
            }
            bound_by_conditions(&filter.input, is)
        }
        LogicalPlan::Projection(projection) if computes_alone(plan)? => {
            bound_by_conditions(&projection.input, is)
        }
        LogicalPlan::SubqueryAlias(alias) => bound_by_conditions(&alias.input, is),
        LogicalPlan::Join(join) if join.join_type == JoinType::Inner && computes_alone(plan)? => {
            Ok(bound_by_conditions(&join.left, is)? && bound_by_conditions(&join.right, is)?)
        }
        _ => Ok(false),
    }
}

/// Whether a node's own expressions refer to nothing outside.
fn computes_alone(plan: &LogicalPlan) -> Result<bool> {
    for expr in plan.expressions() {
        if expr.contains_outer() || holds_a_query(&expr)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A column of the subquery is equal to something of the row beside it.
fn is_key(part: &Expr) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = part else { return false };
    let is = |inner: &Expr, outer: &Expr| {
        matches!(inner, Expr::Column(_)) && outer.contains_outer() && !outer.any_column_refs()
    };
    is(left, right) || is(right, left)
}
