//! Functions that make much out of little: `repeat('x', 100000000)`, or `s || s` of `s || s`.
//!
//! What such a call would make is added up before it is made. One call may make [`MAX_BYTES`] of
//! one batch, and all constants that a statement is planned with [`MAX_FOLDED_BYTES`]: what is
//! more stays a call, and is computed batch by batch.

mod bounded;
mod bytes;
mod concatenation;
mod doubled;
mod folding;
mod size;
mod windowed;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::logical_expr::expr::{ScalarFunction, WindowFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, WindowFunctionDefinition};

use bounded::Bounded;
pub use bytes::{array_bytes, batch_bytes};
pub(in crate::guard) use folding::within_budget;
use size::Growth;
use windowed::Windowed;
pub use windowed::aggregate_grows;

/// The most that one call may make of one batch: two kilobytes for each of 8192 rows.
const MAX_BYTES: u64 = 16 << 20;

/// The most that all constants of one statement may take that planning computes.
const MAX_FOLDED_BYTES: u64 = 1 << 20;

/// Puts the bound around every call in a plan that could grow.
///
/// # Errors
/// 54001 where the engine would write the plan out too large.
pub(in crate::guard) fn bound(plan: LogicalPlan) -> Result<LogicalPlan> {
    doubled::check(&plan)?;
    let bounded = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            Ok(bound_calls(expr)?.update_data(|expr| name.restore(expr)))
        })?;
        if node.transformed {
            return node.map_data(LogicalPlan::recompute_schema);
        }
        Ok(node)
    })?;
    Ok(bounded.data)
}

/// The same for an expression without a plan.
pub(in crate::guard) fn bound_expr(expr: Expr) -> Result<Expr> {
    doubled::check_expr(&expr)?;
    Ok(bound_calls(expr)?.data)
}

fn bound_calls(expr: Expr) -> Result<Transformed<Expr>> {
    expr.transform_up(|expr| match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
            let call = ScalarFunction::new_udf(concatenation::function(), vec![*left, *right]);
            Ok(Transformed::yes(Expr::ScalarFunction(call)))
        }
        Expr::ScalarFunction(call) => match Growth::of(call.func.name()) {
            Some(growth) if !call.func.inner().is::<Bounded>() => {
                let func = Bounded::of(Arc::clone(&call.func), growth);
                let call = ScalarFunction::new_udf(func, call.args);
                Ok(Transformed::yes(Expr::ScalarFunction(call)))
            }
            _ => Ok(Transformed::no(Expr::ScalarFunction(call))),
        },
        Expr::WindowFunction(mut call) => {
            let WindowFunction { fun: WindowFunctionDefinition::AggregateUDF(function), .. } =
                call.as_mut()
            else {
                return Ok(Transformed::no(Expr::WindowFunction(call)));
            };
            let Some(bounded) = Windowed::of(function) else {
                return Ok(Transformed::no(Expr::WindowFunction(call)));
            };
            *function = bounded;
            Ok(Transformed::yes(Expr::WindowFunction(call)))
        }
        other => Ok(Transformed::no(other)),
    })
}
