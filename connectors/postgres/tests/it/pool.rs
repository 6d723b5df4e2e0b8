//! Connections: bounded, reused when clean, cancelled when abandoned, absent servers.

use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use futures::StreamExt;
use portcullis_connector_api::{Connector, ConnectorError, Predicate, Scan, Table};
use portcullis_connector_postgres::{Options, PostgresConnector};

use crate::{open, request, rows, scanned, support, table};

/// A table of many rows, and views that tell of the session that reads them.
const SCRIPT: &str = "CREATE TABLE many AS SELECT i, repeat('x', 100) AS pad \
     FROM generate_series(1, 300000) i; \
     CREATE VIEW backend AS SELECT pg_backend_pid() AS pid; \
     CREATE VIEW slow AS SELECT pg_sleep(60)::text AS s; \
     CREATE VIEW writes AS SELECT nextval('numbers') AS n; \
     CREATE VIEW settings AS SELECT name, setting FROM pg_settings; \
     CREATE VIEW others AS SELECT count(*) AS n FROM pg_stat_activity \
     WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid();";

fn script() -> String {
    format!("CREATE SEQUENCE numbers; {SCRIPT}")
}

async fn scan(connector: &PostgresConnector, table: &Arc<Table>) -> Scan {
    let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    connector.scan(request(table, &columns, Predicate::True)).await.unwrap()
}

fn start(scan: &Scan) -> SendableRecordBatchStream {
    scan.plan.execute(0, Arc::new(TaskContext::default())).unwrap()
}

/// The error that a scan ends with.
async fn failure(connector: &PostgresConnector, table: &Arc<Table>) -> ConnectorError {
    let mut stream = start(&scan(connector, table).await);
    loop {
        match stream.next().await {
            Some(Ok(_)) => {}
            Some(Err(datafusion::error::DataFusionError::External(error))) => {
                return *error.downcast().unwrap();
            }
            other => panic!("no error of a connector: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_connection_is_reused_after_its_statement_ended() {
    let mut options = Options::new(support::shared().database(&script()));
    options.connections = 1;
    let (connector, catalog) = open(options).await;
    let backend = table(&catalog, "backend");
    let first = scanned(&connector, &backend, &["pid"], Predicate::True).await;
    for _ in 0..5 {
        let next = scanned(&connector, &backend, &["pid"], Predicate::True).await;
        assert_eq!(next, first);
    }
}

#[tokio::test]
async fn an_abandoned_statement_is_cancelled_and_its_connection_thrown_away() {
    let mut options = Options::new(support::shared().database(&script()));
    options.connections = 1;
    let (connector, catalog) = open(options).await;
    let backend = table(&catalog, "backend");
    let before = scanned(&connector, &backend, &["pid"], Predicate::True).await;

    let mut stream = start(&scan(&connector, &table(&catalog, "many")).await);
    assert!(stream.next().await.unwrap().unwrap().num_rows() > 0);
    drop(stream);
    let after = scanned(&connector, &backend, &["pid"], Predicate::True).await;
    assert_ne!(after, before, "a connection in the middle of a statement was reused");

    // One that has given no row yet: it must not sleep on at the server.
    let mut stream = start(&scan(&connector, &table(&catalog, "slow")).await);
    let first = tokio::time::timeout(Duration::from_millis(300), stream.next()).await;
    assert!(first.is_err());
    drop(stream);
    let others = table(&catalog, "others");
    let quiet = async {
        while scanned(&connector, &others, &["n"], Predicate::True).await != ["0"] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), quiet).await.expect("the server works on");
}

#[tokio::test]
async fn no_more_connections_than_allowed() {
    let mut options = Options::new(support::shared().database(&script()));
    options.connections = 2;
    options.connect_timeout = Duration::from_millis(500);
    let (connector, catalog) = open(options).await;
    let many = table(&catalog, "many");
    let scan = scan(&connector, &many).await;
    let (mut one, mut other) = (start(&scan), start(&scan));
    one.next().await.unwrap().unwrap();
    other.next().await.unwrap().unwrap();
    let error = failure(&connector, &many).await;
    assert_eq!(error.to_string(), "busy: all connections are in use");
    while one.next().await.is_some() {}
    assert!(!rows(&scan).await.is_empty());
}

/// The driver reads no further than the batch that is asked for.
#[tokio::test]
async fn a_reader_that_stops_stops_the_server() {
    let (connector, catalog) = open(Options::new(support::shared().database(&script()))).await;
    let mut stream = start(&scan(&connector, &table(&catalog, "many")).await);
    stream.next().await.unwrap().unwrap();
    let others = table(&catalog, "others");
    // Still active: it waits for us to read, with most of its rows unsent.
    for _ in 0..20 {
        assert_eq!(scanned(&connector, &others, &["n"], Predicate::True).await, ["1"]);
    }
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        rows += batch.unwrap().num_rows();
    }
    assert!(rows > 290_000);
}

#[tokio::test]
async fn the_session_is_set_and_cannot_write() {
    let (connector, catalog) = open(Options::new(support::shared().database(&script()))).await;
    let error = failure(&connector, &table(&catalog, "writes")).await;
    assert!(matches!(&error, ConnectorError::Failed(text) if text.contains("25006")), "{error}");
    let settings = table(&catalog, "settings");
    let all = scanned(&connector, &settings, &["name", "setting"], Predicate::True).await;
    for expected in [
        "default_transaction_read_only | on",
        "standard_conforming_strings | on",
        "search_path | pg_catalog",
        "statement_timeout | 30000",
        "TimeZone | UTC",
        "application_name | portcullis",
        "client_encoding | UTF8",
    ] {
        assert!(all.iter().any(|setting| setting == expected), "{expected}");
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_ends() {
    let mut options = Options::new(support::shared().database(&script()));
    options.statement_timeout = Duration::from_millis(200);
    let (connector, catalog) = open(options).await;
    let error = failure(&connector, &table(&catalog, "slow")).await;
    assert!(matches!(&error, ConnectorError::Failed(text) if text.contains("57014")), "{error}");
    // An error leaves the connection usable or replaced.
    let backend = table(&catalog, "backend");
    assert_eq!(scanned(&connector, &backend, &["pid"], Predicate::True).await.len(), 1);
}

#[tokio::test]
async fn an_error_keeps_stored_values_to_itself() {
    let script = "CREATE TABLE t (v text); INSERT INTO t VALUES ('canary'); \
                  CREATE VIEW casts AS SELECT v::int AS n FROM t";
    let (connector, catalog) = open(Options::new(support::shared().database(script))).await;
    let error = failure(&connector, &table(&catalog, "casts")).await;
    assert_eq!(error.to_string(), "failed: SQLSTATE 22P02");
}

#[tokio::test]
async fn a_server_that_is_away_is_unreachable_until_it_is_back() {
    let server = support::Server::start();
    server.run("postgres", "CREATE TABLE t AS SELECT 1 AS a");
    let (connector, catalog) = open(Options::new(server.url("postgres"))).await;
    let table = table(&catalog, "t");
    assert_eq!(scanned(&connector, &table, &["a"], Predicate::True).await, ["1"]);
    server.stop();
    for error in [failure(&connector, &table).await, connector.catalog().await.unwrap_err()] {
        assert!(matches!(error, ConnectorError::Unreachable(_)), "{error}");
        secretless(&connector, &error);
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_repeated() {
    let server = support::shared();
    let wrong = "wr0ng-pass";
    let url = format!("postgres://{}:{wrong}@127.0.0.1:{}/postgres", support::USER, server.port());
    let connector = PostgresConnector::new(Options::new(url)).unwrap();
    let error = connector.catalog().await.unwrap_err();
    assert!(matches!(&error, ConnectorError::Unreachable(text) if text.contains("28P01")));
    for text in [format!("{error} {error:?}"), format!("{connector:?}")] {
        assert!(!text.contains(wrong), "{text}");
    }
}

#[tokio::test]
async fn a_url_that_cannot_be_read_is_not_repeated() {
    for url in ["postgres://u:s3cret@h:port/", "s3cret", "postgres://u@h/?s3cret=1", ""] {
        let error = match PostgresConnector::new(Options::new(url)) {
            Err(error) => error,
            // An empty text has no fault in its form; it has no host.
            Ok(connector) => connector.catalog().await.unwrap_err(),
        };
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn a_unix_socket_will_do() {
    let server = support::shared();
    let url = format!(
        "host={} port={} user={} password='{}' dbname=postgres",
        server.socket_folder().display(),
        server.port(),
        support::USER,
        support::PASSWORD
    );
    let mut options = Options::new(url);
    options.tls = portcullis_connector_postgres::TlsMode::Require;
    PostgresConnector::new(options).unwrap().catalog().await.unwrap();
}

fn secretless(connector: &PostgresConnector, error: &ConnectorError) {
    for text in [format!("{error} {error:?}"), format!("{connector:?}")] {
        assert!(!text.contains(support::PASSWORD) && !text.contains("S3cret"), "{text}");
    }
}
