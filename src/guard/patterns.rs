//! `LIKE` and `~` once their patterns have their values.
//!
//! The engine's operator stays where it means what PostgreSQL does: where the pattern is constant and
//! does not end with its escape, nor has very many wildcards. Then it can be computed where the column lies. Anything else becomes a
//! function of ours, which can fail and stays above the guard; so does every `~`.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::{Cast, Like};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, cast};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;

use super::calls::{ends_with_escape, has_many_wildcards, like};
use super::regex;

/// Settles every `LIKE` and `~` of a plan.
///
/// # Errors
/// Where the plan cannot be built anew.
pub(in crate::guard) fn settled(
    plan: LogicalPlan,
    folding: &ExprSimplifier,
) -> Result<LogicalPlan> {
    let settled = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            if matches!(expr, Expr::GroupingSet(_)) {
                // A member goes by the name that the rest of the plan knows it by.
                let names = NamePreserver::new_for_projection();
                return expr.map_children(|member| {
                    let name = names.save(&member);
                    Ok(operators(member, folding)?.update_data(|member| name.restore(member)))
                });
            }
            let name = names.save(&expr);
            Ok(operators(expr, folding)?.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(settled.data)
}

/// The same for an expression without a plan.
///
/// # Errors
/// As [`settled`].
pub(in crate::guard) fn settled_expr(expr: Expr, folding: &ExprSimplifier) -> Result<Expr> {
    Ok(operators(expr, folding)?.data)
}

fn operators(expr: Expr, folding: &ExprSimplifier) -> Result<Transformed<Expr>> {
    expr.transform_up(|expr| match expr {
        Expr::Like(operator) if !operator.case_insensitive => Ok(one(operator, folding)),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let searched = regex::searched(&left, op, &right).map(Transformed::yes);
            let other = || Expr::BinaryExpr(BinaryExpr { left, op, right });
            Ok(searched.unwrap_or_else(|| Transformed::no(other())))
        }
        other => Ok(Transformed::no(other)),
    })
}

fn one(operator: Like, folding: &ExprSimplifier) -> Transformed<Expr> {
    let pattern = match (text_of(&operator.pattern), is_constant(&operator.pattern)) {
        // What is too large to be folded, or fails, does so where it runs.
        (None, true) => folding.simplify(operator.pattern.as_ref().clone()).ok(),
        _ => None,
    };
    let is_changed = pattern.is_some();
    let pattern = pattern.map_or(operator.pattern, Box::new);
    let Like { negated, expr, escape_char, case_insensitive, .. } = operator;
    let is_known = match text_of(&pattern) {
        Some(text) => !ends_with_escape(text) && !has_many_wildcards(text),
        None => matches!(pattern.as_ref(), Expr::Literal(value, _) if value.is_null()),
    };
    if is_known {
        let operator = Like { negated, expr, pattern, escape_char, case_insensitive };
        return Transformed::new_transformed(Expr::Like(operator), is_changed);
    }
    let operands = vec![cast(*expr, DataType::Utf8), cast(*pattern, DataType::Utf8)];
    let found = like().call(operands);
    Transformed::yes(if negated { Expr::Not(Box::new(found)) } else { found })
}

/// Whether an expression reads nothing.
fn is_constant(expr: &Expr) -> bool {
    let reads = expr.exists(|part| {
        Ok(matches!(
            part,
            Expr::Column(_)
                | Expr::OuterReferenceColumn(..)
                | Expr::Placeholder(_)
                | Expr::ScalarSubquery(_)
                | Expr::Exists(_)
                | Expr::InSubquery(_)
                | Expr::SetComparison(_)
                | Expr::AggregateFunction(_)
                | Expr::WindowFunction(_)
        ))
    });
    !reads.unwrap_or(true) && !expr.is_volatile()
}

/// The text of a constant, perhaps as another type of texts.
fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        Expr::Cast(Cast { expr, field }) if field.data_type().is_string() => text_of(expr),
        _ => None,
    }
}
