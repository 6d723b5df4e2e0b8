//! Subqueries in the condition of a join.
//!
//! Those of an inner join are a condition of its rows. An outer join keeps what has found nothing, so its
//! rows are paired first, as far as the condition goes without subqueries; then it is seen which pairs
//! are *live*, and one that is not stands for each row that has no other.

use std::sync::Arc;

use datafusion::common::tree_node::TreeNode;
use datafusion::common::{JoinType, Result};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder, SortExpr, lit};

use super::applied::Numbered;
use super::columns::{all, chosen};
use super::lateral::shown;
use super::pulled::condition_of;
use super::supported::is_lateral;
use super::values::Values;
use super::{Unnesting, Whose};
use crate::error::{ClientError, SqlState};
use crate::guard::numbers::external;
use crate::guard::system::subquery_of;

/// Whether a join's condition holds subqueries.
pub(super) fn is_nested(join: &Join) -> Result<bool> {
    let keys = join.on.iter().flat_map(|(left, right)| [left, right]);
    for part in keys.chain(&join.filter) {
        if holds_one(part)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds_one(expr: &Expr) -> Result<bool> {
    expr.exists(|part| Ok(subquery_of(part).is_some()))
}

impl Unnesting {
    /// # Errors
    /// 0A000 for a `FULL JOIN`, and for an outer join with `LATERAL`.
    pub(super) fn conditioned(&self, join: Join, whose: Whose) -> Result<LogicalPlan> {
        let (mut nested, mut plain) = (Vec::new(), Vec::new());
        for part in condition_of(&join) {
            if holds_one(&part)? { nested.push(part) } else { plain.push(part) }
        }
        let outer = join.join_type != JoinType::Inner;
        if outer && is_lateral(&join)? {
            return Err(unsupported("an outer join with LATERAL"));
        }
        match join.join_type {
            JoinType::Inner => {
                let join = Join { on: Vec::new(), filter: conjunction(plain), ..join };
                let plan = LogicalPlanBuilder::from(LogicalPlan::Join(join));
                let plan = nested.into_iter().try_fold(plan, LogicalPlanBuilder::filter)?;
                self.plan(plan.build()?, whose)
            }
            JoinType::Left | JoinType::Right => self.outer_conditioned(join, whose, plain, nested),
            _ => Err(unsupported("a FULL JOIN")),
        }
    }

    fn outer_conditioned(
        &self,
        join: Join,
        whose: Whose,
        mut plain: Vec<Expr>,
        nested: Vec<Expr>,
    ) -> Result<LogicalPlan> {
        let left = self.plan(join.left.as_ref().clone(), whose)?;
        let right = self.plan(join.right.as_ref().clone(), whose)?;
        let is_left = join.join_type == JoinType::Left;
        let (kept, other) = if is_left { (left, right) } else { (right, left) };
        let (kept_schema, other_schema) = (Arc::clone(kept.schema()), Arc::clone(other.schema()));
        let numbered = self.numbered(kept)?;
        let (other, there) = self.with_column(other, lit(true))?;
        if plain.is_empty() {
            plain.push(lit(true));
        }
        let pairs = LogicalPlanBuilder::from(numbered.plan.clone());
        let pairs = pairs.join_on(other, JoinType::Left, plain)?.build()?;
        let (pairs, paired) = self.with_column(pairs, there.is_not_null())?;
        let mut values = Values::new(self, pairs, whose, false);
        let holds = nested.into_iter().map(|part| values.rewrite(part, Some(&paired)));
        let holds = conjunction(holds.collect::<Result<Vec<_>>>()?).unwrap_or_else(|| lit(true));
        let live = chosen(&paired, holds, Some(lit(false))).is_true();
        let (plan, live) = self.with_column(values.input, live)?;
        let plan = self.live_or_first(plan, &numbered, &live)?;
        let (kept, other) =
            (all(&kept_schema), shown(&other_schema, &all(&other_schema), Some(&live)));
        let (first, second) = if is_left { (kept, other) } else { (other, kept) };
        plan.project(first.into_iter().chain(second))?.build()
    }

    /// The live rows that belong to each, and the first of those that have none.
    pub(super) fn live_or_first(
        &self,
        plan: LogicalPlan,
        numbered: &Numbered,
        live: &Expr,
    ) -> Result<LogicalPlanBuilder> {
        let order = vec![SortExpr::new(live.clone(), false, false)];
        let (plan, place) = self.ranked(plan, vec![numbered.number.clone()], order)?;
        LogicalPlanBuilder::from(plan).filter(live.clone().or(place.eq(lit(1_u64))))
    }
}

fn unsupported(what: &str) -> DataFusionError {
    let message = format!("subqueries in the condition of {what} are not supported");
    let error = ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message);
    external(error.hint("Compute what they ask in a subquery of FROM."))
}
