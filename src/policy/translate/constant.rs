//! Known values in a residual.

use std::sync::Arc;

use cedar_policy_core::ast::{Expr, ExprKind, Literal};

/// A value that a column can be compared with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Constant {
    Bool(bool),
    Long(i64),
    Text(Arc<str>),
    /// In ten-thousandths.
    Decimal(i64),
    /// In milliseconds since 1970-01-01 00:00 UTC.
    Datetime(i64),
}

impl Constant {
    /// The value of an expression that evaluation has reduced to one; none for anything else.
    pub fn of(expr: &Expr) -> Option<Self> {
        match expr.expr_kind() {
            ExprKind::Lit(Literal::Bool(value)) => Some(Self::Bool(*value)),
            ExprKind::Lit(Literal::Long(value)) => Some(Self::Long(*value)),
            ExprKind::Lit(Literal::String(value)) => Some(Self::Text(value.as_str().into())),
            ExprKind::ExtensionFunctionApp { fn_name, args } => {
                match (fn_name.to_string().as_str(), args.as_slice()) {
                    ("decimal", [digits]) => decimal(text(digits)?).map(Self::Decimal),
                    // Cedar writes every known instant as so many milliseconds from the epoch.
                    ("offset", [epoch, duration]) => {
                        let origin = argument(epoch, "datetime")?;
                        let millis = argument(duration, "duration")?.strip_suffix("ms")?;
                        (origin == "1970-01-01").then(|| millis.parse().ok())?.map(Self::Datetime)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The members of a set that evaluation has reduced to values.
    pub fn members(expr: &Expr) -> Option<Vec<Self>> {
        match expr.expr_kind() {
            ExprKind::Set(members) => members.iter().map(Self::of).collect(),
            _ => None,
        }
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match expr.expr_kind() {
        ExprKind::Lit(Literal::String(text)) => Some(text),
        _ => None,
    }
}

/// The text that this constructor is called with.
fn argument<'a>(expr: &'a Expr, constructor: &str) -> Option<&'a str> {
    match expr.expr_kind() {
        ExprKind::ExtensionFunctionApp { fn_name, args } => match args.as_slice() {
            [only] if fn_name.to_string() == constructor => text(only),
            _ => None,
        },
        _ => None,
    }
}

/// `-?[0-9]+\.[0-9]{1,4}` in ten-thousandths.
fn decimal(digits: &str) -> Option<i64> {
    let (whole, fraction) = digits.split_once('.')?;
    if fraction.is_empty() || fraction.len() > 4 {
        return None;
    }
    format!("{whole}{fraction:0<4}").parse().ok()
}
