//! Whether a text is like a pattern, in time that grows with the two together and not with what they
//! make when multiplied: the parts between the `%`s are looked for one after the other, and what was
//! found is not looked at again. Only a part with `_`s in it may be compared anew at each place.

use crate::error::ClientError;
use crate::stop::Steps;

/// A pattern, taken apart.
pub(super) struct Pattern {
    /// What stands between the `%`s: one more than there are of them.
    parts: Vec<Part>,
}

/// A part of a pattern, in which nothing stands for any number of letters.
#[derive(Default)]
struct Part {
    text: String,
    /// Where the text has a letter for any: at these letters, counted from the first.
    any: Vec<usize>,
    /// How many letters it has.
    letters: usize,
}

impl Part {
    fn push(&mut self, letter: char, is_any: bool) {
        if is_any {
            self.any.push(self.letters);
        }
        self.letters += 1;
        self.text.push(letter);
    }

    /// The bytes that it takes at the beginning of a text, if it is there.
    fn at(&self, text: &str, steps: &mut Steps) -> Result<Option<usize>, ClientError> {
        if self.any.is_empty() {
            return Ok(text.starts_with(&self.text).then_some(self.text.len()));
        }
        let (mut given, mut any, mut compared) = (text.chars(), self.any.iter().peekable(), 0);
        for (place, letter) in self.text.chars().enumerate() {
            compared += 1;
            let is_any = any.next_if_eq(&&place).is_some();
            match given.next() {
                Some(other) if is_any || other == letter => {}
                _ => {
                    steps.take(compared)?;
                    return Ok(None);
                }
            }
        }
        steps.take(compared)?;
        Ok(Some(text.len() - given.as_str().len()))
    }

    /// The bytes up to where its first place in a text ends.
    fn within(&self, text: &str, steps: &mut Steps) -> Result<Option<usize>, ClientError> {
        steps.take(self.letters)?;
        if self.any.is_empty() {
            return Ok(text.find(&self.text).map(|place| place + self.text.len()));
        }
        for (place, _) in text.char_indices() {
            let rest = text.get(place..).unwrap_or_default();
            if let Some(taken) = self.at(rest, steps)? {
                return Ok(Some(place + taken));
            }
        }
        Ok(None)
    }

    /// Whether it is the end of a text.
    fn ends(&self, text: &str, steps: &mut Steps) -> Result<bool, ClientError> {
        if self.any.is_empty() {
            return Ok(text.ends_with(&self.text));
        }
        let behind = text.char_indices().rev().nth(self.letters.saturating_sub(1));
        let Some(end) = behind.and_then(|(place, _)| text.get(place..)) else { return Ok(false) };
        Ok(self.at(end, steps)? == Some(end.len()))
    }
}

impl Pattern {
    /// Of a pattern that does not end with its escape.
    pub fn new(pattern: &str) -> Self {
        let (mut parts, mut part) = (Vec::new(), Part::default());
        let mut letters = pattern.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '%' => parts.push(std::mem::take(&mut part)),
                '_' => part.push(letter, true),
                '\\' => part.push(letters.next().unwrap_or(letter), false),
                other => part.push(other, false),
            }
        }
        parts.push(part);
        Self { parts }
    }

    /// # Errors
    /// 57014 where the statement is over before it is known.
    pub fn matches(&self, text: &str, steps: &mut Steps) -> Result<bool, ClientError> {
        let Some((first, others)) = self.parts.split_first() else { return Ok(false) };
        let Some(taken) = first.at(text, steps)? else { return Ok(false) };
        let mut rest = text.get(taken..).unwrap_or_default();
        let Some((last, between)) = others.split_last() else { return Ok(rest.is_empty()) };
        for part in between {
            let Some(taken) = part.within(rest, steps)? else { return Ok(false) };
            rest = rest.get(taken..).unwrap_or_default();
        }
        last.ends(rest, steps)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::{Duration, Instant};

    use super::*;
    use crate::stop::Stop;

    fn like(text: &str, pattern: &str) -> bool {
        Pattern::new(pattern).matches(text, &mut Steps::default()).unwrap()
    }

    /// What the definition says, tried out.
    fn by_definition(text: &[char], pattern: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            (['%', rest @ ..], _) => {
                (0..=text.len()).any(|taken| by_definition(&text[taken..], rest))
            }
            (['_', rest @ ..], [_, text @ ..]) => by_definition(text, rest),
            (['\\', letter, rest @ ..] | [letter, rest @ ..], [own, text @ ..]) => {
                own == letter && by_definition(text, rest)
            }
            _ => false,
        }
    }

    #[test]
    fn patterns_match_what_the_definition_says() {
        let words = |letters: &[&str], most: usize| {
            let mut words = vec![String::new()];
            let mut last = words.clone();
            for _ in 0..most {
                let longer = last
                    .iter()
                    .flat_map(|word| letters.iter().map(move |one| format!("{word}{one}")));
                last = longer.collect();
                words.extend(last.clone());
            }
            words
        };
        let texts = words(&["a", "é", "%"], 5);
        for pattern in words(&["a", "é", "_", "%", "\\%"], 4) {
            let own: Vec<char> = pattern.chars().collect();
            for text in &texts {
                let chars: Vec<char> = text.chars().collect();
                let expected = by_definition(&chars, &own);
                assert_eq!(like(text, &pattern), expected, "{text} LIKE {pattern}");
            }
        }
    }

    /// With as many comparisons as the two are long when multiplied, this would not end.
    #[test]
    fn many_wildcards_take_linear_time() {
        let (text, pattern) = ("a".repeat(1 << 22), "a%".repeat(1 << 21));
        assert!(like(&text, &pattern));
        assert!(!like(&text, &format!("{pattern}b")));
        assert!(!like(&text, &format!("%{}b%", "a".repeat(1 << 20))));
    }

    #[test]
    fn what_must_be_compared_anew_sees_the_end_of_its_time() {
        let stop = Arc::new(Stop::at(Instant::now() + Duration::from_secs(600)));
        stop.tell();
        let pattern = Pattern::new(&format!("%{}_b%", "a".repeat(1 << 12)));
        let text = "a".repeat(1 << 16);
        let answer = stop.over_block(|| pattern.matches(&text, &mut Steps::default()));
        assert_eq!(answer, Err(ClientError::timed_out()));
    }
}
