//! Scanning in tests.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use futures::TryStreamExt;
use portcullis_connector_api::cells::mark_name;
use portcullis_connector_api::{Connector, Predicate, ScanRequest, Table};
use portcullis_connector_files::{Files, FilesOptions};

/// A connector over a folder, with its catalog.
pub async fn open(folder: &Path) -> (Files, Vec<Arc<Table>>) {
    let files = Files::new(FilesOptions::new(folder));
    let catalog = files.catalog().await.unwrap();
    assert_eq!(catalog.faults, []);
    (files, catalog.tables.into_iter().map(Arc::new).collect())
}

/// The columns of a table with their types: `id int8, name text`.
pub fn described(table: &Table) -> String {
    let columns: Vec<_> =
        table.columns.iter().map(|column| format!("{} {}", column.name, column.sql_type)).collect();
    columns.join(", ")
}

/// A scan of all columns that is ready to run.
pub async fn plan(
    files: &Files,
    table: &Arc<Table>,
    predicate: Predicate,
) -> Result<Arc<dyn ExecutionPlan>, String> {
    let request = ScanRequest {
        table: table.clone(),
        columns: table.columns.iter().map(|column| column.name.clone()).collect(),
        predicate,
        conditions: Predicate::True,
        limit: None,
    };
    Ok(files.scan(request).await.map_err(|error| error.to_string())?.plan)
}

/// Runs a plan to its end.
pub async fn run(plan: &Arc<dyn ExecutionPlan>) -> Result<RecordBatch, String> {
    let mut batches = Vec::new();
    for partition in 0..plan.properties().output_partitioning().partition_count() {
        let stream = plan
            .execute(partition, Arc::new(TaskContext::default()))
            .map_err(|error| error.to_string())?;
        batches.extend(stream.try_collect::<Vec<_>>().await.map_err(|error| error.to_string())?);
    }
    concat_batches(&plan.schema(), &batches).map_err(|error| error.to_string())
}

/// All rows of a table as text, one a line: cells by `|`, NULL as `-`, bad ones as `BAD`.
pub async fn rows(files: &Files, table: &Arc<Table>) -> Result<Vec<String>, String> {
    let batch = run(&plan(files, table, Predicate::True).await?).await?;
    let options = FormatOptions::default();
    let cell = |row: usize, name: &str| {
        let array = batch.column_by_name(name).unwrap();
        let bad = batch
            .column_by_name(&mark_name(name))
            .is_some_and(|marks| marks.as_boolean().value(row));
        match (bad, array.is_null(row)) {
            (true, true) => "BAD".to_owned(),
            (true, false) => panic!("a bad cell holds a value"),
            (false, true) => "-".to_owned(),
            (false, false) => {
                ArrayFormatter::try_new(array, &options).unwrap().value(row).to_string()
            }
        }
    };
    Ok((0..batch.num_rows())
        .map(|row| {
            let cells: Vec<_> =
                table.columns.iter().map(|column| cell(row, column.name.as_str())).collect();
            cells.join("|")
        })
        .collect())
}
