//! One expression at a time.

use std::sync::Arc;

use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, Result, ScalarValue, internal_err};
use datafusion::logical_expr::expr::{
    AggregateFunction, Cast, InList, InSubquery, Like, ScalarFunction, WindowFunction,
};
use datafusion::logical_expr::{Between, BinaryExpr, Case, Expr, Operator, ScalarUDF, lit};

use super::arguments;
use super::coalesce::coalesce;
use super::common::{brought, common};
use super::compare::{checked, compared, no_operator, textual, together, truth};
use super::kind::{Kind, Operand};
use super::quantified;
use super::within::within;
use crate::error::{ClientError, SqlState};
use crate::guard::calls::in_lower_case;
use crate::guard::numbers::{SqlNumber, external, in_days, is_comparison, open_text};
use crate::guard::regex;

/// An expression whose operands have been looked at, with the casts that PostgreSQL makes.
///
/// # Errors
/// 42883 and 42804 where PostgreSQL has no such operator, or no type for all of them.
pub(in crate::guard) fn typed(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    Ok(match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (left, right) = if is_comparison(op) {
                compared(*left, op, *right, schema)?
            } else {
                checked(*left, op, *right, schema)?
            };
            let (op, right) = regex::matched(op, right);
            binary(left, op, right)
        }
        Expr::Not(inner) => Expr::Not(Box::new(truth(*inner, "NOT", schema)?)),
        Expr::Like(like) => {
            let symbol = match (like.case_insensitive, like.negated) {
                (false, false) => "~~",
                (false, true) => "!~~",
                (true, false) => "~~*",
                (true, true) => "!~~*",
            };
            Expr::Like(in_one_case(patterned(like, symbol, schema)?))
        }
        Expr::Between(between) => ranged(between, schema)?,
        Expr::InList(list) => listed(list, schema)?,
        Expr::InSubquery(within) => of_subquery(within, schema)?,
        Expr::Case(case) => cases(case, schema)?,
        Expr::ScalarFunction(ScalarFunction { func, args }) => {
            arguments::fit(func.name(), &args, schema)?;
            let args = match (func.name(), args.len()) {
                ("coalesce", _) => return Ok(coalesce(func, alike("COALESCE", args, schema)?)),
                ("greatest", _) => alike("GREATEST", args, schema)?,
                ("least", _) => alike("LEAST", args, schema)?,
                ("make_array", _) => alike("ARRAY", args, schema)?,
                ("nullif", 2) => return null_if(func, args, schema),
                (name, 2) if quantified::is_quantified(name) => {
                    quantified::operands(&func, args, schema)?
                }
                _ => args,
            };
            Expr::ScalarFunction(ScalarFunction { func, args })
        }
        Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
            arguments::fit(func.name(), &params.args, schema)?;
            if let Some(filter) = params.filter.take() {
                params.filter = Some(Box::new(truth(*filter, "FILTER", schema)?));
            }
            if func.name() == "percentile_cont" {
                params.args = of_no_percentile(params.args);
            }
            Expr::AggregateFunction(AggregateFunction { func, params })
        }
        Expr::WindowFunction(window) => {
            let WindowFunction { fun, mut params } = *window;
            if let Some(filter) = params.filter.take() {
                params.filter = Some(Box::new(truth(*filter, "FILTER", schema)?));
            }
            Expr::WindowFunction(Box::new(WindowFunction { fun, params }))
        }
        Expr::Cast(Cast { expr, field }) => {
            if let Some(from) = Operand::of(&expr, schema) {
                let to = Operand { kind: Kind::of_field(&field), field: field.clone() };
                castable(&from, &to)?;
            }
            Expr::Cast(Cast { expr, field })
        }
        other => other,
    })
}

/// The percentile that is NULL is that of no value.
fn of_no_percentile(args: Vec<Expr>) -> Vec<Expr> {
    let is_null = |expr: &Expr| match expr {
        Expr::Cast(Cast { expr, .. }) => {
            matches!(expr.as_ref(), Expr::Literal(value, _) if value.is_null())
        }
        other => matches!(other, Expr::Literal(value, _) if value.is_null()),
    };
    match args.as_slice() {
        [_, percentile] if is_null(percentile) => vec![lit(ScalarValue::Float64(None)), lit(0.5)],
        _ => args,
    }
}

/// Whether PostgreSQL has a cast.
///
/// # Errors
/// 42846 where it has none.
fn castable(from: &Operand, to: &Operand) -> Result<()> {
    if exists(&from.kind, &to.kind) {
        return Ok(());
    }
    let message = format!("cannot cast type {} to {}", from.name(), to.name());
    Err(external(ClientError::new(SqlState::CANNOT_COERCE, message)))
}

fn exists(from: &Kind, to: &Kind) -> bool {
    match (from, to) {
        (Kind::Unknown | Kind::Other | Kind::Text, _) | (_, Kind::Other | Kind::Text) => true,
        (Kind::Number(_), Kind::Number(_)) => true,
        (Kind::Number(number), Kind::Bool) | (Kind::Bool, Kind::Number(number)) => {
            *number == SqlNumber::Int4
        }
        (Kind::Timestamp | Kind::Timestamptz, Kind::Time) => true,
        (Kind::Time, Kind::Interval) | (Kind::Interval, Kind::Time) => true,
        (Kind::Array(from), Kind::Array(to)) => exists(from, to),
        (from, to) => from == to || from.is_moment() && to.is_moment(),
    }
}

fn binary(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

/// Values that become one type.
fn alike(construct: &str, values: Vec<Expr>, schema: &DFSchema) -> Result<Vec<Expr>> {
    let Some(operands) = all(&values, schema) else { return Ok(values) };
    let Some(to) = common(construct, &operands)? else { return Ok(values) };
    values.into_iter().map(|value| brought(value, &to, schema)).collect()
}

/// `None` where the type of one of them cannot be told.
fn all<'a>(values: impl IntoIterator<Item = &'a Expr>, schema: &DFSchema) -> Option<Vec<Operand>> {
    values.into_iter().map(|value| Operand::of(value, schema)).collect()
}

fn patterned(like: Like, symbol: &str, schema: &DFSchema) -> Result<Like> {
    let operands = Operand::of(&like.expr, schema).zip(Operand::of(&like.pattern, schema));
    match operands {
        Some((text, pattern)) if !textual(&text) || !textual(&pattern) => {
            Err(no_operator(&text, symbol, &pattern))
        }
        _ => Ok(like),
    }
}

/// `ILIKE` is `LIKE` of small letters, which are those of ASCII.
fn in_one_case(like: Like) -> Like {
    if !like.case_insensitive {
        return like;
    }
    let small = |text: Expr| Box::new(in_lower_case().call(vec![text]));
    let (expr, pattern) = (small(*like.expr), small(*like.pattern));
    Like { expr, pattern, case_insensitive: false, ..like }
}

/// Both bounds are compared in their own type; in one, where that is the same or where what is
/// compared is too large to stand there twice.
fn ranged(between: Between, schema: &DFSchema) -> Result<Expr> {
    let Between { expr, negated, low, high } = between;
    let whole = |value: Expr, low: Expr, high: Expr| {
        let (expr, low, high) = (Box::new(value), Box::new(low), Box::new(high));
        Ok(Expr::Between(Between { expr, negated, low, high }))
    };
    if !is_small(&expr) {
        let values = alike("BETWEEN", vec![*expr, *low, *high], schema)?;
        let [value, low, high] = <[Expr; 3]>::try_from(values)
            .or_else(|_| internal_err!("BETWEEN has three operands"))?;
        let [value, low, high] = [value, low, high].map(|one| by_length(one, schema));
        let inside = within(value, low, high);
        return Ok(if negated { Expr::Not(Box::new(inside)) } else { inside });
    }
    let (value, above) = compared((*expr).clone(), Operator::GtEq, *low, schema)?;
    let (other, below) = compared(*expr, Operator::LtEq, *high, schema)?;
    if value == other {
        let [value, low, high] = [value, above, below].map(|one| by_length(one, schema));
        return whole(value, low, high);
    }
    let above = binary(value, Operator::GtEq, above);
    let inside = above.and(binary(other, Operator::LtEq, below));
    Ok(if negated { Expr::Not(Box::new(inside)) } else { inside })
}

/// What is compared by the length of intervals, where this is one.
fn by_length(expr: Expr, schema: &DFSchema) -> Expr {
    if is(&expr, &Kind::Interval, schema) { in_days(expr) } else { expr }
}

/// Whether an expression may stand in several places. What repeats others would grow without end
/// where such expressions are nested.
pub(super) fn is_small(expr: &Expr) -> bool {
    let mut parts = 0;
    let found = expr.exists(|part| {
        parts += 1 + open_text(part).map_or(0, str::len) / LITERAL;
        Ok(parts > SMALL
            || matches!(part, Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_)))
    });
    !found.unwrap_or(true)
}

/// Characters of a literal that count as a part.
const LITERAL: usize = 32;

/// Parts of an expression that may be repeated.
const SMALL: usize = 12;

fn is(expr: &Expr, kind: &Kind, schema: &DFSchema) -> bool {
    Operand::of(expr, schema).is_some_and(|operand| operand.kind == *kind)
}

/// Lists longer than this are looked up, also where zero has two signs.
const COMPARED_ONE_BY_ONE: usize = 64;

/// Several constants become one type with what they are compared with; a single one, and what is
/// not constant, is compared by itself.
fn listed(of: InList, schema: &DFSchema) -> Result<Expr> {
    let InList { expr, list, negated } = of;
    let Some(operands) = all(std::iter::once(expr.as_ref()).chain(&list), schema) else {
        return Ok(Expr::InList(InList { expr, list, negated }));
    };
    if let Some((value, items)) = operands.split_first() {
        for item in items {
            if together(value, item).is_none() {
                return Err(no_operator(value, "=", item));
            }
        }
    }
    let each = |value: &Expr, list: &[Expr]| {
        list.iter()
            .map(|item| compared(value.clone(), Operator::Eq, item.clone(), schema))
            .collect::<Result<Vec<_>>>()
    };
    let constant = list.iter().all(|item| item.column_refs().is_empty());
    let is_number = operands.iter().any(|of| matches!(of.kind, Kind::Number(_)));
    let few = is_small(&expr) && list.len() <= COMPARED_ONE_BY_ONE;
    if is_number && few && (list.len() == 1 || !constant) {
        let pairs = each(&expr, &list)?;
        if pairs.iter().any(|(value, _)| *value != *expr) {
            return Ok(one_of(pairs, negated));
        }
        let list = pairs.into_iter().map(|(_, item)| item).collect();
        return Ok(Expr::InList(InList { expr, list, negated }));
    }
    let Some(to) = common("IN", &operands)? else {
        return Ok(Expr::InList(InList { expr, list, negated }));
    };
    let list: Vec<_> =
        list.into_iter().map(|item| brought(item, &to, schema)).collect::<Result<_>>()?;
    let expr = Box::new(brought(*expr, &to, schema)?);
    // A list is looked up by the bits of its values, which says nothing of these.
    if to.kind == Kind::Interval {
        let list = list.into_iter().map(in_days).collect();
        return Ok(Expr::InList(InList { expr: Box::new(in_days(*expr)), list, negated }));
    }
    if few && matches!(to.kind, Kind::Number(SqlNumber::Float4 | SqlNumber::Float8)) {
        let pairs = each(&expr, &list)?;
        return Ok(one_of(pairs, negated));
    }
    Ok(Expr::InList(InList { expr, list, negated }))
}

/// Whether one of the pairs is equal.
fn one_of(pairs: Vec<(Expr, Expr)>, negated: bool) -> Expr {
    let equal = pairs.into_iter().map(|(value, item)| binary(value, Operator::Eq, item));
    let any = equal.reduce(Expr::or).unwrap_or_else(|| lit(false));
    if negated { Expr::Not(Box::new(any)) } else { any }
}

fn of_subquery(within: InSubquery, schema: &DFSchema) -> Result<Expr> {
    let [field] = within.subquery.subquery.schema().fields().as_ref() else {
        return Ok(Expr::InSubquery(within));
    };
    let item = Operand { kind: Kind::of_field(field), field: field.clone() };
    let Some(value) = Operand::of(&within.expr, schema) else {
        return Ok(Expr::InSubquery(within));
    };
    let to = together(&value, &item).ok_or_else(|| no_operator(&value, "=", &item))?;
    let InSubquery { expr, subquery, negated } = within;
    let expr = match to {
        Some(to) if value.kind != Kind::Unknown || item.kind != Kind::Unknown => {
            Box::new(brought(*expr, &to, schema)?)
        }
        _ => expr,
    };
    Ok(Expr::InSubquery(InSubquery { expr, subquery, negated }))
}

/// The results become one type. What a simple CASE compares with is compared one by one, where
/// the types differ.
fn cases(case: Case, schema: &DFSchema) -> Result<Expr> {
    let Case { expr, when_then_expr, else_expr } = case;
    let (conditions, results): (Vec<_>, Vec<_>) = when_then_expr.into_iter().unzip();
    let mut values: Vec<Expr> = results.into_iter().map(|result| *result).collect();
    let has_else = else_expr.is_some();
    values.extend(else_expr.map(|value| *value));
    let mut values = alike("CASE", values, schema)?;
    let otherwise = if has_else { values.pop().map(Box::new) } else { None };
    let (expr, conditions) = match expr {
        None => {
            let conditions = conditions
                .into_iter()
                .map(|condition| truth(*condition, "CASE/WHEN", schema))
                .collect::<Result<Vec<_>>>()?;
            (None, conditions)
        }
        Some(value) => {
            let pairs = conditions
                .into_iter()
                .map(|item| compared((*value).clone(), Operator::Eq, *item, schema))
                .collect::<Result<Vec<_>>>()?;
            let items = |pairs: Vec<(Expr, Expr)>| {
                pairs.into_iter().map(|(_, item)| by_length(item, schema)).collect()
            };
            if pairs.iter().all(|(of, _)| *of == *value) {
                (Some(Box::new(by_length(*value, schema))), items(pairs))
            } else if is_small(&value) && pairs.len() <= COMPARED_ONE_BY_ONE {
                let equal = pairs.into_iter().map(|(of, item)| binary(of, Operator::Eq, item));
                (None, equal.collect())
            } else {
                let all = std::iter::once(*value).chain(pairs.into_iter().map(|(_, item)| item));
                let mut all = alike("CASE/WHEN", all.collect(), schema)?.into_iter();
                (all.next().map(Box::new), all.collect())
            }
        }
    };
    let arms = conditions.into_iter().zip(values);
    let arms = arms.map(|(condition, value)| (Box::new(condition), Box::new(value)));
    Ok(Expr::Case(Case::new(expr, arms.collect(), otherwise)))
}

/// `NULLIF` gives its first operand as the comparison takes it: a whole number beside a `numeric`
/// becomes one, beside another whole number it stays as it is, and so does a `real`.
fn null_if(func: Arc<ScalarUDF>, args: Vec<Expr>, schema: &DFSchema) -> Result<Expr> {
    let [first, second] =
        <[Expr; 2]>::try_from(args).or_else(|_| internal_err!("NULLIF has two operands"))?;
    let kinds = Operand::of(&first, schema).zip(Operand::of(&second, schema));
    let stays = kinds.is_some_and(|(first, second)| match (first.kind, second.kind) {
        (Kind::Number(a), Kind::Number(b)) if a != b => {
            a == SqlNumber::Float4 || a.max(b) <= SqlNumber::Int8
        }
        _ => false,
    });
    let (left, right) = compared(first.clone(), Operator::Eq, second, schema)?;
    if stays && is_small(&first) {
        let equal = binary(left, Operator::Eq, right);
        let null = Expr::Literal(ScalarValue::Null, None);
        let arms = vec![(Box::new(equal), Box::new(null))];
        return Ok(Expr::Case(Case::new(None, arms, Some(Box::new(first)))));
    }
    Ok(Expr::ScalarFunction(ScalarFunction { func, args: vec![left, right] }))
}
