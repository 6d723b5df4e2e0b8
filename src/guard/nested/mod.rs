//! Subqueries that depend on the row beside them, or stand where the engine runs none.
//!
//! The engine turns `EXISTS` and `IN` of a condition into joins, and aggregates that are compared by
//! keys. All others become joins here: [`pulled`] takes a subquery apart into a table that depends on
//! nothing and the conditions that bind it to the row; [`applied`] goes on where more is done with the
//! rows that a row has (they are counted, sorted or cut off); [`values`] makes a value of them, with
//! the three truth values that `IN` has; [`on`] sees to the conditions of joins. Every table is read once, through its guard, and not once
//! for each row.

mod applied;
mod columns;
mod lateral;
mod on;
mod only;
mod pulled;
mod supported;
mod values;

use std::cell::Cell;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, LogicalPlanBuilder, Sort, SortExpr};

use self::values::Values;
use super::numbers::external;
use super::system::{refresh, subquery_of};
use crate::error::{ClientError, SqlState};

/// Turns such subqueries into joins. What cannot be turned stays as it is, for the engine to refuse.
///
/// # Errors
/// Where a plan cannot be built.
pub(in crate::guard) fn joined(plan: LogicalPlan) -> Result<LogicalPlan> {
    let nested = plan.exists(|node| {
        let mut nested = matches!(node, LogicalPlan::Subquery(_));
        node.apply_expressions(|expr| {
            nested |= expr.exists(|expr| Ok(subquery_of(expr).is_some()))?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(nested)
    })?;
    if nested { Unnesting::default().plan(plan, Whose::Engine) } else { Ok(plan) }
}

/// Who makes joins of the subqueries that the engine knows how to join.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The engine.
    Engine,
    /// We, since they stand in a subquery that is taken apart.
    Ours,
}

/// One statement. What it adds has names that no client can write.
#[derive(Default)]
struct Unnesting {
    names: Cell<usize>,
    /// How many tables are read once more than they were written.
    read_again: Cell<usize>,
}

/// The most of them, which is also how many a statement may write. `IN` asks its rows for up to three
/// things, and where one stands in the other these multiply.
const MAX_READ_AGAIN: usize = 250;

impl Unnesting {
    /// A name that nothing else in the statement has.
    fn name(&self) -> String {
        self.names.set(self.names.get() + 1);
        format!("\u{0}nested{}", self.names.get())
    }

    /// Counts the tables of a plan that stands in so many more places.
    ///
    /// # Errors
    /// 54001 past the bound.
    fn read_again(&self, plan: &LogicalPlan, times: usize) -> Result<()> {
        let mut tables = 0_usize;
        plan.apply_with_subqueries(|node| {
            tables += usize::from(node.inputs().is_empty());
            Ok(TreeNodeRecursion::Continue)
        })?;
        self.read_again.set(self.read_again.get().saturating_add(tables.saturating_mul(times)));
        if self.read_again.get() <= MAX_READ_AGAIN {
            return Ok(());
        }
        let error = ClientError::new(SqlState::STATEMENT_TOO_COMPLEX, "statement is too complex");
        Err(external(error.hint("Nest fewer subqueries of IN, ANY and ALL in each other.")))
    }

    fn plan(&self, plan: LogicalPlan, whose: Whose) -> Result<LogicalPlan> {
        match plan {
            LogicalPlan::Join(join) if on::is_nested(&join)? => self.conditioned(join, whose),
            LogicalPlan::Join(join) if supported::is_lateral(&join)? => self.lateral(join, whose),
            // One of LATERAL, whose join looks into it.
            LogicalPlan::Subquery(_) => Ok(plan),
            other => {
                let plan =
                    other.map_children(|child| self.plan(child, whose).map(Transformed::yes))?;
                self.expressions(refresh(plan.data)?, whose)
            }
        }
    }

    /// The subqueries among a node's expressions.
    fn expressions(&self, plan: LogicalPlan, whose: Whose) -> Result<LogicalPlan> {
        let mut any = false;
        plan.apply_expressions(|expr| {
            any |= expr.exists(|expr| Ok(subquery_of(expr).is_some()))?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        if !any {
            return Ok(plan);
        }
        let plan = match plan {
            LogicalPlan::Filter(filter) => return self.condition(filter, whose),
            LogicalPlan::Sort(sort) => match self.computed_below(sort)? {
                Ok(plan) => return self.plan(plan, whose),
                Err(sort) => LogicalPlan::Sort(sort),
            },
            other => other,
        };
        let Ok([input]) = <[&LogicalPlan; 1]>::try_from(plan.inputs()) else {
            return Ok(plan);
        };
        let names = NamePreserver::new(&plan);
        let scalars = matches!(plan, LogicalPlan::Projection(_)) && whose == Whose::Engine;
        let mut values = Values::new(self, input.clone(), whose, scalars);
        let exprs = plan.expressions().into_iter().map(|expr| {
            let name = names.save(&expr);
            values.rewrite(expr, None).map(|expr| name.restore(expr))
        });
        let exprs = exprs.collect::<Result<Vec<_>>>()?;
        let columns = plan.schema().columns();
        let plan = plan.with_new_exprs(exprs, vec![values.input])?;
        // A node such as Sort hands its input's columns on: those that were added stay below.
        if plan.schema().fields().len() == columns.len() {
            return Ok(plan);
        }
        LogicalPlanBuilder::from(plan).project(columns.into_iter().map(Expr::Column))?.build()
    }

    /// Keys of ORDER BY that read what the result does not show: they become columns beneath it.
    fn computed_below(&self, sort: Sort) -> Result<Result<LogicalPlan, Sort>> {
        let LogicalPlan::Projection(projection) = sort.input.as_ref() else { return Ok(Err(sort)) };
        let mut shown = projection.expr.clone();
        let mut keys = Vec::with_capacity(sort.expr.len());
        for key in &sort.expr {
            if !supported::reads_more(&key.expr, sort.input.schema())? {
                keys.push(key.clone());
                continue;
            }
            let name = self.name();
            let value = columns::put(key.expr.clone(), sort.input.schema(), &projection.expr)?;
            shown.push(value.alias(name.clone()));
            keys.push(SortExpr {
                expr: Expr::Column(Column::new_unqualified(name)),
                ..key.clone()
            });
        }
        if shown.len() == projection.expr.len() {
            return Ok(Err(sort));
        }
        let columns = columns::all(sort.input.schema());
        let plan = LogicalPlanBuilder::from(projection.input.as_ref().clone()).project(shown)?;
        plan.sort_with_limit(keys, sort.fetch)?.project(columns)?.build().map(Ok)
    }

    /// A WHERE or HAVING. What the engine joins itself is joined first, as are conditions without
    /// subqueries.
    fn condition(&self, filter: Filter, whose: Whose) -> Result<LogicalPlan> {
        let mut input = Arc::unwrap_or_clone(filter.input);
        let columns = input.schema().columns();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for part in split_conjunction_owned(filter.predicate) {
            let nested = part.exists(|expr| Ok(subquery_of(expr).is_some()))?;
            let left =
                !nested || (whose == Whose::Engine && supported::condition(&part, input.schema())?);
            if left { before.push(part) } else { after.push(part) }
        }
        if let Some(before) = conjunction(self.nested_in(before)?) {
            input = LogicalPlanBuilder::from(input).filter(before)?.build()?;
        }
        if after.is_empty() {
            return Ok(input);
        }
        let mut values = Values::new(self, input, whose, whose == Whose::Engine);
        let after = after.into_iter().map(|part| values.rewrite(part, None));
        let after = after.collect::<Result<Vec<_>>>()?;
        let mut plan = LogicalPlanBuilder::from(values.input);
        if let Some(after) = conjunction(after) {
            plan = plan.filter(after)?;
        }
        if plan.schema().fields().len() != columns.len() {
            plan = plan.project(columns.into_iter().map(Expr::Column))?;
        }
        plan.build()
    }

    /// Subqueries that the engine joins: what lies in them may be for us.
    fn nested_in(&self, exprs: Vec<Expr>) -> Result<Vec<Expr>> {
        exprs.into_iter().map(|expr| self.within(expr)).collect()
    }

    fn within(&self, expr: Expr) -> Result<Expr> {
        let expr = expr.transform_up(|expr| {
            values::map_subquery(expr, |plan| self.plan(plan, Whose::Engine))
        })?;
        Ok(expr.data)
    }
}
