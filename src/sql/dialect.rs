//! PostgreSQL's grammar, read within bounds.
//!
//! The parser tries some constructs in one way, and on failing in another: what stands in them is
//! read twice, and what is nested in that four times. So each expression that it begins to read is
//! counted, and a text that makes it begin far more often than it has tokens is too complex.

use std::any::TypeId;
use std::cell::Cell;

use sqlparser::ast::{Expr, Query, SetExpr};
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// How often an expression may be begun for each token of the text. Most stand alone; some are tried
/// twice, and seldom in one another.
const TRIES: usize = 8;

/// The dialect for one run of the parser.
#[derive(Debug)]
pub(in crate::sql) struct Bounded {
    left: Cell<usize>,
}

const BASE: PostgreSqlDialect = PostgreSqlDialect {};

impl Bounded {
    /// For a text of so many tokens.
    pub fn new(tokens: usize) -> Self {
        Self { left: Cell::new(tokens.saturating_mul(TRIES)) }
    }
}

/// Passes on what PostgreSQL's dialect says otherwise than a dialect does by default.
macro_rules! as_in_postgresql {
    ($($supports:ident)*) => {
        $(fn $supports(&self) -> bool {
            BASE.$supports()
        })*
    };
}

impl Dialect for Bounded {
    fn dialect(&self) -> TypeId {
        BASE.dialect()
    }

    fn parse_prefix(&self, _: &mut Parser) -> Option<Result<Expr, ParserError>> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                None
            }
            None => Some(Err(ParserError::RecursionLimitExceeded)),
        }
    }

    fn parse_infix(
        &self,
        parser: &mut Parser,
        expr: &Expr,
        _: u8,
    ) -> Option<Result<Expr, ParserError>> {
        within(parser, expr).transpose()
    }

    /// The arguments of `f(name => 1)` have plain names. Read as expressions, each argument of every
    /// function would be tried twice.
    fn supports_named_fn_args_with_expr_name(&self) -> bool {
        false
    }

    /// What PostgreSQL reserves is no name, also where what follows it cannot be read.
    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        let reserved = [Keyword::ARRAY, Keyword::CASE, Keyword::CAST, Keyword::NOT];
        reserved.contains(&keyword) || BASE.is_reserved_for_identifier(keyword)
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        BASE.identifier_quote_style(identifier)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        BASE.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        BASE.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        BASE.is_identifier_part(ch)
    }

    fn is_custom_operator_part(&self, ch: char) -> bool {
        BASE.is_custom_operator_part(ch)
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        BASE.get_next_precedence(parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        BASE.prec_value(precedence)
    }

    as_in_postgresql! {
        supports_unicode_string_literal
        supports_filter_during_aggregation
        supports_group_by_expr
        allow_extract_custom
        allow_extract_single_quotes
        supports_create_index_with_clause
        supports_explain_with_utility_options
        supports_listen_notify
        supports_factorial_operator
        supports_bitwise_shift_operators
        supports_comment_on
        supports_load_extension
        supports_named_fn_args_with_colon_operator
        supports_empty_projections
        supports_nested_comments
        supports_string_escape_constant
        supports_numeric_literal_underscores
        supports_array_typedef_with_brackets
        supports_geometric_types
        supports_set_names
        supports_alter_column_type_using
        supports_notnull_operator
        supports_interval_options
        supports_insert_table_alias
        supports_create_table_like_parenthesized
        supports_select_wildcard_with_alias
        supports_comma_separated_trim
        supports_xml_expressions
        supports_comment_optimizer_hint
    }
}

/// `IN ((SELECT …), …)`. The parser would take the first query for all that stands in parentheses.
/// Whatever else follows is left to it.
fn within(parser: &mut Parser, expr: &Expr) -> Result<Option<Expr>, ParserError> {
    let negated = parser.peek_keyword(Keyword::NOT);
    let at = usize::from(negated);
    let is_in = matches!(
        &parser.peek_nth_token_ref(at).token,
        Token::Word(word) if word.keyword == Keyword::IN
    );
    let is_open = |at: usize| parser.peek_nth_token_ref(at).token == Token::LParen;
    if !is_in || !is_open(at + 1) || !is_open(at + 2) {
        return Ok(None);
    }
    parser.maybe_parse(|parser| {
        (0..at + 2).for_each(|_| parser.advance_token());
        let query = parser.parse_query()?;
        let value = Box::new(expr.clone());
        if parser.consume_token(&Token::RParen) {
            return Ok(Expr::InSubquery { expr: value, subquery: query, negated });
        }
        parser.expect_token(&Token::Comma)?;
        let Query { with: None, body, order_by: None, limit_clause: None, fetch: None, .. } =
            *query
        else {
            return parser.expected_ref("an expression", parser.peek_token_ref());
        };
        let SetExpr::Query(first) = *body else {
            return parser.expected_ref("an expression", parser.peek_token_ref());
        };
        let mut list = vec![Expr::Subquery(first)];
        list.extend(parser.parse_comma_separated(Parser::parse_expr)?);
        parser.expect_token(&Token::RParen)?;
        Ok(Expr::InList { expr: value, list, negated })
    })
}

#[cfg(test)]
mod tests {
    use crate::sql::{Limits, SqlError, parse};

    /// Each holds itself at `@`, in the innermost a `1`.
    const NESTED: [&str; 36] = [
        "abs(@)",
        "coalesce(@, 1)",
        "length(concat((@), 'a'))",
        "(@)",
        "((@) + 1)",
        "- @",
        "not @",
        "f(@, @)",
        "f(a => @)",
        "position(@, 1)",
        "position(@ in 'a')",
        "substring(@ from 1)",
        "substring(@, 1)",
        "trim(both 'a' from @)",
        "trim(@)",
        "extract(year from @)",
        "overlay(@ placing 'a' from 1)",
        "cast(@ as int)",
        "case @ when 1 then 1 end",
        "case when @ then @ else 1 end",
        "1 in (@)",
        "1 in (1, (select @))",
        "1 in (select @)",
        "1 in ((select @))",
        "1 in ((select @), 1)",
        "1 between (@) and 2",
        "(select @)",
        "exists (select @)",
        "array[@]",
        "array(select @)",
        "(@, 1)",
        "row(@, 1)",
        "(array[1])[@]",
        "(select 1 from (select @) as t)",
        "(select 1 from ((select @) as t cross join (select 1) as u))",
        "(1 = any (@))",
    ];

    #[test]
    fn nothing_takes_the_parser_long() {
        let limits = Limits { max_depth: 200, max_operators: 5_000, ..Limits::default() };
        // It runs as deep as a statement may, which is deeper than a test's stack.
        let work = move || {
            for form in NESTED {
                for depth in [5, 20, 40, 60, 100, 200] {
                    // Those that hold themselves twice grow; the first only, then.
                    let form = form.replacen('@', "#", 1).replace('@', "1");
                    let whole = (0..depth).fold("1".to_owned(), |held, _| form.replace('#', &held));
                    match parse(&format!("SELECT {whole}"), &limits) {
                        Ok(_) | Err(SqlError::TooComplex) => {}
                        Err(error) => panic!("{form}, {depth} deep: {error}"),
                    }
                }
                let twice = (0..3).fold("1".to_owned(), |held, _| form.replace('@', &held));
                assert!(parse(&format!("SELECT {twice}"), &limits).is_ok(), "{form}");
            }
        };
        std::thread::Builder::new().stack_size(64 << 20).spawn(work).unwrap().join().unwrap();
    }
}
