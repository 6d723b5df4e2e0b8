//! Functions of texts: letters outside of ASCII have no case in the `C` locale, and a text is found
//! in another in linear time.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::logical_expr::ScalarUDF;

use super::{Function, Outcome, Types, all_texts, is_text, udf};
use crate::error::ClientError;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "upper", types: one, body: |a, _| each(a, |text| text.to_ascii_uppercase()) },
    Function { name: "lower", types: one, body: |a, _| each(a, |text| text.to_ascii_lowercase()) },
    Function { name: "initcap", types: one, body: |a, _| each(a, capitalized) },
    Function { name: "strpos", types: two, body: |a, _| positions(a) },
    Function { name: "position", types: two, body: |a, _| positions(a) },
    Function {
        name: "length",
        types: measurable,
        body: |a, _| lengths(a, |text| text.chars().count()),
    },
    Function { name: "octet_length", types: measurable, body: |a, _| lengths(a, str::len) },
    Function { name: CHARACTERS, types: counted, body: |a, _| characters(a) },
    IN_LOWER_CASE,
    Function { name: "array_to_string", types: joinable, body: |a, _| joined(a) },
];

/// `character(n)` of a text.
pub const CHARACTERS: &str = "characters of";

/// What `ILIKE` compares of a text or a pattern.
pub const FOLDED: &str = "folded";

const IN_LOWER_CASE: Function =
    Function { name: FOLDED, types: one, body: |a, _| each(a, str::to_ascii_lowercase) };

static FOLDING: Function = IN_LOWER_CASE;

/// The function that makes of a text what `ILIKE` compares.
pub(in crate::guard) fn in_lower_case() -> ScalarUDF {
    udf(&FOLDING)
}

fn one(arguments: &[DataType]) -> Option<Types> {
    (arguments.len() == 1).then(|| all_texts(arguments, DataType::Utf8)).flatten()
}

fn two(arguments: &[DataType]) -> Option<Types> {
    (arguments.len() == 2).then(|| all_texts(arguments, DataType::Int32)).flatten()
}

/// Characters of a text, bytes of a `bytea`.
fn measurable(arguments: &[DataType]) -> Option<Types> {
    match arguments {
        [of] if of.is_binary() => Some((vec![DataType::Binary], DataType::Int32)),
        [of] if is_text(of) => Some((vec![DataType::Utf8], DataType::Int32)),
        _ => None,
    }
}

fn counted(arguments: &[DataType]) -> Option<Types> {
    match arguments {
        [text, count] if is_text(text) && count.is_integer() => {
            Some((vec![DataType::Utf8, DataType::Int64], DataType::Utf8))
        }
        _ => None,
    }
}

fn joinable(arguments: &[DataType]) -> Option<Types> {
    let (list, rest) = arguments.split_first()?;
    let known =
        matches!(list, DataType::List(item) if !matches!(item.data_type(), DataType::List(_)));
    if !known || !(1..=2).contains(&rest.len()) || !rest.iter().all(is_text) {
        return None;
    }
    let mut taken = vec![list.clone()];
    taken.extend(rest.iter().map(|_| DataType::Utf8));
    Some((taken, DataType::Utf8))
}

/// A column of texts.
pub(super) fn column(arguments: &[ArrayRef], at: usize) -> Result<&StringArray, ClientError> {
    let texts = arguments.get(at).and_then(|column| column.as_string_opt::<i32>());
    texts.ok_or_else(|| super::internal("an argument is no text"))
}

fn each(arguments: &[ArrayRef], change: impl Fn(&str) -> String) -> Outcome {
    let texts = column(arguments, 0)?;
    Ok(Arc::new(texts.iter().map(|text| text.map(&change)).collect::<StringArray>()))
}

fn lengths(arguments: &[ArrayRef], of_text: fn(&str) -> usize) -> Outcome {
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let bytes = arguments.first().and_then(|values| values.as_binary_opt::<i32>());
    let lengths: Int32Array = match bytes {
        Some(bytes) => bytes.iter().map(|bytes| Some(count(bytes?.len()))).collect(),
        None => {
            let texts = column(arguments, 0)?;
            texts.iter().map(|text| Some(count(of_text(text?)))).collect()
        }
    };
    Ok(Arc::new(lengths))
}

/// Only ASCII has letters; what is none of its letters and digits begins a new word.
fn capitalized(text: &str) -> String {
    let mut inside = false;
    let change = |letter: char| {
        let changed =
            if inside { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() };
        inside = letter.is_ascii_alphanumeric();
        changed
    };
    text.chars().map(change).collect()
}

/// Where the second text stands in the first, in characters from 1; 0 where it does not.
fn positions(arguments: &[ArrayRef]) -> Outcome {
    let (texts, wanted) = (column(arguments, 0)?, column(arguments, 1)?);
    let position = |(text, wanted): (Option<&str>, Option<&str>)| {
        let (text, wanted) = (text?, wanted?);
        let before = text.find(wanted).and_then(|at| text.get(..at));
        Some(before.map_or(0, |before| {
            i32::try_from(before.chars().count()).map_or(i32::MAX, |count| count.saturating_add(1))
        }))
    };
    Ok(Arc::new(texts.iter().zip(wanted.iter()).map(position).collect::<Int32Array>()))
}

/// Cut to so many characters, and filled up with spaces to as many.
fn characters(arguments: &[ArrayRef]) -> Outcome {
    /// PostgreSQL's bound of a length.
    const LONGEST: i64 = 10_485_760;
    let texts = column(arguments, 0)?;
    let counts = arguments.get(1).and_then(|counts| counts.as_primitive_opt::<Int64Type>());
    let counts = counts.ok_or_else(|| super::internal("a length is no number"))?;
    let mut out = StringBuilder::new();
    for (text, count) in texts.iter().zip(counts.iter()) {
        let (Some(text), Some(count)) = (text, count) else {
            out.append_null();
            continue;
        };
        let count = usize::try_from(count.clamp(1, LONGEST)).unwrap_or(1);
        let mut cut: String = text.chars().take(count).collect();
        let missing = count - cut.chars().count();
        cut.extend(std::iter::repeat_n(' ', missing));
        out.append_value(cut);
    }
    Ok(Arc::new(out.finish()))
}

/// The elements of a list, which are texts by then, with a text between them; NULL as the third
/// text, or not at all.
fn joined(arguments: &[ArrayRef]) -> Outcome {
    let lists = arguments.first().and_then(|lists| lists.as_list_opt::<i32>());
    let lists = lists.ok_or_else(|| super::internal("an argument is no list"))?;
    let between = column(arguments, 1)?;
    let instead = arguments.get(2).map(|_| column(arguments, 2)).transpose()?;
    let texts = super::widened(lists.values(), &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    let mut out = StringBuilder::new();
    for row in 0..lists.len() {
        if lists.is_null(row) || between.is_null(row) {
            out.append_null();
            continue;
        }
        let offsets = lists.value_offsets();
        let bound = |at: usize| {
            offsets.get(at).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or_default()
        };
        let (first, last) = (bound(row), bound(row + 1));
        let null = instead.and_then(|texts| texts.is_valid(row).then(|| texts.value(row)));
        let shown = (first..last)
            .filter_map(|at| if texts.is_null(at) { null } else { Some(texts.value(at)) });
        let mut line = String::new();
        for (count, text) in shown.enumerate() {
            if count > 0 {
                line.push_str(between.value(row));
            }
            line.push_str(text);
        }
        out.append_value(line);
    }
    Ok(Arc::new(out.finish()))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use datafusion::arrow::datatypes::Int32Type;

    use super::*;

    fn texts(values: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn letters_outside_of_ascii_have_no_case() {
        assert_eq!(capitalized("hELLO wORLD größe 1x"), "Hello World GrößE 1x");
    }

    #[test]
    fn a_long_text_is_found_in_linear_time() {
        let text = texts(&[&"a".repeat(2_000_000)]);
        let wanted = texts(&[&format!("{}b", "a".repeat(100_000))]);
        let begun = Instant::now();
        let found = positions(&[text, wanted]).unwrap();
        assert_eq!(found.as_primitive::<Int32Type>().value(0), 0);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        let found = positions(&[texts(&["größe"]), texts(&["ße"])]).unwrap();
        assert_eq!(found.as_primitive::<Int32Type>().value(0), 4);
    }
}
