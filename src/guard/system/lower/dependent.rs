//! Finds what depends on the row beside it and puts a [`Dependent`] there.
//!
//! A subquery that reads anything but the system catalog stays as it is: its rows are guarded,
//! and DataFusion's own decorrelation keeps the guard where it is.

use std::sync::Arc;

use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ExprSchema, Result, ScalarValue, internal_err};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::logical_expr::expr::{Case, Exists, InSubquery, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, ExprSchemable, Extension, Filter, Join, JoinType, LogicalPlan,
    LogicalPlanBuilder, Subquery, lit, not,
};

use super::bind::{self, Open, is_lateral, subquery_of};
use super::node::{Branch, Dependent, Kind};
use crate::guard::system::Catalog;
use crate::guard::system::rewrite::ARRAY_OF;
use crate::guard::system::tables::SystemTable;

/// Rewrites a plan and all that it holds, but for plans that still depend on a row: those are
/// lowered when they run.
pub fn lower(catalog: Catalog<'_>, plan: LogicalPlan) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Join(join) if is_lateral(&join.right) => lateral(catalog, join),
        LogicalPlan::Subquery(subquery) if subquery.outer_ref_columns.is_empty() => {
            lower(catalog, Arc::unwrap_or_clone(subquery.subquery))
        }
        LogicalPlan::Subquery(_) => Ok(plan),
        other => {
            let plan =
                other.map_children(|child| lower(catalog, child).map(Transformed::yes))?.data;
            expressions(catalog, super::refresh(plan)?)
        }
    }
}

/// `left JOIN LATERAL right`
fn lateral(catalog: Catalog<'_>, join: Join) -> Result<LogicalPlan> {
    let outer = match join.join_type {
        JoinType::Inner => false,
        JoinType::Left => true,
        _ => return Ok(LogicalPlan::Join(join)),
    };
    if !is_system(&join.right)? {
        return Ok(LogicalPlan::Join(join));
    }
    let left = lower(catalog, Arc::unwrap_or_clone(join.left))?;
    let mut right = plain(Arc::unwrap_or_clone(join.right))?;
    // The condition is tested on the right side's rows, with the left row's values.
    let on = join.on.into_iter().map(|(left, right)| left.eq(right));
    if let Some(condition) = conjunction(on.chain(join.filter)) {
        let condition = condition.transform_up(|expr| match expr {
            Expr::Column(column) if !right.schema().has_column(&column) => {
                let field = left.schema().field_from_column(&column)?.clone();
                Ok(Transformed::yes(Expr::OuterReferenceColumn(field, column)))
            }
            other => Ok(Transformed::no(other)),
        })?;
        if condition.data != lit(true) {
            right = LogicalPlanBuilder::from(right).filter(condition.data)?.build()?;
        }
    }
    let branch = branch(right, Kind::Rows { outer }, left.schema(), None)?;
    dependent(catalog, left, vec![branch], &[String::new()])
}

/// A lateral item without its wrapper.
fn plain(plan: LogicalPlan) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Subquery(subquery) => Ok(Arc::unwrap_or_clone(subquery.subquery)),
        LogicalPlan::SubqueryAlias(alias) => {
            let input = plain(Arc::unwrap_or_clone(alias.input))?;
            LogicalPlanBuilder::from(input).alias(alias.alias)?.build()
        }
        other => Ok(other),
    }
}

fn dependent(
    catalog: Catalog<'_>,
    input: LogicalPlan,
    branches: Vec<Branch>,
    names: &[String],
) -> Result<LogicalPlan> {
    let node = Dependent::new(input, branches, names, catalog())?;
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}

fn branch(plan: LogicalPlan, kind: Kind, schema: &DFSchema, guard: Option<Expr>) -> Result<Branch> {
    let columns = bind::free(&plan)?.into_iter().map(|(field, column)| {
        let argument = match schema.has_column(&column) {
            true => Expr::Column(column.clone()),
            false => Expr::OuterReferenceColumn(field, column.clone()),
        };
        (Open::Column(column), argument)
    });
    // Among the node's expressions a parameter gets its value as any other does.
    let parameters = bind::parameters(&plan)?.into_iter().map(|placeholder| {
        (Open::Parameter(placeholder.id.clone()), Expr::Placeholder(placeholder))
    });
    let (open, arguments) = columns.chain(parameters).unzip();
    Ok(Branch { arguments, open, plan: Arc::new(plan), guard, kind })
}

/// Whether a plan reads the system catalog and nothing else.
fn is_system(plan: &LogicalPlan) -> Result<bool> {
    let mut system = true;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            system &= SystemTable::is_or_recurs(&scan.source);
        }
        Ok(if system { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(system)
}

/// Whether a plan gives no rows because what it reads has none.
fn is_empty(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(scan) => SystemTable::is_empty(&scan.source),
        LogicalPlan::EmptyRelation(empty) => !empty.produce_one_row,
        LogicalPlan::Join(join) => match join.join_type {
            JoinType::Inner => is_empty(&join.left) || is_empty(&join.right),
            JoinType::Left => is_empty(&join.left),
            JoinType::Right => is_empty(&join.right),
            _ => false,
        },
        LogicalPlan::Aggregate(aggregate) => {
            !aggregate.group_expr.is_empty() && is_empty(&aggregate.input)
        }
        LogicalPlan::Union(union) => union.inputs.iter().all(|input| is_empty(input)),
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Distinct(_) => plan.inputs().iter().all(|input| is_empty(input)),
        _ => false,
    }
}

/// Lowers the subqueries among a node's expressions.
fn expressions(catalog: Catalog<'_>, plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut any = false;
    plan.apply_expressions(|expr| {
        any |= expr.exists(|expr| Ok(subquery_of(expr).is_some()))?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    if !any {
        return Ok(plan);
    }
    if let LogicalPlan::Filter(filter) = plan {
        return self::filter(catalog, filter);
    }
    let Ok([input]) = <[&LogicalPlan; 1]>::try_from(plan.inputs()) else {
        return Ok(plan);
    };
    let input = input.clone();
    let mut found = Found::new(catalog, input.schema().as_ref());
    let names = NamePreserver::new(&plan);
    let exprs = plan.expressions().into_iter().map(|expr| {
        let name = names.save(&expr);
        found.rewrite(expr, None).map(|expr| name.restore(expr))
    });
    let exprs = exprs.collect::<Result<Vec<_>>>()?;
    if found.branches.is_empty() {
        return plan.with_new_exprs(exprs, vec![input.clone()]);
    }
    let columns = plan.schema().columns();
    let below = dependent(catalog, input.clone(), found.branches, &found.names)?;
    let plan = plan.with_new_exprs(exprs, vec![below])?;
    // A node such as Sort hands its input's columns on: the added ones stay below.
    if plan.schema().fields().len() == columns.len() {
        return Ok(plan);
    }
    LogicalPlanBuilder::from(plan).project(columns.into_iter().map(Expr::Column))?.build()
}

/// Conditions without subqueries are tested first.
fn filter(catalog: Catalog<'_>, filter: Filter) -> Result<LogicalPlan> {
    let (mut plain, mut rest) = (Vec::new(), Vec::new());
    for part in split_conjunction_owned(filter.predicate) {
        let depends = part.exists(|expr| Ok(subquery_of(expr).is_some()))?;
        if depends { rest.push(part) } else { plain.push(part) }
    }
    let mut input = LogicalPlanBuilder::from(Arc::unwrap_or_clone(filter.input));
    if let Some(plain) = conjunction(plain) {
        input = input.filter(plain)?;
    }
    let input = input.build()?;
    let columns = input.schema().columns();
    let mut found = Found::new(catalog, input.schema().as_ref());
    let rest =
        rest.into_iter().map(|part| found.rewrite(part, None)).collect::<Result<Vec<_>>>()?;
    let Some(rest) = conjunction(rest) else { return Ok(input) };
    if found.branches.is_empty() {
        return LogicalPlanBuilder::from(input).filter(rest)?.build();
    }
    let (branches, names) = (found.branches, found.names);
    let below = dependent(catalog, input, branches, &names)?;
    let above = LogicalPlanBuilder::from(below).filter(rest)?;
    above.project(columns.into_iter().map(Expr::Column))?.build()
}

/// The branches found among some expressions.
struct Found<'a> {
    catalog: Catalog<'a>,
    schema: DFSchema,
    branches: Vec<Branch>,
    names: Vec<String>,
}

impl<'a> Found<'a> {
    fn new(catalog: Catalog<'a>, schema: &DFSchema) -> Self {
        Self { catalog, schema: schema.clone(), branches: Vec::new(), names: Vec::new() }
    }

    /// `guard` says where the expression's value is wanted.
    fn rewrite(&mut self, expr: Expr, guard: Option<&Expr>) -> Result<Expr> {
        match expr {
            Expr::ScalarFunction(ScalarFunction { func, mut args }) if func.name() == ARRAY_OF => {
                match (args.pop(), args.is_empty()) {
                    (Some(Expr::ScalarSubquery(subquery)), true)
                        if is_system(&subquery.subquery)? =>
                    {
                        self.add(subquery, Kind::Array, guard)
                    }
                    (Some(Expr::ScalarSubquery(subquery)), true) => {
                        Ok(collected(self.nested(subquery)?)?)
                    }
                    (last, _) => {
                        args.extend(last);
                        Ok(Expr::ScalarFunction(ScalarFunction { func, args }))
                    }
                }
            }
            Expr::ScalarSubquery(subquery) if depends(&subquery)? => {
                self.add(subquery, Kind::Scalar, guard)
            }
            Expr::Exists(Exists { subquery, negated }) if is_system(&subquery.subquery)? => {
                let exists = self.add(subquery, Kind::Exists, guard)?;
                Ok(if negated { not(exists) } else { exists })
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated })
                if is_system(&subquery.subquery)? =>
            {
                let value = self.rewrite(*expr, guard)?;
                let found = self.add(subquery, Kind::In(value), guard)?;
                Ok(if negated { not(found) } else { found })
            }
            Expr::ScalarSubquery(subquery) => Ok(Expr::ScalarSubquery(self.nested(subquery)?)),
            Expr::Exists(Exists { subquery, negated }) => {
                Ok(Expr::Exists(Exists { subquery: self.nested(subquery)?, negated }))
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let subquery = self.nested(subquery)?;
                Ok(Expr::InSubquery(InSubquery { expr, subquery, negated }))
            }
            Expr::Case(case) => self.case(case, guard),
            other => Ok(other
                .map_children(|child| self.rewrite(child, guard).map(Transformed::yes))?
                .data),
        }
    }

    /// A branch of CASE is wanted where its condition holds.
    fn case(&mut self, case: Case, guard: Option<&Expr>) -> Result<Expr> {
        let operand = case.expr.map(|expr| self.rewrite(*expr, guard)).transpose()?;
        let mut when_then = Vec::with_capacity(case.when_then_expr.len());
        for (when, then) in case.when_then_expr {
            let when = self.rewrite(*when, guard)?;
            let holds = match &operand {
                Some(operand) => operand.clone().eq(when.clone()),
                None => when.clone(),
            };
            // What the condition itself waits for is not there yet.
            let known = !holds.column_refs().iter().any(|column| self.names.contains(&column.name));
            let wanted = conjunction(guard.cloned().into_iter().chain(known.then_some(holds)));
            let then = self.rewrite(*then, wanted.as_ref())?;
            when_then.push((Box::new(when), Box::new(then)));
        }
        let otherwise = case.else_expr.map(|expr| self.rewrite(*expr, guard)).transpose()?;
        Ok(Expr::Case(Case::new(operand.map(Box::new), when_then, otherwise.map(Box::new))))
    }

    /// A subquery that DataFusion runs itself; what lies in it may need lowering.
    fn nested(&self, subquery: Subquery) -> Result<Subquery> {
        if !subquery.outer_ref_columns.is_empty() {
            return Ok(subquery);
        }
        let plan = lower(self.catalog, Arc::unwrap_or_clone(subquery.subquery))?;
        Ok(Subquery { subquery: Arc::new(plan), ..subquery })
    }

    fn add(&mut self, subquery: Subquery, kind: Kind, guard: Option<&Expr>) -> Result<Expr> {
        let plan = Arc::unwrap_or_clone(subquery.subquery);
        if is_empty(&plan) {
            let first = plan.schema().fields().first().cloned();
            match (&kind, first) {
                (Kind::Exists | Kind::In(_), _) => return Ok(lit(false)),
                (Kind::Scalar, Some(first)) => {
                    let metadata = FieldMetadata::new_from_field(&first);
                    let null = ScalarValue::try_from(first.data_type())?;
                    return Ok(Expr::Literal(null, Some(metadata)));
                }
                _ => {}
            }
        }
        let branch = branch(plan, kind, &self.schema, guard.cloned())?;
        // U+0000 cannot occur in a client's names.
        let name = format!("\u{0}dependent:{}", self.branches.len());
        self.branches.push(branch);
        self.names.push(name.clone());
        Ok(Expr::Column(Column::new_unqualified(name)))
    }
}

/// `ARRAY(query)` over guarded tables, for DataFusion to run.
fn collected(subquery: Subquery) -> Result<Expr> {
    let (order, rows) = match Arc::unwrap_or_clone(subquery.subquery) {
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
            (sort.expr, Arc::unwrap_or_clone(sort.input))
        }
        other => (Vec::new(), other),
    };
    let Some(column) = rows.schema().columns().into_iter().next() else {
        return internal_err!("ARRAY(query) needs a column");
    };
    let (_, field) = Expr::Column(column.clone()).to_field(rows.schema().as_ref())?;
    let empty = ScalarValue::new_list_nullable(&[], field.data_type());
    let all = array_agg(Expr::Column(column));
    let all = if order.is_empty() { all } else { all.order_by(order).build()? };
    let plan = LogicalPlanBuilder::from(rows).aggregate(Vec::<Expr>::new(), vec![all])?.build()?;
    let subquery = Subquery { subquery: Arc::new(plan), ..subquery };
    Ok(coalesce(vec![Expr::ScalarSubquery(subquery), lit(ScalarValue::List(empty))]))
}

/// Whether a subquery reads the system catalog alone and depends on the row beside it.
fn depends(subquery: &Subquery) -> Result<bool> {
    Ok(is_system(&subquery.subquery)? && !bind::free(&subquery.subquery)?.is_empty())
}
