//! Values of other classes than their column was declared with, views, and what the catalog says.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use futures::TryStreamExt;
use portcullis_connector_api::cells::mark_name;
use portcullis_connector_api::{
    CompareOp, Connector, Predicate, Pushdown, ScanRequest, SourceCatalog, SqlType, Table, Value,
};
use portcullis_connector_sqlite::{SqliteConnector, SqliteOptions};
use rusqlite::Connection;

/// A database made by this SQL.
pub fn database(sql: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    (folder, path)
}

pub async fn open(path: &Path) -> (SqliteConnector, SourceCatalog) {
    let connector = SqliteConnector::new(SqliteOptions::new(path));
    let catalog = connector.catalog().await.unwrap();
    (connector, catalog)
}

pub fn table(catalog: &SourceCatalog, name: &str) -> Arc<Table> {
    Arc::new(catalog.tables.iter().find(|table| table.name.as_str() == name).unwrap().clone())
}

/// Each column as `name type`, with `?` where it may be NULL and `!` where it is fallible.
fn described(table: &Table) -> String {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| {
            let null = if column.nullable { "?" } else { "" };
            let bad = if column.fallible { "!" } else { "" };
            format!("{} {}{null}{bad}", column.name, column.sql_type)
        })
        .collect();
    columns.join(", ")
}

pub async fn plan(
    connector: &SqliteConnector,
    table: &Arc<Table>,
    predicate: Predicate,
) -> Arc<dyn ExecutionPlan> {
    let columns = table.columns.iter().map(|column| column.name.clone()).collect();
    let request = ScanRequest {
        table: table.clone(),
        columns,
        predicate,
        conditions: Predicate::True,
        limit: None,
    };
    connector.scan(request).await.unwrap().plan
}

pub async fn run(plan: &Arc<dyn ExecutionPlan>) -> Result<RecordBatch, String> {
    let stream = plan.execute(0, Arc::new(TaskContext::default())).unwrap();
    let batches: Vec<_> = stream.try_collect().await.map_err(|error| error.to_string())?;
    Ok(concat_batches(&plan.schema(), &batches).unwrap())
}

/// All rows as text, one a line: cells by `|`, NULL as `-`, bad ones as `BAD`.
async fn rows(connector: &SqliteConnector, table: &Arc<Table>) -> Vec<String> {
    let batch = run(&plan(connector, table, Predicate::True).await).await.unwrap();
    let options = FormatOptions::default();
    let cell = |row: usize, name: &str| {
        let array = batch.column_by_name(name).unwrap();
        let marks = batch.column_by_name(&mark_name(name));
        if marks.is_some_and(|marks| marks.as_boolean().value(row)) {
            assert!(array.is_null(row));
            "BAD".to_owned()
        } else if array.is_null(row) {
            "-".to_owned()
        } else {
            ArrayFormatter::try_new(array, &options).unwrap().value(row).to_string()
        }
    };
    let columns = || table.columns.iter().map(|column| column.name.as_str());
    (0..batch.num_rows())
        .map(|row| columns().map(|name| cell(row, name)).collect::<Vec<_>>().join("|"))
        .collect()
}

#[tokio::test]
async fn any_value_in_any_column() {
    let (_folder, path) = database(
        "CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BOOLEAN, n DECIMAL(10,2), d DATE, z BLOB, x);
         INSERT INTO t VALUES (1, 1, 1, 'true', 1.005, '2024-02-29', 'text', 1);
         INSERT INTO t VALUES (' 7 ', '2.5', 2.5, 1, '3', 20240229, X'00ff', 'x');
         INSERT INTO t VALUES (1.5, 'x', X'61', 2, 'x', 'today', 5, 2.5);
         INSERT INTO t VALUES (9e18, X'00', 'ok', 0.0, 1e9, NULL, NULL, X'61');",
    );
    let (connector, catalog) = open(&path).await;
    let t = table(&catalog, "t");
    assert_eq!(
        described(&t),
        "i int8?!, r float8?!, s text?!, b bool?!, n numeric(10,2)?!, d date?!, z bytea?!, x text?!"
    );
    assert_eq!(
        rows(&connector, &t).await,
        [
            "1|1.0|1|true|1.00|2024-02-29|74657874|1",
            "7|2.5|2.5|true|3.00|BAD|00ff|x",
            "BAD|BAD|BAD|BAD|BAD|BAD|BAD|2.5",
            "9000000000000000000|BAD|ok|false|BAD|-|-|BAD",
        ]
    );
}

#[tokio::test]
async fn what_the_catalog_says() {
    let (_folder, path) = database(
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, org TEXT NOT NULL, made DATETIME,
            twice INTEGER GENERATED ALWAYS AS (id * 2) VIRTUAL);
         CREATE TABLE keyed (a TEXT PRIMARY KEY, b INT) WITHOUT ROWID;
         CREATE TABLE kept (i INT NOT NULL, r REAL, t TEXT, z BLOB, a ANY) STRICT;
         CREATE VIEW seen AS SELECT id, org, upper(org) AS loud FROM plain;
         CREATE VIEW broken AS SELECT * FROM gone;
         CREATE VIRTUAL TABLE words USING fts5(word);",
    );
    let (connector, catalog) = open(&path).await;
    let told: Vec<String> = catalog
        .tables
        .iter()
        .map(|table| format!("{}: {}", table.name, described(table)))
        .collect();
    assert_eq!(
        told,
        [
            "kept: i int8, r float8?, t text?!, z bytea?, a text?!",
            "keyed: a text!, b int8?!",
            "plain: id int8, org text!, made timestamp?!, twice int8?!",
            "seen: id int8?!, org text?!, loud text?!",
        ]
    );
    assert_eq!(catalog.faults.len(), 1);
    assert_eq!(catalog.faults[0].table.as_str(), "broken");
    assert_eq!(catalog.notes, ["table \"words\" is virtual and is left out"]);

    let null = |column: &str| Predicate::IsNull(column.into());

    let equal = |column: &str, value: Value| Predicate::Compare {
        column: column.into(),
        op: CompareOp::Eq,
        value,
    };
    let verdicts = [
        ("kept", equal("i", Value::Int(1)), Pushdown::Exact),
        ("kept", equal("t", Value::text("x")), Pushdown::Superset),
        ("kept", equal("a", Value::text("x")), Pushdown::No),
        ("plain", equal("id", Value::Int(1)), Pushdown::Exact),
        ("plain", equal("org", Value::text("x")), Pushdown::Superset),
        ("plain", equal("made", Value::Timestamp(0)), Pushdown::No),
        ("plain", null("made"), Pushdown::Exact),
        ("plain", equal("twice", Value::Int(1)), Pushdown::No),
        ("plain", null("twice"), Pushdown::No),
        ("seen", equal("org", Value::text("x")), Pushdown::No),
        ("seen", null("org"), Pushdown::No),
        (
            "plain",
            Predicate::Or(vec![equal("id", Value::Int(1)), equal("made", Value::Timestamp(0))]),
            Pushdown::No,
        ),
    ];
    for (name, predicate, verdict) in verdicts {
        assert_eq!(connector.pushdown(&table(&catalog, name), &predicate), verdict, "{predicate}");
    }
}

/// A value that was stored under no affinity, and then reached through a declared one.
#[tokio::test]
async fn no_row_is_missed_over_a_class() {
    let (_folder, path) = database(
        "CREATE TABLE base (id INTEGER PRIMARY KEY, v);
         INSERT INTO base (v) VALUES (5), ('5'), (5.0), (X'35'), (NULL);
         CREATE VIEW seen AS SELECT id, CAST(v AS TEXT) AS v FROM base
            UNION ALL SELECT id + 10, v FROM base;",
    );
    let (connector, catalog) = open(&path).await;
    let five =
        Predicate::Compare { column: "v".into(), op: CompareOp::Eq, value: Value::text("5") };
    for name in ["base", "seen"] {
        let table = table(&catalog, name);
        assert_eq!(connector.pushdown(&table, &five), Pushdown::No, "{name}");
    }
}

#[tokio::test]
async fn a_declared_type_of_ours() {
    let (_folder, path) = database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT);
         INSERT INTO t (code) VALUES ('7'), ('x');",
    );
    let mut options = SqliteOptions::new(&path);
    let own = [("code".into(), SqlType::Int4)];
    options.columns.insert("t".into(), own.into_iter().collect());
    let connector = SqliteConnector::new(options);
    let catalog = connector.catalog().await.unwrap();
    let t = table(&catalog, "t");
    assert_eq!(rows(&connector, &t).await, ["1|7", "2|BAD"]);
    let seven =
        Predicate::Compare { column: "code".into(), op: CompareOp::Eq, value: Value::Int(7) };
    assert_eq!(connector.pushdown(&t, &seven), Pushdown::No);
}

/// What the database itself computes may fail, over rows that nobody may notice. Of a generated
/// column that is not so once the guard's filter is in the statement; of a view, every question that
/// reads the column fails alike, whatever it asks.
#[tokio::test]
async fn what_the_database_computes() {
    let (_folder, path) = database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, org TEXT, raw TEXT);
         INSERT INTO t (org, raw) VALUES ('acme', '{\"kind\": \"bug\"}'), ('ember', 'no json: canary');
         ALTER TABLE t ADD COLUMN kind TEXT GENERATED ALWAYS AS (json_extract(raw, '$.kind')) VIRTUAL;
         CREATE VIEW seen AS SELECT id, org, json_extract(raw, '$.kind') AS kind FROM t;",
    );
    let (connector, catalog) = open(&path).await;
    let acme =
        Predicate::Compare { column: "org".into(), op: CompareOp::Eq, value: Value::text("acme") };
    let stored = table(&catalog, "t");
    assert_eq!(connector.pushdown(&stored, &acme), Pushdown::Superset);
    let batch = run(&plan(&connector, &stored, acme.clone()).await).await.unwrap();
    assert_eq!(batch.num_rows(), 1);

    let seen = table(&catalog, "seen");
    assert_eq!(connector.pushdown(&seen, &acme), Pushdown::No);
    let told = run(&plan(&connector, &seen, Predicate::True).await).await.unwrap_err();
    assert!(told.contains("failed: ") && !told.contains("canary"), "{told}");
}
