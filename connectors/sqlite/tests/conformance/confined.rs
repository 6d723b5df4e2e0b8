//! That a database is only read, that scans stop, and that damage is told.

use std::fs;
use std::sync::Arc;

use datafusion::execution::TaskContext;
use futures::{FutureExt, StreamExt};
use portcullis_connector_api::{Connector, ConnectorError, Predicate};
use portcullis_connector_sqlite::{SqliteConnector, SqliteOptions};

use crate::storage::{database, open, plan, run, table};

#[tokio::test]
async fn no_such_file_and_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone.db");
    let error = SqliteConnector::new(SqliteOptions::new(&path)).catalog().await.unwrap_err();
    assert!(matches!(error, ConnectorError::Unreachable(_)), "{error:?}");
    assert!(!error.to_string().contains("gone"), "{error}");
    assert!(!path.exists());

    fs::write(&path, "not a database, but long enough to be read as one".repeat(100)).unwrap();
    let error = SqliteConnector::new(SqliteOptions::new(&path)).catalog().await.unwrap_err();
    assert!(matches!(error, ConnectorError::Damaged(_)), "{error:?}");
    assert!(!error.to_string().contains("gone"), "{error}");
}

#[tokio::test]
async fn a_path_is_no_uri() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("file:{}/made.db?mode=rwc", folder.path().display());
    assert!(SqliteConnector::new(SqliteOptions::new(path)).catalog().await.is_err());
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[tokio::test]
async fn pages_that_are_damaged() {
    let (_folder, path) = database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO t SELECT i, printf('note of %d', i) FROM n;",
    );
    let (connector, catalog) = open(&path).await;
    let mut bytes = fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let plan = plan(&connector, &table(&catalog, "t"), Predicate::True).await;
    let told = run(&plan).await.unwrap_err();
    assert!(told.contains("damaged: "), "{told}");
    assert!(!told.contains("data.db") && !told.contains("note of"), "{told}");
}

/// A view that would never end: dropping its stream must free its only slot.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_scan_stops() {
    let (_folder, path) = database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY);
         INSERT INTO t VALUES (1);
         CREATE VIEW endless AS
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
            SELECT i AS id FROM n WHERE i < 0;",
    );
    let mut options = SqliteOptions::new(&path);
    options.max_scans = 1;
    let connector = SqliteConnector::new(options);
    let catalog = connector.catalog().await.unwrap();
    let endless = plan(&connector, &table(&catalog, "endless"), Predicate::True).await;
    let mut stream = endless.execute(0, Arc::new(TaskContext::default())).unwrap();
    // It gives nothing; that it was polled is enough to have started it.
    assert!(stream.next().now_or_never().is_none());
    drop(stream);
    let one = plan(&connector, &table(&catalog, "t"), Predicate::True).await;
    assert_eq!(run(&one).await.unwrap().num_rows(), 1);
}

/// What a schema may try when its views are read.
#[tokio::test]
async fn views_may_not_reach_out() {
    let (_folder, path) = database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY);
         CREATE VIEW loads AS SELECT load_extension('evil') AS x;
         CREATE VIEW asks AS SELECT * FROM pragma_database_list;
         CREATE VIEW plain AS SELECT upper('a') AS x;",
    );
    let (connector, catalog) = open(&path).await;
    for name in ["loads", "asks"] {
        let Some(found) = catalog.tables.iter().find(|table| table.name.as_str() == name) else {
            assert!(catalog.faults.iter().any(|fault| fault.table.as_str() == name), "{name}");
            continue;
        };
        let plan = plan(&connector, &Arc::new(found.clone()), Predicate::True).await;
        assert!(run(&plan).await.is_err(), "{name}");
    }
    let plain = plan(&connector, &table(&catalog, "plain"), Predicate::True).await;
    assert_eq!(run(&plain).await.unwrap().num_rows(), 1);
}
