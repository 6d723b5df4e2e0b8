//! `DECLARE`, `FETCH`, `MOVE` and `CLOSE`.

use std::sync::Arc;

use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::error::SqlError;
use super::query;
use super::statement::{Command, Fetch, Reach};
use super::words::{Fault, comes, expect, name, number, take, unexpected};

/// Reads a statement about a cursor, if one comes next. `text` is what its places refer to.
pub(super) fn command(parser: &mut Parser, text: &Arc<str>) -> Result<Option<Command>, Fault> {
    if take(parser, "DECLARE") {
        return declare(parser, text).map(Some);
    }
    let command = if take(parser, "FETCH") {
        Command::Fetch(fetch(parser, false)?)
    } else if take(parser, "MOVE") {
        Command::Fetch(fetch(parser, true)?)
    } else if take(parser, "CLOSE") {
        let all = take(parser, "ALL");
        Command::Close(if all { None } else { Some(name(parser)?) })
    } else {
        return Ok(None);
    };
    Ok(Some(command))
}

fn declare(parser: &mut Parser, text: &Arc<str>) -> Result<Command, Fault> {
    let name = name(parser)?;
    let (mut binary, mut scroll) = (false, false);
    while !take(parser, "CURSOR") {
        if take(parser, "BINARY") {
            binary = true;
        } else if take(parser, "NO") {
            expect(parser, "SCROLL")?;
        } else if take(parser, "SCROLL") {
            scroll = true;
        } else if !take(parser, "ASENSITIVE") {
            expect(parser, "INSENSITIVE")?;
        }
    }
    let holds = take(parser, "WITH");
    if holds || take(parser, "WITHOUT") {
        expect(parser, "HOLD")?;
    }
    expect(parser, "FOR")?;
    let query = query::check(*parser.parse_query()?, text)?;
    if scroll {
        let hint = "Rows are read as they are fetched, and not kept: declare it without SCROLL.";
        return Err(SqlError::Instead { what: "a cursor with SCROLL", hint }.into());
    }
    if holds {
        let hint = "A cursor ends with its transaction: declare it without WITH HOLD.";
        return Err(SqlError::Instead { what: "a cursor WITH HOLD", hint }.into());
    }
    Ok(Command::Declare { name, binary, query })
}

fn fetch(parser: &mut Parser, silent: bool) -> Result<Fetch, ParserError> {
    // `FETCH next` would be a cursor of this name: a direction has a name behind it.
    let reach = match parser.peek_nth_token_ref(1).token {
        Token::EOF => Reach::Next(1),
        _ => reach(parser)?,
    };
    if !take(parser, "FROM") {
        take(parser, "IN");
    }
    Ok(Fetch { name: name(parser)?, reach, silent })
}

fn reach(parser: &mut Parser) -> Result<Reach, ParserError> {
    if comes(parser, 0, "FROM") || comes(parser, 0, "IN") || take(parser, "NEXT") {
        return Ok(Reach::Next(1));
    }
    if take(parser, "PRIOR") || take(parser, "LAST") {
        return Ok(Reach::Back);
    }
    if take(parser, "FIRST") {
        return Ok(Reach::Absolute(1));
    }
    if take(parser, "ABSOLUTE") {
        let row = u64::try_from(given(parser)?);
        return Ok(row.map_or(Reach::Back, Reach::Absolute));
    }
    if take(parser, "RELATIVE") {
        let rows = u64::try_from(given(parser)?);
        return Ok(rows.map_or(Reach::Back, |rows| match rows {
            0 => Reach::Same,
            rows => Reach::Relative(rows),
        }));
    }
    let backward = take(parser, "BACKWARD");
    if !backward {
        take(parser, "FORWARD");
    }
    if take(parser, "ALL") {
        return Ok(if backward { Reach::Back } else { Reach::All });
    }
    match number(parser)? {
        Some(rows) => Ok(several(i64::from(rows) * if backward { -1 } else { 1 })),
        None if backward => Ok(Reach::Back),
        None => Ok(Reach::Next(1)),
    }
}

/// A number that must come next.
fn given(parser: &mut Parser) -> Result<i32, ParserError> {
    match number(parser)? {
        Some(number) => Ok(number),
        None => unexpected(parser),
    }
}

/// So many rows forward.
fn several(rows: i64) -> Reach {
    match u64::try_from(rows) {
        Ok(0) => Reach::Same,
        Ok(rows) => Reach::Next(rows),
        Err(_) => Reach::Back,
    }
}
