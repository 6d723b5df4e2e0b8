//! What the engine writes twice: `coalesce(a, b)` becomes `CASE WHEN a IS NOT NULL THEN a ELSE b END`,
//! and where they are nested, each is twice as large as what it holds, and looked at more often still.
//! So what would become of a plan is added up before the engine does it.

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{Expr, LogicalPlan, Subquery};

use crate::error::{ClientError, SqlState};
use crate::guard::numbers::external;
use crate::guard::typing::is_written_out;

/// How many times the engine does with an argument of a `coalesce` what it does with others, as seen
/// in the time that it takes to plan nested ones.
const COALESCED: u64 = 5;

/// As many parts as a plan's expressions may come to, however few they were.
const MAX_PARTS: u64 = 1 << 16;

/// How many times as large they may become past that.
const MAX_GROWTH: u64 = 8;

/// # Errors
/// 54001 where a plan would become too large.
pub(super) fn check(plan: &LogicalPlan) -> Result<()> {
    judged(&of_plan(plan)?)
}

/// The same for an expression without a plan.
pub(super) fn check_expr(expr: &Expr) -> Result<()> {
    judged(&of(expr)?)
}

/// Parts of an expression: as it is, and as the engine writes it.
#[derive(Clone, Copy, Default)]
struct Parts {
    now: u64,
    then: u64,
}

impl Parts {
    fn and(self, other: Self) -> Self {
        Self { now: self.now.saturating_add(other.now), then: self.then.saturating_add(other.then) }
    }
}

fn judged(parts: &Parts) -> Result<()> {
    if parts.then <= MAX_PARTS.max(parts.now.saturating_mul(MAX_GROWTH)) {
        return Ok(());
    }
    let error = ClientError::new(SqlState::STATEMENT_TOO_COMPLEX, "statement is too complex")
        .hint("Nest fewer calls of coalesce in each other.");
    Err(external(error))
}

fn of_plan(plan: &LogicalPlan) -> Result<Parts> {
    let mut parts = Parts::default();
    plan.apply(|node| {
        node.apply_expressions(|expr| {
            parts = parts.and(of(expr)?);
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(parts)
}

fn of(expr: &Expr) -> Result<Parts> {
    let mut held = Vec::new();
    expr.apply_children(|child| {
        held.push(of(child)?);
        Ok(TreeNodeRecursion::Continue)
    })?;
    let (repeated, times) = match expr {
        Expr::ScalarFunction(call) if is_written_out(call) => {
            (held.len().saturating_sub(1), COALESCED)
        }
        Expr::Between(_) => (1, 2),
        _ => (0, 1),
    };
    let own = Parts { now: 1, then: 1 };
    let parts = held.iter().enumerate().fold(own, |sum, (at, one)| {
        let times = if at < repeated { times } else { 1 };
        sum.and(Parts { then: one.then.saturating_mul(times), ..*one })
    });
    Ok(match expr {
        Expr::ScalarSubquery(Subquery { subquery, .. })
        | Expr::Exists(Exists { subquery: Subquery { subquery, .. }, .. })
        | Expr::InSubquery(InSubquery { subquery: Subquery { subquery, .. }, .. }) => {
            parts.and(of_plan(subquery)?)
        }
        _ => parts,
    })
}
