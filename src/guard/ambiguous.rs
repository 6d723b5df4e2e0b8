//! Names that several tables have.
//!
//! PostgreSQL looks for an unqualified name in the innermost query first and stops at the first one
//! that has it: two tables of it are an error, whatever the queries around it hold. The planner
//! passes over such a query and takes the name of one further out. In the plan it then looks as if
//! the outer table had been named, so the tree is asked what was written. In a WHERE that names the
//! column of each of its tables, the planner takes an unqualified name for that of the first.

use std::cell::LazyCell;
use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Diagnostic, Result, SchemaError, Span, TableReference};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr as Planned, LogicalPlan, Subquery};
use sqlparser::ast::{
    Expr, Ident, OrderBy, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor,
    TableWithJoins, Visit, Visitor,
};
use sqlparser::tokenizer::Location;

use super::using::tables_of;
use crate::sql::fold;

/// Looks at every name that the plan takes from an outer query, and at those of conditions.
///
/// # Errors
/// 42702 for one that is ambiguous in a query further in, or in its own.
pub(in crate::guard) fn check(tree: &Query, plan: &LogicalPlan) -> Result<()> {
    let mut found = Vec::new();
    walk(plan, &mut Vec::new(), &mut found)?;
    if found.is_empty() {
        return Ok(());
    }
    let mut written = Written::default();
    let _ = tree.visit(&mut written);
    for Shadowed { name, tables, taken_from } in found {
        let ident = written.unqualified(&name, &tables);
        if ident.is_some() || taken_from == TakenFrom::Them {
            let column = Box::new(Column::new_unqualified(name));
            let error = SchemaError::AmbiguousReference { field: column };
            let span = ident.and_then(|ident| Span::try_from_sqlparser_span(ident.span));
            let told = Diagnostic::new_error("ambiguous", span);
            return Err(
                DataFusionError::SchemaError(Box::new(error), Box::new(None)).with_diagnostic(told)
            );
        }
    }
    Ok(())
}

/// A name that several tables of a query have.
struct Shadowed {
    name: String,
    tables: Vec<TableReference>,
    taken_from: TakenFrom,
}

/// Where the planner has found the column that it takes.
#[derive(PartialEq, Eq)]
enum TakenFrom {
    /// In a query further out; the name may have been written with its table.
    Outside,
    /// Among these tables; the name stood alone.
    Them,
}

/// `around` holds what the queries around the plan read, the innermost last.
fn walk(plan: &LogicalPlan, around: &mut Vec<DFSchema>, found: &mut Vec<Shadowed>) -> Result<()> {
    plan.apply(|node| {
        // One of LATERAL, which reads what stands to its left.
        if matches!(node, LogicalPlan::Subquery(_)) {
            return Ok(TreeNodeRecursion::Jump);
        }
        if let LogicalPlan::Join(join) = node
            && let Some(lateral) = lateral(&join.right)
        {
            within(lateral, join.left.schema().as_ref().clone(), around, found)?;
        }
        let read = LazyCell::new(|| merge_schema(&node.inputs()));
        let is_where = matches!(node, LogicalPlan::Filter(filter)
            if !matches!(*filter.input, LogicalPlan::Aggregate(_) | LogicalPlan::Window(_)));
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                match part {
                    Planned::Column(column) if is_where => {
                        found.extend(doubtful(column, &read));
                    }
                    Planned::OuterReferenceColumn(_, column) => {
                        let between = std::iter::once(&*read).chain(around.iter().rev());
                        found.extend(shadowed(column, between));
                    }
                    Planned::ScalarSubquery(subquery) => {
                        within(subquery, read.clone(), around, found)?;
                    }
                    Planned::Exists(exists) => {
                        within(&exists.subquery, read.clone(), around, found)?;
                    }
                    Planned::InSubquery(of) => within(&of.subquery, read.clone(), around, found)?,
                    Planned::SetComparison(of) => {
                        within(&of.subquery, read.clone(), around, found)?;
                    }
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(())
}

fn within(
    subquery: &Subquery,
    read: DFSchema,
    around: &mut Vec<DFSchema>,
    found: &mut Vec<Shadowed>,
) -> Result<()> {
    around.push(read);
    let walked = walk(&subquery.subquery, around, found);
    around.pop();
    walked
}

fn lateral(plan: &LogicalPlan) -> Option<&Subquery> {
    match plan {
        LogicalPlan::Subquery(subquery) => Some(subquery),
        LogicalPlan::SubqueryAlias(alias) => lateral(&alias.input),
        _ => None,
    }
}

/// The query that an unqualified name would be found in, where that lies before the name's table and
/// has the name twice.
fn shadowed<'a>(column: &Column, between: impl Iterator<Item = &'a DFSchema>) -> Option<Shadowed> {
    let mut between = between.take_while(|read| !read.has_column(column));
    let named = between.find_map(|read| {
        let named = read.qualified_fields_with_unqualified_name(&column.name);
        (!named.is_empty()).then_some(named)
    })?;
    let tables: Vec<_> =
        named.into_iter().map(|(table, _)| table.cloned()).collect::<Option<_>>()?;
    (tables.len() > 1).then(|| Shadowed {
        name: column.name.clone(),
        tables,
        taken_from: TakenFrom::Outside,
    })
}

/// A column of a condition that the planner has chosen among several: it knows where in the text
/// each column stands that it was told, and of this one it does not.
fn doubtful(column: &Column, read: &DFSchema) -> Option<Shadowed> {
    if column.relation.is_none() || column.spans.first().is_some() {
        return None;
    }
    let named = read.qualified_fields_with_unqualified_name(&column.name);
    let tables: Vec<_> = named.into_iter().filter_map(|(table, _)| table.cloned()).collect();
    (tables.len() > 1).then(|| Shadowed {
        name: column.name.clone(),
        tables,
        taken_from: TakenFrom::Them,
    })
}

/// The names that stand alone, each with the tables of its query and of those around it.
#[derive(Default)]
struct Written {
    /// Of the enclosing SELECTs, the innermost last.
    scopes: Vec<Vec<TableReference>>,
    names: Vec<(Ident, Vec<TableReference>)>,
    /// Where names stand that are noted already, or mean a column of the result.
    done: HashSet<Location>,
}

impl Written {
    /// A name that is written alone where all of these tables are read.
    fn unqualified(&self, name: &str, tables: &[TableReference]) -> Option<&Ident> {
        let reads = |read: &[TableReference]| {
            tables.iter().all(|table| read.iter().any(|known| known.resolved_eq(table)))
        };
        let mut names = self.names.iter();
        names.find(|(ident, read)| fold(ident) == name && reads(read)).map(|(ident, _)| ident)
    }

    /// Notes a name that the client has written, and so has a place.
    fn note(&mut self, ident: &Ident, tables: &[TableReference]) {
        if ident.span.start.line > 0 && self.done.insert(ident.span.start) {
            let around = self.scopes.iter().flatten();
            self.names.push((ident.clone(), tables.iter().chain(around).cloned().collect()));
        }
    }

    /// The names in the conditions of joins, each of which sees the tables before it.
    fn conditions(&mut self, from: &TableWithJoins) {
        let factors = std::iter::once(&from.relation);
        for factor in factors.chain(from.joins.iter().map(|join| &join.relation)) {
            if let TableFactor::NestedJoin { table_with_joins, .. } = factor {
                self.conditions(table_with_joins);
            }
        }
        let mut read = tables_of(&from.relation);
        for join in &from.joins {
            read.extend(tables_of(&join.relation));
            let mut alone = Alone::default();
            let _ = join.join_operator.visit(&mut alone);
            alone.names.iter().for_each(|ident| self.note(ident, &read));
        }
    }

    fn read_by(select: &Select) -> Vec<TableReference> {
        let factors = select.from.iter().flat_map(|from| {
            std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation))
        });
        factors.flat_map(tables_of).collect()
    }
}

impl Visitor for Written {
    type Break = std::convert::Infallible;

    // The ORDER BY of a query reads what its SELECT reads, but stands outside of it.
    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let SetExpr::Select(select) = query.body.as_ref() else {
            self.scopes.push(Vec::new());
            return ControlFlow::Continue(());
        };
        if let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = &query.order_by {
            for key in keys {
                if let Expr::Identifier(ident) = &key.expr
                    && select.projection.iter().any(|item| names(item, ident))
                {
                    self.done.insert(ident.span.start);
                }
            }
        }
        self.scopes.push(Self::read_by(select));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        // What the query reads is put back for what stands in the conditions of joins.
        let read = self.scopes.pop();
        select.from.iter().for_each(|from| self.conditions(from));
        self.scopes.extend(read);
        self.scopes.push(Self::read_by(select));
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<Self::Break> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        if let Expr::Identifier(ident) = expr {
            self.note(ident, &[]);
        }
        ControlFlow::Continue(())
    }
}

/// Whether a column of a result has this name.
fn names(item: &SelectItem, ident: &Ident) -> bool {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => fold(alias) == fold(ident),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => fold(name) == fold(ident),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
            parts.last().is_some_and(|name| fold(name) == fold(ident))
        }
        _ => false,
    }
}

/// The names of a condition that stand in none of its subqueries.
#[derive(Default)]
struct Alone {
    depth: usize,
    names: Vec<Ident>,
}

impl Visitor for Alone {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        if let (Expr::Identifier(ident), 0) = (expr, self.depth) {
            self.names.push(ident.clone());
        }
        ControlFlow::Continue(())
    }
}
