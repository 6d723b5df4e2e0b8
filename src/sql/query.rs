//! What a query may be made of, whatever its tables are.

use std::ops::ControlFlow;
use std::sync::Arc;

use sqlparser::ast::{self, Expr, Select, TableFactor, Visit, Visitor};

use super::allow;
use super::error::SqlError;
use super::expansion;
use super::statement::Query;

/// Checks a query with all that is nested in it. `text` is where it stands.
pub(super) fn check(query: ast::Query, text: &Arc<str>) -> Result<Query, SqlError> {
    match query.visit(&mut Check) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) if !expansion::is_bounded(&query) => Err(SqlError::TooComplex),
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
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<SqlError> {
        if select.into.is_some() {
            return ControlFlow::Break(SqlError::ReadOnly("SELECT INTO"));
        }
        if select.projection.len() > MAX_COLUMNS {
            return ControlFlow::Break(SqlError::TooManyColumns);
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
                let quoted_as_text = name
                    .0
                    .iter()
                    .filter_map(|part| part.as_ident())
                    .any(|part| part.quote_style == Some('\''));
                if quoted_as_text {
                    return ControlFlow::Break(SqlError::Syntax {
                        message: "syntax error: a table's name stands in double quotes".to_owned(),
                        position: None,
                    });
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
