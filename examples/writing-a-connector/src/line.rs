//! One line: its pairs, and the lines of a file.

use std::borrow::Cow;
use std::io::{self, BufRead, Read as _};

/// Calls `pair` with each key and value. `None` where the line is not made of pairs; some may
/// have been given by then.
pub fn pairs<'a>(line: &'a str, mut pair: impl FnMut(&str, Cow<'a, str>)) -> Option<()> {
    let mut rest = line.trim_ascii();
    while !rest.is_empty() {
        let (key, after) = word(rest, '=')?;
        let (value, after) = word(after.strip_prefix('=')?, ' ')?;
        if !after.is_empty() && !after.starts_with(' ') {
            return None;
        }
        pair(&key, value);
        rest = after.trim_ascii_start();
    }
    Some(())
}

/// A word in quotes, or everything up to `end`, and what follows it.
fn word(text: &str, end: char) -> Option<(Cow<'_, str>, &str)> {
    if !text.starts_with('"') {
        let (word, rest) = text.split_at(text.find(end).unwrap_or(text.len()));
        return Some((Cow::Borrowed(word), rest));
    }
    let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let word = strings.next()?.ok()?;
    text.split_at_checked(strings.byte_offset()).map(|(_, rest)| (Cow::Owned(word), rest))
}

/// A line of more bytes is passed over: a file without line breaks must not fill the memory.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Reads the next line into `line`; false at the end. A line that is too long comes as an empty
/// one.
pub fn read(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let most = MAX_LINE_BYTES as u64;
    if input.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.len() == MAX_LINE_BYTES && !line.ends_with(b"\n") {
        line.clear();
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let cases = [
            ("", Some("")),
            ("a=1 b=2", Some("a:1|b:2|")),
            ("  a=1   b=  \r", Some("a:1|b:|")),
            ("a=x=y", Some("a:x=y|")),
            ("a=\"b c\" \"d e\"=\"\\\"\\n\"", Some("a:b c|d e:\"\n|")),
            ("a=\"b\"c", None),
            ("a=\"b", None),
            ("a", None),
            ("a=1 b", None),
        ];
        for (line, expected) in cases {
            let mut found = String::new();
            let whole = pairs(line, |key, value| found.push_str(&format!("{key}:{value}|")));
            assert_eq!(whole.map(|()| found.as_str()), expected, "{line}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() -> io::Result<()> {
        let text = format!("a={}\nb=2\n", "x".repeat(2 * MAX_LINE_BYTES));
        let (mut input, mut line) = (text.as_bytes(), Vec::new());
        assert!(read(&mut input, &mut line)? && line.is_empty());
        assert!(read(&mut input, &mut line)? && line == b"b=2\n");
        assert!(!read(&mut input, &mut line)?);
        Ok(())
    }
}
