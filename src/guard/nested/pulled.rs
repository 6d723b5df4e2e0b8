//! Takes a subquery apart: a table that depends on nothing, the conditions by which its rows belong to
//! the row beside it, and what the subquery makes of both.

use datafusion::common::{DFSchema, JoinType, Result};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder, lit};

use super::Unnesting;
use super::columns::{put, put_sort};
use super::supported::{depends, holds_a_query};

/// The rows of a subquery are those of `table` for which the conditions hold.
#[derive(Clone)]
pub(super) struct Pulled {
    pub table: LogicalPlan,
    /// Over columns of the table, and columns of outer queries.
    pub conditions: Vec<Expr>,
    /// What stands for the subquery's columns, over the same.
    pub columns: Vec<Expr>,
    /// The order of the rows, over the same.
    pub order: Vec<Sort>,
}

impl Unnesting {
    /// Takes a plan apart; `None` where more is done than to choose rows and compute with them.
    pub(super) fn pull(&self, plan: &LogicalPlan) -> Result<Option<Pulled>> {
        if !depends(plan)? && !is_sorted(plan) {
            let (table, columns) = self.renamed(plan.clone())?;
            return Ok(Some(Pulled { table, conditions: Vec::new(), columns, order: Vec::new() }));
        }
        match plan {
            LogicalPlan::Filter(filter) => {
                let (bound, free): (Vec<_>, Vec<_>) = split_conjunction(&filter.predicate)
                    .into_iter()
                    .cloned()
                    .partition(Expr::contains_outer);
                let mut input = filter.input.as_ref().clone();
                if let (Some(free), false) = (conjunction(free), bound.is_empty()) {
                    input = LogicalPlanBuilder::from(input).filter(free)?.build()?;
                    return self.chosen(&input, bound);
                }
                self.chosen(&input, split_conjunction(&filter.predicate).into_iter().cloned())
            }
            LogicalPlan::Projection(projection) => {
                let Some(pulled) = self.pull(&projection.input)? else { return Ok(None) };
                let columns = pulled.over(&projection.expr, projection.input.schema().as_ref())?;
                Ok(columns.map(|columns| Pulled { columns, ..pulled }))
            }
            LogicalPlan::SubqueryAlias(alias) => self.pull(&alias.input),
            LogicalPlan::Subquery(subquery) => self.pull(&subquery.subquery),
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                let Some(pulled) = self.pull(&sort.input)? else { return Ok(None) };
                for key in &sort.expr {
                    if holds_a_query(&key.expr)? {
                        return Ok(None);
                    }
                }
                let keys = sort.expr.iter().cloned();
                let order = keys.map(|key| put_sort(key, sort.input.schema(), &pulled.columns));
                Ok(Some(Pulled { order: order.collect::<Result<_>>()?, ..pulled }))
            }
            LogicalPlan::Join(join) => self.pull_join(join),
            _ => Ok(None),
        }
    }

    fn chosen(
        &self,
        input: &LogicalPlan,
        conditions: impl IntoIterator<Item = Expr>,
    ) -> Result<Option<Pulled>> {
        let Some(mut pulled) = self.pull(input)? else { return Ok(None) };
        let conditions: Vec<_> = conditions.into_iter().collect();
        let Some(conditions) = pulled.over(&conditions, input.schema())? else { return Ok(None) };
        let (bound, free): (Vec<_>, Vec<_>) =
            conditions.into_iter().partition(Expr::contains_outer);
        if let Some(free) = conjunction(free) {
            pulled.table = LogicalPlanBuilder::from(pulled.table).filter(free)?.build()?;
        }
        pulled.conditions.extend(bound);
        Ok(Some(pulled))
    }

    fn pull_join(&self, join: &Join) -> Result<Option<Pulled>> {
        let inner = join.join_type == JoinType::Inner;
        if !inner && (join.join_type != JoinType::Left || depends(&join.right)?) {
            return Ok(None);
        }
        let Some(left) = self.pull(&join.left)? else { return Ok(None) };
        let Some(right) = self.pull(&join.right)? else { return Ok(None) };
        let columns: Vec<_> = left.columns.iter().chain(&right.columns).cloned().collect();
        let sides = join.left.schema().join(join.right.schema())?;
        let Some(on) = over(&condition_of(join), &sides, &columns)? else { return Ok(None) };
        let (bound, free): (Vec<_>, Vec<_>) = on.into_iter().partition(Expr::contains_outer);
        if !inner && !bound.is_empty() {
            return Ok(None);
        }
        let table = LogicalPlanBuilder::from(left.table);
        let table = match (free.is_empty(), inner) {
            (true, true) => table.cross_join(right.table)?,
            (true, false) => table.join_on(right.table, JoinType::Left, [lit(true)])?,
            (false, _) => table.join_on(right.table, join.join_type, free)?,
        };
        let conditions = left.conditions.into_iter().chain(right.conditions).chain(bound);
        Ok(Some(Pulled {
            table: table.build()?,
            conditions: conditions.collect(),
            columns,
            order: Vec::new(),
        }))
    }
}

impl Pulled {
    /// Expressions over the subquery's columns; `None` where one of them holds a query that depends
    /// on these.
    fn over(&self, exprs: &[Expr], schema: &DFSchema) -> Result<Option<Vec<Expr>>> {
        over(exprs, schema, &self.columns)
    }
}

fn over(exprs: &[Expr], schema: &DFSchema, columns: &[Expr]) -> Result<Option<Vec<Expr>>> {
    for expr in exprs {
        if holds_a_query(expr)? {
            return Ok(None);
        }
    }
    exprs.iter().map(|expr| put(expr.clone(), schema, columns)).collect::<Result<_>>().map(Some)
}

/// Whether a plan gives an order to its rows, which a join with it would lose.
fn is_sorted(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Sort(sort) => sort.fetch.is_none(),
        LogicalPlan::Projection(projection) => is_sorted(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_sorted(&alias.input),
        _ => false,
    }
}

/// The condition of a join, in its parts.
pub(super) fn condition_of(join: &Join) -> Vec<Expr> {
    let keys = join.on.iter().map(|(left, right)| left.clone().eq(right.clone()));
    let filter = join.filter.iter().flat_map(split_conjunction).cloned();
    keys.chain(filter).filter(|part| *part != lit(true)).collect()
}
