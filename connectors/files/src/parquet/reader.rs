//! Bytes of one Parquet file, and the footer that was made safe.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{ParquetFileMetrics, ParquetFileReaderFactory};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

/// Gives DataFusion readers of the one file that was opened: it never opens a path itself.
#[derive(Clone, Debug)]
pub struct OpenedFile {
    /// The file.
    pub file: Arc<Mutex<File>>,
    /// Its footer, made safe.
    pub metadata: Arc<ParquetMetaData>,
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
        let file = self.opened.file.clone();
        async move {
            let read = tokio::task::spawn_blocking(move || {
                let mut file = file
                    .lock()
                    .map_err(|_| ParquetError::General("a reader broke off".to_owned()))?;
                ranges.into_iter().map(|range| read(&mut file, range)).collect()
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

fn read(file: &mut File, range: Range<u64>) -> Result<Bytes, ParquetError> {
    let length = range.end.saturating_sub(range.start);
    file.seek(SeekFrom::Start(range.start))?;
    // A footer may claim any length; no more is taken than the file has.
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()) != Ok(length) {
        return Err(ParquetError::EOF("the file ends before its data does".to_owned()));
    }
    Ok(bytes.into())
}
