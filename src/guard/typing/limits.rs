//! How many rows a LIMIT and an OFFSET leave.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, Limit, LogicalPlan};
use datafusion::physical_expr::create_physical_expr;

use super::common::brought;
use super::kind::{Kind, Operand};
use crate::error::{ClientError, SqlState};
use crate::guard::numbers::{self, external};

/// Gives the counts of a LIMIT their type, `bigint`.
///
/// # Errors
/// 42804 where one has another type.
pub(in crate::guard) fn limit(limit: Limit) -> Result<LogicalPlan> {
    let Limit { skip, fetch, input } = limit;
    let skip = skip.map(|skip| bigint(*skip, "OFFSET").map(Box::new)).transpose()?;
    let fetch = fetch.map(|fetch| bigint(*fetch, "LIMIT").map(Box::new)).transpose()?;
    Ok(LogicalPlan::Limit(Limit { skip, fetch, input }))
}

fn bigint(count: Expr, clause: &str) -> Result<Expr> {
    let nothing = DFSchema::empty();
    if let Expr::Literal(ScalarValue::Int64(_), _) = count {
        return Ok(count);
    }
    let count = numbers::expression(count, &nothing)?;
    let Some(operand) = Operand::of(&count, &nothing) else { return Ok(count) };
    match operand.kind {
        Kind::Number(_) | Kind::Unknown => {
            brought(count, &Operand::of_type(DataType::Int64), &nothing)
        }
        _ => {
            let name = operand.name();
            let message = format!("argument of {clause} must be type bigint, not type {name}");
            Err(external(ClientError::new(SqlState::DATATYPE_MISMATCH, message)))
        }
    }
}

/// Computes the counts of every LIMIT, once parameters have their values.
///
/// # Errors
/// 2201W and 2201X for a negative count, 0A000 for one that is not constant, and whatever computing
/// it can give.
pub(in crate::guard) fn counted(plan: LogicalPlan) -> Result<LogicalPlan> {
    let counted = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::Limit(Limit { skip, fetch, input }) = node else {
            return Ok(Transformed::no(node));
        };
        let skip = skip.map(|skip| count(&skip, "OFFSET").map(Box::new)).transpose()?;
        let fetch = fetch.map(|fetch| count(&fetch, "LIMIT").map(Box::new)).transpose()?;
        Ok(Transformed::yes(LogicalPlan::Limit(Limit { skip, fetch, input })))
    })?;
    Ok(counted.data)
}

fn count(of: &Expr, clause: &str) -> Result<Expr> {
    let value = match of {
        Expr::Literal(value, _) => value.clone(),
        of => computed(of, clause)?,
    };
    let count = match value.cast_to(&DataType::Int64)? {
        ScalarValue::Int64(count) => count,
        _ => None,
    };
    if count.is_some_and(i64::is_negative) {
        let state = if clause == "LIMIT" {
            SqlState::INVALID_ROW_COUNT_IN_LIMIT
        } else {
            SqlState::INVALID_ROW_COUNT_IN_OFFSET
        };
        let message = format!("{clause} must not be negative");
        return Err(external(ClientError::new(state, message)));
    }
    Ok(Expr::Literal(ScalarValue::Int64(count), None))
}

fn computed(of: &Expr, clause: &str) -> Result<ScalarValue> {
    let constant = !of.any_column_refs()
        && !of.exists(|part| {
            Ok(matches!(
                part,
                Expr::ScalarSubquery(_)
                    | Expr::InSubquery(_)
                    | Expr::Exists(_)
                    | Expr::SetComparison(_)
                    | Expr::OuterReferenceColumn(..)
                    | Expr::AggregateFunction(_)
                    | Expr::WindowFunction(_)
                    | Expr::Placeholder(_)
            ))
        })?;
    if !constant {
        let message = format!("{clause} that is not constant is not supported");
        return Err(external(
            ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
                .hint("Count first, and send the number as a parameter."),
        ));
    }
    let computing = create_physical_expr(
        of,
        &DFSchema::empty(),
        &ExecutionProps::new(),
        &PhysicalPlanningContext::default(),
    )?;
    let one_row = RecordBatch::try_new_with_options(
        Arc::new(Schema::empty()),
        Vec::new(),
        &RecordBatchOptions::new().with_row_count(Some(1)),
    )?;
    let value = computing.evaluate(&one_row)?.into_array(1)?;
    ScalarValue::try_from_array(&value, 0)
}
