//! From text to trees: bounds, tokens, statements, and where an error stands.

use std::sync::Arc;

use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::allow;
use super::copy;
use super::cursor;
use super::dialect::Bounded;
use super::error::SqlError;
use super::statement::{Command, Statement};
use super::words::Fault;

/// Bounds on one piece of text from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text, in bytes.
    pub max_statement_bytes: usize,
    /// The most words, values and signs in one text. A tree takes much more memory than its text.
    pub max_tokens: usize,
    /// The deepest nesting of expressions and queries.
    pub max_depth: usize,
    /// The most operators in one statement. A chain of operators parses into a tree as deep as
    /// the chain is long, so this bounds the stack that walking the tree takes.
    pub max_operators: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_statement_bytes: 1 << 20,
            max_tokens: 100_000,
            max_depth: 50,
            max_operators: 1_000,
        }
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
    if let Some(nameless) = tokens.iter().find(|token| is_nameless(&token.token)) {
        return Err(SqlError::Syntax {
            message: "zero-length delimited identifier at or near \"\"\"\"".to_owned(),
            position: position(text, nameless.span.start),
        });
    }
    if tokens.iter().filter(|token| is_meaningful(token)).count() > limits.max_tokens {
        return Err(SqlError::TooManyTokens { limit: limits.max_tokens });
    }
    let whole: Arc<str> = text.into();
    let mut reader = Reader::new(text);
    let mut pieces = Vec::new();
    for run in tokens.split_inclusive(|token| token.token == Token::SemiColon) {
        let (run, piece) = match run.split_last() {
            Some((last, rest)) if last.token == Token::SemiColon => {
                (rest, reader.piece(Some(&last.span)))
            }
            _ => (run, reader.piece(None)),
        };
        if run.iter().any(is_meaningful) {
            pieces.push((run, piece));
        }
    }
    let single = pieces.len() == 1;
    pieces
        .into_iter()
        .map(|(run, Piece { text, position })| {
            let command = parse_one(&whole, run, limits).map_err(|error| error.placed(&whole))?;
            let position = (!single).then_some(position);
            let tokens = run.iter().filter(|token| is_meaningful(token)).count();
            Ok(Statement { text: text.into(), tokens, position, command })
        })
        .collect()
}

fn parse_one(
    whole: &Arc<str>,
    tokens: &[TokenWithSpan],
    limits: &Limits,
) -> Result<Command, SqlError> {
    if operators(tokens) > limits.max_operators {
        return Err(SqlError::TooComplex);
    }
    let dialect = Bounded::new(tokens.len());
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(limits.max_depth)
        .with_tokens_with_locations(spelled_out(tokens));
    let parsed = read(&mut parser, whole).map_err(|fault| match fault {
        Fault::Refused(error) => error,
        Fault::Grammar(error) => {
            let refusal = first_word(tokens).and_then(allow::refusal_by_word);
            refusal.unwrap_or_else(|| syntax_error(whole, end(tokens), error))
        }
    })?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(SqlError::Syntax {
            message: format!("syntax error at or near \"{}\"", rest.token),
            position: position(whole, rest.span.start),
        });
    }
    match parsed {
        Parsed::Command(command) => Ok(command),
        Parsed::Statement(statement) => allow::command(*statement, whole),
    }
}

/// What was read.
enum Parsed {
    /// By us, and checked already.
    Command(Command),
    /// By the grammar.
    Statement(Box<ast::Statement>),
}

fn read(parser: &mut Parser, whole: &Arc<str>) -> Result<Parsed, Fault> {
    for own in [cursor::command, copy::command] {
        if let Some(command) = own(parser, whole)? {
            return Ok(Parsed::Command(command));
        }
    }
    Ok(Parsed::Statement(Box::new(parser.parse_statement()?)))
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
    const WORDS: [&str; 10] = [
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "ALL",
        "DISTINCT",
        "AS",
        "EXPLAIN",
        "ANALYZE",
        "VERBOSE",
        "FOR",
    ];
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

/// Whether a token is a name without a letter.
fn is_nameless(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_some() && word.value.is_empty())
}

fn is_meaningful(token: &TokenWithSpan) -> bool {
    !matches!(token.token, Token::Whitespace(_) | Token::EOF)
}

/// Words that can make a tree one level deeper without the parser counting it: what stands between and
/// behind expressions in the grammar, queries that are combined, and what it reads the next value for.
const OPERATORS: [&str; 33] = [
    "AND",
    "OR",
    "XOR",
    "IS",
    "ISNULL",
    "NOTNULL",
    "AT",
    "COLLATE",
    "IN",
    "BETWEEN",
    "OVERLAPS",
    "LIKE",
    "ILIKE",
    "RLIKE",
    "REGEXP",
    "MATCH",
    "SIMILAR",
    "MEMBER",
    "OPERATOR",
    "DIV",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "MINUS",
    "JOIN",
    "INTERVAL",
    "BOX",
    "CIRCLE",
    "LINE",
    "LSEG",
    "PATH",
    "POINT",
    "POLYGON",
];

/// How many levels the tokens can make without the parser counting them.
fn operators(tokens: &[TokenWithSpan]) -> usize {
    let mut before: Option<&Token> = None;
    let mut count = 0;
    for TokenWithSpan { token, .. } in tokens.iter().filter(|token| is_meaningful(token)) {
        // `IS NOT NULL` is one; `NOT NULL` is another way to write it.
        let negation = is_word(token, &["NOT"]) && !before.is_some_and(|it| is_word(it, &["IS"]));
        count += usize::from(negation || is_operator(token));
        before = Some(token);
    }
    count
}

fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(_) => is_word(token, &OPERATORS),
        Token::Number(..)
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
                // What the parser says of its own tokens.
                None if said.contains(['{', '(']) => "syntax error".to_owned(),
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

/// A statement's text, and the character at which it begins, from 1.
struct Piece<'a> {
    text: &'a str,
    position: u32,
}

/// Goes through a text once, from one semicolon to the next.
struct Reader<'a> {
    text: &'a str,
    /// How far it has come, in bytes and in characters.
    byte: usize,
    characters: u32,
    /// The same as the tokenizer counts.
    place: Location,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, byte: 0, characters: 0, place: Location { line: 1, column: 1 } }
    }

    /// What stands before the next semicolon, comments included, without the blanks around it.
    fn piece(&mut self, semicolon: Option<&Span>) -> Piece<'a> {
        let (start, before) = (self.byte, self.characters);
        self.advance(semicolon.map(|semicolon| semicolon.start));
        let text = self.text.get(start..self.byte).unwrap_or(self.text);
        self.advance(semicolon.map(|semicolon| semicolon.end));
        let blanks = text.chars().take_while(|character| character.is_whitespace()).count();
        let blanks = u32::try_from(blanks).unwrap_or(u32::MAX);
        Piece { text: text.trim(), position: before.saturating_add(blanks).saturating_add(1) }
    }

    /// Goes on to a place, or to the end.
    fn advance(&mut self, to: Option<Location>) {
        let rest = self.text.get(self.byte..).unwrap_or_default();
        for character in rest.chars() {
            let Location { line, column } = self.place;
            if to.is_some_and(|to| (line, column) >= (to.line, to.column)) {
                return;
            }
            self.byte += character.len_utf8();
            self.characters = self.characters.saturating_add(1);
            self.place = match character {
                '\n' => Location { line: line + 1, column: 1 },
                _ => Location { line, column: column + 1 },
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, Option<u32>)> {
        let statements = parse(text, &Limits::default()).unwrap();
        statements.into_iter().map(|one| (one.text.to_string(), one.position)).collect()
    }

    #[test]
    fn a_statement_has_all_of_its_text() {
        let one = |text: &str| vec![(text.to_owned(), None)];
        assert_eq!(parsed("SELECT 1"), one("SELECT 1"));
        assert_eq!(parsed(" \n/* app=x */ SELECT 1 -- why\n"), one("/* app=x */ SELECT 1 -- why"));
        assert_eq!(parsed("SELECT ';' AS \"a;b\";"), one("SELECT ';' AS \"a;b\""));
        assert_eq!(parsed(";; SELECT 1 ;; -- no more"), one("SELECT 1"));
        assert_eq!(parsed("SELECT $$a;\nb$$"), one("SELECT $$a;\nb$$"));
    }

    #[test]
    fn of_several_each_has_its_own_and_its_place() {
        let text = "SELECT 'ä;''ö' ; -- next\r\n  SELECT\n2 /* ; */;SHOW all; ;SELECT 3";
        let found = parsed(text);
        let expected = ["SELECT 'ä;''ö'", "-- next\r\n  SELECT\n2 /* ; */", "SHOW all", "SELECT 3"];
        assert_eq!(found.iter().map(|(text, _)| text).collect::<Vec<_>>(), expected);
        for (statement, position) in &found {
            let skipped = usize::try_from(position.unwrap()).unwrap() - 1;
            let there: String = text.chars().skip(skipped).collect();
            assert!(there.starts_with(statement), "{statement}: {there}");
        }
    }
}
