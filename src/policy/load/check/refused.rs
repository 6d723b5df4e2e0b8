//! What is said about a construct that is not taken.

use cedar_policy_core::ast::Expr;
use cedar_policy_core::parser::Loc;

/// A construct that is not taken.
pub(in crate::policy::load) struct Refused {
    /// Where; none where Cedar does not say.
    pub loc: Option<Loc>,
    pub reason: String,
    pub help: Option<&'static str>,
}

/// Passed, or refused.
pub(super) type Checked<T = ()> = Result<T, Refused>;

impl Refused {
    pub fn new(expr: &Expr, reason: impl Into<String>, help: &'static str) -> Self {
        Self { loc: expr.source_loc().cloned(), reason: reason.into(), help: Some(help) }
    }

    pub fn row_id(loc: Option<Loc>) -> Self {
        Self {
            loc,
            reason: "a row has no id that a policy could name".to_owned(),
            help: Some("compare a column of the row: resource.id == …"),
        }
    }

    pub fn past_the_row(expr: &Expr) -> Self {
        Self::new(
            expr,
            "a column has no attributes of its own",
            "a condition can name columns of the row, and nothing behind them",
        )
    }

    pub fn arithmetic(expr: &Expr) -> Self {
        Self::new(
            expr,
            "arithmetic can overflow, and a policy must not err",
            "compare with a constant, or with an attribute that holds the result",
        )
    }

    pub fn function_of_row(expr: &Expr, name: &str) -> Self {
        Self::new(
            expr,
            format!("{name} cannot be applied to a value of the row"),
            "apply it to the other side of the comparison: resource.created > \
             context.now.offset(duration(\"-30d\"))",
        )
    }

    pub fn set_equality(expr: &Expr) -> Self {
        Self::new(
            expr,
            "sets cannot be compared with == and !=",
            "say what the set must hold: a.containsAll(b), a.contains(x), a.isEmpty()",
        )
    }

    pub fn set_of_row(expr: &Expr) -> Self {
        Self::new(
            expr,
            "a set that holds values of the row cannot be searched",
            "compare the columns one by one, joined by || or &&",
        )
    }

    pub fn columns(expr: &Expr, left: &str, right: &str) -> Self {
        Self::new(
            expr,
            format!(
                "columns \"{left}\" and \"{right}\" cannot be compared with each other exactly"
            ),
            "columns compare with columns of the same type, timestamps with none",
        )
    }

    pub fn like_on_uuid(expr: &Expr) -> Self {
        Self::new(
            expr,
            "like takes a text column, and this one holds a uuid",
            "compare the whole uuid with ==, in lower case",
        )
    }

    pub fn condition_as_value(expr: &Expr) -> Self {
        Self::new(
            expr,
            "what depends on the row and is no column cannot be compared",
            "join conditions with &&, || and !",
        )
    }

    pub fn not_a_condition(expr: &Expr) -> Self {
        Self::new(
            expr,
            "this cannot be a row filter",
            "compare columns of the row with constants, and with attributes of the principal",
        )
    }

    pub fn whole_context(expr: &Expr) -> Self {
        Self::new(
            expr,
            "the context is not a value of its own",
            "name one of its facts, such as context.client_ip",
        )
    }

    pub fn claimed(expr: &Expr) -> Self {
        Self::new(
            expr,
            "a permit must not rest on context.claimed, which the client says of itself",
            "use it in a forbid, or a claim of the token in its place",
        )
    }

    pub fn nul(expr: &Expr) -> Self {
        Self::new(expr, "a text holds a NUL character", "no source can be asked for such a text")
    }
}
