//! What every connector must keep, and the sample.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::collect;
use portcullis_connector_api::conformance::{Cell, DataTable, Dataset, Loaded, Profile, check};
use portcullis_connector_api::{Connector, Predicate, ScanRequest, SqlType, Value};
use portcullis_connector_logs::{Logs, LogsOptions};

#[tokio::test(flavor = "multi_thread")]
async fn the_suite() {
    let bad = |sql_type: SqlType, text: &str| (sql_type, text.as_bytes().to_vec());
    let data = Dataset::new(&Profile {
        types: vec![
            SqlType::Bool,
            SqlType::Int8,
            SqlType::Float8,
            SqlType::Numeric { precision: 10, scale: 2 },
            SqlType::Text,
            SqlType::Date,
            SqlType::Timestamptz,
        ],
        holds: |_, _| true,
        undecodable: vec![
            bad(SqlType::Bool, "maybe"),
            bad(SqlType::Int8, "1.0"),
            bad(SqlType::Date, "2026-02-30"),
            bad(SqlType::Text, "a\0b"),
        ],
    });
    let folder = tempfile::tempdir().unwrap();
    let mut options = LogsOptions { folder: folder.path().to_owned(), ..LogsOptions::default() };
    for table in &data.tables {
        let name = &table.table.name;
        fs::write(folder.path().join(format!("{name}.log")), log(table)).unwrap();
        let columns = table.table.columns.iter();
        let columns = columns.map(|column| (column.name.clone(), column.sql_type.clone()));
        options.tables.insert(name.clone(), columns.collect());
    }
    let loaded = Loaded {
        connector: Arc::new(Logs::new(options)),
        secrets: vec![folder.path().display().to_string()],
        keep: Box::new(folder),
    };
    let report = check(&loaded, &data).await.unwrap();
    assert_eq!((report.exact, report.superset), (0, 0));
}

fn log(table: &DataTable) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let mut log = String::new();
    for row in &table.rows {
        for (cell, column) in row.iter().zip(&table.table.columns) {
            if *cell != Cell::Null {
                let (key, value) = (column.name.as_str(), text(cell));
                log.push_str(&format!("{}={} ", quoted(key), quoted(&value)));
            }
        }
        log.push('\n');
    }
    log
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Bool(value) => value.to_string(),
        Cell::Int(value) => value.to_string(),
        Cell::Float(value) => value.to_string(),
        Cell::Decimal(unscaled) => Value::Decimal { unscaled: *unscaled, scale: 2 }.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Bad(raw) => String::from_utf8(raw.clone()).unwrap(),
        Cell::Date(days) => chrono::NaiveDate::from_epoch_days(*days).unwrap().to_string(),
        Cell::Timestamp(micros) => {
            let moment = chrono::DateTime::from_timestamp_micros(*micros).unwrap();
            moment.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_sample() {
    let columns = [
        ("id", SqlType::Int8),
        ("org_id", SqlType::Text),
        ("at", SqlType::Timestamptz),
        ("path", SqlType::Text),
        ("ms", SqlType::Int4),
    ];
    let columns = columns.map(|(name, sql_type)| (name.into(), sql_type));
    let logs = Logs::new(LogsOptions {
        folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("sample"),
        tables: [("requests".into(), columns.to_vec())].into(),
    });
    let table = logs.catalog().await.unwrap().tables.pop().unwrap();
    let request = ScanRequest {
        columns: table.columns.iter().map(|column| column.name.clone()).collect(),
        table: Arc::new(table),
        predicate: Predicate::True,
        conditions: Predicate::True,
        limit: None,
    };
    let scan = logs.scan(request).await.unwrap();
    assert_eq!(scan.sent, "requests.log");
    let batches = collect(scan.plan, Arc::new(TaskContext::default())).await.unwrap();
    // Each fallible column has its mark beside it; the guard reads the marks. Here they are cut.
    let shown: Vec<_> =
        batches.iter().map(|batch| batch.project(&[0, 1, 2, 3, 4]).unwrap()).collect();
    let shown = pretty_format_batches(&shown).unwrap().to_string();
    assert_eq!(shown.trim(), include_str!("../sample/expected.txt").trim(), "\n{shown}");
}
