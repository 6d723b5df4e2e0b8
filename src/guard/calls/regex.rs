//! Functions of regular expressions.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListBuilder, StringArray, StringBuilder,
};
use datafusion::arrow::datatypes::{DataType, Int64Type};

use super::{Function, Outcome, Types, all_texts, internal, is_text};
use crate::error::{ClientError, SqlState};
use crate::guard::regex::{Captures, Flags, Regex};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "regexp_count", types: counted, body: |a, _| counts(a) },
    Function { name: "regexp_instr", types: found, body: |a, _| positions(a) },
    Function { name: "regexp_like", types: compared, body: |a, _| likes(a) },
    Function { name: "regexp_match", types: parted, body: |a, _| matches(a) },
    Function { name: "regexp_replace", types: replaced, body: |a, _| replacements(a) },
    Function { name: "regexp_split_to_array", types: parted, body: |a, _| pieces(a) },
    Function { name: "regexp_substr", types: part, body: |a, _| parts(a) },
    Function { name: PART, types: plain_part, body: |a, _| first_parts(a) },
];

/// `substring(text from pattern)`.
pub const PART: &str = "substring of pattern";

/// What an argument behind the text and the pattern is.
#[derive(Clone, Copy)]
enum Wanted {
    Text,
    Number,
}

use Wanted::{Number, Text};

/// Two texts, and some of the arguments that may follow.
fn with(arguments: &[DataType], wanted: &[Wanted], result: DataType) -> Option<Types> {
    let (texts, others) = arguments.split_at_checked(2)?;
    if !texts.iter().all(is_text) || others.len() > wanted.len() {
        return None;
    }
    let mut taken = vec![DataType::Utf8; 2];
    for (argument, wanted) in others.iter().zip(wanted) {
        taken.push(match wanted {
            Text if is_text(argument) => DataType::Utf8,
            Number if argument.is_integer() || argument.is_null() => DataType::Int64,
            _ => return None,
        });
    }
    Some((taken, result))
}

fn counted(arguments: &[DataType]) -> Option<Types> {
    with(arguments, &[Number, Text], DataType::Int32)
}

fn found(arguments: &[DataType]) -> Option<Types> {
    with(arguments, &[Number, Number, Number, Text, Number], DataType::Int32)
}

fn compared(arguments: &[DataType]) -> Option<Types> {
    with(arguments, &[Text], DataType::Boolean)
}

fn parted(arguments: &[DataType]) -> Option<Types> {
    with(arguments, &[Text], DataType::new_list(DataType::Utf8, true))
}

fn part(arguments: &[DataType]) -> Option<Types> {
    with(arguments, &[Number, Number, Text, Number], DataType::Utf8)
}

fn plain_part(arguments: &[DataType]) -> Option<Types> {
    (arguments.len() == 2).then(|| all_texts(arguments, DataType::Utf8)).flatten()
}

fn replaced(arguments: &[DataType]) -> Option<Types> {
    match arguments {
        [_, _, third, flags] if is_text(third) && is_text(flags) => {
            all_texts(arguments, DataType::Utf8)
        }
        [first, second, third, rest @ ..] if is_text(third) => {
            let mut others = vec![first.clone(), second.clone()];
            others.extend_from_slice(rest);
            let (mut taken, result) = with(&others, &[Number, Number, Text], DataType::Utf8)?;
            taken.insert(2, DataType::Utf8);
            Some((taken, result))
        }
        _ => None,
    }
}

/// The arguments of one row, of which none is NULL.
struct Row<'a> {
    arguments: &'a [ArrayRef],
    at: usize,
}

impl<'a> Row<'a> {
    fn text(&self, argument: usize) -> Result<&'a str, ClientError> {
        let texts = self.arguments.get(argument).and_then(|texts| texts.as_string_opt::<i32>());
        texts.map(|texts| texts.value(self.at)).ok_or_else(|| internal("an argument is no text"))
    }

    /// The flags, where they are given.
    fn flags(&self, argument: usize) -> Result<&'a str, ClientError> {
        if argument < self.arguments.len() { self.text(argument) } else { Ok("") }
    }

    /// A number that is not less than another.
    fn number(&self, argument: usize, name: &str, least: i64) -> Result<Option<i64>, ClientError> {
        let Some(numbers) = self.arguments.get(argument) else { return Ok(None) };
        let numbers = numbers.as_primitive_opt::<Int64Type>();
        let number = numbers.ok_or_else(|| internal("an argument is no number"))?.value(self.at);
        if number < least {
            let message = format!("invalid value for parameter \"{name}\"");
            return Err(ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message));
        }
        Ok(Some(number))
    }

    /// The byte at which to begin; `None` behind the end.
    fn start(&self, argument: usize) -> Result<Option<usize>, ClientError> {
        let text = self.text(0)?;
        let start = self.number(argument, "start", 1)?.unwrap_or(1);
        let before = usize::try_from(start - 1).unwrap_or(usize::MAX);
        let places = text.char_indices().map(|(place, _)| place);
        Ok(places.chain([text.len()]).nth(before))
    }
}

/// The rows without NULL, each given to a function; NULL for the others.
fn each<'a, T>(
    arguments: &'a [ArrayRef],
    mut of: impl FnMut(&Row<'a>) -> Result<Option<T>, ClientError>,
) -> Result<Vec<Option<T>>, ClientError> {
    let rows = arguments.first().map_or(0, |texts| texts.len());
    let value = |at: usize| {
        if arguments.iter().any(|argument| argument.is_null(at)) {
            return Ok(None);
        }
        of(&Row { arguments, at })
    };
    (0..rows).map(value).collect()
}

/// The last pattern that was compiled, which most rows share.
struct Compiled {
    function: &'static str,
    last: Option<(String, String, Pattern)>,
}

struct Pattern {
    regex: Regex,
    captures: Captures,
    global: bool,
}

impl Compiled {
    fn new(function: &'static str) -> Self {
        Self { function, last: None }
    }

    fn pattern(&mut self, pattern: &str, letters: &str) -> Result<&mut Pattern, ClientError> {
        let known =
            |(text, flags, _): &(String, String, Pattern)| text == pattern && flags == letters;
        if !self.last.as_ref().is_some_and(known) {
            let (mut flags, mut global) = (Flags::default(), false);
            for letter in letters.chars() {
                match letter {
                    'g' if self.function == "regexp_replace" => global = true,
                    'g' => return Err(self.not_global()),
                    letter if flags.take(letter)? => {}
                    _ => {
                        let message = "invalid regular expression option";
                        return Err(ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message));
                    }
                }
            }
            let regex = Regex::new(pattern, flags)?;
            let captures = regex.captures();
            let compiled = Pattern { regex, captures, global };
            self.last = Some((pattern.to_owned(), letters.to_owned(), compiled));
        }
        let last = self.last.as_mut().map(|(_, _, compiled)| compiled);
        last.ok_or_else(|| internal("a pattern was not compiled"))
    }

    fn not_global(&self) -> ClientError {
        let message = format!("{}() does not support the \"global\" option", self.function);
        ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message)
    }
}

impl Pattern {
    /// Finds the nth match.
    fn nth(&mut self, text: &str, mut from: usize, nth: i64) -> Result<bool, ClientError> {
        for _ in 1..nth {
            if !self.regex.find(text, from, &mut self.captures)? {
                return Ok(false);
            }
            from = Regex::after(text, &self.captures);
        }
        self.regex.find(text, from, &mut self.captures)
    }

    /// What a pair of parentheses has caught, the whole for 0.
    fn caught(&self, group: usize) -> Option<std::ops::Range<usize>> {
        let whole = self.captures.get_match()?;
        if group == 0 {
            Some(whole.range())
        } else {
            self.captures.get_group(group).map(|span| span.range())
        }
    }

    fn groups(&self) -> usize {
        self.captures.group_len().saturating_sub(1)
    }
}

fn counts(arguments: &[ArrayRef]) -> Outcome {
    let mut compiled = Compiled::new("regexp_count");
    let counts = each(arguments, |row| {
        let (text, start) = (row.text(0)?, row.start(2)?);
        let pattern = compiled.pattern(row.text(1)?, row.flags(3)?)?;
        let Some(mut from) = start else { return Ok(Some(0)) };
        let mut count = 0_i32;
        while pattern.regex.find(text, from, &mut pattern.captures)? {
            count = count.saturating_add(1);
            from = Regex::after(text, &pattern.captures);
        }
        Ok(Some(count))
    })?;
    Ok(Arc::new(Int32Array::from(counts)))
}

/// Which match, and which part of it.
fn chosen(row: &Row<'_>, nth: usize, group: usize) -> Result<(i64, usize), ClientError> {
    let nth = row.number(nth, "n", 1)?.unwrap_or(1);
    let group = row.number(group, "subexpr", 0)?.unwrap_or(0);
    Ok((nth, usize::try_from(group).unwrap_or(usize::MAX)))
}

fn positions(arguments: &[ArrayRef]) -> Outcome {
    let mut compiled = Compiled::new("regexp_instr");
    let positions = each(arguments, |row| {
        let (text, start) = (row.text(0)?, row.start(2)?);
        let (nth, group) = chosen(row, 3, 6)?;
        let behind = row.number(4, "endoption", 0)?.unwrap_or(0);
        if behind > 1 {
            let message = "invalid value for parameter \"endoption\"";
            return Err(ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message));
        }
        let pattern = compiled.pattern(row.text(1)?, row.flags(5)?)?;
        let is_there = match start {
            Some(from) => pattern.nth(text, from, nth)?,
            None => false,
        };
        let part = if is_there { pattern.caught(group) } else { None };
        let place = part.map(|part| if behind == 1 { part.end } else { part.start });
        let before = place.and_then(|place| text.get(..place));
        Ok(Some(
            before
                .map_or(0, |before| i32::try_from(before.chars().count() + 1).unwrap_or(i32::MAX)),
        ))
    })?;
    Ok(Arc::new(Int32Array::from(positions)))
}

fn likes(arguments: &[ArrayRef]) -> Outcome {
    let mut compiled = Compiled::new("regexp_like");
    let likes = each(arguments, |row| {
        let pattern = compiled.pattern(row.text(1)?, row.flags(2)?)?;
        Ok(Some(pattern.regex.is_match(row.text(0)?)?))
    })?;
    Ok(Arc::new(BooleanArray::from(likes)))
}

fn parts(arguments: &[ArrayRef]) -> Outcome {
    let mut compiled = Compiled::new("regexp_substr");
    let parts = each(arguments, |row| {
        let (text, start) = (row.text(0)?, row.start(2)?);
        let (nth, group) = chosen(row, 3, 5)?;
        let pattern = compiled.pattern(row.text(1)?, row.flags(4)?)?;
        let is_there = match start {
            Some(from) => pattern.nth(text, from, nth)?,
            None => false,
        };
        let part = if is_there { pattern.caught(group) } else { None };
        Ok(part.and_then(|part| text.get(part)))
    })?;
    Ok(Arc::new(StringArray::from(parts)))
}

fn first_parts(arguments: &[ArrayRef]) -> Outcome {
    let mut compiled = Compiled::new("substring");
    let parts = each(arguments, |row| {
        let text = row.text(0)?;
        let pattern = compiled.pattern(row.text(1)?, "")?;
        let is_there = pattern.nth(text, 0, 1)?;
        let part = if is_there { pattern.caught(pattern.groups().min(1)) } else { None };
        Ok(part.and_then(|part| text.get(part)))
    })?;
    Ok(Arc::new(StringArray::from(parts)))
}

fn matches(arguments: &[ArrayRef]) -> Outcome {
    let mut compiled = Compiled::new("regexp_match");
    let matches = each(arguments, |row| {
        let text = row.text(0)?;
        let pattern = compiled.pattern(row.text(1)?, row.flags(2)?).map_err(|error| {
            let global = error.message.contains("global");
            if global { error.hint("Use the regexp_replace function instead.") } else { error }
        })?;
        if !pattern.nth(text, 0, 1)? {
            return Ok(None);
        }
        let groups = pattern.groups();
        let caught = (groups.min(1)..=groups).map(|group| pattern.caught(group));
        Ok(Some(caught.map(|part| part.and_then(|part| text.get(part))).collect::<Vec<_>>()))
    })?;
    Ok(lists(matches))
}

fn pieces(arguments: &[ArrayRef]) -> Outcome {
    let mut compiled = Compiled::new("regexp_split_to_array");
    let pieces = each(arguments, |row| {
        let text = row.text(0)?;
        let pattern = compiled.pattern(row.text(1)?, row.flags(2)?)?;
        let (mut from, mut end, mut pieces) = (0, 0, Vec::new());
        while pattern.regex.find(text, from, &mut pattern.captures)? {
            from = Regex::after(text, &pattern.captures);
            // Nothing between two characters divides them, at an end or behind a match it does not.
            let Some(found) = pattern.captures.get_match() else { break };
            if found.start() < text.len() && found.end() > end {
                pieces.push(text.get(end..found.start()));
                end = found.end();
            }
        }
        pieces.push(text.get(end..));
        Ok(Some(pieces))
    })?;
    Ok(lists(pieces))
}

fn lists(lists: Vec<Option<Vec<Option<&str>>>>) -> ArrayRef {
    let mut out = ListBuilder::new(StringBuilder::new());
    for list in lists {
        let there = list.is_some();
        list.into_iter().flatten().for_each(|text| out.values().append_option(text));
        out.append(there);
    }
    Arc::new(out.finish())
}

/// A part of a replacement.
enum Part {
    Text(String),
    /// What a pair of parentheses has caught, the whole for 0.
    Caught(usize),
}

/// `\1` to `\9` and `\&` stand for what matched, `\\` for a backslash.
fn template(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.clone().next() {
            Some('\\') => plain.push('\\'),
            Some('&') => {
                parts.extend([Part::Text(std::mem::take(&mut plain)), Part::Caught(0)]);
            }
            Some(digit @ '1'..='9') => {
                let group = digit.to_digit(10).and_then(|group| usize::try_from(group).ok());
                let group = Part::Caught(group.unwrap_or(0));
                parts.extend([Part::Text(std::mem::take(&mut plain)), group]);
            }
            _ => {
                plain.push('\\');
                continue;
            }
        }
        letters.next();
    }
    parts.push(Part::Text(plain));
    parts
}

fn replacements(arguments: &[ArrayRef]) -> Outcome {
    let mut compiled = Compiled::new("regexp_replace");
    let by_flags =
        arguments.len() == 4 && arguments.get(3).is_some_and(|flags| flags.data_type().is_string());
    let replaced = each(arguments, |row| {
        let text = row.text(0)?;
        let flags = row.flags(if by_flags { 3 } else { 5 })?;
        let (start, nth) =
            if by_flags { (Some(0), None) } else { (row.start(3)?, row.number(4, "n", 0)?) };
        let parts = template(row.text(2)?);
        let pattern = compiled.pattern(row.text(1)?, flags)?;
        let nth = nth.unwrap_or(if pattern.global { 0 } else { 1 });
        let Some(from) = start else { return Ok(Some(text.to_owned())) };
        replaced_in(text, pattern, &parts, from, nth).map(Some)
    })?;
    Ok(Arc::new(StringArray::from(replaced)))
}

/// A text with the nth match replaced, or with all for 0.
fn replaced_in(
    text: &str,
    pattern: &mut Pattern,
    parts: &[Part],
    mut from: usize,
    nth: i64,
) -> Result<String, ClientError> {
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut count) = (0, 0_i64);
    while pattern.regex.find(text, from, &mut pattern.captures)? {
        from = Regex::after(text, &pattern.captures);
        count += 1;
        if nth > 0 && count < nth {
            continue;
        }
        let Some(found) = pattern.captures.get_match() else { break };
        out.push_str(text.get(copied..found.start()).unwrap_or_default());
        for part in parts {
            match part {
                Part::Text(plain) => out.push_str(plain),
                Part::Caught(group) => {
                    let caught = pattern.caught(*group).and_then(|part| text.get(part));
                    out.push_str(caught.unwrap_or_default());
                }
            }
        }
        copied = found.end();
        if nth > 0 {
            break;
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_long_text_is_replaced_and_counted_in_linear_time() {
        let column = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let text = column(&"ab ".repeat(600_000));
        let begun = Instant::now();
        let arguments = [text.clone(), column("b"), column("<\\&>"), column("g")];
        let replaced = replacements(&arguments).unwrap();
        assert_eq!(replaced.as_string::<i32>().value(0).len(), 600_000 * 5);
        let counted = counts(&[text, column("\\ma")]).unwrap();
        assert_eq!(
            counted.as_primitive::<datafusion::arrow::datatypes::Int32Type>().value(0),
            600_000
        );
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}
