//! From a file's lines to batches.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use datafusion::arrow::array::RecordBatch;
use portcullis_connector_api::decode::RowsBuilder;
use portcullis_connector_api::exec::Batches;
use portcullis_connector_api::{Column, ConnectorError, TableName};

use crate::line;

/// A scan of one file.
pub struct LogRows {
    path: PathBuf,
    table: TableName,
    columns: Vec<Column>,
    left: u64,
    file: Option<BufReader<File>>,
    rows: RowsBuilder,
}

impl LogRows {
    /// A scan of these columns of at most `limit` rows; opens nothing yet.
    pub fn new(
        path: PathBuf,
        table: TableName,
        columns: Vec<Column>,
        limit: Option<u64>,
    ) -> Result<Self, ConnectorError> {
        let rows = RowsBuilder::new(&columns.iter().collect::<Vec<_>>())?;
        let left = limit.unwrap_or(u64::MAX);
        Ok(Self { path, table, columns, left, file: None, rows })
    }
}

/// Each batch is read on a thread that may block, when it is asked for: a client that stops reading
/// stops the scan.
impl Batches for LogRows {
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, ConnectorError> {
        // The path is the operator's business: what may reach the log names the table only.
        let damaged = |error: std::io::Error| {
            ConnectorError::Damaged(format!("table \"{}\": {}", self.table, error.kind()))
        };
        let input = match &mut self.file {
            Some(input) => input,
            none => none.insert(BufReader::new(File::open(&self.path).map_err(damaged)?)),
        };
        let mut bytes = Vec::new();
        let mut values = vec![Value::Absent; self.columns.len()];
        while self.left > 0 && !self.rows.is_full() {
            if !line::read(input, &mut bytes).map_err(damaged)? {
                break;
            }
            values.fill(Value::Absent);
            let parsed = str::from_utf8(&bytes).ok().and_then(|text| {
                line::pairs(text, |key, value| {
                    let at = self.columns.iter().position(|column| column.name.as_str() == key);
                    if let Some(slot) = at.and_then(|at| values.get_mut(at)) {
                        *slot = match slot {
                            Value::Absent => Value::Text(value.into_owned()),
                            _ => Value::Doubled,
                        };
                    }
                })
            });
            if parsed.is_none() {
                tracing::warn!(table = %self.table, "a line that is not made of pairs");
                continue;
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            for (cell, value) in self.rows.row().iter_mut().zip(&values) {
                match value {
                    Value::Absent => cell.null(),
                    // Decodes by the column's type; what cannot be decoded becomes NULL and a
                    // mark, never an error: the row may be one that the caller must not notice.
                    Value::Text(text) => cell.text(text),
                    Value::Doubled => cell.bad(),
                }
            }
            self.left -= 1;
        }
        if self.rows.is_empty() { Ok(None) } else { self.rows.finish().map(Some) }
    }
}

/// What a line says of a column.
#[derive(Clone)]
enum Value {
    Absent,
    Text(String),
    Doubled,
}
