//! Lines of JSON objects.
//!
//! An object is taken apart here and its values are kept as the text that they were written in,
//! so that a number keeps all its digits; serde_json decides what a value and a string are. A
//! value means what PostgreSQL's `->>` makes of it: a string its content, `null` NULL, anything
//! else its text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, BufRead};

use serde::de::IgnoredAny;

/// Reads lines of a bounded length.
pub struct Lines<R> {
    input: R,
    max_bytes: usize,
    /// Lines that were passed over because they were too long.
    pub skipped: u64,
}

impl<R: BufRead> Lines<R> {
    /// A reader that passes over lines of more than `max_bytes`.
    pub fn new(input: R, max_bytes: usize) -> Self {
        Self { input, max_bytes, skipped: 0 }
    }

    /// Reads the next line that is not blank, without its line break; false at the end.
    pub fn read(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            line.clear();
            let (mut ended, mut overflowed, mut any) = (false, false, false);
            while !ended {
                let buffer = self.input.fill_buf()?;
                if buffer.is_empty() {
                    break;
                }
                any = true;
                let (part, used) = match buffer.iter().position(|byte| *byte == b'\n') {
                    Some(at) => (buffer.get(..at).unwrap_or_default(), at + 1),
                    None => (buffer, buffer.len()),
                };
                ended = used > part.len();
                overflowed |= line.len() + part.len() > self.max_bytes;
                if !overflowed {
                    line.extend_from_slice(part);
                }
                self.input.consume(used);
            }
            if !any {
                return Ok(false);
            }
            if overflowed {
                self.skipped += 1;
            } else if !line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }
}

/// Gives each member of an object to `member`: its name, and its value as written. `None` where
/// the line is not exactly one object, or has a name twice: what belongs to two tenants belongs to
/// none. Members may have been given by then.
pub fn members<'a>(line: &'a str, mut member: impl FnMut(Cow<'a, str>, &'a str)) -> Option<()> {
    let mut names = HashSet::new();
    let mut rest = white(line).strip_prefix('{')?;
    if let Some(after) = white(rest).strip_prefix('}') {
        return white(after).is_empty().then_some(());
    }
    loop {
        let (name, after) = value(rest)?;
        let (text, after) = value(white(after).strip_prefix(':')?)?;
        let name = string(name)?;
        if !names.insert(name.clone()) {
            return None;
        }
        member(name, text);
        let after = white(after);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None => return white(after.strip_prefix('}')?).is_empty().then_some(()),
        }
    }
}

/// The text of a string, without quotes and escapes. `None` where this is no string, or its
/// escapes are no characters (a lone surrogate).
pub fn string(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(value).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// The JSON value that the text begins with, and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    let text = white(text);
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    text.split_at_checked(values.byte_offset())
}

/// The text after JSON's white space.
fn white(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\r', '\n'])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn object(line: &str) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        members(line, |name, value| found.push((name.into_owned(), value.to_owned())))?;
        Some(found)
    }

    #[test]
    fn objects() {
        type Pairs<'a> = &'a [(&'a str, &'a str)];
        let cases: &[(&str, Option<Pairs<'_>>)] = &[
            ("{}", Some(&[])),
            (
                " { \"a\" : 1 , \"b\":[1, {\"x\": \"}\"}] } \r",
                Some(&[("a", "1"), ("b", "[1, {\"x\": \"}\"}]")]),
            ),
            (
                "{\"a\":1.10,\"b\":12345678901234567890}",
                Some(&[("a", "1.10"), ("b", "12345678901234567890")]),
            ),
            ("{\"a\\u0041\\\"\":\"x\\n\"}", Some(&[("aA\"", "\"x\\n\"")])),
            ("{\"a\":1,\"a\":2}", None),
            ("{\"a\":1,\"\\u0061\":2}", None),
            ("{\"a\":null,\"b\":true}", Some(&[("a", "null"), ("b", "true")])),
            ("{\"a\":1,}", None),
            ("{\"a\":1", None),
            ("{\"a\" 1}", None),
            ("{a:1}", None),
            ("{\"a\":01}", None),
            ("{1:1}", None),
            ("{\"a\":1} x", None),
            ("{\"a\":1}{\"a\":2}", None),
            ("[1]", None),
            ("{\"a\":tru}", None),
            ("{\"a\":\"\u{1}\"}", None),
            ("", None),
        ];
        for (line, expected) in cases {
            let expected = expected.map(|members| {
                members.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>()
            });
            assert_eq!(object(line), expected, "{line}");
        }
    }

    #[test]
    fn strings() {
        assert_eq!(string("\"a\\u00e4\\n\"").unwrap(), "aä\n");
        assert_eq!(string("\"\\ud83d\\ude00\"").unwrap(), "😀");
        assert_eq!(string("\"\\ud83d\""), None);
        assert_eq!(string("1"), None);
    }

    #[test]
    fn lines_end_where_a_line_break_stands() {
        let text = "{}\n\n  \nlong long long\n{\"a\":1}";
        let mut lines = Lines::new(BufReader::with_capacity(3, text.as_bytes()), 10);
        let (mut line, mut all) = (Vec::new(), Vec::new());
        while lines.read(&mut line).unwrap() {
            all.push(String::from_utf8(line.clone()).unwrap());
        }
        assert_eq!(all, ["{}", "{\"a\":1}"]);
        assert_eq!(lines.skipped, 1);
    }
}
