//! The rows of a subquery beside the rows that they belong to, where more is done with them than to
//! choose some: they are counted, sorted, cut off or told apart, each row's by themselves.
//!
//! Every row of the outer plan stays, even where it has none: such a row, and one that was sorted out,
//! is not *live*.

use std::sync::Arc;

use datafusion::common::{Column, JoinType, Result, ScalarValue};
use datafusion::functions_aggregate::min_max::min;
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{AggregateFunction, Sort, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, Distinct, DistinctOn, Expr, FetchType, Join, Limit, LogicalPlan, LogicalPlanBuilder,
    SkipType, Window, WindowFrame, lit,
};

use super::Unnesting;
use super::columns::{all, at_hand, chosen, put, put_sort, where_true};
use super::pulled::{Pulled, condition_of};
use super::supported::{depends, holds_a_query};

/// Rows, each with one column that no other has.
#[derive(Clone)]
pub(super) struct Numbered {
    pub plan: LogicalPlan,
    pub number: Expr,
}

/// Outer rows beside those of a subquery.
pub(super) struct Applied {
    pub plan: LogicalPlan,
    /// Whether a row is one of the subquery's.
    pub live: Expr,
    /// What stands for the subquery's columns.
    pub columns: Vec<Expr>,
    /// Whether each outer row stands there once.
    pub single: bool,
    /// The order of those of one outer row.
    pub order: Vec<Sort>,
}

impl Unnesting {
    pub(super) fn numbered(&self, plan: LogicalPlan) -> Result<Numbered> {
        let (plan, number) = self.ranked(plan, Vec::new(), Vec::new())?;
        Ok(Numbered { plan, number })
    }

    /// The place of each row among those that are alike in `of`.
    pub(super) fn ranked(
        &self,
        plan: LogicalPlan,
        of: Vec<Expr>,
        order: Vec<Sort>,
    ) -> Result<(LogicalPlan, Expr)> {
        let mut call = WindowFunction::new(row_number_udwf(), Vec::new());
        call.params.partition_by = of;
        call.params.window_frame = WindowFrame::new((!order.is_empty()).then_some(false));
        call.params.order_by = order;
        self.with_window(plan, Expr::WindowFunction(Box::new(call)))
    }

    fn with_window(&self, plan: LogicalPlan, call: Expr) -> Result<(LogicalPlan, Expr)> {
        let before = all(plan.schema());
        let plan = LogicalPlanBuilder::from(plan).window(vec![call])?.build()?;
        let Some(made) = plan.schema().columns().pop() else { return Ok((plan, lit(true))) };
        let name = self.name();
        let columns = before.into_iter().chain([Expr::Column(made).alias(name.clone())]);
        let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
        let value = Expr::Column(Column::new_unqualified(name));
        Ok((plan, value))
    }

    /// Outer rows beside the rows that were pulled, where `wanted` holds.
    pub(super) fn beside(
        &self,
        outer: LogicalPlan,
        pulled: Pulled,
        wanted: Vec<Expr>,
    ) -> Result<Applied> {
        let (right, live) = self.with_column(pulled.table, lit(true))?;
        let schema = Arc::clone(outer.schema());
        let on = pulled.conditions.into_iter().map(|part| at_hand(part, &schema));
        let mut on = on.collect::<Result<Vec<_>>>()?;
        on.extend(wanted);
        if on.is_empty() {
            on.push(lit(true));
        }
        let columns = pulled.columns.into_iter().map(|column| at_hand(column, &schema));
        let order = pulled.order.into_iter();
        let order = order.map(|key| Ok(Sort { expr: at_hand(key.expr, &schema)?, ..key }));
        Ok(Applied {
            columns: columns.collect::<Result<_>>()?,
            plan: LogicalPlanBuilder::from(outer).join_on(right, JoinType::Left, on)?.build()?,
            live: live.is_not_null(),
            single: false,
            order: order.collect::<Result<_>>()?,
        })
    }

    /// Outer rows beside those of a plan; `None` where we do not know how. `wanted` says which outer
    /// rows need any.
    pub(super) fn apply(
        &self,
        outer: &Numbered,
        plan: &LogicalPlan,
        wanted: Option<&Expr>,
    ) -> Result<Option<Applied>> {
        if let Some(pulled) = self.pull(plan)? {
            let wanted = wanted.cloned().into_iter().collect();
            return self.beside(outer.plan.clone(), pulled, wanted).map(Some);
        }
        for expr in plan.expressions() {
            if holds_a_query(&expr)? {
                return Ok(None);
            }
        }
        match plan {
            LogicalPlan::SubqueryAlias(alias) => self.apply(outer, &alias.input, wanted),
            LogicalPlan::Subquery(subquery) => self.apply(outer, &subquery.subquery, wanted),
            LogicalPlan::Projection(projection) => {
                let Some(applied) = self.apply(outer, &projection.input, wanted)? else {
                    return Ok(None);
                };
                let columns = applied.over(&projection.expr, &projection.input, outer)?;
                Ok(Some(Applied { columns, ..applied }))
            }
            LogicalPlan::Filter(filter) => {
                let Some(applied) = self.apply(outer, &filter.input, wanted)? else {
                    return Ok(None);
                };
                let predicate = std::slice::from_ref(&filter.predicate);
                let predicate = applied.over(predicate, &filter.input, outer)?;
                let live = predicate.into_iter().fold(applied.live.clone(), |live, holds| {
                    chosen(&live, holds, Some(lit(false)))
                });
                self.living(applied, live).map(Some)
            }
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                let Some(applied) = self.apply(outer, &sort.input, wanted)? else {
                    return Ok(None);
                };
                let order = applied.sorted(&sort.expr, &sort.input, outer)?;
                Ok(Some(Applied { order, ..applied }))
            }
            LogicalPlan::Limit(limit) => self.cut_off(outer, limit, wanted),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let Some(applied) = self.apply(outer, input, wanted)? else { return Ok(None) };
                let told = applied.columns.clone();
                self.first_of(applied, outer, told, Vec::new()).map(Some)
            }
            LogicalPlan::Distinct(Distinct::On(on)) => self.distinct_on(outer, on, wanted),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(outer, aggregate, wanted),
            LogicalPlan::Window(window) => self.window(outer, window, wanted),
            LogicalPlan::Join(join) => self.join(outer, join, wanted),
            _ => Ok(None),
        }
    }

    fn living(&self, applied: Applied, live: Expr) -> Result<Applied> {
        let (plan, live) = self.with_column(applied.plan, live)?;
        Ok(Applied { plan, live, ..applied })
    }

    /// A LIMIT and OFFSET for each outer row.
    fn cut_off(
        &self,
        outer: &Numbered,
        limit: &Limit,
        wanted: Option<&Expr>,
    ) -> Result<Option<Applied>> {
        let skip = match limit.get_skip_type()? {
            SkipType::Literal(skip) => skip,
            SkipType::UnsupportedExpr => return Ok(None),
        };
        let most = match limit.get_fetch_type()? {
            FetchType::Literal(Some(fetch)) => Some(fetch.saturating_add(skip)),
            FetchType::Literal(None) => None,
            FetchType::UnsupportedExpr => return Ok(None),
        };
        let Some(applied) = self.apply(outer, &limit.input, wanted)? else { return Ok(None) };
        let count = |count: usize| lit(ScalarValue::UInt64(u64::try_from(count).ok()));
        let of = vec![outer.number.clone(), applied.live.clone()];
        let (plan, place) = self.ranked(applied.plan, of, applied.order.clone())?;
        let within = most.map(|most| place.clone().lt_eq(count(most)));
        let within = within.into_iter().chain((skip > 0).then(|| place.gt(count(skip))));
        let live = within.fold(applied.live.clone(), Expr::and);
        self.living(Applied { plan, ..applied }, live).map(Some)
    }

    /// The first row of those that are alike.
    fn first_of(
        &self,
        applied: Applied,
        outer: &Numbered,
        alike: Vec<Expr>,
        order: Vec<Sort>,
    ) -> Result<Applied> {
        let mut of = vec![outer.number.clone(), applied.live.clone()];
        of.extend(alike.into_iter().map(|column| where_true(&applied.live, column)));
        let (plan, place) = self.ranked(applied.plan, of, order)?;
        let live = applied.live.clone().and(place.eq(lit(1_u64)));
        self.living(Applied { plan, ..applied }, live)
    }

    fn distinct_on(
        &self,
        outer: &Numbered,
        on: &DistinctOn,
        wanted: Option<&Expr>,
    ) -> Result<Option<Applied>> {
        let Some(applied) = self.apply(outer, &on.input, wanted)? else { return Ok(None) };
        let alike = applied.over(&on.on_expr, &on.input, outer)?;
        let columns = applied.over(&on.select_expr, &on.input, outer)?;
        let order = on.sort_expr.as_deref().unwrap_or_default();
        let order = applied.sorted(order, &on.input, outer)?;
        let applied = self.first_of(applied, outer, alike, order.clone())?;
        Ok(Some(Applied { columns, order, ..applied }))
    }

    fn aggregate(
        &self,
        outer: &Numbered,
        aggregate: &Aggregate,
        wanted: Option<&Expr>,
    ) -> Result<Option<Applied>> {
        let Aggregate { input, group_expr, aggr_expr, .. } = aggregate;
        if group_expr.iter().any(|key| matches!(key, Expr::GroupingSet(_))) {
            return Ok(None);
        }
        let Some(applied) = self.apply(outer, input, wanted)? else { return Ok(None) };
        let (mut keys, mut calls) = outer.carried();
        let mut columns = Vec::new();
        let named = |value: Expr| {
            let name = self.name();
            let column = Expr::Column(Column::new_unqualified(name.clone()));
            (value.alias(name), column)
        };
        let single = group_expr.is_empty();
        let mut live = lit(true);
        if !single {
            let (key, column) = named(applied.live.clone());
            keys.push(key);
            live = column;
            for key in applied.over(group_expr, input, outer)? {
                let (key, column) = named(where_true(&applied.live, key));
                keys.push(key);
                columns.push(column);
            }
        }
        for call in applied.over(aggr_expr, input, outer)? {
            let Expr::AggregateFunction(call) = call else { return Ok(None) };
            let (call, column) = named(of_the_living(call, &applied.live));
            calls.push(call);
            columns.push(column);
        }
        let plan = LogicalPlanBuilder::from(applied.plan).aggregate(keys, calls)?.build()?;
        Ok(Some(Applied { plan, live, columns, single, order: Vec::new() }))
    }

    fn window(
        &self,
        outer: &Numbered,
        window: &Window,
        wanted: Option<&Expr>,
    ) -> Result<Option<Applied>> {
        let Some(mut applied) = self.apply(outer, &window.input, wanted)? else { return Ok(None) };
        for call in applied.over(&window.window_expr, &window.input, outer)? {
            let Expr::WindowFunction(mut call) = call else { return Ok(None) };
            let params = &mut call.params;
            let keys = params.order_by.iter_mut().map(|key| &mut key.expr);
            let parts = params.args.iter_mut().chain(&mut params.partition_by).chain(keys);
            // Nothing is computed for a row that was sorted out.
            for part in parts.filter(|part| part.any_column_refs()) {
                *part = where_true(&applied.live, part.clone());
            }
            let filter = params.filter.take();
            params.filter =
                filter.map(|filter| Box::new(chosen(&applied.live, *filter, Some(lit(false)))));
            params.partition_by.extend([outer.number.clone(), applied.live.clone()]);
            let (plan, made) = self.with_window(applied.plan, Expr::WindowFunction(call))?;
            applied.plan = plan;
            applied.columns.push(made);
        }
        Ok(Some(applied))
    }

    fn join(
        &self,
        outer: &Numbered,
        join: &Join,
        wanted: Option<&Expr>,
    ) -> Result<Option<Applied>> {
        let Some(left) = self.apply(outer, &join.left, wanted)? else { return Ok(None) };
        let sides = join.left.schema().join(join.right.schema())?;
        let over = |columns: &[Expr]| -> Result<Vec<Expr>> {
            let parts = condition_of(join).into_iter();
            let parts = parts.map(|part| at_hand(put(part, &sides, columns)?, outer.plan.schema()));
            parts.collect()
        };
        if !depends(&join.right)? {
            let (table, columns) = self.renamed(join.right.as_ref().clone())?;
            let both: Vec<_> = left.columns.iter().chain(&columns).cloned().collect();
            let on = over(&both)?;
            return match join.join_type {
                JoinType::LeftMark => {
                    let plan = LogicalPlanBuilder::from(left.plan.clone());
                    let plan = plan.join_on(table, JoinType::LeftMark, on)?.build()?;
                    let mark = plan.schema().columns().pop().map(Expr::Column);
                    let columns = left.columns.iter().cloned().chain(mark).collect();
                    Ok(Some(Applied { plan, columns, ..left }))
                }
                JoinType::Inner | JoinType::Left => {
                    let wanted = std::iter::once(left.live.clone()).chain(on).collect();
                    let pulled =
                        Pulled { table, conditions: Vec::new(), columns, order: Vec::new() };
                    let right = self.beside(left.plan.clone(), pulled, wanted)?;
                    let live = match join.join_type {
                        JoinType::Inner => right.live.clone(),
                        _ => left.live.clone(),
                    };
                    Ok(Some(Applied {
                        plan: right.plan,
                        live,
                        columns: both,
                        single: false,
                        ..left
                    }))
                }
                _ => Ok(None),
            };
        }
        if join.join_type != JoinType::Inner {
            return Ok(None);
        }
        let beside = self.numbered(left.plan.clone())?;
        let Some(right) = self.apply(&beside, &join.right, Some(&left.live))? else {
            return Ok(None);
        };
        let both: Vec<_> = left.columns.iter().chain(&right.columns).cloned().collect();
        let live = left.live.clone().and(right.live.clone());
        let holds = over(&both)?.into_iter().reduce(Expr::and);
        let live = match holds {
            Some(holds) => chosen(&live, holds, Some(lit(false))),
            None => live,
        };
        let single = left.single && right.single;
        let applied =
            Applied { plan: right.plan, live: lit(true), columns: both, single, order: Vec::new() };
        self.living(applied, live).map(Some)
    }

    /// One row for each outer row, with what aggregates make of its live ones.
    pub(super) fn collapsed(
        &self,
        outer: &Numbered,
        applied: Applied,
        calls: Vec<AggregateFunction>,
    ) -> Result<(LogicalPlan, Vec<Expr>)> {
        let calls = calls.into_iter().map(|call| {
            let name = self.name();
            let column = Expr::Column(Column::new_unqualified(name.clone()));
            (of_the_living(call, &applied.live).alias(name), column)
        });
        let (calls, columns): (Vec<_>, Vec<_>) = calls.unzip();
        let (keys, kept) = outer.carried();
        let calls = kept.into_iter().chain(calls);
        let plan = LogicalPlanBuilder::from(applied.plan).aggregate(keys, calls)?.build()?;
        Ok((plan, columns))
    }
}

impl Numbered {
    /// What rows are grouped by and what is kept of each group, so that all columns stay as they are
    /// where each row is a group: grouping takes `-0` for `0`, and gives one of them.
    fn carried(&self) -> (Vec<Expr>, Vec<Expr>) {
        let schema = self.plan.schema();
        let columns = schema.columns().into_iter().zip(schema.fields());
        let (floats, keys): (Vec<_>, Vec<_>) =
            columns.partition(|(_, field)| field.data_type().is_floating());
        let keys = keys.into_iter().map(|(column, _)| Expr::Column(column)).collect();
        let kept = floats.into_iter().map(|(column, _)| {
            let (relation, name) = (column.relation.clone(), column.name.clone());
            min(Expr::Column(column)).alias_qualified(relation, name)
        });
        (keys, kept.collect())
    }

    /// Rows of a plan in the order of those that they belong to, as whoever goes through these one by
    /// one would give them.
    pub(super) fn in_order(&self, plan: LogicalPlan, then: Vec<Sort>) -> Result<LogicalPlan> {
        let own = Sort::new(self.number.clone(), true, false);
        let keys = std::iter::once(own).chain(then);
        LogicalPlanBuilder::from(plan).sort(keys)?.build()
    }
}

impl Applied {
    /// Expressions of the subquery, over what stands for its columns.
    fn over(&self, exprs: &[Expr], input: &LogicalPlan, outer: &Numbered) -> Result<Vec<Expr>> {
        let schema = input.schema();
        let exprs = exprs.iter().cloned().map(|expr| put(expr, schema, &self.columns));
        exprs.map(|expr| at_hand(expr?, outer.plan.schema())).collect()
    }

    fn sorted(&self, keys: &[Sort], input: &LogicalPlan, outer: &Numbered) -> Result<Vec<Sort>> {
        let keys = keys.iter().map(|key| {
            let key = put_sort(key.clone(), input.schema(), &self.columns)?;
            let of_the_living = where_true(&self.live, at_hand(key.expr, outer.plan.schema())?);
            Ok(Sort { expr: of_the_living, ..key })
        });
        keys.collect()
    }
}

/// An aggregate of live rows. What it is of is not computed for others.
fn of_the_living(mut call: AggregateFunction, live: &Expr) -> Expr {
    let params = &mut call.params;
    if *live != lit(true) {
        for argument in &mut params.args {
            if !matches!(argument, Expr::Literal(..)) {
                *argument = where_true(live, argument.clone());
            }
        }
        let filter = params.filter.take().map(|filter| chosen(live, *filter, Some(lit(false))));
        params.filter = Some(Box::new(filter.unwrap_or_else(|| live.clone())));
    }
    Expr::AggregateFunction(call)
}
