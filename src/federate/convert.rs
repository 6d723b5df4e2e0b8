//! From a part of a plan to a [`Subplan`]. What cannot be said there stays here: conversion
//! answers `None`, and the part is run by DataFusion over guarded scans.

use std::sync::Arc;

use datafusion::common::{JoinType, NullEquality};
use datafusion::logical_expr::expr::AggregateFunction as AggregateCall;
use datafusion::logical_expr::{
    Aggregate as AggregatePlan, Expr, FetchType, Join, Limit, LogicalPlan, Projection, SkipType,
    Sort, TableScan,
};
use portcullis_connector_api::subplan::{
    Aggregate, AggregateFunction, JoinKind, Node, Output, SortKey,
};
use portcullis_connector_api::{Predicate, Pushdown, SqlType, Subplan};

use super::columns::{Columns, sql_type_of};
use crate::guard::{GuardedTable, Source};

/// A part of a plan that one source could run.
pub(in crate::federate) struct Converted {
    pub source: Arc<Source>,
    pub subplan: Subplan,
    pub tables: Vec<Arc<GuardedTable>>,
}

/// Converts the part of a plan under `plan`, if all of it can be said as a subplan of one source.
pub(in crate::federate) fn convert(plan: &LogicalPlan) -> Option<Converted> {
    let mut conversion = Conversion { source: None, tables: Vec::new() };
    let (root, types) = conversion.node(plan)?;
    let fields = plan.schema().fields();
    let output = fields
        .iter()
        .zip(types)
        .map(|(field, sql_type)| Output { field: field.as_ref().clone(), sql_type })
        .collect();
    Some(Converted {
        source: conversion.source?,
        subplan: Subplan { root, output },
        tables: conversion.tables,
    })
}

struct Conversion {
    source: Option<Arc<Source>>,
    tables: Vec<Arc<GuardedTable>>,
}

type Typed = (Node, Vec<SqlType>);

impl Conversion {
    fn node(&mut self, plan: &LogicalPlan) -> Option<Typed> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::SubqueryAlias(alias) => self.node(&alias.input),
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Sort(sort) => self.sort(sort),
            LogicalPlan::Limit(limit) => self.limit(limit),
            _ => None,
        }
    }

    /// A scan whose every condition the source takes exactly, and whose columns are all shown as
    /// they are stored.
    fn scan(&mut self, scan: &TableScan) -> Option<Typed> {
        let guarded = Arc::clone(&scan.source);
        let guarded: Arc<dyn std::any::Any + Send + Sync> = guarded;
        let guarded = guarded.downcast::<GuardedTable>().ok()?;
        let source = guarded.source();
        match &self.source {
            Some(known) if !Arc::ptr_eq(known, source) => return None,
            _ => self.source = Some(Arc::clone(source)),
        }
        let conditions =
            scan.filters.iter().map(|filter| guarded.lift(filter)).collect::<Option<Vec<_>>>()?;
        let guard = guarded.filter().clone().and(Predicate::all(conditions));
        let stored = &guarded.table().table;
        let exact = |conjunct| source.connector.pushdown(stored, conjunct) == Pushdown::Exact;
        if !guard.conjuncts().into_iter().all(exact) || scan.fetch.is_some() {
            return None;
        }
        let all: Vec<usize> = (0..scan.source.schema().fields().len()).collect();
        let positions = scan.projection.as_deref().unwrap_or(&all);
        let columns = positions
            .iter()
            .map(|at| guarded.plain_column(*at))
            .collect::<Option<Vec<_>>>()?;
        let types = columns.iter().map(|column| column.sql_type.clone()).collect();
        let columns = columns.into_iter().map(|column| column.name.clone()).collect();
        let table = Arc::clone(stored);
        self.tables.push(guarded);
        Some((Node::Scan { table, columns, guard }, types))
    }

    fn projection(&mut self, projection: &Projection) -> Option<Typed> {
        let (input, types) = self.node(&projection.input)?;
        let below = Columns { plan: projection.input.schema(), types };
        let columns =
            projection.expr.iter().map(|expr| below.position(expr)).collect::<Option<Vec<_>>>()?;
        let types =
            columns.iter().map(|at| below.sql_type(*at).cloned()).collect::<Option<Vec<_>>>()?;
        Some((Node::Project { input: Box::new(input), columns }, types))
    }

    fn join(&mut self, join: &Join) -> Option<Typed> {
        let kind = match join.join_type {
            JoinType::Inner => JoinKind::Inner,
            JoinType::Left => JoinKind::Left,
            JoinType::Right => JoinKind::Right,
            JoinType::Full => JoinKind::Full,
            JoinType::LeftSemi => JoinKind::LeftSemi,
            JoinType::LeftAnti => JoinKind::LeftAnti,
            _ => return None,
        };
        if join.filter.is_some()
            || join.on.is_empty()
            || join.null_equality != NullEquality::NullEqualsNothing
            || join.null_aware
        {
            return None;
        }
        let (left, left_types) = self.node(&join.left)?;
        let (right, right_types) = self.node(&join.right)?;
        let left_columns = Columns { plan: join.left.schema(), types: left_types };
        let right_columns = Columns { plan: join.right.schema(), types: right_types };
        let on = join
            .on
            .iter()
            .map(|(left, right)| {
                let pair = (left_columns.position(left)?, right_columns.position(right)?);
                let alike =
                    left_columns.sql_type(pair.0)? == right_columns.sql_type(pair.1)?;
                alike.then_some(pair)
            })
            .collect::<Option<Vec<_>>>()?;
        let mut types = left_columns.types;
        if !matches!(kind, JoinKind::LeftSemi | JoinKind::LeftAnti) {
            types.extend(right_columns.types);
        }
        Some((Node::Join { left: Box::new(left), right: Box::new(right), kind, on }, types))
    }

    fn aggregate(&mut self, aggregate: &AggregatePlan) -> Option<Typed> {
        let (input, types) = self.node(&aggregate.input)?;
        let below = Columns { plan: aggregate.input.schema(), types };
        let keys = aggregate
            .group_expr
            .iter()
            .map(|expr| below.position(expr))
            .collect::<Option<Vec<_>>>()?;
        let results = aggregate.schema.fields().iter().skip(keys.len());
        let aggregates = aggregate
            .aggr_expr
            .iter()
            .zip(results)
            .map(|(expr, result)| aggregate_call(expr, result.data_type(), &below))
            .collect::<Option<Vec<_>>>()?;
        let mut types =
            keys.iter().map(|at| below.sql_type(*at).cloned()).collect::<Option<Vec<_>>>()?;
        types.extend(aggregates.iter().map(|aggregate| aggregate.sql_type.clone()));
        Some((Node::Aggregate { input: Box::new(input), keys, aggregates }, types))
    }

    fn sort(&mut self, sort: &Sort) -> Option<Typed> {
        let (input, types) = self.node(&sort.input)?;
        let below = Columns { plan: sort.input.schema(), types };
        let keys = sort
            .expr
            .iter()
            .map(|key| {
                Some(SortKey {
                    column: below.position(&key.expr)?,
                    descending: !key.asc,
                    nulls_first: key.nulls_first,
                })
            })
            .collect::<Option<Vec<_>>>()?;
        let sorted = Node::Sort { input: Box::new(input), keys };
        let node = match sort.fetch {
            None => sorted,
            Some(fetch) => Node::Limit {
                input: Box::new(sorted),
                skip: 0,
                fetch: Some(u64::try_from(fetch).ok()?),
            },
        };
        Some((node, below.types))
    }

    fn limit(&mut self, limit: &Limit) -> Option<Typed> {
        let (SkipType::Literal(skip), FetchType::Literal(fetch)) =
            (limit.get_skip_type().ok()?, limit.get_fetch_type().ok()?)
        else {
            return None;
        };
        let (input, types) = self.node(&limit.input)?;
        let fetch = fetch.map(u64::try_from).transpose().ok()?;
        let skip = u64::try_from(skip).ok()?;
        Some((Node::Limit { input: Box::new(input), skip, fetch }, types))
    }
}

/// An aggregate of a plain column (or `count(*)`), without FILTER, ORDER BY or a frame.
fn aggregate_call(
    expr: &Expr,
    result: &datafusion::arrow::datatypes::DataType,
    below: &Columns<'_>,
) -> Option<Aggregate> {
    let call = match expr {
        Expr::AggregateFunction(call) => call,
        Expr::Alias(alias) => return aggregate_call(&alias.expr, result, below),
        _ => return None,
    };
    let AggregateCall { func, params } = call;
    if params.filter.is_some() || !params.order_by.is_empty() || params.null_treatment.is_some() {
        return None;
    }
    let argument = match params.args.as_slice() {
        [] => None,
        [Expr::Literal(value, _)] if !value.is_null() => None,
        [argument] => Some(below.position(argument)?),
        _ => return None,
    };
    let argument_type = argument.and_then(|at| below.sql_type(at));
    let (function, sql_type) = match (func.name(), params.distinct, argument_type) {
        ("count", false, _) => (AggregateFunction::Count, SqlType::Int8),
        ("count", true, Some(_)) => (AggregateFunction::CountDistinct, SqlType::Int8),
        ("min", _, Some(of)) => (AggregateFunction::Min, of.clone()),
        ("max", _, Some(of)) => (AggregateFunction::Max, of.clone()),
        // Over int8 the two engines overflow at different sums.
        ("sum", false, Some(SqlType::Int2 | SqlType::Int4 | SqlType::Numeric { .. })) => {
            (AggregateFunction::Sum, sql_type_of(result)?)
        }
        _ => return None,
    };
    Some(Aggregate { function, column: argument, sql_type })
}
