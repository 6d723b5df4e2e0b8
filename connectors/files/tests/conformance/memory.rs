//! That what is read of a Parquet file is bounded by its rows, and counted.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::SessionConfig;
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use portcullis_connector_api::Predicate;

use crate::scan::{open, plan};

const MIB: usize = 1 << 20;

/// Rows of 2 MiB of text in a file that is much smaller than they are.
fn wide(path: &Path, rows: usize) {
    let ids = Int64Array::from_iter_values(0..i64::try_from(rows).unwrap());
    let texts = (0..rows).map(|row| format!("{row:04}").repeat(MIB / 2));
    let texts = StringArray::from_iter_values(texts);
    let columns: [(&str, ArrayRef); 2] = [("id", Arc::new(ids)), ("body", Arc::new(texts))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn context(pool: &Arc<dyn MemoryPool>) -> Arc<TaskContext> {
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(pool)).build_arc().unwrap();
    let none = TaskContext::default();
    Arc::new(TaskContext::new(
        None,
        String::new(),
        SessionConfig::new(),
        none.scalar_functions().clone(),
        Default::default(),
        Default::default(),
        Default::default(),
        runtime,
    ))
}

#[tokio::test]
async fn wide_rows_are_few_in_a_batch_and_count_while_they_are_there() {
    let folder = tempfile::tempdir().unwrap();
    wide(&folder.path().join("t.parquet"), 40);
    let (files, tables) = open(folder.path()).await;
    let plan = plan(&files, &tables[0], Predicate::True).await.unwrap();

    let ample: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(512 * MIB));
    let mut rows = plan.execute(0, context(&ample)).unwrap();
    let mut count = 0;
    while let Some(batch) = rows.try_next().await.unwrap() {
        assert!((1..=2).contains(&batch.num_rows()), "{} rows", batch.num_rows());
        assert!(ample.reserved() >= 80 * MIB, "{} bytes", ample.reserved());
        count += batch.num_rows();
    }
    assert_eq!(count, 40);
    drop(rows);
    assert_eq!(ample.reserved(), 0);

    let scarce: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(64 * MIB));
    let told = plan.execute(0, context(&scarce)).unwrap().try_collect::<Vec<_>>().await;
    let told = told.unwrap_err();
    assert!(matches!(told.find_root(), DataFusionError::ResourcesExhausted(_)), "{told}");
    assert_eq!(scarce.reserved(), 0);

    // It is no damage of the file.
    let again = plan.execute(0, context(&ample)).unwrap().try_collect::<Vec<_>>().await;
    assert_eq!(again.unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 40);
}

/// The bytes of the file themselves count, however thin its rows are.
#[tokio::test]
async fn what_was_read_of_a_file_counts() {
    let folder = tempfile::tempdir().unwrap();
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(
        (0..2_000_000).map(|n: i64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64)),
    ));
    let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
    let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
    let file = File::create(folder.path().join("t.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let (files, tables) = open(folder.path()).await;
    let plan = plan(&files, &tables[0], Predicate::True).await.unwrap();
    for (most, enough) in [(64 * MIB, true), (5 * MIB, false)] {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(most));
        let read = plan.execute(0, context(&pool)).unwrap().try_collect::<Vec<_>>().await;
        match read {
            Ok(batches) => assert_eq!(
                (enough, batches.iter().map(RecordBatch::num_rows).sum::<usize>()),
                (true, 2_000_000)
            ),
            Err(error) => {
                let lacking = matches!(error.find_root(), DataFusionError::ResourcesExhausted(_));
                assert!(lacking && !enough, "{error}");
            }
        }
        assert_eq!(pool.reserved(), 0);
    }
}
