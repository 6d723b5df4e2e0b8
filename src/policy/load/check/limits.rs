//! How large a policy may be.

use cedar_policy_core::ast::{Expr, ExprKind, UnaryOp};

use super::reads_row;
use super::refused::{Checked, Refused};
use crate::policy::presence::{can_err, children};
use crate::policy::schema::TableShape;

/// How deeply conditions may nest; `a && b && c` nests twice. Far below what the stack holds.
const MAX_DEPTH: usize = 200;
/// How many comparisons one policy may become. Alternations of `&&` and `||` multiply.
const MAX_COMPARISONS: u64 = 5_000;

const HELP: &str = "write several policies";

/// Refuses what nests too deeply.
pub(super) fn depth(condition: &Expr) -> Checked {
    match nesting(condition, MAX_DEPTH) {
        Some(_) => Ok(()),
        None => {
            let reason = format!("conditions nest more than {MAX_DEPTH} deep");
            Err(Refused::new(condition, reason, HELP))
        }
    }
}

/// Refuses what would become too long a row filter.
pub(super) fn comparisons(condition: &Expr, table: &TableShape) -> Checked {
    let size = Size::of(condition, table);
    if size.yes.max(size.no) <= MAX_COMPARISONS {
        return Ok(());
    }
    let reason = format!("the policy would become more than {MAX_COMPARISONS} comparisons");
    Err(Refused::new(condition, reason, HELP))
}

/// The depth of nesting, or none where it is more than `limit`.
fn nesting(expr: &Expr, limit: usize) -> Option<usize> {
    let below = limit.checked_sub(1)?;
    let mut deepest = 0;
    for child in children(expr) {
        deepest = deepest.max(nesting(child, below)?);
    }
    Some(deepest + 1)
}

/// How many comparisons the two predicates of an expression hold at most.
#[derive(Clone, Copy)]
struct Size {
    yes: u64,
    no: u64,
}

impl Size {
    /// As the translation puts them together.
    fn of(expr: &Expr, table: &TableShape) -> Self {
        match expr.expr_kind() {
            _ if !reads_row(expr) => Self { yes: 0, no: 0 },
            ExprKind::And { left, right } => {
                Self::of(left, table).and(can_err(left, table), Self::of(right, table))
            }
            ExprKind::Or { left, right } => {
                let (a, b) = (Self::of(left, table), Self::of(right, table));
                a.not().and(can_err(left, table), b.not()).not()
            }
            ExprKind::UnaryApp { op: UnaryOp::Not, arg } => Self::of(arg, table).not(),
            ExprKind::If { test_expr, then_expr, else_expr } => {
                let test = Self::of(test_expr, table);
                let test = test.yes.saturating_add(test.no);
                let (then, other) = (Self::of(then_expr, table), Self::of(else_expr, table));
                let sum = |a: u64, b: u64| test.saturating_add(a).saturating_add(b);
                Self { yes: sum(then.yes, other.yes), no: sum(then.no, other.no) }
            }
            _ => Self { yes: 1, no: 1 },
        }
    }

    fn and(self, can_err: bool, other: Self) -> Self {
        let again = if can_err { self.yes } else { 0 };
        Self {
            yes: self.yes.saturating_add(other.yes),
            no: self.no.saturating_add(again).saturating_add(other.no),
        }
    }

    fn not(self) -> Self {
        Self { yes: self.no, no: self.yes }
    }
}
