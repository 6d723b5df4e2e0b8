//! `similar_to_escape`, which makes a regular expression of a pattern of `SIMILAR TO`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, StringBuilder};
use datafusion::arrow::datatypes::DataType;

use super::{Function, Outcome, Types, all_texts};
use crate::error::{ClientError, SqlState};
use crate::guard::regex::regular;

pub(super) const FUNCTIONS: &[Function] =
    &[Function { name: SIMILAR, types: escaped, body: |a, _| expressions(a) }];

/// `a SIMILAR TO b ESCAPE c` is `a ~ similar_to_escape(b, c)`.
pub const SIMILAR: &str = "similar_to_escape";

fn escaped(arguments: &[DataType]) -> Option<Types> {
    matches!(arguments, [_] | [_, _]).then(|| all_texts(arguments, DataType::Utf8)).flatten()
}

fn expressions(arguments: &[ArrayRef]) -> Outcome {
    let patterns = super::texts::column(arguments, 0)?;
    let escapes = arguments.get(1).map(|_| super::texts::column(arguments, 1)).transpose()?;
    let mut out = StringBuilder::new();
    for (row, pattern) in patterns.iter().enumerate() {
        let escape = match escapes {
            Some(escapes) => escapes.is_valid(row).then(|| escapes.value(row)),
            None => Some("\\"),
        };
        match pattern.zip(escape) {
            Some((pattern, escape)) => out.append_value(regular(pattern, only(escape)?)?),
            None => out.append_null(),
        }
    }
    Ok(Arc::new(out.finish()))
}

/// The one letter of an escape, which may be empty.
fn only(escape: &str) -> Result<Option<char>, ClientError> {
    let mut letters = escape.chars();
    match (letters.next(), letters.next()) {
        (first, None) => Ok(first),
        _ => Err(ClientError::new(SqlState::INVALID_ESCAPE_SEQUENCE, "invalid escape string")
            .hint("Escape string must be empty or one character.")),
    }
}
