//! Reading word by word, where PostgreSQL has more forms of a statement than the grammar.

use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::error::SqlError;
use super::identifier::fold;

/// Why a statement could not be read.
pub(super) enum Fault {
    /// It is not of the grammar.
    Grammar(ParserError),
    /// It is, and is refused.
    Refused(SqlError),
}

impl From<ParserError> for Fault {
    fn from(error: ParserError) -> Self {
        Self::Grammar(error)
    }
}

impl From<SqlError> for Fault {
    fn from(error: SqlError) -> Self {
        Self::Refused(error)
    }
}

/// Whether this word comes as the next but so many.
pub(super) fn comes(parser: &Parser, after: usize, word: &str) -> bool {
    match &parser.peek_nth_token_ref(after).token {
        Token::Word(found) => found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word),
        _ => false,
    }
}

/// Reads a word, if it comes next.
pub(super) fn take(parser: &mut Parser, word: &str) -> bool {
    let found = comes(parser, 0, word);
    if found {
        parser.advance_token();
    }
    found
}

/// Reads a word that must come next.
pub(super) fn expect(parser: &mut Parser, word: &str) -> Result<(), ParserError> {
    if take(parser, word) { Ok(()) } else { unexpected(parser) }
}

/// Reads a name.
pub(super) fn name(parser: &mut Parser) -> Result<String, ParserError> {
    match parser.peek_token_ref().token {
        Token::Word(_) => Ok(fold(&parser.parse_identifier()?)),
        _ => unexpected(parser),
    }
}

/// Reads a whole number with or without its sign, if one comes next.
pub(super) fn number(parser: &mut Parser) -> Result<Option<i32>, ParserError> {
    let sign = match parser.peek_token_ref().token {
        Token::Minus => Some("-"),
        Token::Plus => Some("+"),
        _ => None,
    };
    if sign.is_some() {
        parser.advance_token();
    }
    let number = match &parser.peek_token_ref().token {
        Token::Number(digits, _) => format!("{}{digits}", sign.unwrap_or_default()).parse().ok(),
        _ if sign.is_none() => return Ok(None),
        _ => None,
    };
    if number.is_none() {
        return unexpected(parser);
    }
    parser.advance_token();
    Ok(number)
}

/// Reads a text, if one comes next.
pub(super) fn string(parser: &mut Parser) -> Option<String> {
    let text = match &parser.peek_token_ref().token {
        Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => text.clone(),
        Token::DollarQuotedString(text) => text.value.clone(),
        _ => return None,
    };
    parser.advance_token();
    Some(text)
}

/// The next word is none that may stand here.
pub(super) fn unexpected<T>(parser: &Parser) -> Result<T, ParserError> {
    parser.expected_ref("another word", parser.peek_token_ref())
}
