//! Columns of the row beside a subquery. A reference to one carries its type, which was the
//! planner's; it becomes the type that the column now has.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, Subquery};

use crate::guard::system::refresh;

/// Gives the subqueries of a node the types of the columns that the node's inputs now have.
pub(super) fn retype(node: LogicalPlan) -> Result<LogicalPlan> {
    let schemas: Vec<_> = node.inputs().iter().map(|input| Arc::clone(input.schema())).collect();
    if let LogicalPlan::Join(mut join) = node {
        // LATERAL: the right side reads the left.
        if reads_outer(&join.right) {
            let left = Arc::clone(join.left.schema());
            join.right = Arc::new(within(Arc::unwrap_or_clone(join.right), &left)?);
            return refresh(LogicalPlan::Join(join));
        }
        return Ok(LogicalPlan::Join(join));
    }
    let node = node.map_subqueries(|plan| {
        if !reads_outer(&plan) {
            return Ok(Transformed::no(plan));
        }
        let mut plan = plan;
        for schema in &schemas {
            plan = within(plan, schema)?;
        }
        Ok(Transformed::yes(plan))
    })?;
    Ok(node.data)
}

fn reads_outer(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Subquery(subquery) => !subquery.outer_ref_columns.is_empty(),
        LogicalPlan::SubqueryAlias(alias) => reads_outer(&alias.input),
        _ => false,
    }
}

fn within(plan: LogicalPlan, outer: &DFSchema) -> Result<LogicalPlan> {
    let retyped = plan.transform_up_with_subqueries(|node| {
        let node = match node {
            LogicalPlan::Subquery(subquery) => {
                let columns =
                    subquery.outer_ref_columns.into_iter().map(|column| retyped(column, outer));
                LogicalPlan::Subquery(Subquery { outer_ref_columns: columns.collect(), ..subquery })
            }
            node => node,
        };
        let node = node.map_expressions(|expr| {
            expr.transform_up(|expr| match expr {
                Expr::OuterReferenceColumn(..) => Ok(Transformed::yes(retyped(expr, outer))),
                other => Ok(Transformed::no(other)),
            })
        })?;
        Ok(Transformed::yes(refresh(node.data)?))
    })?;
    Ok(retyped.data)
}

fn retyped(expr: Expr, outer: &DFSchema) -> Expr {
    match expr {
        Expr::OuterReferenceColumn(field, column) => {
            Expr::OuterReferenceColumn(now(&column, outer).unwrap_or(field), column)
        }
        other => other,
    }
}

fn now(column: &Column, outer: &DFSchema) -> Option<FieldRef> {
    let (_, field) = outer.qualified_field_from_column(column).ok()?;
    Some(Arc::clone(field))
}
