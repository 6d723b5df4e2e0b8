//! What stands in FROM.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident,
    ObjectName, Query, Select, SelectFlavor, SelectItem, SetExpr, SetOperator, TableAlias,
    TableAliasColumnDef, TableFactor, TableWithJoins, Value, Values, WildcardAdditionalOptions,
};

use super::{call, parts};
use crate::sql::{fold, quoted};

/// The tables of one SELECT's FROM, with the names that they go by there.
pub struct Scope(Vec<(String, Option<String>, String)>);

impl Scope {
    /// Those of this SELECT.
    pub fn of(select: &Select) -> Self {
        let mut scope = Self(Vec::new());
        select.from.iter().for_each(|tables| scope.add_all(tables));
        scope
    }

    fn add_all(&mut self, tables: &TableWithJoins) {
        self.add(&tables.relation);
        tables.joins.iter().for_each(|join| self.add(&join.relation));
    }

    fn add(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let parts = parts(name);
                let Some((table, schema)) = parts.split_last() else { return };
                let known_as = alias.as_ref().map_or_else(|| table.clone(), |a| fold(&a.name));
                self.0.push((known_as, schema.last().cloned(), table.clone()));
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.add_all(table_with_joins);
            }
            _ => {}
        }
    }

    /// The schema, where it was named, and the name of the table that goes by `qualifier`, or of
    /// the first table.
    pub fn relation(&self, qualifier: Option<&str>) -> Option<(Option<String>, String)> {
        let mut tables = self.0.iter();
        let found = match qualifier {
            Some(qualifier) => tables.find(|(known_as, ..)| known_as == qualifier),
            None => tables.next(),
        };
        found.map(|(_, schema, name)| (schema.clone(), name.clone()))
    }
}

/// A call in FROM becomes the unnesting of an array, where the function gives a set of rows, or
/// else a subquery of one row. Both may name the tables that stand before them.
pub fn rewrite(factor: &mut TableFactor) {
    let (name, arguments, alias, ordinality) = match factor {
        TableFactor::Table { name, alias, args: Some(arguments), with_ordinality, .. } => {
            (parts(name), plain(&arguments.args), alias.take(), *with_ordinality)
        }
        TableFactor::Function { name, args, alias, .. } => {
            (parts(name), plain(args), alias.take(), false)
        }
        TableFactor::UNNEST { array_exprs, alias, with_ordinality, with_offset: false, .. } => {
            let arrays = std::mem::take(array_exprs);
            (vec!["unnest".to_owned()], Some(arrays), alias.take(), *with_ordinality)
        }
        _ => return,
    };
    let name = match name.as_slice() {
        [name] => name.clone(),
        [schema, name] if schema == "pg_catalog" => name.clone(),
        // An unknown function, which the planner refuses by its full name.
        qualified => qualified.join("."),
    };
    let Some(arguments) = arguments else { return };
    let mut columns = alias.iter().flat_map(|alias| alias.columns.clone()).collect::<Vec<_>>();
    let known_as = alias.map_or_else(|| quoted(&name), |alias| alias.name);

    let arrays = match (name.as_str(), arguments.as_slice()) {
        ("unnest", _) => arguments,
        ("generate_series", bounds) if !ordinality && bounds.iter().all(is_constant) => {
            // The planner has a table function of this name, which gives rows one by one.
            name_columns(&mut columns, &known_as, 1, false);
            let alias = table_alias(known_as, columns);
            if let TableFactor::Table { name, alias: place, .. } = factor {
                *name = ObjectName::from(vec![Ident::new("generate_series")]);
                *place = Some(alias);
            } else if let TableFactor::Function { name, alias: place, .. } = factor {
                *name = ObjectName::from(vec![Ident::new("generate_series")]);
                *place = Some(alias);
            }
            return;
        }
        ("generate_series", _) => vec![call(SERIES_OF, arguments)],
        ("generate_subscripts", [array, _]) => {
            let upper = call("cardinality", vec![array.clone()]);
            vec![call(SERIES_OF, vec![number(1), upper])]
        }
        _ => {
            name_columns(&mut columns, &known_as, 1, ordinality);
            let mut items = vec![call(&name, arguments)];
            if ordinality {
                items.push(number(1));
            }
            *factor = TableFactor::Derived {
                lateral: true,
                subquery: Box::new(select(items)),
                alias: Some(table_alias(known_as, columns)),
                sample: None,
            };
            return;
        }
    };
    name_columns(&mut columns, &known_as, arrays.len(), ordinality);
    let mut array_exprs = arrays;
    if ordinality && let Some(first) = array_exprs.first().cloned() {
        let upper = call("cardinality", vec![first]);
        array_exprs.push(call(SERIES_OF, vec![number(1), upper]));
    }
    *factor = TableFactor::UNNEST {
        alias: Some(table_alias(known_as, columns)),
        array_exprs,
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: false,
    };
}

/// The name of the function that gives a bounded series as an array.
pub const SERIES_OF: &str = "series of";

/// `generate_subscripts` among the columns of a SELECT, as an unnesting beside others.
pub fn subscripts(function: &Function) -> Option<Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match plain(&list.args)?.as_slice() {
        [array, _] if parts(&function.name) == ["generate_subscripts"] => {
            let upper = call("cardinality", vec![array.clone()]);
            Some(call("unnest", vec![call(SERIES_OF, vec![number(1), upper])]))
        }
        _ => None,
    }
}

/// Gives the columns that the alias does not name the names that PostgreSQL gives them: a single
/// column that of the table's alias, the number of the row `ordinality`.
fn name_columns(
    columns: &mut Vec<TableAliasColumnDef>,
    known_as: &Ident,
    arrays: usize,
    ordinality: bool,
) {
    for position in columns.len()..arrays {
        let name = if position == 0 { fold(known_as) } else { format!("unnest{position}") };
        columns.push(TableAliasColumnDef { name: quoted(&name), data_type: None });
    }
    if ordinality && columns.len() == arrays {
        columns.push(TableAliasColumnDef { name: quoted("ordinality"), data_type: None });
    }
    columns.iter_mut().for_each(|column| column.data_type = None);
}

fn table_alias(name: Ident, columns: Vec<TableAliasColumnDef>) -> TableAlias {
    TableAlias { explicit: true, name, columns, at: None }
}

fn plain(arguments: &[FunctionArg]) -> Option<Vec<Expr>> {
    let plain = arguments.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    plain.collect()
}

/// A whole number, a parameter or NULL. A text may be a time, of which the planner's function knows
/// nothing.
fn is_constant(expr: &Expr) -> bool {
    use sqlparser::ast::DataType::{BigInt, Int, Int2, Int4, Int8, Integer, SmallInt};
    match expr {
        Expr::Value(value) => {
            matches!(value.value, Value::Number(..) | Value::Null | Value::Placeholder(_))
        }
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => is_constant(expr),
        Expr::Cast { expr, data_type, .. } => {
            let whole = matches!(
                data_type,
                BigInt(_) | Int(_) | Int2(_) | Int4(_) | Int8(_) | Integer(_) | SmallInt(_)
            );
            whole && is_constant(expr)
        }
        _ => false,
    }
}

fn number(value: u32) -> Expr {
    Expr::value(Value::Number(value.to_string(), false))
}

/// Puts each `VALUES` into FROM, where its columns are given their types.
pub fn values(body: &mut SetExpr) {
    match body {
        SetExpr::SetOperation { left, right, .. } => {
            values(left);
            values(right);
        }
        values @ SetExpr::Values(_) => everything_of(values, "*VALUES*"),
        _ => {}
    }
}

/// What the second term of a `WITH RECURSIVE` is called; no client would call a table so.
pub const SECOND_TERM: &str = "\u{0}second term";

/// Puts the second term of a `WITH RECURSIVE` into FROM, so that the planner's casts of its columns
/// stand apart from its own.
pub fn apart(body: &mut SetExpr) {
    if let SetExpr::SetOperation { op: SetOperator::Union, right, .. } = body {
        everything_of(right, SECOND_TERM);
    }
}

/// `SELECT * FROM (body) AS name`
fn everything_of(body: &mut SetExpr, name: &str) {
    let nothing = Values { explicit_row: false, value_keyword: false, rows: Vec::new() };
    let inner = std::mem::replace(body, SetExpr::Values(nothing));
    let everything = SelectItem::Wildcard(WildcardAdditionalOptions::default());
    let mut outer = select_of(vec![everything]);
    let factor = TableFactor::Derived {
        lateral: false,
        subquery: Box::new(query_of(inner)),
        alias: Some(table_alias(quoted(name), Vec::new())),
        sample: None,
    };
    outer.from = vec![TableWithJoins { relation: factor, joins: Vec::new() }];
    *body = SetExpr::Select(Box::new(outer));
}

/// `SELECT items`
fn select(items: Vec<Expr>) -> Query {
    let items = items.into_iter().map(SelectItem::UnnamedExpr).collect();
    query_of(SetExpr::Select(Box::new(select_of(items))))
}

fn select_of(items: Vec<SelectItem>) -> Select {
    Select {
        select_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection: items,
        exclude: None,
        into: None,
        from: Vec::new(),
        lateral_views: Vec::new(),
        prewhere: None,
        selection: None,
        connect_by: Vec::new(),
        group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
        cluster_by: Vec::new(),
        distribute_by: Vec::new(),
        sort_by: Vec::new(),
        having: None,
        named_window: Vec::new(),
        qualify: None,
        window_before_qualify: false,
        value_table_mode: None,
        flavor: SelectFlavor::Standard,
    }
}

fn query_of(body: SetExpr) -> Query {
    Query {
        with: None,
        body: Box::new(body),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    }
}
