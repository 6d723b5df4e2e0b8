//! Reading the rows of CSV and JSON files into batches.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;
use portcullis_connector_api::decode::RowsBuilder;
use portcullis_connector_api::{Column, ColumnName, ConnectorError};

use crate::folder::{DataFile, Format};
use crate::text::source::{RowSource, broken};

/// Some files of a table that are read one after the other.
pub struct TextScan {
    files: VecDeque<DataFile>,
    format: Format,
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
        columns: &[&Column],
        limit: Option<u64>,
    ) -> Result<Self, ConnectorError> {
        Ok(Self {
            files: files.iter().cloned().collect(),
            format,
            names: columns.iter().map(|column| column.name.clone()).collect(),
            current: None,
            rows: RowsBuilder::new(columns)?,
            left: limit.unwrap_or(u64::MAX),
        })
    }

    /// The batches. Each is read on a thread that may block, when it is asked for, and no thread
    /// waits in between: a client that never reads holds none.
    pub fn into_stream(self, schema: SchemaRef) -> SendableRecordBatchStream {
        let batches = stream::try_unfold(self, async |mut scan| {
            let reading = tokio::task::spawn_blocking(move || {
                let batch = scan.next_batch();
                (scan, batch)
            });
            let (scan, batch) =
                reading.await.map_err(|error| DataFusionError::External(Box::new(error)))?;
            Ok(batch?.map(|batch| (batch, scan)))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, Box::pin(batches)))
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, ConnectorError> {
        while self.left > 0 && !self.rows.is_full() {
            let Some((file, source)) = &mut self.current else {
                let Some(file) = self.files.pop_front() else { break };
                let source = RowSource::open(&file, self.format, &self.names)?;
                self.current = Some((file, source));
                continue;
            };
            if source.advance().map_err(|error| broken(file, &error))? {
                source.give(self.rows.row());
                self.left -= 1;
            } else {
                if source.skipped() > 0 {
                    tracing::warn!(
                        file = file.label,
                        lines = source.skipped(),
                        "lines that are no rows were passed over"
                    );
                }
                self.current = None;
            }
        }
        if self.rows.is_empty() { Ok(None) } else { self.rows.finish().map(Some) }
    }
}
