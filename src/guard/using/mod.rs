//! `JOIN … USING` and `NATURAL JOIN`.
//!
//! PostgreSQL merges each pair of keys into one column: it stands first in `SELECT *`, once, and an
//! unqualified key is the merged column, while `a.k` and `b.k` can still be named. The planner
//! knows no such column. So [`tree`] puts every such join into parentheses with a number, and
//! [`planner`] plans it: the merged columns first, then those of both sides, the keys among them
//! under a name that only `a.k` is turned into.
//!
//! Which columns there are is known once a query is planned. It is planned again with what was
//! learned, until nothing new is learned: twice, unless such joins are nested in subqueries.

mod planner;
mod tree;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::{Column, Result, TableReference};
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::planner::RelationPlanner;
use sqlparser::ast::Query;

use planner::Merging;
pub(in crate::guard) use tree::tables_of;

/// Plans a query with `plan`, which is given the tree and who plans the relations in it.
///
/// # Errors
/// Those of `plan`.
pub fn planned(
    query: &Query,
    plan: impl Fn(Query, Arc<dyn RelationPlanner>) -> Result<LogicalPlan>,
) -> Result<LogicalPlan> {
    let mut known = Known::new();
    let mut rounds = 0;
    loop {
        let mut tree = query.clone();
        let joins = tree::rewrite(&mut tree, &known);
        let learned = Arc::new(Learned::default());
        let planned = plan(tree, Arc::new(Merging::new(Arc::clone(&learned))));
        let before = known.clone();
        known.extend(learned.take());
        rounds += 1;
        // Each round settles at least the innermost join that was not.
        if known == before || rounds > joins {
            return planned;
        }
    }
}

/// What each join gives, by its number.
type Known = BTreeMap<usize, Vec<Column>>;

/// What was learned of the joins in planning a query.
#[derive(Debug, Default)]
struct Learned(Mutex<Known>);

impl Learned {
    fn note(&self, join: usize, columns: Vec<Column>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(join, columns);
    }

    fn take(&self) -> Known {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Stands before what makes a name one of this room; it cannot occur in a client's name, and
/// whoever labels the columns of a result takes off what follows it.
const MARK: &str = "\u{0}~";

/// The sides of a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// What a key of one side is called beside the merged column.
fn hidden(key: &str, join: usize, side: Side) -> String {
    let side = if side == Side::Left { 'l' } else { 'r' };
    format!("{key}{MARK}{join}{side}")
}

fn is_hidden(name: &str) -> bool {
    name.contains(MARK)
}

/// The name that a column has for the client.
fn plain(name: &str) -> &str {
    name.split_once(MARK).map_or(name, |(plain, _)| plain)
}

/// The table that the merged columns of a join are of.
fn merged(join: usize) -> TableReference {
    TableReference::bare(format!("joined{MARK}{join}"))
}

fn is_merged(table: &TableReference) -> bool {
    table.schema().is_none() && table.table().contains(MARK)
}
