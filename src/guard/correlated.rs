//! Tables that a subquery names from outside.
//!
//! `a.k` is column `k` of table `a`, in whichever query around it `a` is read. The planner takes it
//! for a field of a column instead, where the subquery has a column that is called `a`. So each table
//! that is named from within a subquery gets a name that no column can have; it is taken off wherever
//! a client is told of it.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::common::TableReference;
use sqlparser::ast::{
    Expr, Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableAlias, TableFactor, TableWithJoins, VisitMut,
    VisitorMut,
};

use crate::sql::{fold, quoted};

/// Names such tables anew, throughout a query.
pub(in crate::guard) fn rename(query: &mut Query) {
    let mut seen = Walk::default();
    let ControlFlow::Continue(()) = query.visit(&mut seen);
    if !seen.from_within.is_empty() {
        let renamed = Some(seen.from_within);
        let ControlFlow::Continue(()) = query.visit(&mut Walk { renamed, ..Walk::default() });
    }
}

/// A table of a scope: the number of the scope, and where its name stands there first.
type Place = (usize, usize);

/// Looks at a query, and names what is to be renamed once that is known. Both walks come to the same
/// queries in the same order, by which they are numbered.
#[derive(Default)]
struct Walk {
    renamed: Option<HashSet<Place>>,
    from_within: HashSet<Place>,
    /// Of the enclosing queries, the innermost last.
    scopes: Vec<Scope>,
    count: usize,
}

/// What one SELECT reads, by the names that were written.
#[derive(Clone, Default)]
struct Scope {
    number: usize,
    tables: Vec<TableReference>,
    /// Whether it is that of a query whose SELECT is still to come.
    waits: bool,
}

impl VisitorMut for Walk {
    type Break = std::convert::Infallible;

    // The ORDER BY of a query reads what its SELECT reads, but stands outside of it.
    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        match query.body.as_mut() {
            SetExpr::Select(select) => {
                self.enter(select);
                self.scopes.last_mut().into_iter().for_each(|scope| scope.waits = true);
            }
            _ => self.scopes.push(Scope::default()),
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Self::Break> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        match self.scopes.last_mut() {
            Some(own) if own.waits => {
                own.waits = false;
                let own = own.clone();
                self.scopes.push(own);
            }
            _ => self.enter(select),
        }
        for item in &mut select.projection {
            if let SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(table),
                _,
            ) = item
            {
                let parts: Vec<_> =
                    table.0.iter().filter_map(ObjectNamePart::as_ident).cloned().collect();
                if let Some(name) = self.name_of(&parts) {
                    *table = ObjectName::from(vec![name]);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<Self::Break> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Expr::CompoundIdentifier(parts) = expr
            && let Some((column, table)) = parts.split_last()
            && let Some(name) = self.name_of(table)
        {
            *parts = vec![name, column.clone()];
        }
        ControlFlow::Continue(())
    }
}

impl Walk {
    /// Begins the scope of a SELECT.
    fn enter(&mut self, select: &mut Select) {
        self.count += 1;
        let mut scope = Scope { number: self.count, ..Scope::default() };
        let mut all = Vec::new();
        select.from.iter_mut().for_each(|tables| collect(tables, &mut all));
        scope.tables = all.iter().map(|(known_as, _)| known_as.clone()).collect();
        for (known_as, factor) in all {
            let place = scope.place(|table| *table == known_as);
            if let Some(name) = place.and_then(|place| self.renamed(place, &known_as)) {
                call(factor, name);
            }
        }
        self.scopes.push(scope);
    }

    /// The new name of the table that is meant by these words here, where it has one.
    fn name_of(&mut self, words: &[Ident]) -> Option<Ident> {
        let wanted = reference(words)?;
        let here = self.scopes.last()?.number;
        let (place, table) = self.scopes.iter().rev().find_map(|scope| {
            let place = scope.place(|table| wanted.resolved_eq(table))?;
            Some((place, scope.tables.get(place.1)?.clone()))
        })?;
        if place.0 != here {
            self.from_within.insert(place);
        }
        self.renamed(place, &table)
    }

    fn renamed(&self, place: Place, table: &TableReference) -> Option<Ident> {
        let renamed = self.renamed.as_ref()?.contains(&place);
        renamed.then(|| quoted(&format!("{}\u{0}{}x{}", table.table(), place.0, place.1)))
    }
}

impl Scope {
    fn place(&self, is: impl Fn(&TableReference) -> bool) -> Option<Place> {
        self.tables.iter().position(is).map(|at| (self.number, at))
    }
}

/// The tables that can be named, each with what it is called.
fn collect<'a>(
    tables: &'a mut TableWithJoins,
    all: &mut Vec<(TableReference, &'a mut TableFactor)>,
) {
    let joined = tables.joins.iter_mut().map(|join| &mut join.relation);
    for factor in std::iter::once(&mut tables.relation).chain(joined) {
        match factor {
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                collect(table_with_joins, all);
            }
            other => {
                if let Some(known_as) = known_as(other) {
                    all.push((known_as, other));
                }
            }
        }
    }
}

fn known_as(factor: &TableFactor) -> Option<TableReference> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::Function { alias: Some(alias), .. }
        | TableFactor::UNNEST { alias: Some(alias), .. }
        | TableFactor::NestedJoin { alias: Some(alias), .. } => {
            Some(TableReference::bare(fold(&alias.name)))
        }
        TableFactor::Table { name, args: None, .. } => {
            let parts = name.0.iter().filter_map(ObjectNamePart::as_ident).cloned();
            reference(&parts.collect::<Vec<_>>())
        }
        _ => None,
    }
}

/// Gives a table a name.
fn call(factor: &mut TableFactor, name: Ident) {
    if let TableFactor::Table { alias, .. }
    | TableFactor::Derived { alias, .. }
    | TableFactor::Function { alias, .. }
    | TableFactor::UNNEST { alias, .. }
    | TableFactor::NestedJoin { alias, .. } = factor
    {
        match alias {
            Some(alias) => alias.name = name,
            None => {
                *alias = Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None });
            }
        }
    }
}

fn reference(words: &[Ident]) -> Option<TableReference> {
    match words.iter().map(fold).collect::<Vec<_>>().as_slice() {
        [table] => Some(TableReference::bare(table.as_str())),
        [schema, table] => Some(TableReference::partial(schema.as_str(), table.as_str())),
        [catalog, schema, table] => {
            Some(TableReference::full(catalog.as_str(), schema.as_str(), table.as_str()))
        }
        _ => None,
    }
}
