//! Cells that cannot be decoded.
//!
//! Whether a stored cell decodes must not be noticed while its row is hidden. So a scan never
//! fails over a cell: a column that is [`fallible`](crate::Column::fallible) yields NULL for a
//! bad cell, and beside it a *mark*, a boolean column that is true exactly there. The guard
//! reads the marks: a filter over a bad cell admits nothing, and only a bad cell of a visible
//! row becomes an error, which names the column and not the value.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::catalog::Column;

/// The name of the mark that belongs to a column. U+0000 cannot occur in a column's name.
pub fn mark_name(column: &str) -> String {
    format!("\u{0}bad:{column}")
}

/// The schema of a scan of these columns: the columns in their order, then the marks of those
/// that are fallible, in the same order.
pub fn scan_schema(columns: &[&Column]) -> SchemaRef {
    let plain = columns.iter().map(|column| column.field());
    let marks = columns
        .iter()
        .filter(|column| column.fallible)
        .map(|column| Field::new(mark_name(column.name.as_str()), DataType::Boolean, false));
    Schema::new(plain.chain(marks).collect::<Vec<_>>()).into()
}
