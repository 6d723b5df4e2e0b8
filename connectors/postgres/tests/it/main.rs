//! The connector against a real PostgreSQL server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../../../tests/support/postgres.rs"]
mod support;

mod catalog;
mod conformance;
mod hostile;
mod pool;
mod scans;
mod subplans;
mod tls;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::TaskContext;
use futures::{StreamExt, TryStreamExt};
use portcullis_connector_api::{
    ColumnName, CompareOp, Connector, Predicate, Scan, ScanRequest, SourceCatalog, Table, Value,
};
use portcullis_connector_postgres::{Options, PostgresConnector};

/// A connector over a new database that the script fills, and its catalog.
async fn source(script: &str) -> (PostgresConnector, SourceCatalog) {
    open(Options::new(support::shared().database(script))).await
}

async fn open(options: Options) -> (PostgresConnector, SourceCatalog) {
    let connector = PostgresConnector::new(options).unwrap();
    let catalog = connector.catalog().await.unwrap();
    (connector, catalog)
}

fn table(catalog: &SourceCatalog, name: &str) -> Arc<Table> {
    let table = catalog.tables.iter().find(|table| table.name.as_str() == name);
    Arc::new(table.unwrap_or_else(|| panic!("no table {name}")).clone())
}

/// A request for these columns under a condition.
fn request(table: &Arc<Table>, columns: &[&str], predicate: Predicate) -> ScanRequest {
    let columns = columns.iter().map(|name| ColumnName::from(*name)).collect();
    ScanRequest {
        table: table.clone(),
        columns,
        predicate,
        conditions: Predicate::True,
        limit: None,
    }
}

fn compare(column: &str, op: CompareOp, value: Value) -> Predicate {
    Predicate::Compare { column: column.into(), op, value }
}

async fn batches(scan: &Scan) -> Result<Vec<RecordBatch>, String> {
    let stream = scan.plan.execute(0, Arc::new(TaskContext::default())).unwrap();
    let schema = scan.plan.schema();
    let batches = stream.map(|batch| batch.map_err(|error| error.to_string()));
    let batches: Vec<RecordBatch> = batches.try_collect().await?;
    assert!(batches.iter().all(|batch| batch.schema() == schema));
    Ok(batches)
}

/// The rows, each cell as text, in their order.
async fn rows(scan: &Scan) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in batches(scan).await.unwrap() {
        let options = FormatOptions::new().with_null("NULL");
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            let cells = columns.iter().map(|column| column.value(row).to_string());
            cells.collect::<Vec<_>>().join(" | ")
        }));
    }
    rows
}

/// The rows of a scan of these columns.
async fn scanned(
    connector: &PostgresConnector,
    table: &Arc<Table>,
    columns: &[&str],
    predicate: Predicate,
) -> Vec<String> {
    rows(&connector.scan(request(table, columns, predicate)).await.unwrap()).await
}
