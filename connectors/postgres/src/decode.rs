//! Binary cells of the wire become Arrow arrays.

mod cells;
pub(crate) mod numeric;
mod wire;

use arrow::array::{ArrayRef, BooleanArray, BooleanBufferBuilder, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, SchemaRef};
use portcullis_connector_api::{ConnectorError, SqlType};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use cells::Cells;
use wire::Wire;

/// Rows in a batch.
const BATCH_ROWS: usize = 8192;
/// Bytes of cells after which a batch ends early, so that wide rows do not make it large.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// What becomes of the columns of a result.
#[derive(Debug)]
pub(crate) struct Layout {
    pub columns: Vec<Target>,
    /// The targets' fields, then one mark for each that is marked.
    pub schema: SchemaRef,
}

/// What becomes of one column.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub name: String,
    pub data_type: DataType,
    pub sql_type: SqlType,
    /// Whether a bad cell is marked; otherwise it is an error.
    pub marked: bool,
}

/// Whether a value of this type at the source can become a value of that type here.
pub(crate) fn decodes(from: &SqlType, into: &DataType) -> bool {
    match (Wire::of_sql(from), Cells::new(into)) {
        (Some(wire), Some(cells)) => cells.takes(&wire),
        _ => false,
    }
}

/// Collects rows until a batch is full.
pub(crate) struct Decoder<'a> {
    layout: &'a Layout,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

struct Column {
    wire: Wire,
    cells: Cells,
    /// One bit for each row so far, once there was a bad cell.
    marks: Option<BooleanBufferBuilder>,
}

impl<'a> Decoder<'a> {
    /// For rows whose columns have these types.
    ///
    /// # Errors
    /// Where they are not what the layout was made for.
    pub(crate) fn new(layout: &'a Layout, types: &[Type]) -> Result<Self, ConnectorError> {
        let mut columns = Vec::new();
        for (at, target) in layout.columns.iter().enumerate() {
            let wire = types.get(at).and_then(Wire::of);
            let cells = Cells::new(&target.data_type);
            match (wire, cells) {
                (Some(wire), Some(cells)) if cells.takes(&wire) => {
                    columns.push(Column { wire, cells, marks: None });
                }
                _ => {
                    let text = format!("column \"{}\" has become another type", target.name);
                    return Err(ConnectorError::Failed(text));
                }
            }
        }
        Ok(Self { layout, columns, rows: 0, bytes: 0 })
    }

    /// Takes one row.
    ///
    /// # Errors
    /// [`ConnectorError::BadCell`] for a bad cell of a column that is not marked.
    pub(crate) fn push(&mut self, row: &Row) -> Result<(), ConnectorError> {
        for (at, (column, target)) in self.columns.iter_mut().zip(&self.layout.columns).enumerate()
        {
            let Raw(cell) =
                row.try_get(at).map_err(|error| ConnectorError::Failed(error.to_string()))?;
            let good = match cell {
                Some(cell) => column.cells.push(&column.wire, cell),
                None => {
                    column.cells.push_null();
                    true
                }
            };
            if good {
                if let Some(marks) = &mut column.marks {
                    marks.append(false);
                }
            } else if target.marked {
                column.cells.push_null();
                let marks = column.marks.get_or_insert_with(|| {
                    let mut marks = BooleanBufferBuilder::new(BATCH_ROWS);
                    marks.append_n(self.rows, false);
                    marks
                });
                marks.append(true);
            } else {
                return Err(ConnectorError::BadCell {
                    column: target.name.clone(),
                    sql_type: target.sql_type.to_string(),
                });
            }
        }
        self.rows += 1;
        self.bytes += row.raw_size_bytes();
        Ok(())
    }

    /// Whether a batch should be taken before the next row.
    pub(crate) fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// The rows so far, and begins anew; none where there are none.
    ///
    /// # Errors
    /// None in practice: the columns are of the layout's schema.
    pub(crate) fn take(&mut self) -> Result<Option<RecordBatch>, ConnectorError> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows == 0 {
            return Ok(None);
        }
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.layout.schema.fields().len());
        let mut marks: Vec<ArrayRef> = Vec::new();
        for (column, target) in self.columns.iter_mut().zip(&self.layout.columns) {
            arrays.push(column.cells.finish(&target.data_type)?);
            let bits = column.marks.take().map(|mut marks| marks.finish());
            if target.marked {
                let none = || {
                    let mut none = BooleanBufferBuilder::new(rows);
                    none.append_n(rows, false);
                    none.finish()
                };
                let mark = BooleanArray::new(bits.unwrap_or_else(none), None);
                marks.push(std::sync::Arc::new(mark));
            }
        }
        arrays.extend(marks);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.layout.schema.clone(), arrays, &options)
            .map(Some)
            .map_err(|error| ConnectorError::Failed(error.to_string()))
    }
}

/// A cell as it came.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
