//! `SIMILAR TO`: half of it is LIKE, half a regular expression.

use crate::error::{ClientError, SqlState};

/// The regular expression of a pattern, in which `escape`, where there is one, takes the meaning from
/// what follows it.
///
/// # Errors
/// 2200C where more than two quotes mark a part of it.
pub(in crate::guard) fn regular(
    pattern: &str,
    escape: Option<char>,
) -> Result<String, ClientError> {
    let mut out = String::from("^(?:");
    let mut letters = pattern.chars().peekable();
    let (mut bracket, mut marks) = (false, 0);
    while let Some(letter) = letters.next() {
        match letter {
            letter if Some(letter) == escape => match letters.next() {
                Some('"') if !bracket => {
                    out.push_str(marked(marks)?);
                    marks += 1;
                }
                Some(next) => out.extend(['\\', next]),
                // An escape at the end takes nothing.
                None => {}
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

/// What stands where the part that `substring` gives begins and ends: as little as can be before it,
/// and as much as can be in it.
fn marked(before: usize) -> Result<&'static str, ClientError> {
    match before {
        0 => Ok("){1,1}?("),
        1 => Ok("){1,1}(?:"),
        _ => {
            let message = "SQL regular expression may not contain more than two \
                           escape-double-quote separators";
            Err(ClientError::new(SqlState::INVALID_USE_OF_ESCAPE_CHARACTER, message))
        }
    }
}
