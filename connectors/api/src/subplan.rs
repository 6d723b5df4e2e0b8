//! A piece of a query that a source runs as a whole.
//!
//! The type is closed on purpose: what cannot be said in it does not leave the gateway. Every
//! operator reads its input by position, every condition is a [`Predicate`], and each scan
//! carries its guard's filter, so there is no subplan over a bare table.
//!
//! A scan yields cells as the source holds them, also those that could not be decoded here. What
//! stands above it means what PostgreSQL means, and only a cell of the result is ever decoded.

use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::catalog::{SqlType, Table};
use crate::name::ColumnName;
use crate::predicate::Predicate;
use std::sync::Arc;

/// A tree of operators over tables of one source, and the names and types of what it yields.
#[derive(Clone, Debug, PartialEq)]
pub struct Subplan {
    /// The topmost operator.
    pub root: Node,
    /// What each position of the result is called and typed here.
    pub output: Vec<Output>,
}

/// One column of a subplan's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The field as the plan around the subplan expects it. Its Arrow type is what the connector
    /// must decode to.
    pub field: Field,
    /// The PostgreSQL type to ask of the source.
    pub sql_type: SqlType,
}

impl Subplan {
    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        Schema::new(self.output.iter().map(|output| output.field.clone()).collect::<Vec<_>>())
            .into()
    }
}

/// An operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Rows of one table that its guard admits.
    Scan {
        /// The table.
        table: Arc<Table>,
        /// The columns, by name; their order is the positions above.
        columns: Vec<ColumnName>,
        /// Tenancy, policy, and those conditions of the query that read no fallible column; all
        /// of them exact. A cell that cannot be decoded here satisfies none of them.
        guard: Predicate,
    },
    /// Rows of the input that satisfy the condition, as the source compares what it holds: here
    /// `NaN` and `infinity` are values.
    Filter {
        /// The input.
        input: Box<Node>,
        /// The condition.
        predicate: Predicate<usize>,
    },
    /// Columns of the input, chosen, repeated or reordered.
    Project {
        /// The input.
        input: Box<Node>,
        /// Positions in the input.
        columns: Vec<usize>,
    },
    /// Pairs of rows that agree on the keys. Positions above: left's columns, then right's (for
    /// semi and anti joins left's alone).
    Join {
        /// The left input.
        left: Box<Node>,
        /// The right input.
        right: Box<Node>,
        /// Which rows without a partner stay.
        kind: JoinKind,
        /// Pairs of (left position, right position), at least one, of the same type.
        on: Vec<(usize, usize)>,
    },
    /// One row per group. Positions above: the keys, then the aggregates.
    Aggregate {
        /// The input.
        input: Box<Node>,
        /// Positions of the keys; none means one row in all.
        keys: Vec<usize>,
        /// The aggregates.
        aggregates: Vec<Aggregate>,
    },
    /// The rows in order.
    Sort {
        /// The input.
        input: Box<Node>,
        /// The keys, the most important first.
        keys: Vec<SortKey>,
    },
    /// Some of the rows.
    Limit {
        /// The input.
        input: Box<Node>,
        /// How many rows to pass over.
        skip: u64,
        /// How many to give at most.
        fetch: Option<u64>,
    },
}

/// The kinds of join that travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// `JOIN`
    Inner,
    /// `LEFT JOIN`
    Left,
    /// `RIGHT JOIN`
    Right,
    /// `FULL JOIN`
    Full,
    /// `EXISTS`
    LeftSemi,
    /// `NOT EXISTS`
    LeftAnti,
}

/// An aggregate that cannot fail, over a plain column.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// The position of its argument; none for `count(*)`.
    pub column: Option<usize>,
    /// The type of its result.
    pub sql_type: SqlType,
}

/// The aggregates that travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateFunction {
    /// `count(*)` or `count(column)`
    Count,
    /// `count(DISTINCT column)`
    CountDistinct,
    /// `min(column)`
    Min,
    /// `max(column)`
    Max,
    /// `sum(column)` of an integer or numeric column
    Sum,
}

/// One key of a sort. Text is ordered by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// The position.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
    /// Whether NULLs come before all values.
    pub nulls_first: bool,
}
