//! Bytes of one Parquet file, and the footer that was made safe.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{ParquetFileMetrics, ParquetFileReaderFactory};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

/// Gives DataFusion readers of the one file that was opened: it never opens a path itself.
///
/// The reader asks for the chosen columns of a whole row group at once, whose size the writer of the
/// file chose. So the bytes that were read count as memory of the pool, for as long as they are held.
#[derive(Clone, Debug)]
pub struct OpenedFile {
    /// The file.
    pub file: Arc<Mutex<File>>,
    /// Its footer, made safe.
    pub metadata: Arc<ParquetMetaData>,
    /// What its bytes count against.
    pub pool: Arc<dyn MemoryPool>,
}

/// Bytes that were read, counted until the last of them is dropped.
struct Counted {
    bytes: Vec<u8>,
    _counted: MemoryReservation,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl ParquetFileReaderFactory for OpenedFile {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let metrics = ParquetFileMetrics::new(partition, file.path().as_ref(), metrics);
        Ok(Box::new(Reader { opened: self.clone(), metrics }))
    }
}

struct Reader {
    opened: OpenedFile,
    metrics: ParquetFileMetrics,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move {
            let found = self.get_byte_ranges(vec![range]).await?;
            found.into_iter().next().ok_or_else(|| ParquetError::EOF("no bytes".to_owned()))
        }
        .boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        let wanted: u64 = ranges.iter().map(|range| range.end.saturating_sub(range.start)).sum();
        self.metrics.bytes_scanned.add(usize::try_from(wanted).unwrap_or(usize::MAX));
        let (file, pool) = (self.opened.file.clone(), Arc::clone(&self.opened.pool));
        async move {
            let read = tokio::task::spawn_blocking(move || {
                let mut file = file
                    .lock()
                    .map_err(|_| ParquetError::General("a reader broke off".to_owned()))?;
                ranges.into_iter().map(|range| read(&mut file, range, &pool)).collect()
            });
            read.await.map_err(|error| ParquetError::External(Box::new(error)))?
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        let metadata = self.opened.metadata.clone();
        async move { Ok(metadata) }.boxed()
    }
}

fn read(
    file: &mut File,
    range: Range<u64>,
    pool: &Arc<dyn MemoryPool>,
) -> Result<Bytes, ParquetError> {
    let length = range.end.saturating_sub(range.start);
    let counted = reservation(pool);
    counted
        .try_grow(usize::try_from(length).unwrap_or(usize::MAX))
        .map_err(|error| ParquetError::External(Box::new(error)))?;
    file.seek(SeekFrom::Start(range.start))?;
    // A footer may claim any length; no more is taken than the file has.
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()) != Ok(length) {
        return Err(ParquetError::EOF("the file ends before its data does".to_owned()));
    }
    Ok(Bytes::from_owner(Counted { bytes, _counted: counted }))
}

/// A place in the pool for what is read of a Parquet file.
pub fn reservation(pool: &Arc<dyn MemoryPool>) -> MemoryReservation {
    MemoryConsumer::new("ParquetScan").register(pool)
}
