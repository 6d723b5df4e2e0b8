//! `WITH RECURSIVE`: its two terms have the types of a `UNION`, which must be those of the first.
//!
//! The planner casts the columns of the second term to the types of the first as soon as it sees
//! them. PostgreSQL refuses what would need such a cast, so the tree's rewriting has
//! put the second term into a subquery: the planner's casts stand outside of it, the query's within.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, Projection, RecursiveQuery, TableScan,
};

use super::expression::recast;
use super::fault::external;
use super::types::SqlNumber;
use crate::error::{ClientError, SqlState};
use crate::guard::system::{SECOND_TERM, refresh, types};
use crate::guard::typing::alike;

/// A plan whose recursive queries have lost the casts that the planner made.
pub(super) fn as_written(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_down_with_subqueries(|node| {
        let LogicalPlan::RecursiveQuery(mut query) = node else { return Ok(Transformed::no(node)) };
        if let Some(term) = within(&query.recursive_term) {
            query.recursive_term = term;
        }
        Ok(Transformed::yes(LogicalPlan::RecursiveQuery(query)))
    })?;
    Ok(plan.data)
}

/// The term in the subquery that it was put into.
fn within(term: &LogicalPlan) -> Option<Arc<LogicalPlan>> {
    let LogicalPlan::Projection(Projection { input, .. }) = term else { return None };
    let LogicalPlan::SubqueryAlias(alias) = input.as_ref() else { return None };
    (alias.alias.table() == SECOND_TERM).then(|| Arc::clone(&alias.input))
}

/// How often the first term may become wider: a product of numeric values has more places than the
/// values have, up to a bound.
const ROUNDS: usize = 2;

/// A recursive query whose terms have been looked at.
///
/// # Errors
/// 42804 where the terms have no types in common, or other types than the first has.
pub(super) fn query(query: RecursiveQuery) -> Result<LogicalPlan> {
    let RecursiveQuery { name, mut static_term, recursive_term, is_distinct, .. } = query;
    for round in 0..=ROUNDS {
        let schema = static_term.schema().inner().clone();
        let term = reading(recursive_term.as_ref().clone(), &name, &schema)?;
        let (first, second) = both(&static_term, term)?;
        let wanted = wider(&name, &schema, first.schema().inner(), round)?;
        if wanted != schema && round < ROUNDS {
            static_term = Arc::new(as_types(static_term.as_ref().clone(), &wanted)?);
            continue;
        }
        let second = Arc::new(as_types(second, &schema)?);
        return RecursiveQuery::try_new(name, static_term, second, is_distinct)
            .map(LogicalPlan::RecursiveQuery);
    }
    datafusion::common::internal_err!("the types of a recursive query are not settled")
}

/// The recursive term reads the rows so far, in the types that the first term has.
fn reading(term: LogicalPlan, name: &str, schema: &Schema) -> Result<LogicalPlan> {
    let is_own = |scan: &TableScan| {
        scan.table_name.table() == name
            && source_as_provider(&scan.source).is_ok_and(|provider| provider.is::<CteWorkTable>())
    };
    let term = term.transform_up_with_subqueries(|node| match node {
        LogicalPlan::TableScan(scan) if is_own(&scan) => {
            let named = scan.source.schema();
            let fields = schema.fields().iter().zip(named.fields()).map(|(typed, named)| {
                typed.as_ref().clone().with_name(named.name()).with_nullable(true)
            });
            let schema = Schema::new(fields.collect::<Vec<_>>());
            let table: Arc<dyn TableProvider> = Arc::new(CteWorkTable::new(name, schema.into()));
            let scan = LogicalPlanBuilder::scan(scan.table_name, provider_as_source(table), None)?;
            Ok(Transformed::yes(scan.build()?))
        }
        node => Ok(Transformed::yes(refresh(node)?)),
    })?;
    Ok(term.data)
}

/// Both terms, in the types of their union.
fn both(first: &LogicalPlan, second: LogicalPlan) -> Result<(LogicalPlan, LogicalPlan)> {
    let both = alike("UNION", vec![first.clone(), second])?;
    let [first, second] = <[LogicalPlan; 2]>::try_from(both)
        .or_else(|_| datafusion::common::internal_err!("a recursive query has two terms"))?;
    Ok((first, second))
}

/// The columns of the first term, where those of the union are of the same types; of the numeric
/// values among them as many digits as there can be.
fn wider(name: &str, first: &Schema, union: &Schema, round: usize) -> Result<Arc<Schema>> {
    let columns = first.fields().iter().zip(union.fields()).enumerate();
    let columns = columns.map(|(at, (field, together))| {
        let (of, to) = (field.data_type(), together.data_type());
        match (SqlNumber::of(of), SqlNumber::of(to)) {
            (Some(SqlNumber::Numeric(_, before)), Some(SqlNumber::Numeric(_, scale))) => {
                let to = match (of == to, round) {
                    (true, _) => of.clone(),
                    (false, 0) => DataType::Decimal128(38, scale),
                    (false, _) if scale > before => DataType::Decimal128(38, PLACES.max(before)),
                    (false, _) => of.clone(),
                };
                Ok(field.as_ref().clone().with_data_type(to))
            }
            _ if of == to && types::name_of(field) == types::name_of(together) => {
                Ok(field.as_ref().clone())
            }
            _ => Err(other_type(name, at + 1, field, together)),
        }
    });
    Ok(Arc::new(Schema::new(columns.collect::<Result<Vec<_>>>()?)))
}

/// Places behind the point of a product, beyond which it is rounded.
const PLACES: i8 = 20;

/// 42804
fn other_type(name: &str, at: usize, first: &Field, union: &Field) -> DataFusionError {
    let named = |field: &Field| {
        // A literal of the first term is a text by itself.
        let unknown = *field.data_type() == DataType::Null;
        let name = if unknown { "text".to_owned() } else { types::name_of(field) };
        types::by_name(&name).map_or(name, |found| types::format(found.oid, None))
    };
    let message = format!(
        "recursive query \"{name}\" column {at} has type {} in non-recursive term but type {} overall",
        named(first),
        named(union),
    );
    external(
        ClientError::new(SqlState::DATATYPE_MISMATCH, message)
            .hint("Cast the output of the non-recursive term to the correct type."),
    )
}

/// The rows with the types of these columns, and their names.
fn as_types(plan: LogicalPlan, columns: &Schema) -> Result<LogicalPlan> {
    let schema = Arc::clone(plan.schema());
    if schema.inner().fields() == columns.fields() {
        return Ok(plan);
    }
    let known = schema.columns().into_iter().zip(schema.fields());
    let values = known.zip(columns.fields()).map(|((column, known), field)| {
        let value = Expr::Column(column);
        let is_same = known.data_type() == field.data_type();
        let value = if is_same { value } else { recast(value, field.data_type(), &schema)? };
        Ok(value.alias(field.name()))
    });
    LogicalPlanBuilder::from(plan).project(values.collect::<Result<Vec<_>>>()?)?.build()
}
