//! Array literals, such as `{1,2,NULL,"a \"b\""}`.

use super::error::DecodeError;

/// The elements of an array literal of one dimension; `None` for NULL.
///
/// # Errors
/// 22P02 where it is malformed, 0A000 where it has more than one dimension.
pub(in crate::values) fn items(literal: &str) -> Result<Vec<Option<String>>, DecodeError> {
    let malformed = || DecodeError::Array { value: literal.to_owned() };
    let body = without_bounds(literal.trim_ascii())
        .and_then(|literal| literal.strip_prefix('{')?.strip_suffix('}'))
        .ok_or_else(malformed)?;
    let mut items = Vec::new();
    let mut rest = body.trim_ascii_start();
    if rest.is_empty() {
        return Ok(items);
    }
    loop {
        let (item, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_item(quoted).ok_or_else(malformed)?,
            None if rest.starts_with('{') => {
                return Err(DecodeError::Unsupported("an array of several dimensions"));
            }
            None => plain_item(rest).ok_or_else(malformed)?,
        };
        items.push(item);
        rest = match after.trim_ascii_start() {
            "" => return Ok(items),
            more => more.strip_prefix(',').ok_or_else(malformed)?.trim_ascii_start(),
        };
    }
}

/// Leaves out the bounds of `[1:3]={…}`.
fn without_bounds(literal: &str) -> Option<&str> {
    if !literal.starts_with('[') {
        return Some(literal);
    }
    let (bounds, array) = literal.split_once('=')?;
    let known = |c: char| c.is_ascii_digit() || "[]:+- ".contains(c);
    bounds.chars().all(known).then(|| array.trim_ascii_start())
}

/// An element, `None` for NULL, and what follows it.
type Item<'a> = (Option<String>, &'a str);

/// Up to the closing quote. `None` where there is none.
fn quoted_item(text: &str) -> Option<Item<'_>> {
    let mut item = String::new();
    let mut chars = text.char_indices();
    loop {
        match chars.next()? {
            (at, '"') => return Some((Some(item), text.get(at + 1..)?)),
            (_, '\\') => item.push(chars.next()?.1),
            (_, plain) => item.push(plain),
        }
    }
}

/// Up to the next comma. `None` where it is malformed.
fn plain_item(text: &str) -> Option<Item<'_>> {
    let mut item = String::new();
    let mut escaped = false;
    let mut end = text.len();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ',' => {
                end = at;
                break;
            }
            '{' | '}' | '"' => return None,
            '\\' => {
                escaped = true;
                item.push(chars.next()?.1);
            }
            plain => item.push(plain),
        }
    }
    let rest = text.get(end..)?;
    let item = item.trim_ascii_end();
    let null = !escaped && item.eq_ignore_ascii_case("null");
    match item {
        "" => None,
        _ if null => Some((None, rest)),
        _ => Some((Some(item.to_owned()), rest)),
    }
}
