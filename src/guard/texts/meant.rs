//! The pass over a plan.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};

use super::cast::TextCast;
use super::zoned::matters;
use super::{local, padded};
use crate::guard::calls::moment_shown_by;
use crate::guard::numbers::external;
use crate::guard::system::{refresh, types};
use crate::values::{Reader, Rendering};

/// Where the session's settings come from. They are asked for where a plan has such a cast.
pub(in crate::guard) type Session<'a> = &'a dyn Fn() -> Rendering;

/// Gives the casts of an analyzed plan PostgreSQL's meaning.
///
/// # Errors
/// PostgreSQL's for a literal that its type cannot read.
pub(in crate::guard) fn meant(plan: LogicalPlan, session: Session<'_>) -> Result<LogicalPlan> {
    let meant = plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            if matches!(expr, Expr::GroupingSet(_)) {
                return expr.map_children(|member| kept(member, &schema, session));
            }
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| rewrite(expr, &schema, session))?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?;
        if node.transformed { node.map_data(refresh) } else { Ok(node) }
    })?;
    Ok(meant.data)
}

/// A member of a grouping set, under the name that the rest of the plan knows it by.
fn kept(member: Expr, schema: &DFSchema, session: Session<'_>) -> Result<Transformed<Expr>> {
    let name = NamePreserver::new_for_projection().save(&member);
    let member = member.transform_up(|expr| rewrite(expr, schema, session))?;
    Ok(member.update_data(|expr| name.restore(expr)))
}

/// The same for an expression over columns of this schema.
///
/// # Errors
/// As [`meant`].
pub(in crate::guard) fn expression(
    expr: Expr,
    schema: &DFSchema,
    session: Session<'_>,
) -> Result<Expr> {
    Ok(expr.transform_up(|expr| rewrite(expr, schema, session))?.data)
}

fn rewrite(expr: Expr, schema: &DFSchema, session: Session<'_>) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(_) => {
            let Ok((_, target)) = expr.to_field(schema) else { return Ok(Transformed::no(expr)) };
            let Expr::Cast(Cast { expr: operand, field }) = expr else {
                return Ok(Transformed::no(expr));
            };
            cast(operand, field, target, schema, session)
        }
        Expr::ScalarFunction(call) if local::is_local(call.func.name()) => {
            local::rewrite(call, schema, session)
        }
        Expr::ScalarFunction(call) if call.func.name() == "array_to_string" => {
            let call = joined(call, schema, session)?;
            padded::operands(Expr::ScalarFunction(call), schema)
        }
        Expr::ScalarFunction(call) if let Some(now) = moment_shown_by(call.func.name()) => {
            let shown = Expr::ScalarFunction(call).to_field(schema)?.1;
            Ok(Transformed::yes(TextCast::zoned(shown, session()).call(vec![now])))
        }
        other => padded::operands(other, schema),
    }
}

/// A call whose list holds texts: the items as they are shown.
fn joined(call: ScalarFunction, schema: &DFSchema, session: Session<'_>) -> Result<ScalarFunction> {
    let ScalarFunction { func, mut args } = call;
    if let Some(list) = args.first_mut()
        && let DataType::List(item) = list.to_field(schema)?.1.data_type()
        && !is_text(item.data_type())
        && is_written(item)
    {
        let of = std::mem::take(list);
        *list = TextCast::each(Arc::clone(item), session()).call(vec![of]);
    }
    Ok(ScalarFunction { func, args })
}

fn cast(
    operand: Box<Expr>,
    field: FieldRef,
    target: FieldRef,
    schema: &DFSchema,
    session: Session<'_>,
) -> Result<Transformed<Expr>> {
    let source = operand.to_field(schema)?.1;
    let from_text = is_text(source.data_type());
    let to_text = is_text(target.data_type());
    let spaces = types::hint(&source) == Some("bpchar") && types::hint(&field) != Some("bpchar");
    if from_text && to_text && spaces {
        return Ok(Transformed::yes(padded::cut(*operand, target.data_type())));
    }
    let function = if from_text && is_read(target.data_type()) {
        if let Expr::Literal(value, _) = operand.as_ref() {
            return literal(value, &target, session());
        }
        TextCast::read(target, session())
    } else if to_text && !from_text && is_written(&source) {
        TextCast::written(source, target, session())
    } else if matters(source.data_type(), target.data_type())
        && session().time_zone != chrono_tz::UTC
    {
        TextCast::zoned(target, session())
    } else {
        return Ok(Transformed::no(Expr::Cast(Cast::new_from_field(operand, field))));
    };
    Ok(Transformed::yes(function.call(vec![*operand])))
}

/// A literal is read once, and may then be compared where the column lies.
fn literal(
    value: &ScalarValue,
    target: &FieldRef,
    rendering: Rendering,
) -> Result<Transformed<Expr>> {
    let value = match (value.try_as_str().flatten(), Reader::of(target, rendering)) {
        (Some(text), Some(reader)) => {
            reader.read(text).map_err(|error| external(error.told_of_a_row()))?
        }
        _ => ScalarValue::try_new_null(target.data_type())?,
    };
    let metadata = (!target.metadata().is_empty()).then(|| FieldMetadata::new_from_field(target));
    Ok(Transformed::yes(Expr::Literal(value, metadata)))
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        other => other.is_string(),
    }
}

/// The types that texts are read as here; names of the catalog are looked up elsewhere.
fn is_read(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(..)
        | DataType::Date32
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Interval(_)
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => true,
        DataType::List(item) => is_read(item.data_type()),
        _ => false,
    }
}

/// Whatever has a text but for NULL, and names of the catalog.
fn is_written(field: &FieldRef) -> bool {
    let is_reg = types::hint(field).is_some_and(types::is_reg);
    *field.data_type() != DataType::Null && !is_reg && crate::values::WireType::of(field).is_some()
}

/// A value of any type as `concat` and `format` show it; a text as it is.
///
/// # Errors
/// Where the expression has no type.
pub(in crate::guard) fn shown(
    expr: Expr,
    schema: &DFSchema,
    session: Session<'_>,
) -> Result<Transformed<Expr>> {
    let source = expr.to_field(schema)?.1;
    if is_text(source.data_type()) || !is_written(&source) {
        return Ok(Transformed::no(expr));
    }
    Ok(Transformed::yes(TextCast::shown(source, session()).call(vec![expr])))
}
