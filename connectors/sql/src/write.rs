//! A plan in its normal form becomes text.
//!
//! Each operator is one SELECT over its inputs as derived tables; sort, limit and projection
//! that follow one another share one. Only names of the catalog, our own aliases (`t0`, `c0`),
//! fixed words and placeholders are ever appended.

mod condition;

pub(crate) use condition::{pair_usage, usage};

use portcullis_connector_api::subplan::{Aggregate, AggregateFunction, JoinKind, Node, SortKey};
use portcullis_connector_api::{CompareOp, LikePattern, Predicate, SqlType, Table, Value};

use crate::dialect::Dialect;
use crate::error::SqlError;
use crate::pushdown::comparable;
use crate::shape::{Comparison, Shape, position, shape_at, shapes, table_shapes};

/// What was written, before it is known to be sound.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Written {
    pub text: String,
    pub arguments: Vec<Argument>,
}

/// What a placeholder stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    /// A constant, and the type it is bound under.
    Value(Value, SqlType),
    Pattern(LikePattern),
    /// A number of rows, of LIMIT or OFFSET.
    Rows(u64),
}

/// Where an expression stands, which decides how text is collated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Selected, counted, or tested for NULL.
    Carried,
    /// Compared for equality, grouped, or matched with a pattern.
    Equated,
    /// Compared by order.
    Ordered,
}

impl Usage {
    /// Whether a column of this shape is collated by bytes in this place.
    pub(crate) fn collates(self, shape: &Shape) -> bool {
        shape.is_text()
            && match self {
                Self::Carried => false,
                Self::Equated => shape.comparison == Comparison::Collated,
                Self::Ordered => true,
            }
    }
}

/// What positions are called inside one SELECT.
pub(crate) struct Scope<'a> {
    /// For each input: its alias, and how many positions it has.
    inputs: Vec<(String, usize)>,
    /// The table, in a scan: then positions are those of its columns.
    table: Option<&'a Table>,
    shapes: Vec<Shape>,
}

/// Writes a plan in its normal form.
pub(crate) fn write(dialect: &dyn Dialect, plan: &Node) -> Result<Written, SqlError> {
    let mut writer = Writer { dialect, written: Written::default(), aliases: 0 };
    writer.query(plan)?;
    Ok(writer.written)
}

struct Writer<'a> {
    dialect: &'a dyn Dialect,
    written: Written,
    aliases: usize,
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.written.text.push_str(text);
    }

    fn alias(&mut self) -> String {
        let alias = format!("t{}", self.aliases);
        self.aliases += 1;
        alias
    }

    fn query(&mut self, node: &Node) -> Result<(), SqlError> {
        match node {
            Node::Scan { .. } => self.scan(node, None),
            Node::Limit { input, skip, fetch } if matches!(**input, Node::Scan { .. }) => {
                self.scan(input, Some((*skip, *fetch)))
            }
            Node::Project { .. } | Node::Sort { .. } | Node::Limit { .. } => self.tail(node),
            Node::Filter { input, predicate } => {
                let scope = self.scope(input)?;
                self.select(&scope, 0..scope.shapes.len())?;
                self.push(" FROM ");
                self.derived(&scope, 0, input)?;
                self.push(" WHERE ");
                self.condition(&scope, predicate, false)
            }
            Node::Join { left, right, kind, on } => self.join(left, right, *kind, on),
            Node::Aggregate { input, keys, aggregates } => self.aggregate(input, keys, aggregates),
        }
    }

    fn scan(&mut self, scan: &Node, limit: Option<(u64, Option<u64>)>) -> Result<(), SqlError> {
        let Node::Scan { table, columns, guard } = scan else {
            return Err(SqlError::unsupported("a scan of no table"));
        };
        let alias = self.alias();
        let scope = Scope {
            inputs: vec![(alias.clone(), table.columns.len())],
            table: Some(table),
            shapes: table_shapes(self.dialect, table)?,
        };
        let wanted =
            columns.iter().map(|name| position(table, name)).collect::<Result<Vec<_>, _>>()?;
        self.select(&scope, wanted)?;
        self.push(" FROM ");
        for (at, part) in self.dialect.relation(table)?.iter().enumerate() {
            self.push(if at == 0 { "" } else { "." });
            self.dialect.quote(&mut self.written.text, part)?;
        }
        self.push(&format!(" AS {alias}"));
        let guard = guard.try_map_columns(&mut |name| position(table, name))?;
        if guard != Predicate::True {
            self.push(" WHERE ");
            self.condition(&scope, &guard, false)?;
        }
        limit.map_or(Ok(()), |(skip, fetch)| self.limit(skip, fetch))
    }

    /// Projection over limit over sort, each of which may be absent.
    fn tail(&mut self, node: &Node) -> Result<(), SqlError> {
        let (columns, node) = match node {
            Node::Project { input, columns } => (Some(columns), &**input),
            node => (None, node),
        };
        let (limit, node) = match node {
            // A limited scan is one SELECT already.
            Node::Limit { input, skip, fetch } if !matches!(**input, Node::Scan { .. }) => {
                (Some((*skip, *fetch)), &**input)
            }
            node => (None, node),
        };
        let (keys, input) = match node {
            Node::Sort { input, keys } => (Some(keys), &**input),
            node => (None, node),
        };
        let scope = self.scope(input)?;
        match columns {
            Some(columns) => self.select(&scope, columns.iter().copied())?,
            None => self.select(&scope, 0..scope.shapes.len())?,
        }
        self.push(" FROM ");
        self.derived(&scope, 0, input)?;
        if let Some(keys) = keys {
            self.order(&scope, keys)?;
        }
        limit.map_or(Ok(()), |(skip, fetch)| self.limit(skip, fetch))
    }

    fn join(
        &mut self,
        left: &Node,
        right: &Node,
        kind: JoinKind,
        on: &[(usize, usize)],
    ) -> Result<(), SqlError> {
        let mut scope = self.scope(left)?;
        let width = scope.shapes.len();
        let other = self.scope(right)?;
        scope.inputs.extend(other.inputs);
        scope.shapes.extend(other.shapes);
        let (all, words) = match kind {
            JoinKind::Inner => (true, " INNER JOIN "),
            JoinKind::Left => (true, " LEFT JOIN "),
            JoinKind::Right => (true, " RIGHT JOIN "),
            JoinKind::Full => (true, " FULL JOIN "),
            JoinKind::LeftSemi => (false, " WHERE EXISTS (SELECT NULL AS c0 FROM "),
            JoinKind::LeftAnti => (false, " WHERE NOT EXISTS (SELECT NULL AS c0 FROM "),
        };
        self.select(&scope, 0..if all { scope.shapes.len() } else { width })?;
        self.push(" FROM ");
        self.derived(&scope, 0, left)?;
        self.push(words);
        self.derived(&scope, 1, right)?;
        self.push(if all { " ON " } else { " WHERE " });
        if on.is_empty() {
            return Err(SqlError::unsupported("a join without keys"));
        }
        for (at, &(left, right)) in on.iter().enumerate() {
            if left >= width {
                return Err(SqlError::unsupported("a bad join key"));
            }
            self.push(if at == 0 { "" } else { " AND " });
            self.pair(&scope, left, CompareOp::Eq, width + right)?;
        }
        self.push(if all { "" } else { ")" });
        Ok(())
    }

    fn aggregate(
        &mut self,
        input: &Node,
        keys: &[usize],
        aggregates: &[Aggregate],
    ) -> Result<(), SqlError> {
        if keys.is_empty() && aggregates.is_empty() {
            return Err(SqlError::unsupported("an aggregation of nothing"));
        }
        let scope = self.scope(input)?;
        self.push("SELECT ");
        for (at, &key) in keys.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.comparable_operand(&scope, key, Usage::Equated)?;
            self.push(&format!(" AS c{at}"));
        }
        for (at, aggregate) in aggregates.iter().enumerate() {
            let at = keys.len() + at;
            self.push(if at == 0 { "" } else { ", " });
            self.call(&scope, aggregate)?;
            self.push(&format!(" AS c{at}"));
        }
        self.push(" FROM ");
        self.derived(&scope, 0, input)?;
        for (at, &key) in keys.iter().enumerate() {
            self.push(if at == 0 { " GROUP BY " } else { ", " });
            self.comparable_operand(&scope, key, Usage::Equated)?;
        }
        Ok(())
    }

    fn call(&mut self, scope: &Scope<'_>, aggregate: &Aggregate) -> Result<(), SqlError> {
        let Some(column) = aggregate.column else {
            if aggregate.function != AggregateFunction::Count {
                return Err(SqlError::unsupported("an aggregate of nothing"));
            }
            self.push("count(*)");
            return Ok(());
        };
        let shape = shape_at(&scope.shapes, column)?;
        if !self.dialect.aggregates(aggregate.function, &shape) {
            let what = format!("{:?} of {}", aggregate.function, shape.sql_type);
            return Err(SqlError::Unsupported(what));
        }
        let (open, usage) = called(aggregate.function);
        self.push(open);
        self.operand(scope, column, usage)?;
        self.push(")");
        Ok(())
    }

    fn order(&mut self, scope: &Scope<'_>, keys: &[SortKey]) -> Result<(), SqlError> {
        for (at, key) in keys.iter().enumerate() {
            self.push(if at == 0 { " ORDER BY " } else { ", " });
            self.comparable_operand(scope, key.column, Usage::Ordered)?;
            self.push(if key.descending { " DESC" } else { " ASC" });
            self.push(if key.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
        }
        Ok(())
    }

    fn limit(&mut self, skip: u64, fetch: Option<u64>) -> Result<(), SqlError> {
        if fetch.is_none() && !self.dialect.offset_alone() {
            return Err(SqlError::unsupported("an offset without a limit"));
        }
        let rows = |rows: u64| {
            i64::try_from(rows).map_err(|_| SqlError::unsupported("a number of rows this large"))
        };
        if let Some(fetch) = fetch {
            rows(fetch)?;
            self.push(" LIMIT ");
            self.bind(Argument::Rows(fetch), &SqlType::Int8)?;
        }
        if skip > 0 {
            rows(skip)?;
            self.push(" OFFSET ");
            self.bind(Argument::Rows(skip), &SqlType::Int8)?;
        }
        Ok(())
    }

    /// Names the result of a node as one derived table.
    fn scope(&mut self, input: &Node) -> Result<Scope<'static>, SqlError> {
        let shapes = shapes(self.dialect, input)?;
        Ok(Scope { inputs: vec![(self.alias(), shapes.len())], table: None, shapes })
    }

    fn derived(&mut self, scope: &Scope<'_>, at: usize, input: &Node) -> Result<(), SqlError> {
        self.push("(");
        self.query(input)?;
        let alias = scope.inputs.get(at).map(|(alias, _)| alias.as_str()).unwrap_or_default();
        self.push(&format!(") AS {alias}"));
        Ok(())
    }

    /// The select list. Of no columns, it is one that nothing above can name.
    fn select(
        &mut self,
        scope: &Scope<'_>,
        columns: impl IntoIterator<Item = usize>,
    ) -> Result<(), SqlError> {
        self.push("SELECT ");
        let mut written = 0_usize;
        for column in columns {
            self.push(if written == 0 { "" } else { ", " });
            self.operand(scope, column, Usage::Carried)?;
            self.push(&format!(" AS c{written}"));
            written += 1;
        }
        self.push(if written == 0 { "NULL AS c0" } else { "" });
        Ok(())
    }

    /// A column in a place where it is compared.
    fn comparable_operand(
        &mut self,
        scope: &Scope<'_>,
        column: usize,
        usage: Usage,
    ) -> Result<(), SqlError> {
        let shape = shape_at(&scope.shapes, column)?;
        if !comparable(&shape, &shape) {
            return Err(SqlError::Unsupported(format!("a comparison of {}", shape.sql_type)));
        }
        self.operand(scope, column, usage)
    }

    /// A column, with its cast and its collation.
    fn operand(&mut self, scope: &Scope<'_>, column: usize, usage: Usage) -> Result<(), SqlError> {
        let shape = shape_at(&scope.shapes, column)?;
        let collates = usage.collates(&shape);
        // The grammar takes COLLATE behind a column or parentheses, not behind a cast.
        self.push(if shape.cast && collates { "(" } else { "" });
        let mut at = column;
        let mut input = scope.inputs.iter();
        let alias = loop {
            match input.next() {
                Some((_, width)) if at >= *width => at -= width,
                Some((alias, _)) => break alias.clone(),
                None => return Err(SqlError::unsupported("a bad position")),
            }
        };
        self.push(&alias);
        self.push(".");
        match scope.table {
            Some(table) => {
                let name = table.columns.get(at).map(|column| column.name.as_str());
                self.dialect.quote(&mut self.written.text, name.unwrap_or_default())?;
            }
            None => self.push(&format!("c{at}")),
        }
        if shape.cast {
            let cast = self
                .dialect
                .cast(&shape.sql_type)
                .ok_or_else(|| SqlError::Unsupported(format!("a cast to {}", shape.sql_type)))?;
            self.push("::");
            self.push(cast);
        }
        if collates {
            self.push(if shape.cast { ")" } else { "" });
            let collation = self.dialect.bytewise();
            self.push(" COLLATE ");
            self.dialect.quote(&mut self.written.text, collation)?;
        }
        Ok(())
    }

    /// The next placeholder, cast to the type of what it stands for.
    fn bind(&mut self, argument: Argument, sql_type: &SqlType) -> Result<(), SqlError> {
        if self.written.arguments.len() >= self.dialect.most_binds() {
            return Err(SqlError::unsupported("so many values"));
        }
        self.written.arguments.push(argument);
        let number = self.written.arguments.len();
        self.push(&format!("{}{number}", self.dialect.placeholder()));
        if let Some(cast) = self.dialect.cast(sql_type) {
            self.push("::");
            self.push(cast);
        }
        Ok(())
    }
}

/// How a call begins, and how its argument is used.
pub(crate) fn called(function: AggregateFunction) -> (&'static str, Usage) {
    match function {
        AggregateFunction::Count => ("count(", Usage::Carried),
        AggregateFunction::CountDistinct => ("count(DISTINCT ", Usage::Equated),
        AggregateFunction::Min => ("min(", Usage::Ordered),
        AggregateFunction::Max => ("max(", Usage::Ordered),
        AggregateFunction::Sum => ("sum(", Usage::Carried),
    }
}
