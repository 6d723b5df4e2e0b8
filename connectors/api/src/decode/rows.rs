//! A batch, while its rows come in.

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;

use crate::catalog::Column;
use crate::cells::scan_schema;
use crate::decode::CellBuilder;
use crate::error::ConnectorError;

/// At most this many rows go into a batch: DataFusion's own size.
pub const BATCH_ROWS: usize = 8192;

/// A batch is handed on once its cells hold this many bytes, so that wide rows do not pile up.
pub const BATCH_BYTES: usize = 4 << 20;

/// Gathers rows into batches of the schema that a scan of `columns` has.
pub struct RowsBuilder {
    schema: SchemaRef,
    cells: Vec<CellBuilder>,
    rows: usize,
}

impl RowsBuilder {
    /// A builder for a scan of these columns.
    ///
    /// # Errors
    /// [`ConnectorError::Unsupported`] for a column of a type that cells cannot be decoded to.
    pub fn new(columns: &[&Column]) -> Result<Self, ConnectorError> {
        let cells =
            columns.iter().map(|column| CellBuilder::new(column)).collect::<Result<_, _>>()?;
        Ok(Self { schema: scan_schema(columns), cells, rows: 0 })
    }

    /// Begins a row. Each of the builders, one per column, must be given exactly one cell before
    /// the next row begins.
    pub fn row(&mut self) -> &mut [CellBuilder] {
        self.rows += 1;
        &mut self.cells
    }

    /// Whether the batch should be taken before the next row.
    pub fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS
            || self.cells.iter().map(CellBuilder::size).sum::<usize>() >= BATCH_BYTES
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows so far; begins a new batch.
    ///
    /// # Errors
    /// [`ConnectorError::BadCell`] where a column that is not fallible was given a bad cell.
    pub fn finish(&mut self) -> Result<RecordBatch, ConnectorError> {
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        let mut marks = Vec::new();
        for cells in &mut self.cells {
            let (values, bad) = cells.finish()?;
            arrays.push(values);
            marks.extend(bad);
        }
        arrays.extend(marks);
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
            .map_err(|error| ConnectorError::Failed(error.to_string()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalog::SqlType;
    use crate::cells::mark_name;
    use arrow::array::AsArray;
    use arrow::datatypes::Int16Type;

    fn column(name: &str, sql_type: SqlType, fallible: bool) -> Column {
        Column { name: name.into(), sql_type, nullable: true, fallible }
    }

    #[test]
    fn a_bad_cell_is_null_and_marked() {
        let column = column("n", SqlType::Int2, true);
        let mut rows = RowsBuilder::new(&[&column]).unwrap();
        rows.row()[0].text("7");
        rows.row()[0].integer(40_000);
        rows.row()[0].null();
        rows.row()[0].bytes(b"7");
        let batch = rows.finish().unwrap();
        let values = batch.column_by_name("n").unwrap().as_primitive::<Int16Type>();
        assert_eq!(values.iter().collect::<Vec<_>>(), [Some(7), None, None, None]);
        let marks = batch.column_by_name(&mark_name("n")).unwrap().as_boolean();
        assert_eq!(
            marks.iter().map(Option::unwrap).collect::<Vec<_>>(),
            [false, true, false, true]
        );
    }

    #[test]
    fn a_bad_cell_where_none_can_be_fails() {
        let column = column("n", SqlType::Int2, false);
        let mut rows = RowsBuilder::new(&[&column]).unwrap();
        rows.row()[0].text("seven");
        let error = rows.finish().unwrap_err();
        assert!(matches!(error, ConnectorError::BadCell { .. }));
        assert!(!error.to_string().contains("seven"));
    }

    #[test]
    fn a_scan_of_no_columns_counts_rows() {
        let mut rows = RowsBuilder::new(&[]).unwrap();
        rows.row();
        rows.row();
        assert_eq!(rows.finish().unwrap().num_rows(), 2);
    }

    #[test]
    fn wide_rows_fill_a_batch_by_their_bytes() {
        let column = column("t", SqlType::Text, false);
        let mut rows = RowsBuilder::new(&[&column]).unwrap();
        let text = "x".repeat(BATCH_BYTES / 2);
        rows.row()[0].text(&text);
        assert!(!rows.is_full());
        rows.row()[0].text(&text);
        assert!(rows.is_full());
    }
}
