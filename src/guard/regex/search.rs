//! Searching. PostgreSQL takes the longest match that begins where the first one does, or the
//! shortest where the pattern asks for it; the crate takes what its pattern would try first.
//!
//! One search cannot be stopped. Its time grows at worst with the size of the pattern times that of the
//! text, so this is bounded, and between two searches the statement's time is looked at.

use regex_automata::meta::{self, Config};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use super::invalid;
use super::read::{Flags, Translated, read};
use crate::error::{ClientError, SqlState};
use crate::stop;

pub(in crate::guard) use regex_automata::util::captures::Captures;

/// A pattern to search with.
#[derive(Debug)]
pub(in crate::guard) struct Regex {
    /// Finds where the first match begins.
    first: meta::Regex,
    /// Finds all that begin at a place, where the first that it finds may not be the one.
    every: Option<meta::Regex>,
    shortest: bool,
    /// At how many places of the pattern a search may stand at once.
    states: usize,
}

/// What one pattern may become in memory; a bound of bounds grows beyond it.
const MAX_BYTES: usize = 4 << 20;

/// The most steps of a search, each of a letter of the text and a place of the pattern: some seconds of
/// them. A text of 16 MiB, the most that a call makes, may be searched with patterns of 256 places.
const MAX_STEPS: u64 = 1 << 32;

impl Regex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// 2201B where it is none or too large, 0A000 for what is not known here.
    pub fn new(pattern: &str, flags: Flags) -> Result<Self, ClientError> {
        let Translated { text, shortest, plain } = read(pattern, flags)?;
        let first = compiled(&text, Config::new())?;
        // What finds the first of several matches sooner does not look for the others.
        let all = Config::new().match_kind(MatchKind::All).auto_prefilter(false);
        let every = if plain { None } else { Some(compiled(&text, all)?) };
        let states = states(&text)?;
        Ok(Self { first, every, shortest, states })
    }

    /// Compiles a pattern that was read before, to be asked whether it matches.
    ///
    /// # Errors
    /// 2201B where it is too large.
    pub fn of_read(text: &str) -> Result<Self, ClientError> {
        let first = compiled(text, Config::new())?;
        Ok(Self { first, every: None, shortest: false, states: states(text)? })
    }

    /// A place for what is found.
    pub fn captures(&self) -> Captures {
        self.first.create_captures()
    }

    /// Whether there is a match anywhere.
    ///
    /// # Errors
    /// 54000 where the search could take too long, 57014 where the statement is over.
    pub fn is_match(&self, text: &str) -> Result<bool, ClientError> {
        self.bounded(text.len())?;
        Ok(self.first.is_match(text))
    }

    /// Looks before a search in so many bytes.
    fn bounded(&self, bytes: usize) -> Result<(), ClientError> {
        let of = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        if of(bytes).saturating_mul(of(self.states)) > MAX_STEPS {
            let message = "the regular expression is too large for a text of this length";
            return Err(ClientError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message)
                .hint("Search in a part of the text, or with a shorter expression."));
        }
        stop::check()
    }

    /// Finds the first match at this byte or behind it. What stands before is seen all the same.
    ///
    /// # Errors
    /// As [`Regex::is_match`].
    pub fn find(&self, text: &str, from: usize, found: &mut Captures) -> Result<bool, ClientError> {
        let Some(rest) = text.len().checked_sub(from).map(|_| from..text.len()) else {
            return Ok(false);
        };
        self.bounded(rest.len())?;
        let input = Input::new(text).span(rest);
        self.first.search_captures(&input, found);
        let (Some(first), Some(every)) = (found.get_match(), &self.every) else {
            return Ok(found.is_match());
        };
        let here = |end: usize| Input::new(text).span(first.start()..end).anchored(Anchored::Yes);
        let mut end = text.len();
        if self.shortest {
            let nearest = every.search_half(&here(end).earliest(true));
            end = nearest.map_or(first.end(), |nearest| nearest.offset());
        }
        every.search_captures(&here(end), found);
        Ok(found.is_match())
    }

    /// Where the next search begins after a match: at its end, one character further where it was
    /// empty.
    pub fn after(text: &str, found: &Captures) -> usize {
        let Some(last) = found.get_match() else { return text.len() + 1 };
        if last.is_empty() {
            let one = text.get(last.end()..).and_then(|rest| rest.chars().next());
            return last.end() + one.map_or(1, char::len_utf8);
        }
        last.end()
    }
}

fn compiled(pattern: &str, config: Config) -> Result<meta::Regex, ClientError> {
    let config = config.nfa_size_limit(Some(MAX_BYTES)).hybrid_cache_capacity(MAX_BYTES);
    let built = meta::Regex::builder().configure(config).syntax(nesting()).build(pattern);
    built.map_err(|error| too_complex().internal(error))
}

fn states(pattern: &str) -> Result<usize, ClientError> {
    let config = thompson::Config::new().nfa_size_limit(Some(MAX_BYTES));
    let built = thompson::Compiler::new().configure(config).syntax(nesting()).build(pattern);
    Ok(built.map_err(|error| too_complex().internal(error))?.states().len())
}

fn nesting() -> syntax::Config {
    syntax::Config::new().nest_limit(1_000)
}

fn too_complex() -> ClientError {
    invalid("regular expression is too complex")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn all(pattern: &str, text: &str) -> Vec<String> {
        let regex = Regex::new(pattern, Flags::default()).unwrap();
        let (mut found, mut from, mut matches) = (regex.captures(), 0, Vec::new());
        while regex.find(text, from, &mut found).unwrap() {
            let groups = found.iter().map(|span| span.map_or("-", |span| &text[span]));
            matches.push(groups.collect::<Vec<_>>().join("|"));
            from = Regex::after(text, &found);
        }
        matches
    }

    #[test]
    fn the_longest_or_the_shortest_is_found() {
        assert_eq!(all("foo|foobar", "foobar foo"), ["foobar", "foo"]);
        assert_eq!(all("(a|ab)(c|bcd)", "abcd"), ["abcd|a|bcd"]);
        assert_eq!(all("(a*)(ab)*", "aab"), ["aab|a|ab", "||-"]);
        assert_eq!(all("Y*?([0-9]{1,3})", "XY1234Z"), ["Y1|1", "2|2", "3|3", "4|4"]);
        assert_eq!(all("x.*?y|x", "xayb"), ["xay"]);
        assert_eq!(all(r"\yb", "ab b"), ["b"]);
        assert_eq!(all("l*", "hello"), ["", "", "ll", "", ""]);
    }

    #[test]
    fn many_matches_take_linear_time() {
        let text = "ab ".repeat(400_000);
        for pattern in ["b", r"\m(\w)(\w*)\M", "a|ab|b"] {
            let begun = Instant::now();
            assert!(all(pattern, &text).len() >= 400_000);
            assert!(begun.elapsed() < Duration::from_secs(20), "{pattern}: {:?}", begun.elapsed());
        }
    }

    #[test]
    fn a_search_of_many_steps_is_refused() {
        let regex = Regex::new("((a|b|aa|ab){100}){40}c", Flags::default()).unwrap();
        let text = "ab".repeat(1 << 19);
        assert_eq!(regex.is_match(&text[..1000]), Ok(false));
        assert_eq!(regex.is_match(&text).unwrap_err().sqlstate.code(), "54000");
        let found = regex.find(&text, 0, &mut regex.captures());
        assert_eq!(found.unwrap_err().sqlstate.code(), "54000");
        assert_eq!(regex.find(&text, text.len() - 1000, &mut regex.captures()), Ok(false));
        let small = Regex::new(r"\m(\w+)\s+\w*b", Flags::default()).unwrap();
        assert_eq!(small.is_match(&" ".repeat(16 << 20)), Ok(false));
    }

    #[test]
    fn what_is_over_searches_no_more() {
        let stop = std::sync::Arc::new(stop::Stop::at(tokio::time::Instant::now()));
        let regex = Regex::new("a", Flags::default()).unwrap();
        let answer = stop.over_block(|| regex.is_match("a"));
        assert_eq!(answer, Err(ClientError::timed_out()));
    }

    #[test]
    fn what_would_grow_without_end_is_refused() {
        let error = Regex::new("((a{255}){255}){255}", Flags::default()).unwrap_err();
        assert_eq!(error.sqlstate.code(), "2201B");
    }
}
