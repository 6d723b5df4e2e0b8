//! `SIMILAR TO`: half of it is LIKE, half a regular expression.

use super::invalid;
use crate::error::ClientError;

/// The regular expression of a pattern.
///
/// # Errors
/// 2201B for an escape at the end; 0A000 for parts that are marked with it.
pub(super) fn regular(pattern: &str, escape: Option<char>) -> Result<String, ClientError> {
    let escape = Some(escape.unwrap_or('\\'));
    let mut out = String::from("^(?:");
    let mut letters = pattern.chars().peekable();
    let mut bracket = false;
    while let Some(letter) = letters.next() {
        match letter {
            letter if Some(letter) == escape => match letters.next() {
                Some('"') if !bracket => return Err(super::unsupported("a marked part")),
                Some(next) => out.extend(['\\', next]),
                None => return Err(invalid("invalid escape \\ sequence")),
            },
            '\\' => out.push_str("\\\\"),
            ']' if bracket => {
                bracket = false;
                out.push(']');
            }
            letter if bracket => out.push(letter),
            '[' => {
                bracket = true;
                out.push('[');
                // One that stands first is no end.
                out.extend(letters.next_if_eq(&'^'));
                out.extend(letters.next_if_eq(&']'));
            }
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            '(' => out.push_str("(?:"),
            '.' | '^' | '$' => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out.push_str(")$");
    Ok(out)
}
