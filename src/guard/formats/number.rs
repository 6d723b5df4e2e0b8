//! Numbers in the words of a pattern: `FM999,990.00`.

use super::pattern::unknown;
use crate::error::{ClientError, SqlState};

/// A part of a pattern of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
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

/// Where a sign stands that the pattern has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Right before the first digit.
    Before,
    Behind,
}

/// A pattern that was read.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) parts: Vec<Part>,
    pub(super) bare: bool,
    /// Digits before and behind the point.
    pub(super) before: usize,
    behind: usize,
    /// The first digit that is always shown, of those before the point.
    pub(super) zeros_from: Option<usize>,
    /// Digits up to the last one that is always shown.
    pub(super) zeros_to: usize,
    pub(super) point: bool,
    pub(super) minus: bool,
    pub(super) sign: Option<Side>,
}

/// Far more digits than any number has.
const MAX_PATTERN_BYTES: usize = 1024;

const TOGETHER: &str = "cannot use \"S\" and \"MI\" together";

fn refused(message: &'static str) -> ClientError {
    ClientError::new(SqlState::SYNTAX_ERROR, message)
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// 42601 for parts that cannot stand together, 0A000 for what is not known here, 54000 for a
    /// pattern that is too long.
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
                (Some("MI"), _) if parts.contains(&Part::Sign) => return Err(refused(TOGETHER)),
                (Some("MI"), _) => {
                    parts.push(Part::Minus);
                    length = 2;
                }
                (Some(word @ ("EE" | "PL" | "PR" | "RN" | "SG" | "SP" | "TH")), _) => {
                    return Err(unknown(word));
                }
                (_, '9') => parts.push(Part::Digit { always: false }),
                (_, '0') => parts.push(Part::Digit { always: true }),
                (_, '.' | 'D' | 'd') if parts.contains(&Part::Point) => {
                    return Err(refused("multiple decimal points"));
                }
                (_, '.' | 'D' | 'd') => parts.push(Part::Point),
                (_, ',' | 'G' | 'g') => parts.push(Part::Group),
                (_, 'S' | 's') if parts.contains(&Part::Sign) => {
                    return Err(refused("cannot use \"S\" twice"));
                }
                (_, 'S' | 's') if parts.contains(&Part::Minus) => return Err(refused(TOGETHER)),
                (_, 'S' | 's') => parts.push(Part::Sign),
                (_, 'B' | 'b' | 'C' | 'c' | 'L' | 'l' | 'V' | 'v') => {
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
        let mut pattern = Self {
            bare,
            before: 0,
            behind: 0,
            zeros_from: None,
            zeros_to: 0,
            point: false,
            minus: parts.contains(&Part::Minus),
            sign: None,
            parts: Vec::new(),
        };
        let mut sign_at = None;
        for part in &parts {
            match part {
                Part::Digit { always } => {
                    if *always && !pattern.point {
                        pattern.zeros_from.get_or_insert(pattern.before);
                    }
                    let count =
                        if pattern.point { &mut pattern.behind } else { &mut pattern.before };
                    *count += 1;
                    if *always {
                        pattern.zeros_to = pattern.before + pattern.behind;
                    }
                }
                Part::Point => pattern.point = true,
                Part::Sign => sign_at = Some((pattern.before, pattern.point)),
                _ => {}
            }
        }
        // One before the point stands before the number, unless all of its digits are before it.
        pattern.sign = sign_at.map(|(digits, past_point)| {
            if past_point || digits == pattern.before { Side::Behind } else { Side::Before }
        });
        pattern.parts = parts;
        pattern
    }

    /// How many digits behind the point are shown.
    pub fn behind(&self) -> usize {
        self.behind
    }
}
