//! What follows a backslash.

use super::read::Reader;
use super::{invalid, unsupported};
use crate::error::ClientError;

/// What an escape stands for.
pub(super) enum Escape {
    One(char),
    /// A class, by its name in brackets, or what is not in it.
    Class(&'static str, bool),
    Place(&'static str),
}

pub(super) const WORD_BEGINS: &str = r"(?-u:\b{start})";
pub(super) const WORD_ENDS: &str = r"(?-u:\b{end})";

/// Reads an escape, whose backslash is taken.
///
/// # Errors
/// 2201B for an unknown one, 0A000 for a reference back.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Escape, ClientError> {
    let unknown = || invalid("invalid escape \\ sequence");
    let before = reader.rest;
    let letter = reader.next().ok_or_else(unknown)?;
    Ok(match letter {
        'd' => Escape::Class("digit", false),
        'D' => Escape::Class("digit", true),
        's' => Escape::Class("space", false),
        'S' => Escape::Class("space", true),
        'w' => Escape::Class("word", false),
        'W' => Escape::Class("word", true),
        'A' => Escape::Place(r"\A"),
        'Z' => Escape::Place(r"\z"),
        'm' => Escape::Place(WORD_BEGINS),
        'M' => Escape::Place(WORD_ENDS),
        'y' => Escape::Place(r"(?-u:\b)"),
        'Y' => Escape::Place(r"(?-u:\B)"),
        'a' => Escape::One('\u{7}'),
        'b' => Escape::One('\u{8}'),
        'B' => Escape::One('\\'),
        'c' => {
            let control = reader.next().ok_or_else(unknown)?;
            Escape::One(char::from_u32(u32::from(control) & 0x1f).ok_or_else(unknown)?)
        }
        'e' => Escape::One('\u{1b}'),
        'f' => Escape::One('\u{c}'),
        'n' => Escape::One('\n'),
        'r' => Escape::One('\r'),
        't' => Escape::One('\t'),
        'v' => Escape::One('\u{b}'),
        'u' => Escape::One(numbered(reader, 16, 4, 4)?),
        'U' => Escape::One(numbered(reader, 16, 8, 8)?),
        'x' => Escape::One(numbered(reader, 16, 1, 255)?),
        '0'..='9' => {
            reader.rest = before;
            Escape::One(digits(reader)?)
        }
        other if other.is_ascii_alphanumeric() => return Err(unknown()),
        other => Escape::One(other),
    })
}

/// A reference to parentheses, or a character by its number in octal.
fn digits(reader: &mut Reader<'_>) -> Result<char, ClientError> {
    let end = reader.rest.find(|letter: char| !letter.is_ascii_digit());
    let number = reader.rest.get(..end.unwrap_or(reader.rest.len())).unwrap_or_default();
    if !number.starts_with('0') {
        let known = number.parse::<u32>().is_ok_and(|number| number <= reader.groups);
        if known {
            return Err(unsupported("a reference back"));
        }
        if number.len() == 1 {
            return Err(invalid("invalid backreference number"));
        }
    }
    numbered(reader, 8, 1, 3)
}

fn numbered(
    reader: &mut Reader<'_>,
    base: u32,
    least: usize,
    most: usize,
) -> Result<char, ClientError> {
    let unknown = || invalid("invalid escape \\ sequence");
    let length = reader.rest.chars().take(most).take_while(|digit| digit.is_digit(base)).count();
    let (digits, rest) = reader.rest.split_at_checked(length).ok_or_else(unknown)?;
    if length < least {
        return Err(unknown());
    }
    reader.rest = rest;
    let digits = digits.trim_start_matches('0');
    let number = if digits.is_empty() { Ok(0) } else { u32::from_str_radix(digits, base) };
    number.ok().and_then(char::from_u32).ok_or_else(unknown)
}

/// White space of ASCII.
pub(super) fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t'..='\r')
}
