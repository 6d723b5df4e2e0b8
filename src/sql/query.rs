//! What a query may be made of, whatever its tables are.

use std::ops::ControlFlow;
use std::sync::Arc;

use sqlparser::ast::{
    self, Distinct, Expr, FunctionArguments, GroupByExpr, OrderByKind, Select, TableFactor, Visit,
    Visitor,
};

use super::allow;
use super::chains;
use super::error::SqlError;
use super::expansion;
use super::grouping;
use super::statement::Query;

/// Checks a query with all that is nested in it. `text` is where it stands.
pub(super) fn check(mut query: ast::Query, text: &Arc<str>) -> Result<Query, SqlError> {
    match query.visit(&mut Check) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) if !expansion::is_bounded(&query) => Err(SqlError::TooComplex),
        ControlFlow::Continue(()) if !chains::are_bounded(&mut query) => Err(SqlError::TooComplex),
        ControlFlow::Continue(()) => Ok(Query::new(query, text)),
    }
}

/// Checks an expression that stands by itself (an argument of EXECUTE).
pub(super) fn check_expr(expr: &Expr) -> Result<(), SqlError> {
    match expr.visit(&mut Check) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// As in PostgreSQL (`MaxTupleAttributeNumber`).
const MAX_COLUMNS: usize = 1_664;

/// As in PostgreSQL (`FUNC_MAX_ARGS`).
const MAX_ARGUMENTS: usize = 100;

/// These are functions in our grammar alone, and take as many as a row has columns.
const NO_FUNCTIONS: [&str; 3] = ["coalesce", "greatest", "least"];

struct Check;

fn refuse(what: &str) -> ControlFlow<SqlError> {
    ControlFlow::Break(SqlError::Unsupported(what.to_owned()))
}

impl Visitor for Check {
    type Break = SqlError;

    /// A statement inside a query: `WITH x AS (DELETE …)`.
    fn pre_visit_statement(&mut self, statement: &ast::Statement) -> ControlFlow<SqlError> {
        match statement {
            ast::Statement::Query(_) => ControlFlow::Continue(()),
            other => ControlFlow::Break(allow::refusal(other)),
        }
    }

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<SqlError> {
        if !query.locks.is_empty() {
            return ControlFlow::Break(SqlError::ReadOnly("SELECT FOR UPDATE or SHARE"));
        }
        if query.for_clause.is_some() || query.settings.is_some() || query.format_clause.is_some() {
            return refuse("this clause of SELECT");
        }
        if !query.pipe_operators.is_empty() {
            return refuse("the pipe operator");
        }
        if let Some(ast::OrderBy { kind: OrderByKind::Expressions(keys), .. }) = &query.order_by
            && keys.len() > MAX_COLUMNS
        {
            return ControlFlow::Break(SqlError::TooManyColumns);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<SqlError> {
        if select.into.is_some() {
            return ControlFlow::Break(SqlError::ReadOnly("SELECT INTO"));
        }
        if select.projection.len() > MAX_COLUMNS {
            return ControlFlow::Break(SqlError::TooManyColumns);
        }
        if let Some(Distinct::On(keys)) = &select.distinct
            && keys.len() > MAX_COLUMNS
        {
            return ControlFlow::Break(SqlError::TooManyColumns);
        }
        if let GroupByExpr::Expressions(keys, _) = &select.group_by
            && keys.len() > MAX_COLUMNS
        {
            return ControlFlow::Break(SqlError::TooManyColumns);
        }
        if let Err(error) = grouping::check(&select.group_by) {
            return ControlFlow::Break(error);
        }
        let foreign = select.top.is_some()
            || select.prewhere.is_some()
            || select.select_modifiers.is_some()
            || select.value_table_mode.is_some()
            || select.exclude.is_some()
            || !select.lateral_views.is_empty()
            || !select.connect_by.is_empty()
            || !select.cluster_by.is_empty()
            || !select.distribute_by.is_empty()
            || !select.sort_by.is_empty();
        if foreign { refuse("this clause of SELECT") } else { ControlFlow::Continue(()) }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<SqlError> {
        let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
        let FunctionArguments::List(arguments) = &function.args else {
            return ControlFlow::Continue(());
        };
        let name = function.name.to_string();
        let no_function = NO_FUNCTIONS.iter().any(|one| name.eq_ignore_ascii_case(one));
        let most = if no_function { MAX_COLUMNS } else { MAX_ARGUMENTS };
        if arguments.args.len() > most {
            return ControlFlow::Break(SqlError::TooManyArguments { limit: most });
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<SqlError> {
        match factor {
            TableFactor::Table {
                name,
                with_hints,
                version,
                partitions,
                json_path,
                sample,
                index_hints,
                ..
            } => {
                if sample.is_some() {
                    return refuse("TABLESAMPLE");
                }
                let foreign = !with_hints.is_empty()
                    || version.is_some()
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || !index_hints.is_empty();
                if foreign {
                    return refuse("this form of a table in FROM");
                }
                let mut parts = name.0.iter().filter_map(|part| part.as_ident());
                if let Some(text) = parts.find(|part| part.quote_style == Some('\'')) {
                    return ControlFlow::Break(SqlError::TextForTable(text.span.start));
                }
                ControlFlow::Continue(())
            }
            TableFactor::Derived { sample: None, .. }
            | TableFactor::Function { .. }
            | TableFactor::UNNEST { .. }
            | TableFactor::NestedJoin { .. } => ControlFlow::Continue(()),
            _ => refuse("this form of a table in FROM"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::error::ClientError;
    use crate::sql::{Limits, parse};

    fn list(count: usize, of: &str) -> String {
        vec![of; count].join(", ")
    }

    /// `ok`, or the SQLSTATE.
    fn outcome(text: &str, limits: &Limits) -> String {
        match parse(text, limits) {
            Ok(_) => "ok".to_owned(),
            Err(error) => ClientError::from(error).sqlstate.code().to_owned(),
        }
    }

    #[test]
    fn lists_are_as_long_as_postgresql_has_them() {
        let cases: [(&str, usize, &str); 8] = [
            ("SELECT {}", 1_664, "54011"),
            ("SELECT 1 ORDER BY {}", 1_664, "54011"),
            ("SELECT 1 GROUP BY {}", 1_664, "54011"),
            ("SELECT DISTINCT ON ({}) 1", 1_664, "54011"),
            ("SELECT concat({})", 100, "54023"),
            ("SELECT coalesce({})", 1_664, "54023"),
            ("SELECT 1 GROUP BY CUBE ({})", 12, "54011"),
            ("SELECT 1 GROUP BY ROLLUP ({})", 4_095, "54001"),
        ];
        for (pattern, most, code) in cases {
            for (count, expected) in [(most, "ok"), (most + 1, code)] {
                let text = pattern.replace("{}", &list(count, "1"));
                assert_eq!(outcome(&text, &Limits::default()), expected, "{pattern} of {count}");
            }
        }
    }

    #[test]
    fn what_is_read_from_is_counted() {
        for (from, expected) in [
            (list(250, "t"), "ok"),
            (list(251, "t"), "54001"),
            (list(250, "generate_series(1, 2)"), "ok"),
            (list(126, "(SELECT 1 FROM t)"), "54001"),
            (list(251, "(SELECT 1)"), "54001"),
            (format!("t{}", " UNION SELECT 1".repeat(249)), "ok"),
            (format!("t{}", " EXCEPT SELECT 1".repeat(250)), "54001"),
            (format!("(SELECT 1{}) a", " INTERSECT VALUES (1)".repeat(250)), "54001"),
        ] {
            assert_eq!(outcome(&format!("SELECT 1 FROM {from}"), &Limits::default()), expected);
        }
    }

    #[test]
    fn grouping_sets_are_counted_as_they_multiply() {
        let cases = [
            ("CUBE (1, 1, 1, 1, 1, 1), CUBE (1, 1, 1, 1, 1, 1)", "ok"),
            ("CUBE (1, 1, 1, 1, 1, 1), CUBE (1, 1, 1, 1, 1, 1), ROLLUP (1)", "54001"),
            ("ROLLUP (1, 1, 1), GROUPING SETS ((1), (), (1, 1)), 1", "ok"),
            ("CUBE (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), GROUPING SETS (1, (1, 1))", "54001"),
        ];
        for (keys, expected) in cases {
            let text = format!("SELECT 1 GROUP BY {keys}");
            assert_eq!(outcome(&text, &Limits::default()), expected, "{keys}");
        }
    }

    #[test]
    fn a_text_has_so_many_words_values_and_signs() {
        let limits = Limits { max_tokens: 20, ..Limits::default() };
        // Blanks and comments are none, and a long value is one.
        let long = format!("SELECT 1 /* {} */ , '{}'", " ".repeat(99), "x, ".repeat(99));
        for (text, expected) in [
            (format!("SELECT {}", list(10, "1")), "ok"),
            (format!("SELECT {}", list(11, "1")), "54001"),
            ("SELECT 1; ".repeat(7), "54001"),
            (long, "ok"),
        ] {
            assert_eq!(outcome(&text, &limits), expected, "{text}");
        }
    }
}
