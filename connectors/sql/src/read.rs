//! A text becomes a plan again, or nothing.
//!
//! The reader takes exactly the forms that the writer has. Every part of the syntax tree that no
//! form of ours uses must be absent: the patterns below name each of them, so that a part which
//! a later version of the grammar adds has to be decided upon before this compiles.

mod condition;
mod expression;
mod query;

use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis_connector_api::Table;
use portcullis_connector_api::subplan::Node;
use sqlparser::ast::Statement;
use sqlparser::parser::Parser;

use crate::dialect::Dialect;
use crate::error::SqlError;
use crate::lexis;
use crate::shape::Shape;
use crate::write::{Argument, Written};

/// Depth of the grammar's recursion; the deepest plan with the deepest condition needs less.
const GRAMMAR_DEPTH: usize = 400;

/// Reads a written text back. `tables` are those that the plan scans; the text may name no other.
///
/// # Errors
/// Where the text is not one statement of our forms that uses each argument exactly once.
pub(crate) fn read(
    dialect: &dyn Dialect,
    written: &Written,
    tables: &[Arc<Table>],
) -> Result<Node, SqlError> {
    lexis::check(&written.text)?;
    let statements = Parser::new(dialect.grammar())
        .with_recursion_limit(GRAMMAR_DEPTH)
        .try_with_sql(&written.text)
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| SqlError::mismatch(format!("the grammar refuses it: {error}")))?;
    let [Statement::Query(query)] = statements.as_slice() else {
        return Err(SqlError::mismatch("it is not one query"));
    };
    let mut reader = Reader {
        dialect,
        arguments: &written.arguments,
        used: vec![false; written.arguments.len()],
        tables,
        aliases: BTreeSet::new(),
    };
    let (node, _) = reader.query(query)?;
    if reader.used.contains(&false) {
        return Err(SqlError::mismatch("a bound value is not used"));
    }
    Ok(node)
}

struct Reader<'a> {
    dialect: &'a dyn Dialect,
    arguments: &'a [Argument],
    used: Vec<bool>,
    tables: &'a [Arc<Table>],
    /// Those of the inputs so far.
    aliases: BTreeSet<String>,
}

/// What the names inside one SELECT stand for.
struct Scope {
    /// For each input: its alias, and the position of its first column.
    inputs: Vec<(String, usize)>,
    /// The table, in a scan.
    table: Option<Arc<Table>>,
    shapes: Vec<Shape>,
}

/// The error for a form that the writer does not have.
fn stray<T>(what: &str) -> Result<T, SqlError> {
    Err(SqlError::mismatch(what))
}
