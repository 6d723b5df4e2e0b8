//! Which policies are refused, although Cedar would take them.
//!
//! Looks at each policy as it is written: what is left of one after evaluation differs from
//! caller to caller, and a policy must not load for one tenant and fail for another. Refused is
//! what could err, what has no counterpart as a row filter, and what trusts a client's word.

mod limits;
mod refused;

use cedar_policy_core::ast::{
    BinaryOp, Effect, EntityReference, Expr, ExprKind, Literal, PatternElem, Policy,
    PrincipalOrResourceConstraint, UnaryOp, Var,
};
use portcullis_connector_api::SqlType;

use crate::identity::AttributeType;
use crate::policy::presence::{children, is_row};
use crate::policy::schema::{ColumnShape, GeneratedSchema, TableShape, columns_comparable};

use self::refused::{Checked, Refused};

/// The first construct of the policy that is not taken, where it decides about this table; about
/// the gateway, where there is none.
pub(super) fn check(
    policy: &Policy,
    table: Option<&TableShape>,
    schema: &GeneratedSchema,
) -> Checked {
    let check = Check { permit: policy.effect() == Effect::Permit, table, schema };
    check.scope(policy)?;
    let Some(condition) = policy.non_scope_constraints() else { return Ok(()) };
    limits::depth(condition)?;
    check.condition(condition)?;
    table.map_or(Ok(()), |table| limits::comparisons(condition, table))
}

struct Check<'a> {
    permit: bool,
    table: Option<&'a TableShape>,
    schema: &'a GeneratedSchema,
}

/// What a comparison stands between.
enum Operand<'a> {
    /// Evaluation reduces it to a value: it does not depend on the row.
    Known,
    /// `resource.<attribute>`; none where this table has no such column, so that the expression
    /// belongs to another table of the same policy and is never reached here.
    Column(Option<&'a ColumnShape>),
}

impl<'a> Check<'a> {
    fn scope(&self, policy: &Policy) -> Checked {
        let constraint = policy.resource_constraint();
        match constraint.as_inner() {
            PrincipalOrResourceConstraint::Any | PrincipalOrResourceConstraint::Is(_) => Ok(()),
            // There is one gateway, and its name is not a row's.
            _ if self.table.is_none() => Ok(()),
            PrincipalOrResourceConstraint::Eq(entity)
            | PrincipalOrResourceConstraint::In(entity)
            | PrincipalOrResourceConstraint::IsIn(_, entity) => {
                let loc = match entity {
                    EntityReference::EUID(uid) => uid.loc().cloned(),
                    EntityReference::Slot(loc) => loc.clone(),
                };
                Err(Refused::row_id(loc))
            }
        }
    }

    /// An expression that is true or false for each row.
    fn condition(&self, expr: &Expr) -> Checked {
        if !reads_row(expr) {
            return self.known(expr);
        }
        match expr.expr_kind() {
            ExprKind::And { left, right } | ExprKind::Or { left, right } => {
                self.condition(left)?;
                self.condition(right)
            }
            ExprKind::UnaryApp { op: UnaryOp::Not, arg } => self.condition(arg),
            ExprKind::If { test_expr, then_expr, else_expr } => {
                self.condition(test_expr)?;
                self.condition(then_expr)?;
                self.condition(else_expr)
            }
            ExprKind::HasAttr { expr: inner, .. } if is_row(inner) => Ok(()),
            ExprKind::GetAttr { .. } => self.operand(expr).map(drop),
            ExprKind::Like { expr: inner, pattern } => {
                let operand = self.operand(inner)?;
                self.pattern(expr, pattern.get_elems())?;
                match operand {
                    Operand::Column(Some(column)) if column.sql_type == SqlType::Uuid => {
                        Err(Refused::like_on_uuid(expr))
                    }
                    _ => Ok(()),
                }
            }
            ExprKind::BinaryApp { op, arg1, arg2 } => self.binary(expr, *op, arg1, arg2),
            ExprKind::ExtensionFunctionApp { fn_name, args } => {
                let name = fn_name.to_string();
                match (name.as_str(), args.as_slice()) {
                    (
                        "lessThan" | "lessThanOrEqual" | "greaterThan" | "greaterThanOrEqual",
                        [a, b],
                    ) => self.comparison(expr, a, b),
                    _ => Err(Refused::function_of_row(expr, &name)),
                }
            }
            _ => Err(Refused::not_a_condition(expr)),
        }
    }

    fn binary(&self, expr: &Expr, op: BinaryOp, left: &Expr, right: &Expr) -> Checked {
        match op {
            BinaryOp::Eq if self.is_set(left) || self.is_set(right) => {
                Err(Refused::set_equality(expr))
            }
            BinaryOp::Eq | BinaryOp::Less | BinaryOp::LessEq => self.comparison(expr, left, right),
            BinaryOp::Contains if !reads_row(left) => {
                self.known(left)?;
                self.operand(right).map(drop)
            }
            BinaryOp::Contains | BinaryOp::ContainsAll | BinaryOp::ContainsAny => {
                Err(Refused::set_of_row(expr))
            }
            BinaryOp::In => Err(Refused::row_id(expr.source_loc().cloned())),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => Err(Refused::arithmetic(expr)),
            BinaryOp::GetTag | BinaryOp::HasTag => Err(Refused::not_a_condition(expr)),
        }
    }

    fn comparison(&self, expr: &Expr, left: &Expr, right: &Expr) -> Checked {
        match (self.operand(left)?, self.operand(right)?) {
            (Operand::Column(Some(a)), Operand::Column(Some(b)))
                if !columns_comparable(&a.sql_type, &b.sql_type) =>
            {
                Err(Refused::columns(expr, a.name.as_str(), b.name.as_str()))
            }
            _ => Ok(()),
        }
    }

    fn operand(&self, expr: &Expr) -> Checked<Operand<'a>> {
        if !reads_row(expr) {
            return self.known(expr).map(|()| Operand::Known);
        }
        match expr.expr_kind() {
            ExprKind::GetAttr { expr: inner, attr } if is_row(inner) => {
                Ok(Operand::Column(self.table.and_then(|table| table.attribute(attr))))
            }
            ExprKind::Var(Var::Resource) => Err(Refused::row_id(expr.source_loc().cloned())),
            ExprKind::GetAttr { .. } | ExprKind::HasAttr { .. } | ExprKind::ExtHasAttr { .. } => {
                Err(Refused::past_the_row(expr))
            }
            ExprKind::UnaryApp { op: UnaryOp::Neg, .. }
            | ExprKind::BinaryApp { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, .. } => {
                Err(Refused::arithmetic(expr))
            }
            ExprKind::ExtensionFunctionApp { fn_name, .. } => {
                Err(Refused::function_of_row(expr, &fn_name.to_string()))
            }
            ExprKind::Set(_) => Err(Refused::set_equality(expr)),
            _ => Err(Refused::condition_as_value(expr)),
        }
    }

    /// An expression without the row: Cedar itself evaluates it. Only what could err, or trusts
    /// the client, is refused.
    fn known(&self, expr: &Expr) -> Checked {
        match expr.expr_kind() {
            ExprKind::Lit(Literal::String(text)) if text.contains('\0') => Err(Refused::nul(expr)),
            ExprKind::Lit(_) => Ok(()),
            ExprKind::Var(Var::Context) => Err(Refused::whole_context(expr)),
            ExprKind::Var(_) => Ok(()),
            ExprKind::GetAttr { expr: inner, attr } | ExprKind::HasAttr { expr: inner, attr } => {
                self.fact(expr, inner, attr)
            }
            ExprKind::ExtHasAttr { expr: inner, attrs } => self.fact(expr, inner, &attrs.head),
            ExprKind::UnaryApp { op: UnaryOp::Neg, .. }
            | ExprKind::BinaryApp { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, .. } => {
                Err(Refused::arithmetic(expr))
            }
            ExprKind::BinaryApp { op: BinaryOp::Eq, arg1, arg2 }
                if self.is_set(arg1) || self.is_set(arg2) =>
            {
                Err(Refused::set_equality(expr))
            }
            ExprKind::And { left: a, right: b }
            | ExprKind::Or { left: a, right: b }
            | ExprKind::BinaryApp { arg1: a, arg2: b, .. } => {
                self.known(a)?;
                self.known(b)
            }
            ExprKind::If { test_expr, then_expr, else_expr } => {
                self.known(test_expr)?;
                self.known(then_expr)?;
                self.known(else_expr)
            }
            ExprKind::UnaryApp { arg: inner, .. } | ExprKind::Is { expr: inner, .. } => {
                self.known(inner)
            }
            ExprKind::Like { expr: inner, pattern } => {
                self.known(inner)?;
                self.pattern(expr, pattern.get_elems())
            }
            ExprKind::ExtensionFunctionApp { args, .. } => {
                args.iter().try_for_each(|argument| self.known(argument))
            }
            ExprKind::Set(members) => members.iter().try_for_each(|member| self.known(member)),
            ExprKind::Record(fields) => fields.values().try_for_each(|field| self.known(field)),
            ExprKind::Slot(_) | ExprKind::Unknown(_) => Err(Refused::not_a_condition(expr)),
        }
    }

    /// An attribute of something known: of the context, the principal, a record.
    fn fact(&self, expr: &Expr, of: &Expr, attribute: &str) -> Checked {
        if !matches!(of.expr_kind(), ExprKind::Var(Var::Context)) {
            return self.known(of);
        }
        if attribute == "claimed" && self.permit {
            return Err(Refused::claimed(expr));
        }
        Ok(())
    }

    fn pattern(&self, expr: &Expr, elements: &[PatternElem]) -> Checked {
        if elements.contains(&PatternElem::Char('\0')) { Err(Refused::nul(expr)) } else { Ok(()) }
    }

    fn is_set(&self, expr: &Expr) -> bool {
        match expr.expr_kind() {
            ExprKind::Set(_) => true,
            ExprKind::GetAttr { expr: inner, attr } => match inner.expr_kind() {
                ExprKind::Var(Var::Principal) => {
                    self.schema.attribute(attr).is_some_and(|it| it.kind == AttributeType::Set)
                }
                ExprKind::Var(Var::Context) => attr == "tags",
                _ => false,
            },
            ExprKind::If { then_expr, else_expr, .. } => {
                self.is_set(then_expr) || self.is_set(else_expr)
            }
            _ => false,
        }
    }
}

/// Whether the value of the expression can differ from row to row. The type of a row does not:
/// a table's rows have one type.
fn reads_row(expr: &Expr) -> bool {
    match expr.expr_kind() {
        ExprKind::Is { expr: inner, .. } if is_row(inner) => false,
        ExprKind::Var(variable) => *variable == Var::Resource,
        _ => children(expr).into_iter().any(reads_row),
    }
}
