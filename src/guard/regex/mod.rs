//! PostgreSQL's regular expressions, the advanced ones of its manual's section 9.7.3, under the `C`
//! collation: letters and classes are those of ASCII.
//!
//! [`read`] turns a pattern into one of the crate that searches, whose time is linear in the text.
//! What that crate cannot do without trying many ways, as references back and looking ahead, is
//! refused (0A000). [`search`] finds the longest match where PostgreSQL does, and [`similar`] turns
//! a pattern of `SIMILAR TO` into such a pattern.

mod bracket;
mod escape;
mod operators;
mod read;
mod search;
mod similar;

use crate::error::{ClientError, SqlState};

pub(in crate::guard) use operators::{matched, searched};
pub(in crate::guard) use read::Flags;
pub(in crate::guard) use search::{Captures, Regex};
pub(in crate::guard) use similar::regular;

/// 2201B
fn invalid(what: &str) -> ClientError {
    let message = format!("invalid regular expression: {what}");
    ClientError::new(SqlState::INVALID_REGULAR_EXPRESSION, message)
}

/// 0A000
fn unsupported(what: &str) -> ClientError {
    let message = format!("{what} in a regular expression is not supported");
    ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
}
