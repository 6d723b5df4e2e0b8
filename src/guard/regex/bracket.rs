//! What stands in brackets: ranges of characters and classes of ASCII.

use super::escape::{self, Escape};
use super::read::Reader;
use super::{invalid, unsupported};
use crate::error::ClientError;

type Range = (char, char);

const CLASSES: &[(&str, &[Range])] = &[
    ("alnum", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
    ("alpha", &[('A', 'Z'), ('a', 'z')]),
    ("blank", &[('\t', '\t'), (' ', ' ')]),
    ("cntrl", &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')]),
    ("digit", &[('0', '9')]),
    ("graph", &[('!', '~')]),
    ("lower", &[('a', 'z')]),
    ("print", &[(' ', '~')]),
    ("punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ("space", &[('\t', '\r'), (' ', ' ')]),
    ("upper", &[('A', 'Z')]),
    ("word", &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
    ("xdigit", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
];

fn named(name: &str) -> Option<&'static [Range]> {
    CLASSES.iter().find(|(known, _)| *known == name).map(|(_, ranges)| *ranges)
}

/// A class by its name, or what is not in it.
pub(super) fn class(name: &str, negated: bool) -> String {
    written(named(name).unwrap_or_default(), negated)
}

/// Reads what follows an opening bracket, up to the closing one.
///
/// # Errors
/// 2201B where it is no such expression, 0A000 for a character by its name.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<String, ClientError> {
    let negated = reader.take("^");
    let mut ranges: Vec<Range> = Vec::new();
    let mut first = true;
    loop {
        match reader.peek() {
            None => return Err(open()),
            Some(']') if !first => {
                reader.next();
                break;
            }
            // One that is neither first nor last nor the end of a range.
            Some('-') if !first && !reader.rest.starts_with("-]") => return Err(bad_range()),
            Some(_) => {}
        }
        first = false;
        let from = match item(reader)? {
            Item::One(one) => one,
            Item::Several(several) => {
                ranges.extend(several);
                let follows = reader.rest.starts_with('-') && !reader.rest.starts_with("-]");
                if follows {
                    return Err(bad_range());
                }
                continue;
            }
        };
        let mut to = from;
        if reader.rest.starts_with('-') && !reader.rest.starts_with("-]") {
            reader.next();
            let Item::One(end) = item(reader)? else { return Err(bad_range()) };
            to = end;
        }
        if to < from {
            return Err(bad_range());
        }
        ranges.push((from, to));
    }
    if reader.flags.ignore_case {
        let other_case: Vec<_> = ranges.iter().flat_map(in_other_case).collect();
        ranges.extend(other_case);
    }
    if negated && reader.flags.stops {
        ranges.push(('\n', '\n'));
    }
    Ok(written(&ranges, negated))
}

enum Item {
    One(char),
    Several(Vec<Range>),
}

fn item(reader: &mut Reader<'_>) -> Result<Item, ClientError> {
    if reader.take("[:") {
        let name = until(reader, ":]")?;
        let name = match name {
            "lower" | "upper" if reader.flags.ignore_case => "alpha",
            name => name,
        };
        let ranges = named(name).ok_or_else(|| invalid("invalid character class"))?;
        return Ok(Item::Several(ranges.to_vec()));
    }
    if reader.take("[.") {
        return element(until(reader, ".]")?).map(Item::One);
    }
    if reader.take("[=") {
        return element(until(reader, "=]")?).map(|one| Item::Several(vec![(one, one)]));
    }
    match reader.next() {
        None => Err(open()),
        Some('\\') => match escape::read(reader)? {
            Escape::One(one) => Ok(Item::One(one)),
            Escape::Class(name, false) => {
                Ok(Item::Several(named(name).unwrap_or_default().to_vec()))
            }
            Escape::Class(name, true) => Ok(Item::Several(others(named(name).unwrap_or_default()))),
            Escape::Place(_) => Err(invalid("invalid escape \\ sequence")),
        },
        Some(one) => Ok(Item::One(one)),
    }
}

fn until<'a>(reader: &mut Reader<'a>, end: &str) -> Result<&'a str, ClientError> {
    let (name, rest) = reader.rest.split_once(end).ok_or_else(open)?;
    reader.rest = rest;
    Ok(name)
}

/// A character that is named as one that sorts by itself.
fn element(name: &str) -> Result<char, ClientError> {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(unsupported("a character by its name")),
    }
}

/// All characters that are in none of these ranges, which are in order.
fn others(ranges: &[Range]) -> Vec<Range> {
    let beside =
        |of: char, step: i8| u32::from(of).checked_add_signed(step.into()).and_then(char::from_u32);
    let mut from = Some('\0');
    let mut gaps = Vec::new();
    for (first, last) in ranges {
        if let (Some(from), Some(to)) = (from, beside(*first, -1))
            && from <= to
        {
            gaps.push((from, to));
        }
        from = beside(*last, 1);
    }
    gaps.extend(from.map(|from| (from, char::MAX)));
    gaps
}

/// The letters of a range in their other case.
fn in_other_case(range: &Range) -> Vec<Range> {
    let (from, to) = *range;
    let part = |first: char, last: char, change: fn(&char) -> char| {
        let (from, to) = (from.max(first), to.min(last));
        (from <= to).then(|| (change(&from), change(&to)))
    };
    let upper = part('a', 'z', char::to_ascii_uppercase);
    upper.into_iter().chain(part('A', 'Z', char::to_ascii_lowercase)).collect()
}

fn written(ranges: &[Range], negated: bool) -> String {
    let one = |one: char| {
        if one.is_ascii_alphanumeric() || matches!(one, '_' | ' ') {
            one.to_string()
        } else {
            format!("\\x{{{:x}}}", u32::from(one))
        }
    };
    let ranges = ranges.iter().map(|(from, to)| {
        if from == to { one(*from) } else { format!("{}-{}", one(*from), one(*to)) }
    });
    let sign = if negated { "^" } else { "" };
    format!("[{sign}{}]", ranges.collect::<String>())
}

fn open() -> ClientError {
    invalid("brackets [] not balanced")
}

fn bad_range() -> ClientError {
    invalid("invalid character range")
}
