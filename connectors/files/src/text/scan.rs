//! Reading the rows of CSV and JSON files into batches.

use std::sync::Arc;

use arrow::array::RecordBatch;
use portcullis_connector_api::decode::RowsBuilder;
use portcullis_connector_api::exec::Batches;
use portcullis_connector_api::{Column, ColumnName, ConnectorError};

use crate::folder::{DataFile, Format};
use crate::text::source::{RowSource, broken};

/// A file of a table.
pub struct TextScan {
    file: DataFile,
    format: Format,
    multiline: bool,
    names: Arc<[ColumnName]>,
    source: Option<RowSource>,
    rows: RowsBuilder,
    left: u64,
}

impl TextScan {
    /// A scan of these columns; does not open the file yet.
    pub fn new(
        file: DataFile,
        format: Format,
        multiline: bool,
        columns: &[&Column],
        limit: Option<u64>,
    ) -> Result<Self, ConnectorError> {
        Ok(Self {
            file,
            format,
            multiline,
            names: columns.iter().map(|column| column.name.clone()).collect(),
            source: None,
            rows: RowsBuilder::new(columns)?,
            left: limit.unwrap_or(u64::MAX),
        })
    }
}

impl Batches for TextScan {
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, ConnectorError> {
        while self.left > 0 && !self.rows.is_full() {
            let Some(source) = &mut self.source else {
                let (file, names) = (&self.file, &self.names);
                self.source = Some(RowSource::open(file, self.format, self.multiline, names)?);
                continue;
            };
            if source.advance().map_err(|error| broken(&self.file, &error))? {
                source.give(self.rows.row());
                self.left -= 1;
            } else {
                self.left = 0;
                passed_over(&self.file, source);
            }
        }
        if self.rows.is_empty() { Ok(None) } else { self.rows.finish().map(Some) }
    }
}

fn passed_over(file: &DataFile, source: &RowSource) {
    let (skipped, spanning) = (source.skipped(), source.spanning());
    if skipped > 0 {
        let lines = skipped;
        tracing::warn!(file = file.label, lines, "lines that are no rows were passed over");
    }
    if spanning > 0 {
        tracing::warn!(
            file = file.label,
            rows = spanning,
            "rows with line breaks in quotes were passed over; the key `multiline` lets them in"
        );
    }
}
