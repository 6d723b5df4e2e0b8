//! `character(n)` is filled up with spaces, and they are no part of what it says: whatever looks at
//! such a value is given it without them, but for what shows it.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, cast};

use super::cast::TextCast;
use crate::guard::calls::{CHARACTERS, FOLDED, without_spaces};
use crate::guard::system::types;

/// Functions that take the spaces too.
const SHOWING: [&str; 8] =
    ["concat", "concat_ws", "format", "like", "octet_length", CHARACTERS, FOLDED, TextCast::WRITES];

/// An expression whose operands have lost the spaces that do not count.
pub(super) fn operands(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let looks = match &expr {
        Expr::BinaryExpr(BinaryExpr { op, .. }) => {
            !matches!(op, Operator::And | Operator::Or) && !is_pattern(*op)
        }
        Expr::ScalarFunction(call) => !SHOWING.contains(&call.func.name()),
        Expr::InList(_) | Expr::Between(_) => true,
        _ => false,
    };
    if !looks {
        return Ok(Transformed::no(expr));
    }
    expr.map_children(|operand| Ok(without(operand, schema)))
}

fn is_pattern(op: Operator) -> bool {
    use Operator::{ILikeMatch, LikeMatch, NotILikeMatch, NotLikeMatch};
    use Operator::{RegexIMatch, RegexMatch, RegexNotIMatch, RegexNotMatch};
    matches!(
        op,
        ILikeMatch
            | LikeMatch
            | NotILikeMatch
            | NotLikeMatch
            | RegexIMatch
            | RegexMatch
            | RegexNotIMatch
            | RegexNotMatch
    )
}

/// A text without the spaces at its end, as a type of texts.
pub(super) fn cut(expr: Expr, to: &DataType) -> Expr {
    cast(without_spaces().call(vec![cast(expr, DataType::Utf8)]), to.clone())
}

/// A value of `character(n)` without the spaces at its end; anything else as it is.
pub(super) fn without(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    if !matches!(expr, Expr::Cast(_) | Expr::Column(_)) {
        return Transformed::no(expr);
    }
    match expr.to_field(schema) {
        Ok((_, field)) if types::hint(&field) == Some("bpchar") => {
            Transformed::yes(cut(expr, field.data_type()))
        }
        _ => Transformed::no(expr),
    }
}
