//! What is known of each position in a plan: the type, and how the source compares it.

use portcullis_connector_api::subplan::{Aggregate, AggregateFunction, JoinKind, Node};
use portcullis_connector_api::{ColumnName, SqlType, Table};

use crate::dialect::Dialect;
use crate::error::SqlError;

/// A column of a table, or a position of an intermediate result.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Its type here.
    pub sql_type: SqlType,
    /// Whether comparisons of it must keep off what cannot be decoded here: in the scan of a
    /// fallible column, and everywhere at a source that does not decide by itself.
    pub fallible: bool,
    /// How the source compares it.
    pub comparison: Comparison,
    /// Whether the source keeps it as another type (an enum, `char(n)`), so that it is cast
    /// wherever it is named.
    pub cast: bool,
}

/// How the source's comparisons of a column relate to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Its `=` is ours. Text is still ordered only under a collation by bytes.
    Plain,
    /// Text whose `=` is ours only under a collation by bytes.
    Collated,
    /// No comparison is ours (`json`, a number kept with more digits); only IS NULL is.
    Never,
}

impl Shape {
    /// Whether it is text that the source holds as text.
    pub fn is_text(&self) -> bool {
        matches!(self.sql_type, SqlType::Text | SqlType::Varchar)
    }
}

/// The column of this name, which a plan may only take from its table's catalog entry.
pub(crate) fn position(table: &Table, name: &ColumnName) -> Result<usize, SqlError> {
    table
        .columns
        .iter()
        .position(|column| column.name == *name)
        .ok_or_else(|| SqlError::unsupported(format!("the unknown column \"{name}\"")))
}

/// What a node's result consists of.
pub(crate) fn shapes(dialect: &dyn Dialect, node: &Node) -> Result<Vec<Shape>, SqlError> {
    Ok(match node {
        Node::Scan { table, columns, .. } => columns
            .iter()
            .map(|name| {
                let shape = shape_at(&table_shapes(dialect, table)?, position(table, name)?)?;
                // Only the scan itself sees the source's own type, and cells as we decode them.
                let fallible = shape.fallible && !dialect.decides();
                Ok(Shape { cast: false, fallible, ..shape })
            })
            .collect::<Result<_, SqlError>>()?,
        Node::Filter { input, .. } | Node::Sort { input, .. } | Node::Limit { input, .. } => {
            shapes(dialect, input)?
        }
        Node::Project { input, columns } => {
            let input = shapes(dialect, input)?;
            columns.iter().map(|&at| shape_at(&input, at)).collect::<Result<_, _>>()?
        }
        Node::Join { left, right, kind, .. } => {
            let mut all = shapes(dialect, left)?;
            if !matches!(kind, JoinKind::LeftSemi | JoinKind::LeftAnti) {
                all.extend(shapes(dialect, right)?);
            }
            all
        }
        Node::Aggregate { input, keys, aggregates } => {
            let input = shapes(dialect, input)?;
            let keys = keys.iter().map(|&key| shape_at(&input, key));
            let aggregates = aggregates.iter().map(|aggregate| aggregated(aggregate, &input));
            keys.chain(aggregates).collect::<Result<_, _>>()?
        }
    })
}

/// The columns of a table, as they are inside a scan.
pub(crate) fn table_shapes(dialect: &dyn Dialect, table: &Table) -> Result<Vec<Shape>, SqlError> {
    table.columns.iter().map(|column| dialect.shape(table, column)).collect()
}

/// The shape at a position that a plan names.
pub(crate) fn shape_at(shapes: &[Shape], at: usize) -> Result<Shape, SqlError> {
    shapes.get(at).cloned().ok_or_else(|| SqlError::unsupported(format!("the position {at}")))
}

/// What an aggregate gives, as PostgreSQL types it.
fn aggregated(aggregate: &Aggregate, input: &[Shape]) -> Result<Shape, SqlError> {
    let count = Shape {
        sql_type: SqlType::Int8,
        fallible: false,
        comparison: Comparison::Plain,
        cast: false,
    };
    let argument = aggregate.column.map(|at| shape_at(input, at)).transpose()?;
    match (aggregate.function, argument) {
        (AggregateFunction::Count, _) | (AggregateFunction::CountDistinct, Some(_)) => Ok(count),
        (AggregateFunction::Min | AggregateFunction::Max, Some(argument)) => Ok(argument),
        (AggregateFunction::Sum, Some(argument)) => {
            let sql_type = match argument.sql_type {
                SqlType::Int2 | SqlType::Int4 => SqlType::Int8,
                SqlType::Int8 => SqlType::Numeric { precision: 38, scale: 0 },
                SqlType::Numeric { scale, .. } => SqlType::Numeric { precision: 38, scale },
                other => return Err(SqlError::unsupported(format!("a sum of {other}"))),
            };
            Ok(Shape { sql_type, ..argument })
        }
        (function, None) => Err(SqlError::unsupported(format!("{function:?} of nothing"))),
    }
}
