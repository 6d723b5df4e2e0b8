//! `LIKE` with a pattern that is not known beforehand, or that ends with its escape.
//!
//! Such a pattern matches nothing: what the escape takes is missing. PostgreSQL says so where it
//! comes to the escape while some of the text is left, which is where the pattern without it matches
//! the beginning of a text; elsewhere the answer is false.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::wildcards::Pattern;
use super::{Function, Outcome, Types, all_texts, udf};
use crate::error::{ClientError, SqlState};
use crate::stop::Steps;

pub(super) const FUNCTIONS: &[Function] = &[LIKE];

const LIKE: Function = Function { name: "like", types: two, body: |a, _| liked(a) };

static OPERATOR: Function = LIKE;

/// `text LIKE pattern` as a function.
pub(in crate::guard) fn like() -> ScalarUDF {
    udf(&OPERATOR)
}

fn two(arguments: &[DataType]) -> Option<Types> {
    (arguments.len() == 2).then(|| all_texts(arguments, DataType::Boolean)).flatten()
}

fn liked(arguments: &[ArrayRef]) -> Outcome {
    let texts = super::texts::column(arguments, 0)?;
    let patterns = super::texts::column(arguments, 1)?;
    let ends = |pattern: &str| begins_with(pattern).is_some();
    if !patterns.iter().flatten().any(ends) {
        return matches(texts, patterns).map(|found| Arc::new(found) as ArrayRef);
    }
    let asked = patterns.iter().map(|pattern| {
        let pattern = pattern?;
        Some(begins_with(pattern).unwrap_or_else(|| pattern.to_owned()))
    });
    let found = matches(texts, &asked.collect())?;
    let answer = found.iter().zip(patterns.iter()).map(|(found, pattern)| match pattern {
        Some(pattern) if ends(pattern) && found == Some(true) => {
            let message = "LIKE pattern must not end with escape character";
            Err(ClientError::new(SqlState::INVALID_ESCAPE_SEQUENCE, message))
        }
        _ => Ok(found),
    });
    Ok(Arc::new(answer.collect::<Result<BooleanArray, _>>()?))
}

fn matches(texts: &StringArray, patterns: &StringArray) -> Result<BooleanArray, ClientError> {
    let (mut steps, mut last) = (Steps::default(), None::<(&str, Pattern)>);
    let found = texts.iter().zip(patterns).map(|(text, pattern)| {
        let Some((text, pattern)) = text.zip(pattern) else { return Ok(None) };
        steps.take(text.len().saturating_add(pattern.len()))?;
        // Most rows have the same.
        let known = last.take().filter(|(known, _)| *known == pattern);
        let (_, read) = last.insert(known.unwrap_or_else(|| (pattern, Pattern::new(pattern))));
        read.matches(text, &mut steps).map(Some)
    });
    found.collect()
}

/// Whether a pattern has so many wildcards that the engine, which makes a regular expression of it,
/// may search for long.
pub(in crate::guard) fn has_many_wildcards(pattern: &str) -> bool {
    pattern.bytes().filter(|byte| matches!(byte, b'%' | b'_')).count() > FEW_WILDCARDS
}

/// What people write has fewer.
const FEW_WILDCARDS: usize = 16;

/// Whether the last letter of a pattern is an escape that takes nothing.
pub(in crate::guard) fn ends_with_escape(pattern: &str) -> bool {
    pattern.chars().rev().take_while(|letter| *letter == '\\').count() % 2 == 1
}

/// For a pattern that ends with its escape, one of the texts in which matching comes that far. The
/// wildcards before the escape are taken together, and need one character between them.
fn begins_with(pattern: &str) -> Option<String> {
    let before = pattern.strip_suffix('\\').filter(|_| ends_with_escape(pattern))?;
    let is_wild = |letter: char| matches!(letter, '%' | '_');
    let mut rest = before.trim_end_matches(is_wild);
    if ends_with_escape(rest) {
        // The first of them is no wildcard.
        rest = before.get(..=rest.len()).unwrap_or(before);
    }
    let wild = before.get(rest.len()..).unwrap_or_default();
    let (single, any) = wild.split_once('%').unwrap_or((wild, ""));
    let behind = any.chars().filter(|letter| *letter == '_').count();
    Some(format!("{rest}{single}{}%", "_".repeat(behind.max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_to_the_escape_is_known() {
        for (pattern, texts) in [
            ("a", None),
            (r"a\\", None),
            (r"a\%", None),
            (r"\", Some("_%")),
            (r"a\", Some("a_%")),
            (r"a_\", Some("a__%")),
            (r"a%\", Some("a_%")),
            (r"a_%_%_\", Some("a___%")),
            (r"a\%\", Some(r"a\%_%")),
            (r"a\%_%\", Some(r"a\%__%")),
            (r"a\\%\", Some(r"a\\_%")),
        ] {
            assert_eq!(begins_with(pattern).as_deref(), texts, "{pattern}");
        }
    }
}
