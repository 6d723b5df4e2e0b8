//! From text to trees: bounds, tokens, statements, and where an error stands.

use std::sync::Arc;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::allow;
use super::error::SqlError;
use super::statement::Statement;

/// Bounds on one piece of text from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text, in bytes.
    pub max_statement_bytes: usize,
    /// The deepest nesting of expressions and queries.
    pub max_depth: usize,
    /// The most operators in one statement. A chain of operators parses into a tree as deep as
    /// the chain is long, so this bounds the stack that walking the tree takes.
    pub max_operators: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_statement_bytes: 1 << 20, max_depth: 50, max_operators: 1_000 }
    }
}

/// Parses a text into the statements that stand in it, in their order; none for an empty text.
///
/// # Errors
/// The first thing that is wrong with any of them: nothing runs unless all of it parses.
pub fn parse(text: &str, limits: &Limits) -> Result<Vec<Statement>, SqlError> {
    if text.len() > limits.max_statement_bytes {
        return Err(SqlError::TooLong { limit: limits.max_statement_bytes });
    }
    let tokens =
        Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location().map_err(|error| {
            SqlError::Syntax {
                position: position(text, error.location),
                message: lower_first(&error.message),
            }
        })?;
    let place = Places::new(text);
    let whole: Arc<str> = text.into();
    tokens
        .split(|token| token.token == Token::SemiColon)
        .filter(|tokens| tokens.iter().any(is_meaningful))
        .map(|tokens| parse_one(&place, &whole, tokens, limits))
        .collect()
}

fn parse_one(
    place: &Places<'_>,
    whole: &Arc<str>,
    tokens: &[TokenWithSpan],
    limits: &Limits,
) -> Result<Statement, SqlError> {
    if tokens.iter().filter(|token| is_operator(&token.token)).count() > limits.max_operators {
        return Err(SqlError::TooComplex);
    }
    let dialect = PostgreSqlDialect {};
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(limits.max_depth)
        .with_tokens_with_locations(spelled_out(tokens));
    let parsed = parser.parse_statement().map_err(|error| {
        let refusal = first_word(tokens).and_then(allow::refusal_by_word);
        refusal.unwrap_or_else(|| syntax_error(place.text, end(tokens), error))
    })?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(SqlError::Syntax {
            message: format!("syntax error at or near \"{}\"", rest.token),
            position: position(place.text, rest.span.start),
        });
    }
    let text: Arc<str> = place.slice(tokens).into();
    Ok(Statement { text, command: allow::command(parsed, whole)? })
}

/// What the grammar does not know how to read, written so that it does.
///
/// `TABLE name` is short for `SELECT * FROM name`, and the grammar knows it in some places only.
/// The word is reserved: where a query can begin, it can be nothing else.
fn spelled_out(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let mut spelled = Vec::with_capacity(tokens.len());
    let mut before: Option<&Token> = None;
    for token in tokens {
        if let Token::CustomBinaryOperator(operator) = &token.token
            && let Some(parts) = two_operators(operator)
        {
            spelled.extend(parts.map(|part| TokenWithSpan { token: part, span: token.span }));
        } else if is_word(&token.token, &["TABLE"]) && before.is_none_or(query_may_follow) {
            let long = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")];
            spelled.extend(long.map(|long| TokenWithSpan { token: long, span: token.span }));
        } else {
            spelled.push(token.clone());
        }
        if is_meaningful(token) {
            before = Some(&token.token);
        }
    }
    spelled
}

/// `1>=-1` holds the operators `>=` and `-`: PostgreSQL lets an operator of several characters end
/// in `+` or `-` only where it also holds one of these.
fn two_operators(operator: &str) -> Option<[Token; 2]> {
    const MAKING_IT_ONE: &str = "~!@#%^&|`?";
    if operator.contains(|character: char| MAKING_IT_ONE.contains(character)) {
        return None;
    }
    let (first, sign) = operator.split_at_checked(operator.len().checked_sub(1)?)?;
    let sign = match sign {
        "-" => Token::Minus,
        "+" => Token::Plus,
        _ => return None,
    };
    let first = Tokenizer::new(&PostgreSqlDialect {}, first).tokenize().ok()?;
    match first.as_slice() {
        [Token::CustomBinaryOperator(_)] => None,
        [first] => Some([first.clone(), sign]),
        _ => None,
    }
}

fn query_may_follow(token: &Token) -> bool {
    const WORDS: [&str; 9] =
        ["UNION", "INTERSECT", "EXCEPT", "ALL", "DISTINCT", "AS", "EXPLAIN", "ANALYZE", "VERBOSE"];
    matches!(token, Token::LParen | Token::RParen) || is_word(token, &WORDS)
}

fn is_word(token: &Token, words: &[&str]) -> bool {
    match token {
        Token::Word(word) if word.quote_style.is_none() => {
            words.iter().any(|one| word.value.eq_ignore_ascii_case(one))
        }
        _ => false,
    }
}

fn is_meaningful(token: &TokenWithSpan) -> bool {
    !matches!(token.token, Token::Whitespace(_) | Token::EOF)
}

/// Whether the token can make a tree one level deeper without the parser recursing.
fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) if word.quote_style.is_none() => matches!(
            word.value.to_ascii_uppercase().as_str(),
            "AND" | "OR" | "UNION" | "EXCEPT" | "INTERSECT" | "JOIN" | "IS" | "AT" | "COLLATE"
        ),
        Token::Word(_)
        | Token::Number(..)
        | Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::LParen
        | Token::RParen
        | Token::EOF
        | Token::SingleQuotedString(_)
        | Token::Placeholder(_) => false,
        _ => true,
    }
}

fn first_word(tokens: &[TokenWithSpan]) -> Option<&str> {
    match &tokens.iter().find(|token| is_meaningful(token))?.token {
        Token::Word(word) if word.quote_style.is_none() => Some(&word.value),
        _ => None,
    }
}

/// The place behind the last token.
fn end(tokens: &[TokenWithSpan]) -> Option<Location> {
    tokens.iter().rfind(|token| is_meaningful(token)).map(|token| token.span.end)
}

/// `end` is where a statement ends that breaks off.
fn syntax_error(text: &str, end: Option<Location>, error: ParserError) -> SqlError {
    match error {
        ParserError::RecursionLimitExceeded => SqlError::TooComplex,
        ParserError::TokenizerError(message) => {
            SqlError::Syntax { message: lower_first(&message), position: None }
        }
        ParserError::ParserError(message) => {
            let (said, location) = split_location(&message);
            let position = location.or(end).and_then(|location| position(text, location));
            let message = match said.rsplit_once("found: ") {
                Some((_, "EOF")) => "syntax error at end of input".to_owned(),
                Some((_, token)) => format!("syntax error at or near \"{token}\""),
                None => format!("syntax error: {}", lower_first(said)),
            };
            SqlError::Syntax { message, position }
        }
    }
}

/// The parser tells the place at the end of its message alone: ` at Line: 1, Column: 8`.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let parsed = message.rsplit_once(" at Line: ").and_then(|(said, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((said, Location { line: line.parse().ok()?, column: column.parse().ok()? }))
    });
    match parsed {
        Some((said, location)) => (said, Some(location)),
        None => (message, None),
    }
}

/// A place as PostgreSQL counts it: in characters from 1.
pub(super) fn position(text: &str, location: Location) -> Option<u32> {
    if location.line == 0 {
        return None;
    }
    let lines_before = usize::try_from(location.line - 1).ok()?;
    let before: usize =
        text.split_inclusive('\n').take(lines_before).map(|line| line.chars().count()).sum();
    u32::try_from(before).ok()?.checked_add(u32::try_from(location.column).ok()?)
}

fn lower_first(message: &str) -> String {
    let mut characters = message.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// Finds the text of a run of tokens.
struct Places<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, line_starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    fn byte(&self, location: Location) -> Option<usize> {
        let line = usize::try_from(location.line.checked_sub(1)?).ok()?;
        let start = *self.line_starts.get(line)?;
        let column = usize::try_from(location.column.checked_sub(1)?).ok()?;
        let rest = self.text.get(start..)?;
        Some(start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
    }

    fn slice(&self, tokens: &[TokenWithSpan]) -> &'a str {
        let mut meaningful = tokens.iter().filter(|token| is_meaningful(token));
        let first = meaningful.next();
        let last = meaningful.next_back().or(first);
        let range = first.zip(last).and_then(|(first, last)| {
            Some(self.byte(first.span.start)?..self.byte(last.span.end)?)
        });
        range.and_then(|range| self.text.get(range)).unwrap_or(self.text)
    }
}
