//! Rows beside each other, as the comparisons of their fields: `(a, b) < (c, d)` is
//! `a < c OR (a = c AND b < d)`.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator,
};

use super::parts;
use crate::error::{ClientError, SqlState};

/// Takes a comparison of rows apart; leaves anything else as it is.
///
/// # Errors
/// 42601 where the rows have different lengths.
pub fn rewrite(expr: &mut Expr) -> Result<(), ClientError> {
    let compared = match expr {
        Expr::BinaryOp { left, op, right } if fields(left).is_some() && is_comparison(op) => {
            match (fields(left), fields(right)) {
                (Some(left), Some(right)) => Some(compare(&left, op, &right)?),
                _ if matches!(right.as_ref(), Expr::Subquery(_)) => return Err(beside_a_query()),
                _ => None,
            }
        }
        Expr::InSubquery { expr: row, .. } if fields(row).is_some() => return Err(beside_a_query()),
        Expr::IsDistinctFrom(left, right) => match (fields(left), fields(right)) {
            (Some(left), Some(right)) => Some(distinct(&left, &right)?),
            _ => None,
        },
        Expr::IsNotDistinctFrom(left, right) => match (fields(left), fields(right)) {
            (Some(left), Some(right)) => Some(not(distinct(&left, &right)?)),
            _ => None,
        },
        Expr::InList { expr: row, list, negated } => match fields(row) {
            Some(row) => {
                if list.len() > 1 {
                    within_bounds(&row)?;
                }
                let equal = list.iter().map(|item| match fields(item) {
                    Some(item) => compare(&row, &BinaryOperator::Eq, &item),
                    None => Err(unequal()),
                });
                let any = joined(equal.collect::<Result<_, _>>()?, &BinaryOperator::Or);
                any.map(|any| if *negated { not(any) } else { any })
            }
            None => None,
        },
        _ => None,
    };
    if let Some(compared) = compared {
        *expr = Expr::Nested(Box::new(compared));
    }
    Ok(())
}

/// Characters of a field that may stand in several places; rows within rows would grow without end.
const LARGEST: usize = 512;

/// Looks at how much would be repeated.
fn within_bounds(row: &[Expr]) -> Result<(), ClientError> {
    if row.iter().all(|field| field.to_string().len() <= LARGEST) {
        return Ok(());
    }
    let message = "a comparison of rows with expressions this large is not supported";
    Err(ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
        .hint("Compute the fields in a subquery first."))
}

/// The fields of a row of more than one.
fn fields(expr: &Expr) -> Option<Vec<Expr>> {
    match expr {
        Expr::Tuple(fields) => Some(fields.clone()),
        Expr::Nested(inner) => fields(inner),
        Expr::Function(function) if parts(&function.name) == ["row"] => {
            let FunctionArguments::List(list) = &function.args else { return None };
            let plain = list.args.iter().map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            });
            plain.collect()
        }
        _ => None,
    }
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

fn compare(left: &[Expr], op: &BinaryOperator, right: &[Expr]) -> Result<Expr, ClientError> {
    use BinaryOperator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or};
    let fields = pairs(left, right)?;
    let each = |op: &BinaryOperator| {
        fields.iter().map(|(a, b)| binary((*a).clone(), op, (*b).clone())).collect()
    };
    let whole = match op {
        Eq => joined(each(&Eq), &And),
        NotEq => joined(each(&NotEq), &Or),
        _ => {
            within_bounds(left)?;
            within_bounds(right)?;
            let strict = match op {
                LtEq => &Lt,
                GtEq => &Gt,
                other => other,
            };
            let mut backwards = fields.iter().rev();
            let last = backwards.next().map(|(a, b)| binary((*a).clone(), op, (*b).clone()));
            backwards.fold(last, |rest, (a, b)| {
                let equal = binary((*a).clone(), &Eq, (*b).clone());
                let decided = binary((*a).clone(), strict, (*b).clone());
                rest.map(|rest| binary(decided, &Or, binary(equal, &And, rest)))
            })
        }
    };
    whole.ok_or_else(unequal)
}

fn distinct(left: &[Expr], right: &[Expr]) -> Result<Expr, ClientError> {
    let each = pairs(left, right)?.into_iter().map(|(a, b)| {
        Expr::Nested(Box::new(Expr::IsDistinctFrom(Box::new(a.clone()), Box::new(b.clone()))))
    });
    joined(each.collect(), &BinaryOperator::Or).ok_or_else(unequal)
}

fn pairs<'a>(
    left: &'a [Expr],
    right: &'a [Expr],
) -> Result<Vec<(&'a Expr, &'a Expr)>, ClientError> {
    if left.len() == right.len() { Ok(left.iter().zip(right).collect()) } else { Err(unequal()) }
}

fn joined(exprs: Vec<Expr>, op: &BinaryOperator) -> Option<Expr> {
    exprs.into_iter().reduce(|so_far, next| binary(so_far, op, next))
}

fn binary(left: Expr, op: &BinaryOperator, right: Expr) -> Expr {
    let (left, right) = (Box::new(left), Box::new(right));
    Expr::Nested(Box::new(Expr::BinaryOp { left, op: op.clone(), right }))
}

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }
}

fn beside_a_query() -> ClientError {
    let message = "a row beside a subquery is not supported";
    ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
        .hint("Join with the subquery, or use EXISTS.")
}

fn unequal() -> ClientError {
    ClientError::new(SqlState::SYNTAX_ERROR, "unequal number of entries in row expressions")
}
