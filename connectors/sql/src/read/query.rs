//! Queries become operators.

use portcullis_connector_api::subplan::{Aggregate, JoinKind, Node, SortKey};
use portcullis_connector_api::{ColumnName, Predicate, SqlType};
use sqlparser::ast::{
    Expr, GroupByExpr, Join, JoinConstraint, JoinOperator, LimitClause, ObjectNamePart, Offset,
    OffsetRows, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query, Select, SelectFlavor,
    SelectItem, SetExpr, TableAlias, TableFactor, TableWithJoins,
};

use super::{Reader, Scope, stray};
use crate::error::SqlError;
use crate::shape::{Shape, shape_at, shapes, table_shapes};
use crate::write::Usage;

/// The parts of a SELECT that our forms use.
struct Block<'a> {
    items: &'a [SelectItem],
    from: &'a TableWithJoins,
    selection: Option<&'a Expr>,
    group_by: &'a [Expr],
    order_by: Option<&'a OrderBy>,
    limit: Option<&'a LimitClause>,
}

impl Reader<'_> {
    pub(super) fn query(&mut self, query: &Query) -> Result<(Node, Vec<Shape>), SqlError> {
        let block = block(query)?;
        let node = match (&block.from.relation, block.from.joins.as_slice()) {
            (TableFactor::Table { .. }, []) => self.scan(&block)?,
            (TableFactor::Derived { .. }, [join]) => self.join(&block, join)?,
            (TableFactor::Derived { .. }, []) => self.over_one(&block)?,
            _ => return stray("an input of another kind"),
        };
        let shapes = shapes(self.dialect, &node)?;
        Ok((node, shapes))
    }

    fn scan(&mut self, block: &Block<'_>) -> Result<Node, SqlError> {
        let TableFactor::Table {
            name,
            alias: Some(alias),
            args: None,
            with_hints,
            version: None,
            with_ordinality: false,
            partitions,
            json_path: None,
            sample: None,
            index_hints,
        } = &block.from.relation
        else {
            return stray("a table with additions");
        };
        if !(with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty()) {
            return stray("a table with hints");
        }
        let mut parts = Vec::new();
        for part in &name.0 {
            match part {
                ObjectNamePart::Identifier(part) if part.quote_style == Some('"') => {
                    parts.push(part.value.as_str());
                }
                _ => return stray("a table's name without quotes"),
            }
        }
        let table = self.tables.iter().find(|table| {
            self.dialect.relation(table).is_ok_and(|relation| parts.iter().eq(relation.iter()))
        });
        let Some(table) = table else {
            return stray("a table that the plan does not scan");
        };
        let scope = Scope {
            inputs: vec![(self.alias(alias)?, 0)],
            shapes: table_shapes(self.dialect, table)?,
            table: Some(table.clone()),
        };
        let name = |at: usize| -> Result<ColumnName, SqlError> {
            let column = table.columns.get(at).map(|column| column.name.clone());
            column.ok_or_else(|| SqlError::mismatch("an unknown column"))
        };
        let columns = self.items(&scope, block.items)?;
        let columns = columns.into_iter().map(name).collect::<Result<_, _>>()?;
        let guard = match block.selection {
            Some(selection) => self.condition(&scope, selection)?,
            None => Predicate::True,
        };
        let guard = guard.try_map_columns(&mut |at: &usize| name(*at))?;
        if !block.group_by.is_empty() || block.order_by.is_some() {
            return stray("a scan that groups or sorts");
        }
        let scan = Node::Scan { table: table.clone(), columns, guard };
        self.limited(scan, block.limit)
    }

    fn over_one(&mut self, block: &Block<'_>) -> Result<Node, SqlError> {
        let (input, scope) = self.derived(&block.from.relation, 0)?;
        let tail = block.order_by.is_some() || block.limit.is_some();
        if let Some(selection) = block.selection {
            if tail || !block.group_by.is_empty() {
                return stray("a condition beside other clauses");
            }
            if let Expr::Exists { subquery, negated } = selection {
                let width = scope.shapes.len();
                self.all(&scope, block.items, width)?;
                return self.exists(input, scope, subquery, *negated);
            }
            self.all(&scope, block.items, scope.shapes.len())?;
            let predicate = self.condition(&scope, selection)?;
            return Ok(Node::Filter { input: Box::new(input), predicate });
        }
        let calls = block
            .items
            .iter()
            .any(|item| matches!(item, SelectItem::ExprWithAlias { expr: Expr::Function(_), .. }));
        if calls || !block.group_by.is_empty() {
            if tail {
                return stray("a grouping beside other clauses");
            }
            return self.aggregate(input, &scope, block);
        }
        let width = scope.shapes.len();
        let columns = self.items(&scope, block.items)?;
        let mut node = input;
        if let Some(order_by) = block.order_by {
            let keys = self.order(&scope, order_by)?;
            node = Node::Sort { input: Box::new(node), keys };
        }
        node = self.limited(node, block.limit)?;
        if !columns.iter().copied().eq(0..width) {
            node = Node::Project { input: Box::new(node), columns };
        }
        Ok(node)
    }

    fn join(&mut self, block: &Block<'_>, join: &Join) -> Result<Node, SqlError> {
        let Join { relation, global: false, join_operator } = join else {
            return stray("a global join");
        };
        let (kind, constraint) = match join_operator {
            JoinOperator::Inner(constraint) => (JoinKind::Inner, constraint),
            JoinOperator::Left(constraint) => (JoinKind::Left, constraint),
            JoinOperator::Right(constraint) => (JoinKind::Right, constraint),
            JoinOperator::FullOuter(constraint) => (JoinKind::Full, constraint),
            _ => return stray("a join of another kind"),
        };
        let JoinConstraint::On(condition) = constraint else {
            return stray("a join without ON");
        };
        let clauses = block.selection.is_some()
            || !block.group_by.is_empty()
            || block.order_by.is_some()
            || block.limit.is_some();
        if clauses {
            return stray("a join beside other clauses");
        }
        let (left, mut scope) = self.derived(&block.from.relation, 0)?;
        let width = scope.shapes.len();
        let (right, other) = self.derived(relation, width)?;
        scope.inputs.extend(other.inputs);
        scope.shapes.extend(other.shapes);
        self.all(&scope, block.items, scope.shapes.len())?;
        let on = self.keys(&scope, condition, width)?;
        Ok(Node::Join { left: Box::new(left), right: Box::new(right), kind, on })
    }

    fn exists(
        &mut self,
        left: Node,
        mut scope: Scope,
        subquery: &Query,
        negated: bool,
    ) -> Result<Node, SqlError> {
        let block = block(subquery)?;
        let width = scope.shapes.len();
        let (right, other) = self.derived(&block.from.relation, width)?;
        self.all(&other, block.items, 0)?;
        let (Some(condition), [], None, None, []) = (
            block.selection,
            block.group_by,
            block.order_by,
            block.limit,
            block.from.joins.as_slice(),
        ) else {
            return stray("another kind of EXISTS");
        };
        scope.inputs.extend(other.inputs);
        scope.shapes.extend(other.shapes);
        let on = self.keys(&scope, condition, width)?;
        let kind = if negated { JoinKind::LeftAnti } else { JoinKind::LeftSemi };
        Ok(Node::Join { left: Box::new(left), right: Box::new(right), kind, on })
    }

    fn aggregate(
        &mut self,
        input: Node,
        scope: &Scope,
        block: &Block<'_>,
    ) -> Result<Node, SqlError> {
        let (mut keys, mut aggregates) = (Vec::new(), Vec::new());
        for (at, item) in block.items.iter().enumerate() {
            match self.item(item, at)? {
                Expr::Function(call) => {
                    let (function, column) = self.call(scope, call)?;
                    // See the normal form: the text does not say the type.
                    aggregates.push(Aggregate { function, column, sql_type: SqlType::Text });
                }
                key if aggregates.is_empty() => {
                    keys.push(self.operand(scope, key, Usage::Equated)?);
                }
                _ => return stray("a key behind an aggregate"),
            }
        }
        let mut grouped = Vec::new();
        for key in block.group_by {
            grouped.push(self.operand(scope, key, Usage::Equated)?);
        }
        if grouped != keys {
            return stray("keys that are not those of the grouping");
        }
        Ok(Node::Aggregate { input: Box::new(input), keys, aggregates })
    }

    fn order(&mut self, scope: &Scope, order_by: &OrderBy) -> Result<Vec<SortKey>, SqlError> {
        let OrderBy { kind: OrderByKind::Expressions(keys), interpolate: None } = order_by else {
            return stray("another kind of order");
        };
        let mut read = Vec::new();
        for key in keys {
            let OrderByExpr {
                expr,
                options: OrderByOptions { asc: Some(ascending), nulls_first: Some(nulls_first) },
                with_fill: None,
            } = key
            else {
                return stray("another kind of sort key");
            };
            let column = self.operand(scope, expr, Usage::Ordered)?;
            read.push(SortKey { column, descending: !ascending, nulls_first: *nulls_first });
        }
        Ok(read)
    }

    fn limited(&mut self, input: Node, clause: Option<&LimitClause>) -> Result<Node, SqlError> {
        let Some(clause) = clause else { return Ok(input) };
        let LimitClause::LimitOffset { limit, offset, limit_by } = clause else {
            return stray("another kind of limit");
        };
        if !limit_by.is_empty() {
            return stray("a limit for each group");
        }
        let fetch = limit.as_ref().map(|limit| self.rows(limit)).transpose()?;
        let skip = match offset {
            Some(Offset { value, rows: OffsetRows::None }) => self.rows(value)?,
            Some(_) => return stray("another kind of offset"),
            None => 0,
        };
        Ok(Node::Limit { input: Box::new(input), skip, fetch })
    }

    /// A derived table, and the scope in which its positions begin at `first`.
    fn derived(&mut self, factor: &TableFactor, first: usize) -> Result<(Node, Scope), SqlError> {
        let TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None } =
            factor
        else {
            return stray("an input that is no derived table");
        };
        let (node, shapes) = self.query(subquery)?;
        let inputs = vec![(self.alias(alias)?, first)];
        Ok((node, Scope { inputs, table: None, shapes }))
    }

    /// `t` and a number, which no other input of the statement has.
    fn alias(&mut self, alias: &TableAlias) -> Result<String, SqlError> {
        let TableAlias { explicit: true, name, columns, at: None } = alias else {
            return stray("another kind of alias");
        };
        let number = name.value.strip_prefix('t').and_then(|digits| digits.parse::<u16>().ok());
        let ours = number.is_some_and(|number| name.value == format!("t{number}"));
        if !ours || !columns.is_empty() || name.quote_style.is_some() {
            return stray("another kind of alias");
        }
        if !self.aliases.insert(name.value.clone()) {
            return stray("two inputs of one name");
        }
        Ok(name.value.clone())
    }

    /// The select list as positions of the scope.
    fn items(&mut self, scope: &Scope, items: &[SelectItem]) -> Result<Vec<usize>, SqlError> {
        if let [item] = items
            && self.item(item, 0)? == &Expr::Value(sqlparser::ast::Value::Null.into())
        {
            return Ok(Vec::new());
        }
        let mut columns = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let expression = self.item(item, at)?;
            columns.push(self.operand(scope, expression, Usage::Carried)?);
        }
        Ok(columns)
    }

    /// Demands that the select list is all of the first `width` positions in their order.
    fn all(&mut self, scope: &Scope, items: &[SelectItem], width: usize) -> Result<(), SqlError> {
        if self.items(scope, items)?.into_iter().eq(0..width) {
            Ok(())
        } else {
            stray("a select list that leaves out or reorders")
        }
    }

    /// The expression of the `at`-th item, which must be called `c{at}`.
    fn item<'e>(&self, item: &'e SelectItem, at: usize) -> Result<&'e Expr, SqlError> {
        match item {
            SelectItem::ExprWithAlias { expr, alias }
                if alias.quote_style.is_none() && alias.value == format!("c{at}") =>
            {
                Ok(expr)
            }
            _ => stray("a select item of another form"),
        }
    }

    /// Pairs of equal keys, the right ones counted from `width`.
    fn keys(
        &mut self,
        scope: &Scope,
        condition: &Expr,
        width: usize,
    ) -> Result<Vec<(usize, usize)>, SqlError> {
        let mut keys = Vec::new();
        for pair in super::condition::spine(condition, &sqlparser::ast::BinaryOperator::And) {
            let (left, right) = self.equality(scope, pair)?;
            match right.checked_sub(width) {
                Some(right) if left < width => keys.push((left, right)),
                _ => return stray("a join key of the wrong side"),
            }
            shape_at(&scope.shapes, right)?;
        }
        Ok(keys)
    }
}

/// Takes a query apart; everything that no form of ours uses must be absent.
fn block(query: &Query) -> Result<Block<'_>, SqlError> {
    let Query {
        with: None,
        body,
        order_by,
        limit_clause,
        fetch: None,
        locks,
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators,
    } = query
    else {
        return stray("a query with additions");
    };
    let SetExpr::Select(select) = &**body else {
        return stray("a query that is no SELECT");
    };
    let Select {
        select_token: _,
        optimizer_hints,
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection,
        exclude: None,
        into: None,
        from,
        lateral_views,
        prewhere: None,
        selection,
        connect_by,
        group_by: GroupByExpr::Expressions(group_by, group_modifiers),
        cluster_by,
        distribute_by,
        sort_by,
        having: None,
        named_window,
        qualify: None,
        window_before_qualify: false,
        value_table_mode: None,
        flavor: SelectFlavor::Standard,
    } = &**select
    else {
        return stray("a SELECT with additions");
    };
    let absent = locks.is_empty()
        && pipe_operators.is_empty()
        && optimizer_hints.is_empty()
        && lateral_views.is_empty()
        && connect_by.is_empty()
        && group_modifiers.is_empty()
        && cluster_by.is_empty()
        && distribute_by.is_empty()
        && sort_by.is_empty()
        && named_window.is_empty();
    let ([from], true) = (from.as_slice(), absent) else {
        return stray("a SELECT with additions");
    };
    Ok(Block {
        items: projection,
        from,
        selection: selection.as_ref(),
        group_by,
        order_by: order_by.as_ref(),
        limit: limit_clause.as_ref(),
    })
}
