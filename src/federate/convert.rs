//! From a part of a plan to a [`Subplan`]. What cannot be said there stays here: conversion
//! answers `None`, and the part is run by DataFusion over guarded scans.

use std::convert::Infallible;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{JoinType, NullEquality};
use datafusion::logical_expr::expr::AggregateFunction as AggregateCall;
use datafusion::logical_expr::{
    Aggregate as AggregatePlan, Expr, FetchType, Filter, Join, Limit, LogicalPlan, Projection,
    SkipType, Sort, TableScan,
};
use portcullis_connector_api::subplan::{
    Aggregate, AggregateFunction, JoinKind, Node, Output, SortKey,
};
use portcullis_connector_api::{ColumnName, Predicate, Pushdown, SqlType, Subplan};

use super::columns::{Columns, sql_type_of};
use crate::guard::lift::lift;
use crate::guard::{Crossing, GuardedTable, Source};

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
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Sort(sort) => self.sort(sort),
            LogicalPlan::Limit(limit) => self.limit(limit),
            _ => None,
        }
    }

    /// A scan whose every condition the source takes exactly or decides by itself, and whose
    /// columns are all shown as they are stored.
    fn scan(&mut self, scan: &TableScan) -> Option<Typed> {
        let guarded = Arc::clone(&scan.source);
        let guarded: Arc<dyn std::any::Any + Send + Sync> = guarded;
        let guarded = guarded.downcast::<GuardedTable>().ok()?;
        let source = guarded.source();
        match &self.source {
            Some(known) if !Arc::ptr_eq(known, source) => return None,
            _ => self.source = Some(Arc::clone(source)),
        }
        let stored = &guarded.table().table;
        let all: Vec<usize> = (0..scan.source.schema().fields().len()).collect();
        let positions = scan.projection.as_deref().unwrap_or(&all);
        let shown =
            positions.iter().map(|at| guarded.plain_column(*at)).collect::<Option<Vec<_>>>()?;
        let types = shown.iter().map(|column| column.sql_type.clone()).collect();
        let mut columns: Vec<_> = shown.iter().map(|column| column.name.clone()).collect();
        let wanted = columns.len();

        let (mut guard, mut above) = (vec![guarded.filter().clone()], Vec::new());
        for filter in &scan.filters {
            match guarded.lift(filter)? {
                Crossing::Exact(condition) => guard.push(condition),
                Crossing::Decided(condition) => {
                    above.push(by_position(&condition, &mut columns));
                }
            }
        }
        let guard = Predicate::all(guard);
        let exact = |conjunct| source.connector.pushdown(stored, conjunct) == Pushdown::Exact;
        if !guard.conjuncts().into_iter().all(exact) {
            return None;
        }
        let mut node = Node::Scan { table: Arc::clone(stored), columns, guard };
        if !above.is_empty() {
            let filter = Node::Filter { input: Box::new(node), predicate: Predicate::all(above) };
            node = Node::Project { input: Box::new(filter), columns: (0..wanted).collect() };
        }
        if let Some(fetch) = scan.fetch {
            let fetch = Some(u64::try_from(fetch).ok()?);
            node = Node::Limit { input: Box::new(node), skip: 0, fetch };
        }
        self.tables.push(guarded);
        Some((node, types))
    }

    /// A condition over columns of the input, such as HAVING or one on the result of a join.
    fn filter(&mut self, filter: &Filter) -> Option<Typed> {
        let (input, types) = self.node(&filter.input)?;
        let below = Columns { plan: filter.input.schema(), types };
        let predicate = lift(&filter.predicate, &below)?;
        Some((Node::Filter { input: Box::new(input), predicate }, below.types))
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
        if join.on.is_empty()
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
                let alike = left_columns.sql_type(pair.0)? == right_columns.sql_type(pair.1)?;
                alike.then_some(pair)
            })
            .collect::<Option<Vec<_>>>()?;
        let mut types = left_columns.types;
        if !matches!(kind, JoinKind::LeftSemi | JoinKind::LeftAnti) {
            types.extend(right_columns.types);
        }
        let joined = Columns { plan: &join.schema, types };
        let node = Node::Join { left: Box::new(left), right: Box::new(right), kind, on };
        let node = match &join.filter {
            None => node,
            // Of an inner join, and only of that, the rest of ON is a condition on the pairs.
            Some(filter) if kind == JoinKind::Inner => {
                let predicate = lift(filter, &joined)?;
                Node::Filter { input: Box::new(node), predicate }
            }
            Some(_) => return None,
        };
        Some((node, joined.types))
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

/// A condition over columns by name as one by position; columns that are missing are added.
fn by_position(condition: &Predicate, columns: &mut Vec<ColumnName>) -> Predicate<usize> {
    let mut position = |name: &ColumnName| -> Result<usize, Infallible> {
        let known = columns.iter().position(|column| column == name);
        Ok(known.unwrap_or_else(|| {
            columns.push(name.clone());
            columns.len() - 1
        }))
    };
    let Ok(condition) = condition.try_map_columns(&mut position);
    condition
}

/// An aggregate of a plain column (or `count(*)`), without FILTER, ORDER BY or a frame.
fn aggregate_call(expr: &Expr, result: &DataType, below: &Columns<'_>) -> Option<Aggregate> {
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
        (
            "sum",
            false,
            Some(SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Numeric { .. }),
        ) => (AggregateFunction::Sum, sql_type_of(result)?),
        _ => return None,
    };
    Some(Aggregate { function, column: argument, sql_type })
}
