//! Reading the rows of CSV and JSON files into batches.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use portcullis_connector_api::decode::RowsBuilder;
use portcullis_connector_api::exec::Batches;
use portcullis_connector_api::{Column, ColumnName, ConnectorError};

use crate::folder::{DataFile, Format};
use crate::text::source::{RowSource, broken};

/// Some files of a table that are read one after the other.
pub struct TextScan {
    files: VecDeque<DataFile>,
    format: Format,
    multiline: bool,
    names: Arc<[ColumnName]>,
    current: Option<(DataFile, RowSource)>,
    rows: RowsBuilder,
    left: u64,
}

impl TextScan {
    /// A scan of these columns; opens no file yet.
    pub fn new(
        files: &[DataFile],
        format: Format,
        multiline: bool,
        columns: &[&Column],
        limit: Option<u64>,
    ) -> Result<Self, ConnectorError> {
        Ok(Self {
            files: files.iter().cloned().collect(),
            format,
            multiline,
            names: columns.iter().map(|column| column.name.clone()).collect(),
            current: None,
            rows: RowsBuilder::new(columns)?,
            left: limit.unwrap_or(u64::MAX),
        })
    }
}

impl Batches for TextScan {
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, ConnectorError> {
        while self.left > 0 && !self.rows.is_full() {
            let Some((file, source)) = &mut self.current else {
                let Some(file) = self.files.pop_front() else { break };
                let source = RowSource::open(&file, self.format, self.multiline, &self.names)?;
                self.current = Some((file, source));
                continue;
            };
            if source.advance().map_err(|error| broken(file, &error))? {
                source.give(self.rows.row());
                self.left -= 1;
            } else {
                let (skipped, spanning) = (source.skipped(), source.spanning());
                if skipped > 0 {
                    tracing::warn!(
                        file = file.label,
                        lines = skipped,
                        "lines that are no rows were passed over"
                    );
                }
                if spanning > 0 {
                    tracing::warn!(
                        file = file.label,
                        rows = spanning,
                        "rows with line breaks in quotes were passed over; the key `multiline` \
                         lets them in"
                    );
                }
                self.current = None;
            }
        }
        if self.rows.is_empty() { Ok(None) } else { self.rows.finish().map(Some) }
    }
}
