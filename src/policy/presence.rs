//! Which conditions can err over a row.
//!
//! In Cedar, reading an attribute that is absent is an error. A column that may be NULL is such
//! an attribute, unless a test with `has` stands before it. Where this can be ruled out, a
//! condition is two-valued, and its row filter half as long.

use std::collections::BTreeSet;

use cedar_policy_core::ast::{Expr, ExprKind, UnaryOp, Var};

use super::schema::TableShape;

/// Whether some row of the table could make the expression err.
pub(super) fn can_err(expr: &Expr, table: &TableShape) -> bool {
    let presence = Presence::of(expr, table);
    presence.errs_anyway || !presence.needs.is_empty()
}

/// The expressions that this one is made of.
pub(super) fn children(expr: &Expr) -> Vec<&Expr> {
    match expr.expr_kind() {
        ExprKind::Lit(_) | ExprKind::Var(_) | ExprKind::Slot(_) | ExprKind::Unknown(_) => {
            Vec::new()
        }
        ExprKind::If { test_expr, then_expr, else_expr } => vec![test_expr, then_expr, else_expr],
        ExprKind::And { left: a, right: b }
        | ExprKind::Or { left: a, right: b }
        | ExprKind::BinaryApp { arg1: a, arg2: b, .. } => vec![a, b],
        ExprKind::UnaryApp { arg: inner, .. }
        | ExprKind::GetAttr { expr: inner, .. }
        | ExprKind::HasAttr { expr: inner, .. }
        | ExprKind::ExtHasAttr { expr: inner, .. }
        | ExprKind::Like { expr: inner, .. }
        | ExprKind::Is { expr: inner, .. } => vec![inner],
        ExprKind::ExtensionFunctionApp { args, .. } => args.iter().collect(),
        ExprKind::Set(members) => members.iter().collect(),
        ExprKind::Record(fields) => fields.values().collect(),
    }
}

/// Whether this is the row itself.
pub(super) fn is_row(expr: &Expr) -> bool {
    matches!(expr.expr_kind(), ExprKind::Var(Var::Resource))
}

/// Columns that may be NULL, by their part in an expression.
#[derive(Clone, Default)]
struct Presence<'a> {
    /// Where one of them is NULL the expression may err.
    needs: BTreeSet<&'a str>,
    /// It may err whatever they are.
    errs_anyway: bool,
    /// None of them is NULL where the expression is true.
    if_true: BTreeSet<&'a str>,
    /// None of them is NULL where the expression is false.
    if_false: BTreeSet<&'a str>,
}

impl<'a> Presence<'a> {
    fn of(expr: &'a Expr, table: &TableShape) -> Self {
        match expr.expr_kind() {
            ExprKind::HasAttr { expr: inner, attr } if is_row(inner) => {
                Self { if_true: BTreeSet::from([attr.as_str()]), ..Self::default() }
            }
            ExprKind::And { left, right } => Self::of(left, table).and(Self::of(right, table)),
            ExprKind::Or { left, right } => {
                Self::of(left, table).not().and(Self::of(right, table).not()).not()
            }
            ExprKind::UnaryApp { op: UnaryOp::Not, arg } => Self::of(arg, table).not(),
            ExprKind::If { test_expr, then_expr, else_expr } => {
                let test = Self::of(test_expr, table);
                // (test && then) || (!test && else), of which one half is always false.
                let then = test.clone().and(Self::of(then_expr, table));
                let other = test.not().and(Self::of(else_expr, table));
                Self {
                    needs: &then.needs | &other.needs,
                    errs_anyway: then.errs_anyway || other.errs_anyway,
                    if_true: &then.if_true & &other.if_true,
                    if_false: BTreeSet::new(),
                }
            }
            _ => {
                let mut reads = BTreeSet::new();
                let errs_anyway = columns(expr, table, &mut reads);
                Self { needs: reads.clone(), errs_anyway, if_true: reads.clone(), if_false: reads }
            }
        }
    }

    /// The right side is evaluated only where the left one is true.
    fn and(self, right: Self) -> Self {
        let needs = &self.needs | &(&right.needs - &self.if_true);
        let if_true = &self.if_true | &right.if_true;
        let if_false = &self.if_false & &(&self.if_true | &right.if_false);
        Self { needs, errs_anyway: self.errs_anyway || right.errs_anyway, if_true, if_false }
    }

    fn not(self) -> Self {
        Self { if_true: self.if_false, if_false: self.if_true, ..self }
    }
}

/// Collects the columns that an expression reads and that may be NULL; whether it may err for
/// another reason.
fn columns<'a>(expr: &'a Expr, table: &TableShape, found: &mut BTreeSet<&'a str>) -> bool {
    match expr.expr_kind() {
        ExprKind::GetAttr { expr: inner, attr } if is_row(inner) => {
            if table.attribute(attr).is_none_or(|column| column.optional) {
                found.insert(attr);
            }
            false
        }
        // Evaluation leaves this in the place of what always errs.
        ExprKind::ExtensionFunctionApp { args, .. } if args.is_empty() => true,
        _ => {
            let mut errs = false;
            for child in children(expr) {
                errs |= columns(child, table, found);
            }
            errs
        }
    }
}
