//! The tree of a query: joins with USING get a number, and names of their keys are turned into
//! those that the planner gives them.

use std::ops::ControlFlow;

use datafusion::common::{Column, TableReference};
use sqlparser::ast::{
    ExcludeSelectItem, Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart,
    Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableAlias, TableFactor,
    TableWithJoins, VisitMut, VisitorMut,
};

use super::{Known, MARK, is_hidden, plain};
use crate::sql::{fold, quoted};

/// Rewrites a query and all that is nested in it; gives the number of its joins.
pub(super) fn rewrite(query: &mut Query, known: &Known) -> usize {
    let mut rewriter = Rewriter { known, joins: 0, scopes: Vec::new() };
    let ControlFlow::Continue(()) = query.visit(&mut rewriter);
    rewriter.joins
}

struct Rewriter<'a> {
    known: &'a Known,
    joins: usize,
    /// Of the enclosing SELECTs, the innermost last.
    scopes: Vec<Scope>,
}

/// What one SELECT reads.
#[derive(Default)]
struct Scope {
    /// The names of its tables.
    tables: Vec<TableReference>,
    /// The numbers of its joins, the outermost last.
    joins: Vec<usize>,
}

impl VisitorMut for Rewriter<'_> {
    type Break = std::convert::Infallible;

    // The ORDER BY of a query reads what its SELECT reads, but stands outside of it.
    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        let scope = match query.body.as_mut() {
            SetExpr::Select(select) => self.enter(select),
            _ => Scope::default(),
        };
        self.scopes.push(scope);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Self::Break> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        let scope = self.enter(select);
        self.scopes.push(scope);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<Self::Break> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Expr::CompoundIdentifier(parts) = expr
            && let Some(Some(name)) =
                self.scopes.iter().rev().find_map(|scope| self.key(scope, parts))
            && let Some(last) = parts.last_mut()
        {
            *last = quoted(&name);
        }
        ControlFlow::Continue(())
    }
}

impl Rewriter<'_> {
    /// Marks the joins of a SELECT and names what its wildcards stand for. What was done is not
    /// done again.
    fn enter(&mut self, select: &mut Select) -> Scope {
        let from = std::mem::take(&mut select.from);
        select.from = from.into_iter().map(|tables| self.marked(tables)).collect();
        let mut scope = Scope::default();
        select.from.iter().for_each(|tables| scope.add(tables));
        if !scope.joins.is_empty() {
            self.name_columns(select, &scope);
        }
        scope
    }

    /// Each join with USING alone in parentheses, which hold all that stands before it.
    fn marked(&mut self, tables: TableWithJoins) -> TableWithJoins {
        let plain = |relation| TableWithJoins { relation, joins: Vec::new() };
        let mut done = plain(self.factor(tables.relation));
        for mut join in tables.joins {
            join.relation = self.factor(join.relation);
            if !merges(&join) {
                done.joins.push(join);
                continue;
            }
            let relation = if done.joins.is_empty() {
                done.relation
            } else {
                TableFactor::NestedJoin { table_with_joins: Box::new(done), alias: None }
            };
            let alone = TableWithJoins { relation, joins: vec![join] };
            done = plain(TableFactor::NestedJoin {
                table_with_joins: Box::new(alone),
                alias: Some(mark(self.joins)),
            });
            self.joins += 1;
        }
        done
    }

    fn factor(&mut self, factor: TableFactor) -> TableFactor {
        match factor {
            TableFactor::NestedJoin { table_with_joins, alias } if !is_mark(alias.as_ref()) => {
                let table_with_joins = Box::new(self.marked(*table_with_joins));
                TableFactor::NestedJoin { table_with_joins, alias }
            }
            other => other,
        }
    }

    /// `*` shows a key once, and `a.*` shows those of `a` under their own names.
    fn name_columns(&self, select: &mut Select, scope: &Scope) {
        let items = std::mem::take(&mut select.projection);
        let wildcards = items.iter().filter(|item| name_of(item).is_none()).count();
        let taken: Vec<_> = items.iter().filter_map(name_of).collect();
        let mut named: Vec<SelectItem> = Vec::with_capacity(items.len());
        for item in items {
            let place = named.len();
            // Names in one SELECT must differ; the mark is taken off where a client sees them.
            let alias = |name: &str, free: bool| {
                let name = plain(name);
                if free { quoted(name) } else { quoted(&format!("{name}\u{0}{place}")) }
            };
            match item {
                SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                    named.push(match self.key(scope, &parts) {
                        Some(Some(hidden)) => SelectItem::ExprWithAlias {
                            alias: alias(&hidden, wildcards == 0),
                            expr: of_table(&parts, &hidden),
                        },
                        _ => SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)),
                    });
                }
                SelectItem::Wildcard(mut options) => {
                    let hidden = scope.joins.iter().flat_map(|join| self.columns(*join));
                    let hidden = hidden.filter(|column| is_hidden(&column.name));
                    let hidden = hidden.map(|column| ObjectName::from(quoted(&column.name)));
                    let before = match options.opt_exclude.take() {
                        Some(ExcludeSelectItem::Single(name)) => vec![name],
                        Some(ExcludeSelectItem::Multiple(names)) => names,
                        None => Vec::new(),
                    };
                    let hidden: Vec<_> = hidden.filter(|name| !before.contains(name)).collect();
                    let excluded: Vec<_> = before.into_iter().chain(hidden).collect();
                    options.opt_exclude =
                        (!excluded.is_empty()).then_some(ExcludeSelectItem::Multiple(excluded));
                    named.push(SelectItem::Wildcard(options));
                }
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(table),
                    options,
                ) => {
                    let parts: Vec<_> =
                        table.0.iter().filter_map(ObjectNamePart::as_ident).cloned().collect();
                    let columns = self.columns_of(scope, &parts);
                    if !columns.iter().any(|column| is_hidden(&column.name)) {
                        let kind = SelectItemQualifiedWildcardKind::ObjectName(table);
                        named.push(SelectItem::QualifiedWildcard(kind, options));
                        continue;
                    }
                    for column in columns {
                        let mut parts = parts.clone();
                        parts.push(quoted(&column.name));
                        let expr = Expr::CompoundIdentifier(parts);
                        named.push(if is_hidden(&column.name) {
                            let name = plain(&column.name);
                            let free = wildcards == 1 && !taken.iter().any(|taken| taken == name);
                            SelectItem::ExprWithAlias { alias: alias(name, free), expr }
                        } else {
                            SelectItem::UnnamedExpr(expr)
                        });
                    }
                }
                other => named.push(other),
            }
        }
        select.projection = named;
    }

    /// What a key of a table is called in this scope: `None` where the scope does not have the
    /// table, nothing where the column is none of the keys.
    fn key(&self, scope: &Scope, parts: &[Ident]) -> Option<Option<String>> {
        let (name, table) = parts.split_last()?;
        let name = fold(name);
        let wanted = reference(table)?;
        if !scope.tables.iter().any(|table| wanted.resolved_eq(table)) {
            return None;
        }
        let columns = self.columns_of(scope, table);
        let hidden = columns.into_iter().map(|column| column.name.as_str());
        Some(
            hidden
                .filter(|column| is_hidden(column))
                .find(|of| plain(of) == name)
                .map(str::to_owned),
        )
    }

    fn columns_of(&self, scope: &Scope, table: &[Ident]) -> Vec<&Column> {
        let Some(wanted) = reference(table) else { return Vec::new() };
        let all = scope.joins.iter().flat_map(|join| self.columns(*join));
        let is_of = |of: &TableReference| wanted.resolved_eq(of);
        all.filter(|column| column.relation.as_ref().is_some_and(is_of)).collect()
    }

    fn columns(&self, join: usize) -> impl Iterator<Item = &Column> {
        self.known.get(&join).into_iter().flatten()
    }
}

impl Scope {
    fn add(&mut self, tables: &TableWithJoins) {
        self.add_factor(&tables.relation);
        tables.joins.iter().for_each(|join| self.add_factor(&join.relation));
    }

    fn add_factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::NestedJoin { table_with_joins, alias } => match alias {
                Some(alias) => match number(alias) {
                    Some(join) => {
                        self.joins.push(join);
                        self.add_within(table_with_joins);
                    }
                    None => self.tables.push(TableReference::bare(fold(&alias.name))),
                },
                None => self.add(table_with_joins),
            },
            other => self.tables.extend(known_as(other)),
        }
    }

    /// The tables of a join, but not the joins within it, whose columns are among its own.
    fn add_within(&mut self, tables: &TableWithJoins) {
        let mut within = Self::default();
        within.add(tables);
        self.tables.append(&mut within.tables);
    }
}

/// What a factor of FROM can be named by, or the tables in it where it has no name.
pub(in crate::guard) fn tables_of(factor: &TableFactor) -> Vec<TableReference> {
    let mut scope = Scope::default();
    scope.add_factor(factor);
    scope.tables
}

fn known_as(factor: &TableFactor) -> Option<TableReference> {
    let bare = |alias: &TableAlias| TableReference::bare(fold(&alias.name));
    match factor {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::Function { alias: Some(alias), .. }
        | TableFactor::UNNEST { alias: Some(alias), .. } => Some(bare(alias)),
        TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => {
            let parts = name.0.iter().filter_map(ObjectNamePart::as_ident).cloned();
            reference(&parts.collect::<Vec<_>>())
        }
        _ => None,
    }
}

/// Whether a join has columns that become one.
fn merges(join: &Join) -> bool {
    use JoinOperator as J;
    match &join.join_operator {
        J::Join(of)
        | J::Inner(of)
        | J::Left(of)
        | J::LeftOuter(of)
        | J::Right(of)
        | J::RightOuter(of)
        | J::FullOuter(of) => {
            matches!(of, JoinConstraint::Using(_) | JoinConstraint::Natural)
        }
        _ => false,
    }
}

fn mark(join: usize) -> TableAlias {
    let name = quoted(&format!("{MARK}{join}"));
    TableAlias { explicit: true, name, columns: Vec::new(), at: None }
}

/// The number that a join is marked with.
pub(super) fn number(alias: &TableAlias) -> Option<usize> {
    alias.name.value.strip_prefix(MARK)?.parse().ok()
}

fn is_mark(alias: Option<&TableAlias>) -> bool {
    alias.is_some_and(|alias| number(alias).is_some())
}

/// What a column of a result is called; `None` for a wildcard.
fn name_of(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(fold(alias)),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(fold(name)),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(fold),
        SelectItem::QualifiedWildcard(..) | SelectItem::Wildcard(_) => None,
        _ => Some(String::new()),
    }
}

/// The column of this name, of the table that `parts` names.
fn of_table(parts: &[Ident], name: &str) -> Expr {
    let mut parts = parts.to_vec();
    if let Some(last) = parts.last_mut() {
        *last = quoted(name);
    }
    Expr::CompoundIdentifier(parts)
}

fn reference(parts: &[Ident]) -> Option<TableReference> {
    match parts.iter().map(fold).collect::<Vec<_>>().as_slice() {
        [table] => Some(TableReference::bare(table.as_str())),
        [schema, table] => Some(TableReference::partial(schema.as_str(), table.as_str())),
        [catalog, schema, table] => {
            Some(TableReference::full(catalog.as_str(), schema.as_str(), table.as_str()))
        }
        _ => None,
    }
}
