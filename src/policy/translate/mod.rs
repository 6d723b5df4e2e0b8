//! From what is left of a policy to a row filter, exactly.
//!
//! An absent attribute is NULL, and reading one is an error in Cedar. So an expression has three
//! outcomes, and is compiled into two predicates: where it is true, and where it is false. Where
//! it errs neither holds, no NOT ever stands over a boolean, and NULL can only refuse a row.
//! What is not understood here is an error, which denies.
//!
//! A column that its source declares NOT NULL is taken at its word, and the filter is shorter for
//! it. Were it NULL all the same, the filter would be that of the rest of the condition: an
//! alternative that holds still holds, a conjunct that fails still fails.

mod compare;
mod constant;
mod tidy;

use cedar_policy_core::ast::{BinaryOp, EntityType, Expr, ExprKind, Literal, PatternElem, UnaryOp};
use portcullis_connector_api::predicate::LikePiece;
use portcullis_connector_api::{ColumnName, CompareOp, LikePattern, Predicate, SqlType};

use self::constant::Constant;
pub(super) use self::tidy::tidy;
use super::presence::{can_err, is_row};
use super::schema::{ColumnShape, TableShape, columns_comparable};

/// Where an expression is true, and where it is false; an error is neither.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Truth {
    /// Admits the rows for which it is true.
    pub yes: Predicate,
    /// Admits the rows for which it is false.
    pub no: Predicate,
}

/// What cannot be said as a predicate. The check at load refuses every policy that could leave
/// such a thing, so this is a second line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untranslatable {
    /// An expression that has no counterpart.
    #[error("\"{0}\" cannot be a row filter")]
    Expression(String),
    /// An attribute that the table has not.
    #[error("\"{0}\" is no column that policies can name")]
    Column(String),
    /// A comparison that the column's type has not.
    #[error("column \"{0}\" cannot be compared in this way")]
    Comparison(ColumnName),
    /// A text that no source can be sent.
    #[error("a text holds a NUL character")]
    Nul,
}

type Result<T> = std::result::Result<T, Untranslatable>;

impl Truth {
    fn constant(value: bool) -> Self {
        let (yes, no) = (Predicate::True, Predicate::False);
        if value { Self { yes, no } } else { Self { yes: no, no: yes } }
    }

    /// What always errs.
    fn error() -> Self {
        Self { yes: Predicate::False, no: Predicate::False }
    }

    fn not(self) -> Self {
        Self { yes: self.no, no: self.yes }
    }

    /// `a && b`. Where `a` errs the whole errs, whatever `b` is; where `a` cannot err, that it
    /// holds need not be said again beside `b`'s failure.
    fn and(a: Self, a_can_err: bool, b: Self) -> Self {
        let b_fails = if a_can_err { a.yes.clone().and(b.no) } else { b.no };
        Self { yes: a.yes.and(b.yes), no: Predicate::any([a.no, b_fails]) }
    }
}

/// Compiles what evaluation has left of a condition on rows of this table.
///
/// # Errors
/// Where it holds something that is not understood.
pub(super) fn translate(expr: &Expr, table: &TableShape) -> Result<Truth> {
    match expr.expr_kind() {
        ExprKind::Lit(Literal::Bool(value)) => Ok(Truth::constant(*value)),
        ExprKind::And { left, right } => {
            let can_err = can_err(left, table);
            Ok(Truth::and(translate(left, table)?, can_err, translate(right, table)?))
        }
        // a || b is !(!a && !b), in Cedar's order of evaluation too.
        ExprKind::Or { left, right } => {
            let can_err = can_err(left, table);
            let (a, b) = (translate(left, table)?, translate(right, table)?);
            Ok(Truth::and(a.not(), can_err, b.not()).not())
        }
        ExprKind::UnaryApp { op: UnaryOp::Not, arg } => Ok(translate(arg, table)?.not()),
        ExprKind::If { test_expr, then_expr, else_expr } => {
            let test = translate(test_expr, table)?;
            let (then, other) = (translate(then_expr, table)?, translate(else_expr, table)?);
            let branches = |then, other| {
                Predicate::any([test.yes.clone().and(then), test.no.clone().and(other)])
            };
            Ok(Truth { yes: branches(then.yes, other.yes), no: branches(then.no, other.no) })
        }
        ExprKind::Is { expr: inner, entity_type } if is_row(inner) => {
            let own: &EntityType = table.entity_type.as_ref();
            Ok(Truth::constant(own == entity_type))
        }
        ExprKind::HasAttr { expr: inner, attr } if is_row(inner) => {
            let name = column(table, attr)?.name.clone();
            Ok(Truth { yes: Predicate::IsNotNull(name.clone()), no: Predicate::IsNull(name) })
        }
        ExprKind::GetAttr { .. } => {
            let column = row_column(expr, table)?.ok_or_else(|| unknown(expr))?;
            pair(|op| compare::compare(column, op, &Constant::Bool(true)), CompareOp::Eq)
        }
        ExprKind::Like { expr: inner, pattern } => {
            let column = row_column(inner, table)?.ok_or_else(|| unknown(expr))?;
            like(column, pattern.get_elems())
        }
        ExprKind::BinaryApp { op, arg1, arg2 } => match op {
            BinaryOp::Eq => comparison(expr, table, arg1, CompareOp::Eq, arg2),
            BinaryOp::Less => comparison(expr, table, arg1, CompareOp::Lt, arg2),
            BinaryOp::LessEq => comparison(expr, table, arg1, CompareOp::LtEq, arg2),
            BinaryOp::Contains => {
                let members = Constant::members(arg1).ok_or_else(|| unknown(expr))?;
                let column = row_column(arg2, table)?.ok_or_else(|| unknown(expr))?;
                Ok(Truth {
                    yes: compare::contains(column, &members, false)?,
                    no: compare::contains(column, &members, true)?,
                })
            }
            _ => Err(unknown(expr)),
        },
        ExprKind::ExtensionFunctionApp { fn_name, args } => {
            match (fn_name.to_string().as_str(), args.as_slice()) {
                // What evaluation writes in the place of an expression that always errs.
                ("error", []) => Ok(Truth::error()),
                (name, [a, b]) => {
                    let op = match name {
                        "lessThan" => CompareOp::Lt,
                        "lessThanOrEqual" => CompareOp::LtEq,
                        "greaterThan" => CompareOp::Gt,
                        "greaterThanOrEqual" => CompareOp::GtEq,
                        _ => return Err(unknown(expr)),
                    };
                    comparison(expr, table, a, op, b)
                }
                _ => Err(unknown(expr)),
            }
        }
        _ => Err(unknown(expr)),
    }
}

fn comparison(
    whole: &Expr,
    table: &TableShape,
    left: &Expr,
    op: CompareOp,
    right: &Expr,
) -> Result<Truth> {
    match (row_column(left, table)?, row_column(right, table)?) {
        (Some(column), None) => {
            let constant = Constant::of(right).ok_or_else(|| unknown(whole))?;
            pair(|op| compare::compare(column, op, &constant), op)
        }
        (None, Some(column)) => {
            let constant = Constant::of(left).ok_or_else(|| unknown(whole))?;
            pair(|op| compare::compare(column, op, &constant), op.swapped())
        }
        (Some(a), Some(b)) if columns_comparable(&a.sql_type, &b.sql_type) => {
            let compare = |op| {
                let (left, right) = (a.name.clone(), b.name.clone());
                Ok(Predicate::CompareColumns { left, op, right })
            };
            pair(compare, op)
        }
        _ => Err(unknown(whole)),
    }
}

/// A comparison and its negation.
fn pair(compare: impl Fn(CompareOp) -> Result<Predicate>, op: CompareOp) -> Result<Truth> {
    Ok(Truth { yes: compare(op)?, no: compare(op.negated())? })
}

fn like(column: &ColumnShape, elements: &[PatternElem]) -> Result<Truth> {
    if !matches!(column.sql_type, SqlType::Text | SqlType::Varchar) {
        return Err(Untranslatable::Comparison(column.name.clone()));
    }
    let mut pieces = Vec::<LikePiece>::new();
    for element in elements {
        match (element, pieces.last_mut()) {
            (PatternElem::Char('\0'), _) => return Err(Untranslatable::Nul),
            (PatternElem::Char(character), Some(LikePiece::Literal(text))) => text.push(*character),
            (PatternElem::Char(character), _) => {
                pieces.push(LikePiece::Literal(character.to_string()));
            }
            (PatternElem::Wildcard, Some(LikePiece::AnyText)) => {}
            (PatternElem::Wildcard, _) => pieces.push(LikePiece::AnyText),
        }
    }
    let exact = match pieces.as_slice() {
        [] => Some(""),
        [LikePiece::Literal(text)] => Some(text.as_str()),
        _ => None,
    };
    if let Some(text) = exact {
        let constant = Constant::Text(text.into());
        return pair(|op| compare::compare(column, op, &constant), CompareOp::Eq);
    }
    let like = |negated| Predicate::Like {
        column: column.name.clone(),
        pattern: LikePattern(pieces.clone()),
        negated,
    };
    Ok(Truth { yes: like(false), no: like(true) })
}

/// The column of `resource.<attribute>`; none for an expression of another form.
fn row_column<'a>(expr: &Expr, table: &'a TableShape) -> Result<Option<&'a ColumnShape>> {
    match expr.expr_kind() {
        ExprKind::GetAttr { expr: inner, attr } if is_row(inner) => column(table, attr).map(Some),
        _ => Ok(None),
    }
}

fn column<'a>(table: &'a TableShape, attribute: &str) -> Result<&'a ColumnShape> {
    table.attribute(attribute).ok_or_else(|| Untranslatable::Column(attribute.to_owned()))
}

fn unknown(expr: &Expr) -> Untranslatable {
    Untranslatable::Expression(expr.to_string())
}
