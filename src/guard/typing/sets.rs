//! `UNION`, `INTERSECT` and `EXCEPT`: their columns, and how often a row comes.

use std::sync::Arc;

use datafusion::common::{Column, JoinType, NullEquality, Result};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    Distinct, Expr, ExprFunctionExt, Join, LogicalPlan, LogicalPlanBuilder, Union,
    WindowFunctionDefinition,
};

use super::common::{brought, common};
use super::kind::{Kind, Operand};
use crate::guard::numbers::open_text;

/// A set operation whose columns have the types that PostgreSQL gives them; any other node as it
/// is.
///
/// # Errors
/// 42804 where a column has no type for both sides.
pub(in crate::guard) fn set_operation(node: LogicalPlan) -> Result<LogicalPlan> {
    match node {
        LogicalPlan::Union(Union { inputs, .. }) => {
            let inputs = inputs.into_iter().map(Arc::unwrap_or_clone).collect();
            let inputs = alike("UNION", inputs)?.into_iter().map(Arc::new).collect();
            Ok(LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?))
        }
        // The planner makes no other joins in which NULL is equal to NULL.
        LogicalPlan::Join(join) if join.null_equality == NullEquality::NullEqualsNull => {
            match join.join_type {
                JoinType::LeftSemi => compared("INTERSECT", join),
                JoinType::LeftAnti => compared("EXCEPT", join),
                _ => Ok(LogicalPlan::Join(join)),
            }
        }
        node => Ok(node),
    }
}

/// `INTERSECT` and `EXCEPT` are joins of whole rows. With `ALL` each of several equal rows has a
/// partner of its own, so equal rows are numbered and the number joins too.
fn compared(construct: &str, join: Join) -> Result<LogicalPlan> {
    let (left, all) = match Arc::unwrap_or_clone(join.left) {
        LogicalPlan::Distinct(Distinct::All(input)) => (Arc::unwrap_or_clone(input), false),
        left => (left, true),
    };
    let sides = alike(construct, vec![left, Arc::unwrap_or_clone(join.right)])?;
    let [left, right] = <[LogicalPlan; 2]>::try_from(sides)
        .or_else(|_| datafusion::common::internal_err!("a set operation has two sides"))?;
    let columns: Vec<_> = left.schema().columns();
    let (left, right) = if all {
        (numbered(left)?, numbered(right)?)
    } else {
        (LogicalPlanBuilder::from(left).distinct()?.build()?, right)
    };
    let keys = (left.schema().columns(), right.schema().columns());
    let kept = LogicalPlanBuilder::from(left).join_detailed(
        right,
        join.join_type,
        keys,
        None,
        NullEquality::NullEqualsNull,
    )?;
    if !all {
        return kept.build();
    }
    kept.project(columns.into_iter().map(Expr::Column))?.build()
}

/// The rows, each with its number among those that are equal to it.
fn numbered(plan: LogicalPlan) -> Result<LogicalPlan> {
    let columns: Vec<_> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let number = WindowFunctionDefinition::WindowUDF(row_number_udwf());
    let number = Expr::from(WindowFunction::new(number, Vec::new()))
        .partition_by(columns.clone())
        .build()?;
    let name = number.schema_name().to_string();
    let number_column = Expr::Column(Column::new_unqualified(name)).alias(NUMBER);
    LogicalPlanBuilder::from(plan)
        .window([number])?
        .project(columns.into_iter().chain([number_column]))?
        .build()
}

/// What no client would call a column.
const NUMBER: &str = "\u{0}number";

/// Plans whose columns have the same types.
///
/// # Errors
/// 42804 where a column has no type for all of them.
pub(in crate::guard) fn alike(
    construct: &str,
    plans: Vec<LogicalPlan>,
) -> Result<Vec<LogicalPlan>> {
    let width = plans.iter().map(|plan| plan.schema().fields().len()).min().unwrap_or(0);
    let targets = (0..width)
        .map(|at| {
            let operands: Vec<_> = plans.iter().map(|plan| operand(plan, at)).collect();
            common(construct, &operands)
        })
        .collect::<Result<Vec<_>>>()?;
    if targets.iter().all(Option::is_none) {
        return Ok(plans);
    }
    plans.into_iter().map(|plan| with_types(plan, &targets)).collect()
}

fn operand(plan: &LogicalPlan, at: usize) -> Operand {
    let field = Arc::clone(plan.schema().field(at));
    let open = literal(plan, at).is_some_and(|expr| open_text(expr).is_some());
    let kind = if open { Kind::Unknown } else { Kind::of_field(&field) };
    Operand { kind, field }
}

/// What a column is computed as, where the plan is a plain SELECT.
fn literal(plan: &LogicalPlan, at: usize) -> Option<&Expr> {
    let LogicalPlan::Projection(projection) = plan else { return None };
    match projection.expr.get(at)? {
        Expr::Alias(alias) => Some(&alias.expr),
        expr => Some(expr),
    }
}

fn with_types(plan: LogicalPlan, targets: &[Option<Operand>]) -> Result<LogicalPlan> {
    let schema = Arc::clone(plan.schema());
    let mut changed = false;
    let columns = schema.columns().into_iter().enumerate().map(|(at, column)| {
        let (table, name) = (column.relation.clone(), column.name.clone());
        let value = Expr::Column(column);
        let Some(Some(target)) = targets.get(at) else { return Ok(value) };
        let open = literal(&plan, at).filter(|expr| open_text(expr).is_some());
        let before = open.cloned().unwrap_or_else(|| value.clone());
        let after = brought(before.clone(), target, &schema)?;
        if after == before {
            return Ok(value);
        }
        changed = true;
        Ok(after.alias_qualified(table, name))
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    if changed { LogicalPlanBuilder::from(plan).project(columns)?.build() } else { Ok(plan) }
}
