//! Numbers in the words of a pattern: `FM999,990.00`.

use super::pattern::unknown;
use crate::error::{ClientError, SqlState};

/// A part of a pattern of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// `9`, or `0`, which is shown whatever the number.
    Digit {
        always: bool,
    },
    Point,
    Group,
    Sign,
    Minus,
    Text(String),
}

/// A pattern that was read.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    parts: Vec<Part>,
    bare: bool,
    /// Digits before and behind the point.
    before: usize,
    behind: usize,
    /// The first digit that is always shown, of those before the point.
    shown_from: usize,
    /// How many digits behind the point are always shown.
    shown_behind: usize,
}

/// Far more digits than any number has.
const MAX_PATTERN_BYTES: usize = 1024;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// 0A000 for what is not known here, 54000 for a pattern that is too long.
    pub fn read(pattern: &str) -> Result<Self, ClientError> {
        if pattern.len() > MAX_PATTERN_BYTES {
            let message = format!("a format pattern has at most {MAX_PATTERN_BYTES} bytes");
            return Err(ClientError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message));
        }
        let mut parts = Vec::new();
        let mut bare = false;
        let mut rest = pattern;
        while let Some(next) = rest.chars().next() {
            let two = rest.get(..2).map(str::to_ascii_uppercase);
            let mut length = next.len_utf8();
            match (two.as_deref(), next) {
                (Some("FM"), _) => (bare, length) = (true, 2),
                (Some("MI"), _) => {
                    parts.push(Part::Minus);
                    length = 2;
                }
                (Some(word @ ("EE" | "PL" | "PR" | "RN" | "SG" | "SP" | "TH")), _) => {
                    return Err(unknown(word));
                }
                (_, '9') => parts.push(Part::Digit { always: false }),
                (_, '0') => parts.push(Part::Digit { always: true }),
                (_, '.' | 'D' | 'd') if !parts.contains(&Part::Point) => parts.push(Part::Point),
                (_, ',' | 'G' | 'g') => parts.push(Part::Group),
                (_, 'S' | 's') if !parts.contains(&Part::Sign) => parts.push(Part::Sign),
                (
                    _,
                    'B' | 'b' | 'C' | 'c' | 'L' | 'l' | 'V' | 'v' | '.' | 'D' | 'd' | 'S' | 's',
                ) => {
                    return Err(unknown(&next.to_string()));
                }
                (_, '"') => {
                    let quoted = rest.get(1..).unwrap_or_default();
                    let end = quoted.find('"').unwrap_or(quoted.len());
                    parts.push(Part::Text(quoted.get(..end).unwrap_or_default().to_owned()));
                    length = (end + 2).min(rest.len());
                }
                (_, other) => parts.push(Part::Text(other.to_string())),
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(Self::counted(parts, bare))
    }

    fn counted(parts: Vec<Part>, bare: bool) -> Self {
        let point = parts.iter().position(|part| *part == Part::Point).unwrap_or(parts.len());
        let digits = |parts: &[Part]| -> Vec<bool> {
            let digit = |part: &Part| match part {
                Part::Digit { always } => Some(*always),
                _ => None,
            };
            parts.iter().filter_map(digit).collect()
        };
        let (head, tail) = parts.split_at_checked(point).unwrap_or((&parts, &[]));
        let (head, tail) = (digits(head), digits(tail));
        let shown_from = head.iter().position(|always| *always).unwrap_or(head.len());
        let shown_behind = tail.iter().rposition(|always| *always).map_or(0, |at| at + 1);
        let (before, behind) = (head.len(), tail.len());
        Self { parts, bare, before, behind, shown_from, shown_behind }
    }

    /// How many digits behind the point are shown.
    pub fn behind(&self) -> usize {
        self.behind
    }

    /// Writes a number, given as its sign and its digits before and behind the point, of which
    /// there are as many as [`Pattern::behind`] tells.
    pub fn write(&self, negative: bool, whole: &str, fraction: &str) -> String {
        let whole = whole.trim_start_matches('0');
        let zero = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
        let negative = negative && !zero;
        let signed = self.parts.iter().any(|part| matches!(part, Part::Sign | Part::Minus));
        if whole.len() > self.before {
            return self.overflowed(negative, signed);
        }
        // `9` alone shows the digit of zero, `9.9` does not.
        let lone_zero = whole.is_empty() && self.behind == 0;
        let first = self.before - whole.len().max(usize::from(lone_zero && self.before > 0));
        let first = first.min(self.shown_from);
        let kept = if self.bare {
            let relevant = fraction.trim_end_matches('0').len();
            relevant.max(self.shown_behind)
        } else {
            fraction.len()
        };
        let mut out = String::new();
        let (mut at, mut past) = (0, false);
        let mut sign_due = !signed;
        let sign = self.sign(negative);
        for part in &self.parts {
            match part {
                Part::Digit { .. } if past => {
                    let digit = fraction.get(at..=at).unwrap_or("0");
                    if at < kept {
                        out.push_str(digit);
                    }
                    at += 1;
                }
                Part::Digit { .. } => {
                    if at < first {
                        if !self.bare {
                            out.push(' ');
                        }
                    } else {
                        if std::mem::take(&mut sign_due) {
                            out.push_str(sign);
                        }
                        let from = self.before - whole.len();
                        let digit = at.checked_sub(from).and_then(|at| whole.get(at..=at));
                        out.push_str(digit.unwrap_or("0"));
                    }
                    at += 1;
                }
                Part::Group => {
                    if at > first && !past {
                        out.push(',');
                    } else if !self.bare {
                        out.push(' ');
                    }
                }
                Part::Point => {
                    if std::mem::take(&mut sign_due) {
                        out.push_str(sign);
                    }
                    if self.bare && first == self.before && self.before > 0 && kept == 0 {
                        out.push('0');
                    }
                    out.push('.');
                    (at, past) = (0, true);
                }
                Part::Sign => out.push(if negative { '-' } else { '+' }),
                Part::Minus if negative => out.push('-'),
                Part::Minus if self.bare => {}
                Part::Minus => out.push(' '),
                Part::Text(text) => out.push_str(text),
            }
        }
        if self.parts.first() == Some(&Part::Sign) { self.anchored(&out) } else { out }
    }

    /// A leading sign stands right before the first digit.
    fn anchored(&self, text: &str) -> String {
        let Some((sign, rest)) = text.split_at_checked(1) else { return text.to_owned() };
        let body = rest.trim_start_matches(' ');
        format!("{}{sign}{body}", " ".repeat(rest.len() - body.len()))
    }

    /// Where the pattern has none of its own.
    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.bare) {
            (true, _) => "-",
            (false, true) => "",
            (false, false) => " ",
        }
    }

    fn overflowed(&self, negative: bool, signed: bool) -> String {
        let mut out = String::new();
        if !signed {
            out.push_str(self.sign(negative));
        }
        for part in &self.parts {
            match part {
                Part::Digit { .. } => out.push('#'),
                Part::Point => out.push('.'),
                Part::Group => out.push(','),
                Part::Sign => out.push(if negative { '-' } else { '+' }),
                Part::Minus => out.push(if negative { '-' } else { ' ' }),
                Part::Text(text) => out.push_str(text),
            }
        }
        out
    }
}
