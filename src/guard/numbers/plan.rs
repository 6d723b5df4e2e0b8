//! The numbers of a plan, given the meaning that PostgreSQL gives them: the types of literals, and
//! operators and casts that fail where a value does not fit.
//!
//! PostgreSQL reads `1` as `int4` where it fits, the engine as a 64-bit integer.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

use super::expression::rewrite;
use super::fault::external;
use super::interval::InDays;
use super::{operator, outer, recursive};
use crate::guard::system::refresh;
use crate::guard::typing::{limit, set_operation, typed};
use crate::stop;

/// A whole number as a function of tables takes it, which knows `int8` alone.
pub(in crate::guard) fn widened(argument: Expr) -> Expr {
    match argument {
        Expr::Literal(ScalarValue::Int16(number), metadata) => {
            Expr::Literal(ScalarValue::Int64(number.map(i64::from)), metadata)
        }
        Expr::Literal(ScalarValue::Int32(number), metadata) => {
            Expr::Literal(ScalarValue::Int64(number.map(i64::from)), metadata)
        }
        other => other,
    }
}

/// Gives a plan's numbers their meaning. It runs on what the planner made, before anything else
/// looks at types.
///
/// # Errors
/// 42883 for an operator that PostgreSQL does not have; where the plan cannot be built with the
/// types that follow.
pub fn meant(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = recursive::as_written(plan)?;
    let meant = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Limit(of) => limit(of).map(Transformed::yes),
        LogicalPlan::Values(values) => {
            let nothing = DFSchema::empty();
            let rows = values.values.into_iter().map(|row| {
                row.into_iter()
                    .map(|value| expression(untyped_null(value), &nothing))
                    .collect::<Result<Vec<_>>>()
            });
            let plan = LogicalPlanBuilder::values(rows.collect::<Result<_>>()?)?.build()?;
            Ok(Transformed::yes(plan))
        }
        LogicalPlan::RecursiveQuery(query) => recursive::query(query).map(Transformed::yes),
        node => {
            let node = outer::retype(node)?;
            let schema = merge_schema(&node.inputs());
            let names = NamePreserver::new(&node);
            let node = node.map_expressions(|expr| {
                if matches!(expr, Expr::GroupingSet(_)) {
                    return expr.map_children(|member| kept(member, &schema));
                }
                let name = names.save(&expr);
                Ok(Transformed::yes(name.restore(expression(expr, &schema)?)))
            })?;
            node.map_data(|node| refresh(set_operation(by_length(node))?))
        }
    })?;
    Ok(meant.data)
}

/// A member of a grouping set, under the name that the rest of the plan knows it by.
fn kept(member: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let name = NamePreserver::new_for_projection().save(&member);
    Ok(Transformed::yes(name.restore(expression(member, schema)?)))
}

/// Rows are sorted by the length of an interval, as intervals are compared.
fn by_length(node: LogicalPlan) -> LogicalPlan {
    let LogicalPlan::Sort(mut sort) = node else { return node };
    let schema = Arc::clone(sort.input.schema());
    for key in &mut sort.expr {
        if matches!(type_of(&key.expr, &schema), Some(DataType::Interval(_))) {
            key.expr = InDays::function().call(vec![key.expr.clone()]);
        }
    }
    LogicalPlan::Sort(sort)
}

/// One expression, over columns of this schema.
pub(in crate::guard) fn expression(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let meant = expr.transform_up(|expr| {
        // Finding its type may take long, and what made the plan has not paused yet.
        stop::check().map_err(external)?;
        rewrite(typed(narrow(expr), schema)?, schema)
    });
    Ok(meant?.data)
}

/// A number in the type that PostgreSQL reads it as; `1e3` is a numeric value without places.
pub fn narrow(expr: Expr) -> Expr {
    let value = match expr {
        Expr::Literal(ScalarValue::Int64(Some(value)), None) => i128::from(value),
        Expr::Literal(ScalarValue::UInt64(Some(value)), None) => i128::from(value),
        Expr::Literal(ScalarValue::Decimal128(Some(value), digits, scale @ ..0), None) => {
            let whole = 10_i128.checked_pow(u32::from(scale.unsigned_abs()));
            let whole = whole.and_then(|unit| value.checked_mul(unit));
            let literal = match (whole, digits.saturating_add(scale.unsigned_abs())) {
                (Some(whole), digits @ ..=38) => ScalarValue::Decimal128(Some(whole), digits, 0),
                _ => ScalarValue::Decimal128(Some(value), digits, scale),
            };
            return Expr::Literal(literal, None);
        }
        other => return other,
    };
    integer(value)
}

fn integer(value: i128) -> Expr {
    let literal = match (i32::try_from(value), i64::try_from(value)) {
        (Ok(value), _) => ScalarValue::Int32(Some(value)),
        (_, Ok(value)) => ScalarValue::Int64(Some(value)),
        _ => ScalarValue::Decimal128(Some(value), 20, 0),
    };
    Expr::Literal(literal, None)
}

/// A sign before an integer literal is part of it: `-(2147483648)` is an `int4`.
pub(super) fn negated(literal: &Expr) -> Option<Expr> {
    let Expr::Literal(value, None) = literal else { return None };
    let value = match value {
        ScalarValue::Int32(Some(value)) => i128::from(*value),
        ScalarValue::Int64(Some(value)) => i128::from(*value),
        ScalarValue::Decimal128(Some(value), 20, 0) => *value,
        _ => return None,
    };
    value.checked_neg().map(integer)
}

/// A value of VALUES. The planner has given NULL the type of what stood above or beneath it.
fn untyped_null(value: Expr) -> Expr {
    match value {
        Expr::Literal(ScalarValue::Int64(None), None) => Expr::Literal(ScalarValue::Null, None),
        other => other,
    }
}

/// Whether this is a text whose type is open: a literal in quotes.
pub(in crate::guard) fn open_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, None) => value.try_as_str().flatten(),
        _ => None,
    }
}

/// The type of an expression, where it is known.
pub(super) fn type_of(expr: &Expr, schema: &DFSchema) -> Option<DataType> {
    use datafusion::logical_expr::ExprSchemable;
    match expr {
        Expr::Placeholder(parameter) if parameter.field.is_none() => None,
        // What it is called need not be found out.
        Expr::ScalarFunction(call) => operator::result(call, schema)
            .or_else(|| expr.to_field(schema).ok().map(|(_, field)| field.data_type().clone())),
        _ => expr.to_field(schema).ok().map(|(_, field)| field.data_type().clone()),
    }
}
