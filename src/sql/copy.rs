//! `COPY … TO STDOUT`, with its options in both of their forms.

use std::sync::Arc;

use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::error::SqlError;
use super::options::Options;
use super::query;
use super::statement::Command;
use super::words::{Fault, comes, expect, name, number, string, take, unexpected};

/// Reads a `COPY`, if one comes next. `text` is what its places refer to.
pub(super) fn command(parser: &mut Parser, text: &Arc<str>) -> Result<Option<Command>, Fault> {
    if !take(parser, "COPY") {
        return Ok(None);
    }
    let mut options = Options::default();
    let is_query = parser.consume_token(&Token::LParen);
    let query = if is_query {
        let query = parser.parse_query()?;
        parser.expect_token(&Token::RParen)?;
        query
    } else {
        let names_table = comes(parser, 1, "TO") || comes(parser, 1, "FROM");
        if !names_table && take(parser, "BINARY") {
            options.binary()?;
        }
        let query = table(parser)?;
        if take(parser, "FROM") {
            return Err(SqlError::ReadOnly("COPY FROM").into());
        }
        query
    };
    expect(parser, "TO")?;
    if !take(parser, "STDOUT") && !take(parser, "STDIN") {
        if !take(parser, "PROGRAM") && string(parser).is_none() {
            return Ok(unexpected(parser)?);
        }
        return Err(SqlError::ReadOnly("COPY to a file or program").into());
    }
    if !is_query && take(parser, "USING") {
        expect(parser, "DELIMITERS")?;
        options.set_text("delimiter", needed(parser)?)?;
    }
    read_options(parser, &mut options)?;
    let query = query::check(*query, text)?;
    Ok(Some(Command::Copy { query, format: options.format()? }))
}

/// A table, with its columns or all of them, as the query over it.
fn table(parser: &mut Parser) -> Result<Box<ast::Query>, ParserError> {
    let word = |word: &str| TokenWithSpan::wrap(Token::make_keyword(word));
    let mut table = vec![word("FROM"), name_token(parser)?];
    while parser.peek_token_ref().token == Token::Period {
        table.extend([parser.next_token(), name_token(parser)?]);
    }
    let mut query = vec![word("SELECT")];
    if parser.consume_token(&Token::LParen) {
        query.push(name_token(parser)?);
        while parser.peek_token_ref().token == Token::Comma {
            query.extend([parser.next_token(), name_token(parser)?]);
        }
        parser.expect_token(&Token::RParen)?;
    } else {
        query.push(TokenWithSpan::wrap(Token::Mul));
    }
    query.extend(table);
    Parser::new(&PostgreSqlDialect {}).with_tokens_with_locations(query).parse_query()
}

/// Reads a name, as one that can be nothing else.
fn name_token(parser: &mut Parser) -> Result<TokenWithSpan, ParserError> {
    let span = parser.peek_token_ref().span;
    let value = name(parser)?;
    let word = Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword };
    Ok(TokenWithSpan { token: Token::Word(word), span })
}

fn read_options(parser: &mut Parser, options: &mut Options) -> Result<(), Fault> {
    take(parser, "WITH");
    if !parser.consume_token(&Token::LParen) {
        return read_old_options(parser, options);
    }
    loop {
        let option = name(parser)?;
        let value = value(parser)?;
        options.set(&option, value)?;
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    parser.expect_token(&Token::RParen)?;
    Ok(())
}

/// As they were written before PostgreSQL 9.0.
fn read_old_options(parser: &mut Parser, options: &mut Options) -> Result<(), Fault> {
    loop {
        if take(parser, "BINARY") {
            options.binary()?;
        } else if take(parser, "CSV") {
            options.set_text("format", "csv".to_owned())?;
        } else if take(parser, "HEADER") {
            options.set("header", OptionValue::None)?;
        } else if take(parser, "FREEZE") {
            options.set("freeze", OptionValue::None)?;
        } else if take(parser, "FORCE") {
            let option = if take(parser, "QUOTE") {
                "force_quote"
            } else if take(parser, "NOT") {
                expect(parser, "NULL")?;
                "force_not_null"
            } else {
                expect(parser, "NULL")?;
                "force_null"
            };
            let columns = match parser.consume_token(&Token::Mul) {
                true => OptionValue::All,
                false => OptionValue::Names(names(parser)?),
            };
            options.set(option, columns)?;
        } else if let Some(option) = ["delimiter", "null", "quote", "escape", "encoding"]
            .into_iter()
            .find(|option| take(parser, option))
        {
            if option != "encoding" {
                take(parser, "AS");
            }
            options.set_text(option, needed(parser)?)?;
        } else {
            return Ok(());
        }
    }
}

/// What stands behind the name of an option.
pub(super) enum OptionValue {
    None,
    Text(String),
    Number(i32),
    All,
    Names(Vec<String>),
}

fn value(parser: &mut Parser) -> Result<OptionValue, Fault> {
    if let Some(text) = string(parser) {
        return Ok(OptionValue::Text(text));
    }
    if parser.consume_token(&Token::Mul) {
        return Ok(OptionValue::All);
    }
    if parser.consume_token(&Token::LParen) {
        let names = names(parser)?;
        parser.expect_token(&Token::RParen)?;
        return Ok(OptionValue::Names(names));
    }
    if let Some(number) = number(parser)? {
        return Ok(OptionValue::Number(number));
    }
    match parser.peek_token_ref().token {
        Token::Word(_) => Ok(OptionValue::Text(name(parser)?)),
        _ => Ok(OptionValue::None),
    }
}

fn names(parser: &mut Parser) -> Result<Vec<String>, ParserError> {
    let mut names = vec![name(parser)?];
    while parser.consume_token(&Token::Comma) {
        names.push(name(parser)?);
    }
    Ok(names)
}

/// A text that must come next.
fn needed(parser: &mut Parser) -> Result<String, ParserError> {
    match string(parser) {
        Some(text) => Ok(text),
        None => unexpected(parser),
    }
}
