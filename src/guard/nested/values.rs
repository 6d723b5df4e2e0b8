//! What a subquery comes to for the row beside it: a value, or whether something is true of its rows.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchemaRef, JoinType, Result, ScalarValue, Spans};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{
    AggregateFunction, Exists, InSubquery, SetComparison, SetQuantifier,
};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{
    BinaryExpr, Case, Distinct, Expr, FetchType, LogicalPlan, LogicalPlanBuilder, Operator,
    SkipType, Subquery, cast, lit,
};

use super::applied::Numbered;
use super::columns::{at_hand, chosen, may_be_null, where_true};
use super::only::only;
use super::pulled::Pulled;
use super::supported::{depends, scalar};
use super::{Unnesting, Whose};
use crate::guard::system::subquery_of;

/// The expressions of one node, and its input, which grows by what they need.
pub(super) struct Values<'a> {
    unnesting: &'a Unnesting,
    pub input: LogicalPlan,
    whose: Whose,
    /// Whether the engine may join values that are aggregates.
    scalars: bool,
    /// The columns that were there before.
    own: DFSchemaRef,
}

/// Gives an expression's subquery another plan.
pub(super) fn map_subquery(
    expr: Expr,
    map: impl FnOnce(LogicalPlan) -> Result<LogicalPlan>,
) -> Result<Transformed<Expr>> {
    let change = |subquery: Subquery, map: &mut dyn FnMut(LogicalPlan) -> Result<LogicalPlan>| {
        let plan = map(Arc::unwrap_or_clone(subquery.subquery))?;
        Ok::<_, datafusion::error::DataFusionError>(Subquery {
            subquery: Arc::new(plan),
            ..subquery
        })
    };
    let mut once = Some(map);
    let mut map = |plan: LogicalPlan| match once.take() {
        Some(map) => map(plan),
        None => Ok(plan),
    };
    Ok(match expr {
        Expr::ScalarSubquery(of) => Transformed::yes(Expr::ScalarSubquery(change(of, &mut map)?)),
        Expr::Exists(Exists { subquery, negated }) => {
            let subquery = change(subquery, &mut map)?;
            Transformed::yes(Expr::Exists(Exists { subquery, negated }))
        }
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            let subquery = change(subquery, &mut map)?;
            Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated }))
        }
        Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => {
            let subquery = change(subquery, &mut map)?;
            let comparison = SetComparison { expr, subquery, op, quantifier };
            Transformed::yes(Expr::SetComparison(comparison))
        }
        other => Transformed::no(other),
    })
}

impl<'a> Values<'a> {
    pub fn new(unnesting: &'a Unnesting, input: LogicalPlan, whose: Whose, scalars: bool) -> Self {
        let own = Arc::clone(input.schema());
        Self { unnesting, input, whose, scalars, own }
    }

    /// The expression without the subqueries that became joins. `wanted` says where its value is.
    pub fn rewrite(&mut self, expr: Expr, wanted: Option<&Expr>) -> Result<Expr> {
        match expr {
            Expr::ScalarSubquery(subquery) => self.scalar(subquery, wanted),
            Expr::Exists(Exists { subquery, negated }) => {
                let exists = match self.exists(&subquery, wanted)? {
                    Some(exists) => exists,
                    None => return Ok(Expr::Exists(Exists { subquery, negated })),
                };
                Ok(if negated { !exists } else { exists })
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let value = self.rewrite(*expr, wanted)?;
                let found = self.any(&value, Operator::Eq, &subquery, wanted)?;
                Ok(match found {
                    Some(found) if negated => !found,
                    Some(found) => found,
                    None => {
                        let expr = Box::new(value);
                        Expr::InSubquery(InSubquery { expr, subquery, negated })
                    }
                })
            }
            Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => {
                let value = self.rewrite(*expr, wanted)?;
                // True of all rows is what is untrue of none.
                let any = match quantifier {
                    SetQuantifier::Any => Some(op),
                    SetQuantifier::All => op.negate(),
                };
                let found = match any {
                    Some(op) => self.any(&value, op, &subquery, wanted)?,
                    None => None,
                };
                Ok(match (found, &quantifier) {
                    (Some(found), SetQuantifier::Any) => found,
                    (Some(found), SetQuantifier::All) => !found,
                    (None, _) => {
                        let expr = Box::new(value);
                        let comparison = SetComparison { expr, subquery, op, quantifier };
                        Expr::SetComparison(comparison)
                    }
                })
            }
            Expr::Case(case) => self.case(case, wanted),
            other => Ok(other
                .map_children(|child| self.rewrite(child, wanted).map(Transformed::yes))?
                .data),
        }
    }

    /// A branch of CASE is wanted where its condition holds, and those before it do not.
    fn case(&mut self, case: Case, wanted: Option<&Expr>) -> Result<Expr> {
        let operand = case.expr.map(|expr| self.rewrite(*expr, wanted)).transpose()?;
        let operand = operand.map(|operand| self.once(operand, &[])).transpose()?;
        let mut arms = Vec::with_capacity(case.when_then_expr.len());
        let mut before: Vec<Expr> = wanted.cloned().into_iter().collect();
        for (when, then) in case.when_then_expr {
            let when = self.branch(*when, &before, None)?;
            let when = self.once(when, &before)?;
            let holds = match &operand {
                Some(operand) => operand.clone().eq(when.clone()),
                // As a condition of a join it is a truth value, which nothing has told it yet.
                None if matches!(when, Expr::Placeholder(_)) => {
                    cast(when.clone(), DataType::Boolean)
                }
                None => when.clone(),
            };
            let then = self.branch(*then, &before, Some(&holds))?;
            before.push(holds.is_not_true());
            arms.push((Box::new(when), Box::new(then)));
        }
        let otherwise = case.else_expr.map(|expr| self.branch(*expr, &before, None)).transpose()?;
        Ok(Expr::Case(Case::new(operand.map(Box::new), arms, otherwise.map(Box::new))))
    }

    /// What is computed where all these hold.
    fn branch(&mut self, expr: Expr, before: &[Expr], holds: Option<&Expr>) -> Result<Expr> {
        if !expr.exists(|part| Ok(subquery_of(part).is_some()))? {
            return Ok(expr);
        }
        let wanted = conjunction(before.iter().chain(holds).cloned());
        self.rewrite(expr, wanted.as_ref())
    }

    /// The plan of a subquery, ready to be taken apart.
    fn plan_of(&self, subquery: &Subquery) -> Result<LogicalPlan> {
        self.unnesting.plan(subquery.subquery.as_ref().clone(), Whose::Ours)
    }

    fn scalar(&mut self, subquery: Subquery, wanted: Option<&Expr>) -> Result<Expr> {
        let kept = !depends(&subquery.subquery)?
            || (self.scalars && self.whose == Whose::Engine && scalar(&subquery, &self.own)?);
        if kept {
            let plan = Arc::unwrap_or_clone(subquery.subquery);
            let plan = self.unnesting.plan(plan, Whose::Engine)?;
            let plan = if depends(&plan)? { plan } else { nullable(plan)? };
            return Ok(Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), ..subquery }));
        }
        let plan = self.plan_of(&subquery)?;
        let fields = subquery.subquery.schema().fields();
        let hints = fields.first().map(|field| FieldMetadata::new_from_field(field));
        let hints = hints.filter(|hints| !hints.is_empty());
        let hinted = |value: Expr| match &hints {
            Some(hints) => {
                let name = value.schema_name().to_string();
                value.alias_with_metadata(name, Some(hints.clone()))
            }
            None => value,
        };
        let outer = self.unnesting.numbered(self.input.clone())?;
        let applied = self.unnesting.apply(&outer, &plan, wanted)?;
        let value = applied.as_ref().and_then(|applied| applied.columns.first().cloned());
        let (Some(applied), Some(value)) = (applied, value) else {
            return Ok(Expr::ScalarSubquery(subquery));
        };
        if applied.single && applied.live == lit(true) {
            self.input = self.in_order(&outer, applied.plan)?;
            return Ok(hinted(value));
        }
        let (plan, columns) = self.unnesting.collapsed(&outer, applied, vec![only(value)])?;
        self.input = self.in_order(&outer, plan)?;
        Ok(columns.into_iter().next().map_or_else(|| lit(ScalarValue::Null), hinted))
    }

    /// The rows in the order that they had, where nobody takes them apart again.
    fn in_order(&self, outer: &Numbered, plan: LogicalPlan) -> Result<LogicalPlan> {
        match self.whose {
            Whose::Engine => outer.in_order(plan, Vec::new()),
            Whose::Ours => Ok(plan),
        }
    }

    /// Whether a subquery has rows; `None` where we do not know how to tell.
    fn exists(&mut self, subquery: &Subquery, wanted: Option<&Expr>) -> Result<Option<Expr>> {
        let plan = bare(self.plan_of(subquery)?, true)?;
        if !depends(&plan)? {
            return Ok(Some(some_row(plan)?));
        }
        match self.unnesting.pull(&plan)? {
            Some(pulled) => self.mark(pulled, wanted.cloned()).map(Some),
            None => {
                let outer = self.unnesting.numbered(self.input.clone())?;
                let Some(applied) = self.unnesting.apply(&outer, &plan, wanted)? else {
                    return Ok(None);
                };
                let (plan, counts) = self.unnesting.collapsed(&outer, applied, vec![count()])?;
                self.input = self.in_order(&outer, plan)?;
                Ok(counts.into_iter().next().map(|count| count.gt(lit(0_i64))))
            }
        }
    }

    /// Whether a comparison is true of one of the subquery's rows. It is unknown where it is true of
    /// none, and unknown of one.
    fn any(
        &mut self,
        value: &Expr,
        op: Operator,
        subquery: &Subquery,
        wanted: Option<&Expr>,
    ) -> Result<Option<Expr>> {
        let plan = bare(self.plan_of(subquery)?, false)?;
        let Some(field) = plan.schema().fields().first().cloned() else { return Ok(None) };
        let value = &self.named(value.clone())?;
        let value_null = may_be_null(value, self.input.schema());
        let compared = |other: Expr| {
            Expr::BinaryExpr(BinaryExpr::new(Box::new(value.clone()), op, Box::new(other)))
        };
        let unknown_of = |found: Expr, unknown: Vec<Expr>| {
            let null = lit(ScalarValue::Boolean(None));
            let rest = unknown.into_iter().reduce(Expr::or);
            let rest = match rest {
                Some(unknown) => chosen(&unknown, null, Some(lit(false))),
                None => lit(false),
            };
            chosen(&found, lit(true), Some(rest))
        };
        if let Some(pulled) = self.unnesting.pull(&plan)? {
            let Some(other) = pulled.columns.first().cloned() else { return Ok(None) };
            let with = |extra: Expr| {
                let conditions = pulled.conditions.iter().cloned().chain([extra]).collect();
                Pulled { conditions, ..pulled.clone() }
            };
            let apart = !depends(&plan)?;
            self.unnesting.read_again(&pulled.table, 2)?;
            let found = self.mark(with(compared(other.clone())), wanted.cloned())?;
            let mut unknown = Vec::new();
            if field.is_nullable() || other.contains_outer() {
                unknown.push(if apart {
                    let rows = LogicalPlanBuilder::from(pulled.table.clone());
                    some_row(rows.filter(other.is_null())?.build()?)?
                } else {
                    self.mark(with(other.is_null()), wanted.cloned())?
                });
            }
            if value_null {
                let any = match apart {
                    true => some_row(pulled.table.clone())?,
                    false => self.mark(pulled.clone(), wanted.cloned())?,
                };
                unknown.push(value.clone().is_null().and(any));
            }
            return Ok(Some(unknown_of(found, unknown)));
        }
        let outer = self.unnesting.numbered(self.input.clone())?;
        let Some(applied) = self.unnesting.apply(&outer, &plan, wanted)? else { return Ok(None) };
        let Some(other) = applied.columns.first().cloned() else { return Ok(None) };
        let among = |holds: Expr| {
            let mut call = count();
            let holds = where_true(&applied.live, holds);
            call.params.filter = Some(Box::new(holds.is_true()));
            call
        };
        let calls = vec![among(compared(other.clone())), among(compared(other).is_null())];
        let (plan, counts) = self.unnesting.collapsed(&outer, applied, calls)?;
        self.input = self.in_order(&outer, plan)?;
        let mut counts = counts.into_iter().map(|count| count.gt(lit(0_i64)));
        Ok(counts.next().map(|found| unknown_of(found, counts.collect())))
    }

    /// A value that is named more than once, as a column where it is not small.
    fn named(&mut self, value: Expr) -> Result<Expr> {
        if matches!(value, Expr::Column(_) | Expr::Literal(..)) {
            return Ok(value);
        }
        let (input, value) = self.unnesting.with_column(self.input.clone(), value)?;
        self.input = input;
        Ok(value)
    }

    /// A value that is another one each time it is computed, as a column, which it is computed for once
    /// where all these hold.
    fn once(&mut self, value: Expr, before: &[Expr]) -> Result<Expr> {
        if !value.is_volatile() {
            return Ok(value);
        }
        match conjunction(before.iter().cloned()) {
            Some(before) => self.named(where_true(&before, value)),
            None => self.named(value),
        }
    }

    /// Joins the rows that were pulled, and tells whether there are any.
    fn mark(&mut self, pulled: Pulled, wanted: Option<Expr>) -> Result<Expr> {
        let schema = Arc::clone(self.input.schema());
        let on = pulled.conditions.into_iter().map(|part| at_hand(part, &schema));
        let mut on = on.chain(wanted.map(Ok)).collect::<Result<Vec<_>>>()?;
        if on.is_empty() {
            on.push(lit(true));
        }
        let name = self.unnesting.name();
        // One side of the join has just one name, which the mark is then of.
        let (table, columns) = self.unnesting.renamed(pulled.table.clone())?;
        let on = on.into_iter().map(|part| {
            let inner = pulled.table.schema();
            let part = part.transform_up(|expr| match expr {
                Expr::Column(column) if inner.has_column(&column) => {
                    let at = inner.index_of_column(&column)?;
                    let instead = columns.get(at).cloned();
                    Ok(instead
                        .map_or_else(|| Transformed::no(Expr::Column(column)), Transformed::yes))
                }
                other => Ok(Transformed::no(other)),
            });
            part.map(|part| part.data)
        });
        let on = on.collect::<Result<Vec<_>>>()?;
        let plan = LogicalPlanBuilder::from(self.input.clone());
        let plan = plan.join_on(table, JoinType::LeftMark, on)?.build()?;
        let Some(mark) = plan.schema().columns().pop() else { return Ok(lit(false)) };
        // Several marks would have one name.
        let mut kept: Vec<_> = schema.columns().into_iter().map(Expr::Column).collect();
        kept.push(Expr::Column(mark).alias(name.clone()));
        self.input = LogicalPlanBuilder::from(plan).project(kept)?.build()?;
        Ok(Expr::Column(Column::new_unqualified(name)))
    }
}

/// A plan without what does not change which rows there are, or for EXISTS whether there are any.
fn bare(plan: LogicalPlan, exists: bool) -> Result<LogicalPlan> {
    Ok(match plan {
        LogicalPlan::Subquery(of) => bare(Arc::unwrap_or_clone(of.subquery), exists)?,
        LogicalPlan::SubqueryAlias(of) => bare(Arc::unwrap_or_clone(of.input), exists)?,
        LogicalPlan::Sort(of) if of.fetch.is_none() => {
            bare(Arc::unwrap_or_clone(of.input), exists)?
        }
        LogicalPlan::Distinct(Distinct::All(input)) => bare(Arc::unwrap_or_clone(input), exists)?,
        LogicalPlan::Projection(of) if exists => bare(Arc::unwrap_or_clone(of.input), exists)?,
        LogicalPlan::Limit(of) if exists => {
            let some = matches!(of.get_skip_type()?, SkipType::Literal(0))
                && matches!(
                    of.get_fetch_type()?,
                    FetchType::Literal(None) | FetchType::Literal(Some(1..))
                );
            if some {
                bare(Arc::unwrap_or_clone(of.input), exists)?
            } else {
                LogicalPlan::Limit(of)
            }
        }
        other => other,
    })
}

/// Whether a plan that depends on nothing has a row.
fn some_row(plan: LogicalPlan) -> Result<Expr> {
    let plan = LogicalPlanBuilder::from(plan).limit(0, Some(1))?;
    let counted = vec![Expr::AggregateFunction(count()).alias("count")];
    let plan = plan.aggregate(Vec::<Expr>::new(), counted)?;
    let some = Expr::Column(Column::new_unqualified("count")).gt(lit(0_i64));
    let plan = plan.project(vec![some.alias("exists")])?.build()?;
    Ok(Expr::ScalarSubquery(Subquery {
        subquery: Arc::new(plan),
        outer_ref_columns: Vec::new(),
        spans: Spans::new(),
    }))
}

/// A plan whose value may be NULL, since it may give no row: the engine takes the value of a column
/// that is never NULL for one that is there.
fn nullable(plan: LogicalPlan) -> Result<LogicalPlan> {
    let Some((qualifier, field)) = plan.schema().iter().next() else { return Ok(plan) };
    if field.is_nullable() || has_one_row(&plan) {
        return Ok(plan);
    }
    let (value, name) = (Expr::Column(Column::from((qualifier, field))), field.name().clone());
    let value = vec![Expr::AggregateFunction(only(value)).alias(name)];
    LogicalPlanBuilder::from(plan).aggregate(Vec::<Expr>::new(), value)?.build()
}

/// Whether it is seen at once that a plan gives one row, whatever there is.
fn has_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(of) => has_one_row(&of.input),
        LogicalPlan::SubqueryAlias(of) => has_one_row(&of.input),
        LogicalPlan::Aggregate(of) => of.group_expr.is_empty(),
        LogicalPlan::EmptyRelation(of) => of.produce_one_row,
        _ => false,
    }
}

/// `count(*)`
fn count() -> AggregateFunction {
    AggregateFunction::new_udf(count_udaf(), vec![lit(1_i64)], false, None, Vec::new(), None)
}
