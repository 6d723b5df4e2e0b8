//! Reading the files of a Parquet table.

use std::sync::{Arc, Mutex};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt, stream};
use portcullis_connector_api::cells::scan_schema;
use portcullis_connector_api::{Column, ConnectorError, Predicate, ScanRequest};

use crate::connector::blocking;
use crate::exec::Meters;
use crate::folder::DataFile;
use crate::parquet::damage::Damage;
use crate::parquet::decode::{decode, marks};
use crate::parquet::footer::Footer;
use crate::parquet::lower::lower;
use crate::parquet::reader::{OpenedFile, reservation};
use crate::parquet::size::Size;

/// What is read of each file of a table.
pub struct ParquetScan {
    columns: Vec<Column>,
    schema: SchemaRef,
    predicate: Predicate,
    limit: Option<usize>,
    context: Arc<TaskContext>,
    damage: Arc<Damage>,
}

impl ParquetScan {
    /// A scan of these columns; opens no file yet. The context is the connector's own, because the
    /// readers need nothing of the session, and none of its settings may change what they do.
    pub fn new(
        columns: Vec<Column>,
        request: &ScanRequest,
        context: Arc<TaskContext>,
        damage: Arc<Damage>,
    ) -> Self {
        let schema = scan_schema(&columns.iter().collect::<Vec<_>>());
        let predicate = request.predicate.clone();
        let limit = request.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        Self { columns, schema, predicate, limit, context, damage }
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Reads a file. What it holds counts as memory of the pool: the bytes that were read, and the
    /// batch that was decoded last.
    pub fn start(
        self: Arc<Self>,
        file: DataFile,
        meters: Meters,
        pool: Arc<dyn MemoryPool>,
    ) -> SendableRecordBatchStream {
        let schema = self.schema();
        let mut left = self.limit.unwrap_or(usize::MAX);
        let opened = stream::once(self.open(file, meters, pool));
        let batches = opened.try_flatten().try_take_while(move |batch| {
            let more = left > 0;
            left = left.saturating_sub(batch.num_rows());
            async move { Ok(more) }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }

    async fn open(
        self: Arc<Self>,
        file: DataFile,
        meters: Meters,
        pool: Arc<dyn MemoryPool>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let damage = self.damage.clone();
        let (file, opened, footer, about) = blocking(move || {
            let opened = file.open()?;
            let about = opened.metadata().map_err(|error| {
                file.damaged(format!("a file cannot be read: {}", error.kind()))
            })?;
            if damage.is_known(&file.label, &about) {
                return Err(file.damaged("damage was met in it before"));
            }
            let footer = Footer::read(&opened)
                .map_err(|error| file.damaged(format!("a footer cannot be read: {error}")))?;
            Ok((file, opened, footer, about))
        })
        .await?;
        let places = self.places(&file, &footer)?;
        let size = Size::of(&footer, &places);
        let counted = reservation(&pool);
        let opened = OpenedFile {
            file: Arc::new(Mutex::new(opened)),
            metadata: footer.metadata.clone(),
            pool,
        };
        let mut source = ParquetSource::new(footer.schema.clone())
            .with_parquet_file_reader_factory(Arc::new(opened))
            .with_pushdown_filters(true)
            .with_enable_page_index(true);
        if let Some(predicate) = lower(&self.predicate, &footer)? {
            source = source.with_predicate(predicate);
        }
        meters.add(source.metrics().clone());
        let config =
            FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
                .with_file(PartitionedFile::new(file.label.clone(), about.len()))
                .with_projection_indices(Some(places.clone()))?
                .with_batch_size(Some(size.rows))
                .with_limit(self.limit)
                .build();
        let raw = DataSourceExec::from_data_source(config).execute(0, self.context.clone())?;
        let schema = self.schema();
        // A batch is decoded before it can be counted. What it is likely to need is there by then.
        counted.try_grow(size.bytes)?;
        let batches = raw.map(move |batch| {
            let batch = batch.map_err(|error| {
                if let lacking @ DataFusionError::ResourcesExhausted(_) = error.find_root() {
                    return DataFusionError::ResourcesExhausted(lacking.to_string());
                }
                self.damage.note(&file.label, &about, &error);
                file.damaged(error).into()
            })?;
            counted.try_resize(batch.get_array_memory_size().max(size.bytes))?;
            self.decoded(&batch).map_err(|error| match error {
                bad @ ConnectorError::BadCell { .. } => DataFusionError::from(bad),
                other => file.damaged(other).into(),
            })
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    /// Where the wanted columns stand in this file, which must still be what the catalog said.
    fn places(&self, file: &DataFile, footer: &Footer) -> Result<Vec<usize>, ConnectorError> {
        let places = self.columns.iter().map(|column| match footer.column(column.name.as_str()) {
            Some(own) if own.sql_type == column.sql_type => Ok(own.at),
            Some(own) => Err(file.damaged(format!(
                "column \"{}\" is {} now and was {}",
                column.name, own.sql_type, column.sql_type
            ))),
            None => Err(file.damaged(format!("there is no column \"{}\" any more", column.name))),
        });
        places.collect()
    }

    /// A batch of the scan from one of the reader's, which has the wanted columns in order.
    fn decoded(&self, raw: &RecordBatch) -> Result<RecordBatch, ConnectorError> {
        let failed = |error: arrow::error::ArrowError| ConnectorError::Failed(error.to_string());
        let rows = raw.num_rows();
        let mut arrays = Vec::with_capacity(self.schema.fields().len());
        let mut all_marks = Vec::new();
        for (column, array) in self.columns.iter().zip(raw.columns()) {
            let (values, bad) = decode(array, &column.sql_type).map_err(failed)?;
            arrays.push(values);
            if column.fallible {
                all_marks.push(marks(bad.as_ref(), rows));
            } else if bad.is_some() {
                return Err(ConnectorError::BadCell {
                    column: column.name.to_string(),
                    sql_type: column.sql_type.to_string(),
                });
            }
        }
        arrays.extend(all_marks);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema(), arrays, &options).map_err(failed)
    }
}
