//! A name of a `WITH` within a query that has a `WITH` of the same name.
//!
//! PostgreSQL takes the inner one where it can be seen; the planner knows one name once. So the inner
//! one gets a name of its own, and what reads it goes by the name that was written.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Ident, ObjectName, ObjectNamePart, Query, TableAlias, TableFactor, VisitMut, VisitorMut,
};

use crate::sql::{fold, quoted};

/// Names them anew, throughout a query.
pub(in crate::guard) fn rename(query: &mut Query) {
    let ControlFlow::Continue(()) = query.visit(&mut Walk::default());
}

#[derive(Default)]
struct Walk {
    /// The `WITH` of each enclosing query, the innermost last.
    withs: Vec<With>,
    count: usize,
}

/// What one query names before its body.
#[derive(Default)]
struct With {
    /// Each name, and the new one where it has one.
    names: Vec<(String, Option<Ident>)>,
    /// How many of their queries are behind.
    behind: usize,
    recursive: bool,
    /// Whether this query is itself one that the enclosing one names.
    is_named: bool,
}

impl With {
    /// Those that can be read here: of a plain `WITH` the ones before.
    fn visible(&self) -> &[(String, Option<Ident>)] {
        let all = self.recursive || self.behind >= self.names.len();
        let count = if all { self.names.len() } else { self.behind };
        self.names.get(..count).unwrap_or_default()
    }
}

impl Walk {
    fn find(&self, name: &str) -> Option<&Option<Ident>> {
        let visible = self.withs.iter().rev().flat_map(With::visible);
        visible.into_iter().find(|(known, _)| known == name).map(|(_, new)| new)
    }
}

impl VisitorMut for Walk {
    type Break = std::convert::Infallible;

    // The queries of a WITH are visited before the body.
    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        let is_named = self.withs.last().is_some_and(|with| with.behind < with.names.len());
        let mut own = With { is_named, ..With::default() };
        if let Some(with) = &mut query.with {
            self.count += 1;
            own.recursive = with.recursive;
            for named in &mut with.cte_tables {
                let name = fold(&named.alias.name);
                let new = self.find(&name).is_some();
                let new = new.then(|| quoted(&format!("{name}\u{0}{}", self.count)));
                named.alias.name = new.clone().unwrap_or_else(|| named.alias.name.clone());
                own.names.push((name, new));
            }
        }
        self.withs.push(own);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Self::Break> {
        let is_named = self.withs.pop().is_some_and(|with| with.is_named);
        if is_named && let Some(around) = self.withs.last_mut() {
            around.behind += 1;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        if let TableFactor::Table { name, alias, args: None, .. } = factor
            && let [ObjectNamePart::Identifier(written)] = name.0.as_slice()
            && let Some(Some(new)) = self.find(&fold(written))
        {
            let own =
                TableAlias { explicit: true, name: written.clone(), columns: Vec::new(), at: None };
            alias.get_or_insert(own);
            *name = ObjectName::from(vec![new.clone()]);
        }
        ControlFlow::Continue(())
    }
}
