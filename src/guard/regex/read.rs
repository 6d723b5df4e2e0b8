//! Reading a pattern, and writing it as one of the searching crate.

use super::{bracket, escape, invalid, unsupported};
use crate::error::ClientError;

/// How a pattern is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::guard) struct Flags {
    pub(super) ignore_case: bool,
    /// White space and comments are passed over.
    pub(super) expanded: bool,
    /// `.` and what is not in brackets stop at the end of a line.
    pub(super) stops: bool,
    /// `^` and `$` are those of lines.
    pub(super) lines: bool,
    /// Every character stands for itself.
    pub(super) literal: bool,
}

impl Flags {
    /// Takes one more letter; `false` where it means nothing.
    ///
    /// # Errors
    /// 0A000 for the older kinds of regular expressions.
    pub fn take(&mut self, letter: char) -> Result<bool, ClientError> {
        match letter {
            'c' => self.ignore_case = false,
            'i' => self.ignore_case = true,
            'm' | 'n' => (self.stops, self.lines) = (true, true),
            'p' => (self.stops, self.lines) = (true, false),
            'q' => self.literal = true,
            's' => (self.stops, self.lines) = (false, false),
            't' => self.expanded = false,
            'w' => (self.stops, self.lines) = (false, true),
            'x' => self.expanded = true,
            'b' | 'e' => return Err(unsupported("the option \"b\" or \"e\"")),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// A pattern for the searching crate.
#[derive(Debug)]
pub(super) struct Translated {
    pub text: String,
    /// PostgreSQL's match is the shortest that begins where the first one does, not the longest.
    pub shortest: bool,
    /// The match that the crate prefers is the one that PostgreSQL does.
    pub plain: bool,
}

/// Parentheses within each other; deeper ones are too complex for the searching crate.
const DEEPEST: usize = 100;

/// Characters that mean something to the searching crate; others may mean something with a backslash.
const SPECIAL: &str = r"\.+*?()|[]{}^$#&-~";

/// The most that a bound may say.
const MOST: u32 = 255;

/// Reads a pattern.
///
/// # Errors
/// 2201B where it is none, 0A000 for what is not known here.
pub(super) fn read(pattern: &str, flags: Flags) -> Result<Translated, ClientError> {
    let (pattern, flags) = directed(pattern, flags)?;
    let mut reader = Reader { rest: pattern, flags, groups: 0, choices: 0, out: String::new() };
    if flags.literal {
        pattern.chars().for_each(|one| reader.literal(one));
        return Ok(Translated { text: reader.out, shortest: false, plain: true });
    }
    let preference = reader.alternatives(0)?;
    if !reader.rest.is_empty() {
        return Err(invalid("parentheses () not balanced"));
    }
    let shortest = preference == Some(Preference::Shortest);
    Ok(Translated { text: reader.out, shortest, plain: reader.choices <= 1 })
}

/// What the beginning of a pattern says of all of it.
fn directed(pattern: &str, mut flags: Flags) -> Result<(&str, Flags), ClientError> {
    if flags.literal {
        return Ok((pattern, flags));
    }
    if let Some(rest) = pattern.strip_prefix("***=") {
        flags.literal = true;
        return Ok((rest, flags));
    }
    let pattern = pattern.strip_prefix("***:").unwrap_or(pattern);
    let options = pattern
        .strip_prefix("(?")
        .filter(|rest| rest.starts_with(|letter: char| letter.is_ascii_alphabetic()));
    let Some(options) = options else { return Ok((pattern, flags)) };
    let bad = || invalid("invalid embedded option");
    let (letters, rest) = options.split_once(')').ok_or_else(bad)?;
    for letter in letters.chars() {
        if !flags.take(letter)? {
            return Err(bad());
        }
    }
    Ok((rest, flags))
}

/// Which of the matches that begin at one place is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preference {
    Longest,
    Shortest,
}

/// A part of a branch.
enum Piece {
    /// A place, which cannot be repeated.
    Place,
    Atom(Option<Preference>),
}

pub(super) struct Reader<'a> {
    pub rest: &'a str,
    pub flags: Flags,
    /// Parentheses so far that catch what is in them.
    pub groups: u32,
    /// Where a match could go on in several ways.
    choices: usize,
    pub out: String,
}

impl Reader<'_> {
    pub fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub fn next(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let next = letters.next();
        self.rest = letters.as_str();
        next
    }

    pub fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn alternatives(&mut self, depth: usize) -> Result<Option<Preference>, ClientError> {
        if depth > DEEPEST {
            return Err(invalid("regular expression is too complex"));
        }
        let mut preference = self.branch(depth)?;
        while self.take("|") {
            self.out.push('|');
            self.choices += 2;
            self.branch(depth)?;
            preference = Some(Preference::Longest);
        }
        Ok(preference)
    }

    /// Pieces up to `|` or the end; the first that prefers something decides for all.
    fn branch(&mut self, depth: usize) -> Result<Option<Preference>, ClientError> {
        let mut preference = None;
        loop {
            self.pass_over()?;
            match self.peek() {
                None | Some('|' | ')') => return Ok(preference),
                Some(_) => {}
            }
            let before = self.choices;
            let piece = self.piece(depth)?;
            self.pass_over()?;
            let quantifier = self.quantifier()?;
            let wanted = match (piece, quantifier) {
                (Piece::Place, Some(_)) => return Err(invalid("quantifier operand invalid")),
                (Piece::Place, None) => None,
                (Piece::Atom(own), None) => own,
                (Piece::Atom(own), Some(quantifier)) => {
                    if self.choices > before {
                        self.choices += 2;
                    }
                    self.choices += usize::from(quantifier.is_some());
                    quantifier.or(own)
                }
            };
            preference = preference.or(wanted);
        }
    }

    /// White space and comments, where they say nothing.
    fn pass_over(&mut self) -> Result<(), ClientError> {
        loop {
            if self.take("(?#") {
                let (_, rest) = self
                    .rest
                    .split_once(')')
                    .ok_or_else(|| invalid("parentheses () not balanced"))?;
                self.rest = rest;
            } else if self.flags.expanded && self.take("#") {
                self.rest =
                    self.rest.find('\n').map_or("", |end| self.rest.get(end..).unwrap_or(""));
            } else if self.flags.expanded && self.peek().is_some_and(escape::is_space) {
                self.next();
            } else {
                return Ok(());
            }
        }
    }

    fn piece(&mut self, depth: usize) -> Result<Piece, ClientError> {
        let bound = self.rest.strip_prefix('{');
        if bound.is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit())) {
            return Err(invalid("quantifier operand invalid"));
        }
        match self.next() {
            Some('^') => self.place(if self.flags.lines { "(?m:^)" } else { "^" }),
            Some('$') => self.place(if self.flags.lines { "(?m:$)" } else { "$" }),
            Some('(') => self.group(depth),
            Some('[') => {
                if self.take("[:<:]]") {
                    return Ok(self.word(escape::WORD_BEGINS));
                }
                if self.take("[:>:]]") {
                    return Ok(self.word(escape::WORD_ENDS));
                }
                let class = bracket::read(self)?;
                self.out.push_str(&class);
                Ok(Piece::Atom(None))
            }
            Some('.') => {
                self.out.push_str(if self.flags.stops { "[^\\n]" } else { "(?s:.)" });
                Ok(Piece::Atom(None))
            }
            Some('\\') => match escape::read(self)? {
                escape::Escape::One(one) => {
                    self.literal(one);
                    Ok(Piece::Atom(None))
                }
                escape::Escape::Class(name, negated) => {
                    let class = bracket::class(name, negated);
                    self.out.push_str(&class);
                    Ok(Piece::Atom(None))
                }
                escape::Escape::Place(place) => self.place(place),
            },
            Some('*' | '+' | '?') => Err(invalid("quantifier operand invalid")),
            Some(one) => {
                self.literal(one);
                Ok(Piece::Atom(None))
            }
            None => Ok(Piece::Atom(None)),
        }
    }

    fn word(&mut self, place: &str) -> Piece {
        self.out.push_str(place);
        Piece::Place
    }

    fn place(&mut self, place: &str) -> Result<Piece, ClientError> {
        Ok(self.word(place))
    }

    fn group(&mut self, depth: usize) -> Result<Piece, ClientError> {
        if self.take("?:") {
            self.out.push_str("(?:");
        } else if ["?=", "?!", "?<=", "?<!"].iter().any(|around| self.rest.starts_with(around)) {
            return Err(unsupported("looking ahead or behind"));
        } else if self.rest.starts_with('?') {
            return Err(invalid("quantifier operand invalid"));
        } else {
            self.groups += 1;
            self.out.push('(');
        }
        let preference = self.alternatives(depth + 1)?;
        if !self.take(")") {
            return Err(invalid("parentheses () not balanced"));
        }
        self.out.push(')');
        Ok(Piece::Atom(preference))
    }

    /// A quantifier, and what it prefers: nothing where it is a plain count.
    fn quantifier(&mut self) -> Result<Option<Option<Preference>>, ClientError> {
        let simple = ["*", "+", "?"].into_iter().find(|sign| self.rest.starts_with(sign));
        let counted = self.rest.strip_prefix('{');
        let counted = counted.filter(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()));
        let exact = if let Some(sign) = simple {
            self.take(sign);
            self.out.push_str(sign);
            false
        } else if let Some(rest) = counted {
            self.rest = rest;
            self.bound()?
        } else {
            return Ok(None);
        };
        let shortest = self.take("?");
        if exact {
            return Ok(Some(None));
        }
        if shortest {
            self.out.push('?');
        }
        Ok(Some(Some(if shortest { Preference::Shortest } else { Preference::Longest })))
    }

    /// What stands in braces; tells whether it is a plain count.
    fn bound(&mut self) -> Result<bool, ClientError> {
        let least = self.count()?;
        let mut most = Some(least);
        let mut exact = true;
        if self.take(",") {
            exact = false;
            most = if self.peek().is_some_and(|next| next.is_ascii_digit()) {
                Some(self.count()?)
            } else {
                None
            };
        }
        if !self.take("}") {
            let whole = self.rest.contains('}');
            let told = if whole { "invalid repetition count(s)" } else { "braces {} not balanced" };
            return Err(invalid(told));
        }
        if most.is_some_and(|most| most < least) {
            return Err(invalid("invalid repetition count(s)"));
        }
        self.out.push_str(&match most {
            Some(most) if exact => format!("{{{most}}}"),
            Some(most) => format!("{{{least},{most}}}"),
            None => format!("{{{least},}}"),
        });
        Ok(exact)
    }

    fn count(&mut self) -> Result<u32, ClientError> {
        let end = self.rest.find(|letter: char| !letter.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let count = digits.parse().ok().filter(|count| *count <= MOST);
        count.ok_or_else(|| invalid("invalid repetition count(s)"))
    }

    /// A character that stands for itself.
    pub fn literal(&mut self, one: char) {
        if self.flags.ignore_case && one.is_ascii_alphabetic() {
            let (lower, upper) = (one.to_ascii_lowercase(), one.to_ascii_uppercase());
            self.out.extend(['[', upper, lower, ']']);
            return;
        }
        if SPECIAL.contains(one) {
            self.out.push('\\');
        }
        self.out.push(one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(pattern: &str, letters: &str) -> String {
        let mut flags = Flags::default();
        for letter in letters.chars() {
            assert!(flags.take(letter).unwrap());
        }
        match read(pattern, flags) {
            Ok(translated) => {
                regex_automata::meta::Regex::new(&translated.text).unwrap();
                translated.text
            }
            Err(error) => format!("{}: {}", error.sqlstate.code(), error.message),
        }
    }

    /// Each line of the file: flags, pattern and what becomes of it, with two spaces between them.
    #[test]
    fn patterns_become_those_of_the_crate() {
        let cases = include_str!("../../../tests/data/meaning/patterns.txt");
        for line in cases.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let parts: Vec<_> = line.splitn(3, "  ").collect();
            let [letters, pattern, wanted] = parts.as_slice() else { panic!("{line}") };
            assert_eq!(translated(pattern, letters.trim_matches('-')), *wanted, "{line}");
        }
    }

    #[test]
    fn nesting_has_a_bound() {
        let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(read(&deep, Flags::default()).is_err());
    }
}
