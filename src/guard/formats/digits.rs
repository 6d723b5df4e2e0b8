//! Writing a number in the words of a pattern, one part after the other.
//!
//! What PostgreSQL does is not said in its manual: where a sign falls due, and when a pattern is over
//! before the number is or the number before the pattern. The cases in `tests/data/meaning` do.

use super::number::{Part, Pattern, Side};

/// A number as it is being written.
struct Writing<'a> {
    pattern: &'a Pattern,
    negative: bool,
    /// Its digits and its point, or `#` for each where it does not fit.
    number: String,
    /// How many digits behind the point it has.
    behind: usize,
    /// Digits of the pattern before its first one.
    blanks: usize,
    /// Where the last digit behind the point is that is no zero, or the point itself; of a bare
    /// pattern with a point.
    last: Option<usize>,
    /// How much of the number is written, and of the pattern's digits.
    at: usize,
    place: usize,
    signed: bool,
    /// Whether a digit was the last that was written.
    inside: bool,
    out: String,
    /// Where the number ended before the pattern: nothing that follows is shown.
    cut: Option<usize>,
}

impl Pattern {
    /// Writes a number, given as its sign and its digits before and behind the point.
    pub fn write(&self, negative: bool, whole: &str, fraction: &str) -> String {
        let fits = whole.len() <= self.before;
        let (number, blanks) = if fits {
            let point = if fraction.is_empty() { "" } else { "." };
            (format!("{whole}{point}{fraction}"), self.before - whole.len())
        } else {
            (format!("{}.{}", "#".repeat(self.before), "#".repeat(fraction.len())), 0)
        };
        let mut writing = Writing {
            pattern: self,
            negative,
            last: self.last(&number, blanks),
            number,
            behind: fraction.len(),
            blanks,
            at: 0,
            place: 0,
            signed: self.minus || !negative && self.bare && self.sign.is_none(),
            inside: false,
            out: String::new(),
            cut: None,
        };
        let end = writing.end();
        self.parts.iter().for_each(|part| writing.part(part, end));
        if let Some(cut) = writing.cut {
            writing.out.truncate(cut);
        }
        writing.out
    }

    fn last(&self, number: &str, blanks: usize) -> Option<usize> {
        let point = number.find('.').filter(|_| self.bare && self.point)?;
        let relevant = number.rfind(|digit: char| digit != '0').unwrap_or(point).max(point);
        let zeros = self.zeros_to.checked_sub(blanks).filter(|zeros| *zeros > 0);
        Some(zeros.map_or(relevant, |zeros| relevant.max(zeros.min(number.len() - 1))))
    }
}

impl Writing<'_> {
    /// The place of the last digit, behind which a sign may stand.
    fn end(&self) -> usize {
        let sign_due = usize::from(!self.signed && self.blanks == 0);
        let blank = usize::from(self.blanks > 0);
        (self.behind + self.pattern.before + sign_due + blank + usize::from(self.pattern.point))
            .saturating_sub(1)
    }

    fn part(&mut self, part: &Part, end: usize) {
        match part {
            Part::Digit { always } => self.digit(*always, end),
            Part::Point => self.digit(false, end),
            Part::Group if self.inside => self.out.push(','),
            Part::Group => self.blank(),
            Part::Minus if self.negative => self.out.push('-'),
            Part::Minus => self.blank(),
            Part::Sign => {}
            Part::Text(text) => self.out.push_str(text),
        }
    }

    fn blank(&mut self) {
        if !self.pattern.bare {
            self.out.push(' ');
        }
    }

    fn next(&self) -> Option<char> {
        self.number.get(self.at..).and_then(|rest| rest.chars().next())
    }

    /// Whether the next digit is the zero of `0.1`, which is not shown.
    fn at_lone_zero(&self) -> bool {
        let zeros = self.pattern.zeros_from.is_some();
        self.at == 0 && !zeros && self.behind > 0 && self.next() == Some('0')
    }

    /// Whether nothing stands behind the point.
    fn bare_point(&self) -> bool {
        self.last.is_some_and(|last| self.number.get(last..=last) == Some("."))
    }

    /// A digit of the pattern, or its point.
    fn digit(&mut self, always: bool, end: usize) {
        self.inside = false;
        let zeros_from = self.pattern.zeros_from;
        let begun = self.place >= self.blanks || zeros_from == Some(self.place);
        if !self.signed && begun && (!self.at_lone_zero() || self.bare_point()) {
            self.sign();
        }
        if self.place < self.blanks {
            if zeros_from.is_some_and(|from| from <= self.place) {
                self.out.push('0');
                self.inside = true;
            } else {
                self.blank();
            }
        } else {
            self.shown(always);
            self.at = (self.at + 1).min(self.number.len());
        }
        let end = if self.last == Some(self.at) { self.place } else { end };
        if self.place + 1 == end && self.pattern.sign == Some(Side::Behind) {
            self.out.push(if self.negative { '-' } else { '+' });
        }
        self.place += 1;
    }

    /// The sign where the number begins, or the place that is kept for it.
    fn sign(&mut self) {
        match self.pattern.sign {
            Some(Side::Behind) => return,
            Some(Side::Before) => self.out.push(if self.negative { '-' } else { '+' }),
            None if self.negative => self.out.push('-'),
            None => self.blank(),
        }
        self.signed = true;
    }

    fn shown(&mut self, always: bool) {
        match self.next() {
            Some('.') => self.out.push('.'),
            _ if !always && self.last.is_some_and(|last| self.at > last) => {}
            _ if self.at_lone_zero() => {
                if self.pattern.bare && self.bare_point() {
                    self.out.push('0');
                } else {
                    self.blank();
                }
            }
            Some(digit) => {
                self.out.push(digit);
                self.inside = true;
            }
            None => {
                self.cut.get_or_insert(self.out.len());
                self.inside = true;
            }
        }
    }
}
