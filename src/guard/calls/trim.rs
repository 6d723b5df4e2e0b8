//! `btrim` and its kin, of sets of any size in linear time.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::{Function, Outcome, Types, all_texts, udf};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "btrim", types, body: |arguments, _| trimmed(arguments, true, true) },
    Function { name: "trim", types, body: |arguments, _| trimmed(arguments, true, true) },
    Function { name: "ltrim", types, body: |arguments, _| trimmed(arguments, true, false) },
    RTRIM,
];

const RTRIM: Function =
    Function { name: "rtrim", types, body: |arguments, _| trimmed(arguments, false, true) };

static SPACES: Function = RTRIM;

/// The function that takes the spaces off the end of a text.
pub(in crate::guard) fn without_spaces() -> ScalarUDF {
    udf(&SPACES)
}

fn types(arguments: &[DataType]) -> Option<Types> {
    match arguments {
        [_] | [_, _] => all_texts(arguments, DataType::Utf8),
        _ => None,
    }
}

/// Characters that are cut off. Those of ASCII are bits.
struct Set {
    ascii: u128,
    others: HashSet<char>,
}

impl Set {
    fn of(characters: &str) -> Self {
        let mut set = Self { ascii: 0, others: HashSet::new() };
        for character in characters.chars() {
            if character.is_ascii() {
                set.ascii |= 1 << u32::from(character);
            } else {
                set.others.insert(character);
            }
        }
        set
    }

    fn holds(&self, character: char) -> bool {
        if character.is_ascii() {
            self.ascii >> u32::from(character) & 1 == 1
        } else {
            self.others.contains(&character)
        }
    }
}

fn trimmed(arguments: &[ArrayRef], start: bool, end: bool) -> Outcome {
    let mut out = StringBuilder::new();
    let Some(texts) = arguments.first() else { return Ok(Arc::new(out.finish())) };
    let sets = arguments.get(1).map(|sets| sets.as_string::<i32>());
    let space = Set::of(" ");
    // A set is mostly the same for all rows.
    let mut last: Option<(&str, Set)> = None;
    for (row, text) in texts.as_string::<i32>().iter().enumerate() {
        let set = match sets.map(|sets| sets.is_valid(row).then(|| sets.value(row))) {
            None => Some(&space),
            Some(None) => None,
            Some(Some(characters)) => {
                if last.as_ref().is_none_or(|(known, _)| *known != characters) {
                    last = Some((characters, Set::of(characters)));
                }
                last.as_ref().map(|(_, set)| set)
            }
        };
        let (Some(text), Some(set)) = (text, set) else {
            out.append_null();
            continue;
        };
        let text = if start { text.trim_start_matches(|c| set.holds(c)) } else { text };
        let text = if end { text.trim_end_matches(|c| set.holds(c)) } else { text };
        out.append_value(text);
    }
    Ok(Arc::new(out.finish()))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use datafusion::arrow::array::StringArray;

    use super::*;

    #[test]
    fn a_long_set_takes_no_longer_than_a_short_one() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["ä".repeat(500_000)]));
        let set: ArrayRef = Arc::new(StringArray::from(vec![format!("{}ä", "b".repeat(40_000))]));
        let begun = Instant::now();
        let left = trimmed(&[text, set], true, true).unwrap();
        assert_eq!(left.as_string::<i32>().value(0), "");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}
