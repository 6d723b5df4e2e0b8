//! How large a query becomes when every WITH is written out where it is named.
//!
//! Planning does just that, so a text of a few lines can stand for a plan without end: each name
//! may stand twice in the next one's definition.

use std::collections::HashMap;
use std::ops::ControlFlow;

use sqlparser::ast::{Cte, Query, SetExpr, TableFactor, Visit, Visitor};

use super::identifier::fold;

/// The most tables, functions and subqueries that a query may read from, each counted as often as it is
/// read; a WITH that is named is a subquery, and so is each further part of a UNION and its kin. Queries
/// of BI tools read some dozens; what planning takes grows with the square and more, and a plan is as
/// deep as they stand on each other.
const MAX_TABLES: u64 = 250;

/// Whether the query stays within the bound.
pub(super) fn is_bounded(query: &Query) -> bool {
    query.visit(&mut Count::default()).is_continue()
}

/// The queries around the place where the visit stands, outermost first.
#[derive(Default)]
struct Count(Vec<Level>);

#[derive(Default)]
struct Level {
    /// Tables read so far.
    tables: u64,
    /// What is defined here: where the definition stands, and its name.
    definitions: Vec<(*const Query, String)>,
    /// What each defined name reads, once its definition was visited.
    names: HashMap<String, u64>,
}

impl Count {
    fn tables_of(&self, name: &str) -> Option<u64> {
        self.0.iter().rev().find_map(|level| level.names.get(name)).copied()
    }
}

fn defined(cte: &Cte) -> (*const Query, String) {
    (std::ptr::from_ref(cte.query.as_ref()), fold(&cte.alias.name))
}

/// How many queries UNION and its kin add to the first. They stand as deep as there are many, so no
/// function calls itself for them.
fn combined(body: &SetExpr) -> u64 {
    let (mut count, mut rest) = (0, vec![body]);
    while let Some(part) = rest.pop() {
        if let SetExpr::SetOperation { left, right, .. } = part {
            count += 1;
            rest.extend([left.as_ref(), right.as_ref()]);
        }
    }
    count
}

impl Visitor for Count {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let definitions = query.with.iter().flat_map(|with| with.cte_tables.iter().map(defined));
        let definitions: Vec<_> = definitions.collect();
        if definitions.len() as u64 > MAX_TABLES {
            return ControlFlow::Break(());
        }
        self.0.push(Level { tables: combined(&query.body), definitions, ..Level::default() });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let Some(level) = self.0.pop() else { return ControlFlow::Continue(()) };
        if level.tables > MAX_TABLES {
            return ControlFlow::Break(());
        }
        if let Some(around) = self.0.last_mut() {
            let here: *const Query = query;
            match around.definitions.iter().find(|(at, _)| *at == here) {
                // Also one that reads no table costs what it is made of.
                Some((_, name)) => {
                    let name = name.clone();
                    around.names.insert(name, level.tables.max(1));
                }
                None => around.tables = around.tables.saturating_add(level.tables),
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let named = match factor {
            TableFactor::Table { name, .. } => match name.0.as_slice() {
                [part] => part.as_ident().and_then(|name| self.tables_of(&fold(name))),
                _ => None,
            },
            _ => None,
        };
        if let Some(level) = self.0.last_mut() {
            let read = named.unwrap_or_default().saturating_add(1);
            level.tables = level.tables.saturating_add(read);
        }
        ControlFlow::Continue(())
    }
}
