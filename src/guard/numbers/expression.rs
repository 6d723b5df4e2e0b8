//! One expression at a time: operators and casts become functions of our own.

use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::WindowFunctionDefinition;
use datafusion::logical_expr::expr::{AggregateFunction, Cast, Placeholder, WindowFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, cast};

use super::cast::{NumberCast, changes, numeric_literal};
use super::fault::external;
use super::interval::InDays;
use super::operator::{Arithmetic, Negation, is_arithmetic, is_comparison};
use super::plan::{negated, open_text, type_of};
use super::types::{SqlNumber, resolve, unknown_as};
use crate::guard::calls::{shift, wide};
use crate::guard::system::types;
use crate::guard::undefined;

/// An expression whose operands have been rewritten.
pub(super) fn rewrite(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    Ok(match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_arithmetic(op) => {
            Transformed::yes(operation(*left, op, *right, schema)?)
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if let Some(shift) = shift(op) => {
            Transformed::yes(shift.call(vec![*left, *right]))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => compared(*left, op, *right, schema),
        Expr::Negative(operand) => Transformed::yes(
            negated(&operand).unwrap_or_else(|| Negation::function().call(vec![*operand])),
        ),
        Expr::Cast(cast) => number_cast(cast, schema)?,
        Expr::AggregateFunction(AggregateFunction { ref func, ref params }) => {
            summable(func.name(), &params.args, schema)?;
            Transformed::no(expr)
        }
        Expr::WindowFunction(ref window) => {
            let WindowFunction { fun, params } = window.as_ref();
            if let WindowFunctionDefinition::AggregateUDF(function) = fun {
                summable(function.name(), &params.args, schema)?;
            }
            Transformed::no(expr)
        }
        other => Transformed::no(other),
    })
}

/// An operator between two operands, as a function of ours. A parameter of an open type takes its
/// type from the other side.
///
/// # Errors
/// 42883 where PostgreSQL has no such operator.
pub(in crate::guard) fn operation(
    left: Expr,
    op: Operator,
    right: Expr,
    schema: &DFSchema,
) -> Result<Expr> {
    let Some(function) = Arithmetic::of(op) else {
        return Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))));
    };
    let (before, after) = (type_of(&left, schema), type_of(&right, schema));
    let typed = |side: Expr, other: Option<DataType>, is_left: bool| match side {
        Expr::Placeholder(parameter) if parameter.field.is_none() => {
            let like = other.and_then(|other| unknown_as(op, &other, is_left));
            let field = like.map(|like| match like {
                DataType::Decimal128(..) => Field::new("", DataType::Decimal128(38, 10), true),
                other => Field::new("", other, true),
            });
            Expr::Placeholder(Placeholder::new_with_field(parameter.id, field.map(Into::into)))
        }
        other => other,
    };
    let (left, right) = (typed(left, after, true), typed(right, before, false));
    let (left, right) = operands(left, op, right, schema)?;
    Ok(function.call(vec![left, right]))
}

/// The operands, a literal in quotes read as what it must be beside the other.
fn operands(left: Expr, op: Operator, right: Expr, schema: &DFSchema) -> Result<(Expr, Expr)> {
    let float = |literal: &Expr, other: &Expr| {
        let of = type_of(other, schema)?;
        let takes = matches!(of, DataType::Interval(_)) || of.is_floating();
        wide(literal).filter(|_| takes)
    };
    let (left, right) = match (float(&left, &right), float(&right, &left)) {
        (Some(left), _) => (left, right),
        (None, Some(right)) => (left, right),
        _ => (left, right),
    };
    let (left, right) = match (open_text(&left).is_some(), open_text(&right).is_some()) {
        (true, false) => (read(left, op, &right, true, schema), right),
        (false, true) => {
            let read = read(right, op, &left, false, schema);
            (left, read)
        }
        _ => (left, right),
    };
    if let (Some(before), Some(after)) = (type_of(&left, schema), type_of(&right, schema))
        && resolve(op, &before, &after).is_none()
    {
        let (left, right) = (named(&left, schema), named(&right, schema));
        return Err(external(undefined::operator(format_args!("{left} {op} {right}"))));
    }
    Ok((left, right))
}

fn read(literal: Expr, op: Operator, other: &Expr, is_left: bool, schema: &DFSchema) -> Expr {
    let known = type_of(other, schema).and_then(|known| unknown_as(op, &known, is_left));
    match known {
        Some(DataType::Decimal128(..)) => {
            open_text(&literal).and_then(numeric_literal).map_or_else(
                || cast(literal, DataType::Decimal128(38, 10)),
                |value| Expr::Literal(value, None),
            )
        }
        Some(known) => cast(literal, known),
        None => literal,
    }
}

/// Intervals are compared by their length, with months of 30 days.
fn compared(left: Expr, op: Operator, right: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let is_interval = |expr: &Expr| matches!(type_of(expr, schema), Some(DataType::Interval(_)));
    let other =
        |left, right| Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)));
    if !is_comparison(op) || !(is_interval(&left) || is_interval(&right)) {
        return Transformed::no(other(left, right));
    }
    let length = |expr: Expr| {
        let interval = DataType::Interval(IntervalUnit::MonthDayNano);
        let expr = if open_text(&expr).is_some() { cast(expr, interval) } else { expr };
        InDays::function().call(vec![expr])
    };
    Transformed::yes(other(length(left), length(right)))
}

/// The length of an interval, by which it is compared.
pub(in crate::guard) fn in_days(interval: Expr) -> Expr {
    InDays::function().call(vec![interval])
}

/// A cast to this type, as one that was written.
pub(in crate::guard) fn recast(expr: Expr, to: &DataType, schema: &DFSchema) -> Result<Expr> {
    Ok(rewrite(cast(expr, to.clone()), schema)?.data)
}

/// A cast between numbers, where a value may not fit or is rounded.
fn number_cast(of: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Cast { expr, field } = of;
    let plain = |expr: Box<Expr>, field: FieldRef| {
        Ok(Transformed::no(Expr::Cast(Cast::new_from_field(expr, field))))
    };
    // `numeric` without digits takes what it is given.
    let any_numeric = types::hint(&field) == Some("numeric");
    if any_numeric && let Some(value) = open_text(&expr).and_then(numeric_literal) {
        return Ok(Transformed::yes(Expr::Literal(value, None)));
    }
    let field = if any_numeric {
        Field::new(field.name(), field.data_type().clone(), field.is_nullable()).into()
    } else {
        field
    };
    let known = match expr.as_ref() {
        Expr::Placeholder(_) => None,
        other => other.to_field(schema).ok().map(|(_, field)| field),
    };
    let Some(source) = known else { return plain(expr, field) };
    let from = SqlNumber::of(source.data_type());
    let to = SqlNumber::of(field.data_type());
    let (Some(from), Some(to)) = (from, to) else { return plain(expr, field) };
    let is_oid = |data_type: &DataType| *data_type == DataType::UInt32;
    if is_oid(source.data_type()) || is_oid(field.data_type()) || !field.metadata().is_empty() {
        return plain(expr, field);
    }
    let to = match (any_numeric, from.digits()) {
        (true, Some((precision, scale))) => SqlNumber::Numeric(precision, scale),
        _ => to,
    };
    if !changes(from, to) {
        return plain(expr, Field::new(field.name(), to.arrow(), field.is_nullable()).into());
    }
    Ok(Transformed::yes(NumberCast::to(to).call(vec![*expr])))
}

/// `sum` and `avg` are of numbers and intervals.
fn summable(function: &str, arguments: &[Expr], schema: &DFSchema) -> Result<()> {
    let (true, [argument]) = (matches!(function, "sum" | "avg"), arguments) else { return Ok(()) };
    let Some(of) = type_of(argument, schema) else { return Ok(()) };
    if of == DataType::Null || SqlNumber::of(&of).is_some() || matches!(of, DataType::Interval(_)) {
        return Ok(());
    }
    Err(external(undefined::function(format_args!("{function}({})", named(argument, schema)))))
}

/// What PostgreSQL calls the type of an expression.
fn named(expr: &Expr, schema: &DFSchema) -> String {
    if let Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Utf8View(_), None) = expr {
        return "unknown".to_owned();
    }
    expr.to_field(schema).map_or_else(|_| "unknown".to_owned(), |(_, field)| types::spoken(&field))
}
