//! Functions of moments that ask what a clock of the session shows: for them a moment is brought
//! to the session's zone, where that is not UTC.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::DFSchema;
use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, ExprSchemable};

use super::cast::TextCast;
use super::meant::Session;
use super::zoned::CLOCK;
use crate::error::{ClientError, SqlState};
use crate::guard::calls::is_of_clock;
use crate::guard::numbers::external;

pub(super) fn is_local(function: &str) -> bool {
    matches!(function, "age" | "date_part" | "date_trunc" | "to_char") || is_of_clock(function)
}

pub(super) fn rewrite(
    call: ScalarFunction,
    schema: &DFSchema,
    session: Session<'_>,
) -> Result<Transformed<Expr>> {
    let name = call.func.name().to_owned();
    let at = usize::from(matches!(name.as_str(), "date_part" | "date_trunc"));
    let field = call.args.get(at).and_then(|moment| moment.to_field(schema).ok());
    let moments = field
        .is_some_and(|(_, field)| matches!(field.data_type(), DataType::Timestamp(_, Some(_))));
    if !moments || session().time_zone == chrono_tz::UTC {
        return Ok(Transformed::no(Expr::ScalarFunction(call)));
    }
    let ScalarFunction { func, mut args } = call;
    let word = |at: usize| match args.get(at) {
        Some(Expr::Literal(value, _)) => value.try_as_str().flatten().map(str::to_ascii_lowercase),
        _ => None,
    };
    match name.as_str() {
        "to_char" => {
            let pattern = word(1).ok_or_else(unsupported)?;
            if pattern.contains("tz") || pattern.contains("of") {
                return Err(unsupported());
            }
        }
        "date_part" => {
            let part = word(0).ok_or_else(unsupported)?;
            if part.starts_with("epoch") {
                return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args })));
            }
            if part.starts_with("timezone") {
                return Err(unsupported());
            }
        }
        _ => {}
    }
    let zoned =
        |data_type: DataType| TextCast::zoned(Arc::new(Field::new("", data_type, true)), session());
    if name == "age" {
        // Of two moments, which are of one type by then.
        let args = args.into_iter().map(|moment| zoned(CLOCK).call(vec![moment])).collect();
        return Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args })));
    }
    if let Some(moment) = args.get_mut(at) {
        let of = std::mem::take(moment);
        *moment = zoned(CLOCK).call(vec![of]);
    }
    let call = Expr::ScalarFunction(ScalarFunction { func, args });
    if name != "date_trunc" {
        return Ok(Transformed::yes(call));
    }
    let utc = call.to_field(schema)?.1;
    let utc = match utc.data_type() {
        DataType::Timestamp(unit, _) => DataType::Timestamp(*unit, Some("UTC".into())),
        other => other.clone(),
    };
    Ok(Transformed::yes(zoned(utc).call(vec![call])))
}

fn unsupported() -> datafusion::error::DataFusionError {
    let message = "this is not supported in a time zone other than UTC";
    external(
        ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
            .hint("Use AT TIME ZONE, or SET timezone = 'UTC'."),
    )
}
