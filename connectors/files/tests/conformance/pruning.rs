//! That what is pushed down keeps data from being read, and that nothing is told of it.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::physical_plan::ExecutionPlan;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use portcullis_connector_api::{CompareOp, Predicate, Value};

use crate::scan::{open, plan, run};

const ROWS: i64 = 40_000;

/// Forty row groups, each of one tenant, with pages of 100 rows.
fn write(path: &std::path::Path) {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..ROWS))),
        (
            "org",
            Arc::new(StringArray::from_iter_values(
                (0..ROWS).map(|id| format!("org-{:02}", id / 1000)),
            )),
        ),
        (
            "payload",
            Arc::new(StringArray::from_iter_values((0..ROWS).map(|id| format!("{id:0>64}")))),
        ),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), false))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(1000))
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .build();
    let batch =
        RecordBatch::try_new(schema.clone(), columns.into_iter().map(|(_, array)| array).collect());
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), schema, Some(properties)).unwrap();
    writer.write(&batch.unwrap()).unwrap();
    writer.close().unwrap();
}

/// What a metric says, summed over all files.
fn counted(plan: &Arc<dyn ExecutionPlan>, name: &str) -> String {
    let metrics = plan.metrics().unwrap().aggregate_by_name();
    let metric = metrics.iter().find(|metric| metric.value().name() == name);
    metric.map_or_else(
        || panic!("no metric {name} in {metrics}"),
        |metric| metric.value().to_string(),
    )
}

#[tokio::test]
async fn a_tenants_filter_prunes_row_groups_and_pages() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("t.parquet"));
    let (files, tables) = open(folder.path()).await;
    let equal = |column: &str, value| Predicate::Compare {
        column: column.into(),
        op: CompareOp::Eq,
        value,
    };

    let everything = plan(&files, &tables[0], Predicate::True).await.unwrap();
    assert_eq!(run(&everything).await.unwrap().num_rows(), 40_000);

    // The text column is pruned although it is read as bytes.
    let tenant = plan(&files, &tables[0], equal("org", Value::text("org-07"))).await.unwrap();
    assert_eq!(run(&tenant).await.unwrap().num_rows(), 1000);
    assert_eq!(
        counted(&tenant, "row_groups_pruned_statistics"),
        "40 total → 1 matched -> 1 fully matched"
    );

    let one = plan(&files, &tables[0], equal("id", Value::Int(7_150))).await.unwrap();
    assert_eq!(run(&one).await.unwrap().num_rows(), 1);
    assert_eq!(counted(&one, "page_index_rows_pruned"), "1.00 K total → 100 matched");

    let bytes = |plan: &Arc<dyn ExecutionPlan>| -> usize {
        let metrics = plan.metrics().unwrap().aggregate_by_name();
        metrics.sum_by_name("bytes_scanned").unwrap().as_usize()
    };
    assert!(bytes(&tenant) * 20 < bytes(&everything));
    assert!(bytes(&one) * 10 < bytes(&everything), "{} of {}", bytes(&one), bytes(&everything));
}

#[tokio::test]
async fn a_limit_stops_reading() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("t.parquet"));
    let (files, tables) = open(folder.path()).await;
    let request = portcullis_connector_api::ScanRequest {
        table: tables[0].clone(),
        columns: vec!["id".into()],
        predicate: Predicate::True,
        conditions: Predicate::True,
        limit: Some(10),
    };
    let scan = portcullis_connector_api::Connector::scan(&files, request).await.unwrap();
    assert_eq!(run(&scan.plan).await.unwrap().num_rows(), 10);
    assert_eq!(scan.sent, "read t.parquet");
}
