//! The types of integer literals.
//!
//! PostgreSQL reads `1` as `int4` where it fits, DataFusion as a 64-bit integer.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, RecursiveQuery, TableScan};

/// Makes the integer literals of a plan as narrow as PostgreSQL has them. It runs on what the
/// planner made, before anything else looks at types; casts and limits keep what they were given.
///
/// # Errors
/// Where the plan cannot be built with the narrower types.
pub fn narrow(plan: LogicalPlan) -> Result<LogicalPlan> {
    let narrowed = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Limit(_) => Ok(Transformed::no(node)),
        LogicalPlan::Values(values) => {
            let rows = values
                .values
                .into_iter()
                .map(|row| row.into_iter().map(expression).collect::<Result<Vec<_>>>());
            let plan = LogicalPlanBuilder::values(rows.collect::<Result<_>>()?)?.build()?;
            Ok(Transformed::yes(plan))
        }
        LogicalPlan::RecursiveQuery(query) => recursive(query).map(Transformed::yes),
        node => {
            let names = NamePreserver::new(&node);
            let node = node.map_expressions(|expr| {
                let name = names.save(&expr);
                Ok(Transformed::yes(name.restore(expression(expr)?)))
            })?;
            node.map_data(super::refresh)
        }
    })?;
    Ok(narrowed.data)
}

fn expression(expr: Expr) -> Result<Expr> {
    let narrowed = expr.transform_up(|expr| match expr {
        Expr::Literal(ScalarValue::Int64(Some(wide)), None) => match i32::try_from(wide) {
            Ok(value) => Ok(Transformed::yes(Expr::Literal(ScalarValue::Int32(Some(value)), None))),
            Err(_) => Ok(Transformed::no(Expr::Literal(ScalarValue::Int64(Some(wide)), None))),
        },
        other => Ok(Transformed::no(other)),
    })?;
    Ok(narrowed.data)
}

/// The recursive term reads the rows so far, in the types that the first term now has.
fn recursive(query: RecursiveQuery) -> Result<LogicalPlan> {
    let schema = query.static_term.schema().inner().clone();
    let is_own = |scan: &TableScan| {
        scan.table_name.table() == query.name
            && source_as_provider(&scan.source).is_ok_and(|provider| provider.is::<CteWorkTable>())
    };
    let term = Arc::unwrap_or_clone(query.recursive_term);
    let term = term.transform_up_with_subqueries(|node| match node {
        LogicalPlan::TableScan(scan) if is_own(&scan) => {
            let named = scan.source.schema();
            let fields = schema.fields().iter().zip(named.fields()).map(|(typed, named)| {
                typed.as_ref().clone().with_name(named.name()).with_nullable(true)
            });
            let schema = arrow::datatypes::Schema::new(fields.collect::<Vec<_>>());
            let table: Arc<dyn TableProvider> =
                Arc::new(CteWorkTable::new(&query.name, schema.into()));
            let scan = LogicalPlanBuilder::scan(scan.table_name, provider_as_source(table), None)?;
            Ok(Transformed::yes(scan.build()?))
        }
        node => Ok(Transformed::yes(super::refresh(node)?)),
    })?;
    RecursiveQuery::try_new(query.name, query.static_term, Arc::new(term.data), query.is_distinct)
        .map(LogicalPlan::RecursiveQuery)
}
