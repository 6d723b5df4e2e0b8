//! The suite over ordinary tables, over STRICT ones, and over a database in UTF-16.

use std::sync::Arc;

use portcullis_connector_api::conformance::{
    Cell, DataTable, Dataset, Loaded, Profile, Report, check,
};
use portcullis_connector_api::{SqlType, Value};
use portcullis_connector_sqlite::{SqliteConnector, SqliteOptions};
use rusqlite::Connection;
use rusqlite::types::Value as Stored;

fn profile() -> Profile {
    let bad = |sql_type: SqlType, text: &str| (sql_type, text.as_bytes().to_vec());
    Profile {
        types: vec![
            SqlType::Bool,
            SqlType::Int8,
            SqlType::Float8,
            SqlType::Numeric { precision: 10, scale: 2 },
            SqlType::Text,
            SqlType::Varchar,
            SqlType::Bytea,
            SqlType::Date,
            SqlType::Time,
            SqlType::Timestamp,
            SqlType::Timestamptz,
            SqlType::Uuid,
            SqlType::Json,
        ],
        holds,
        undecodable: vec![
            bad(SqlType::Bool, "maybe"),
            bad(SqlType::Int8, "abc"),
            bad(SqlType::Float8, "Infinity"),
            bad(SqlType::Numeric { precision: 10, scale: 2 }, "12,50"),
            bad(SqlType::Text, "a\0b"),
            (SqlType::Text, b"\xff".to_vec()),
            bad(SqlType::Date, "2024-13-01"),
            bad(SqlType::Timestamp, "1709210096"),
            bad(SqlType::Uuid, "550e8400"),
            bad(SqlType::Json, "{"),
        ],
    }
}

/// SQLite takes NaN for NULL, and the negative zero for the other one.
fn holds(_: &SqlType, cell: &Cell) -> bool {
    match cell {
        Cell::Float(value) => !(value.is_nan() || *value == 0.0 && value.is_sign_negative()),
        _ => true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_tables() {
    let report = suite(&profile(), "UTF-8", "").await;
    assert!(report.superset > 300, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_tables() {
    let mut profile = profile();
    profile.types = vec![SqlType::Int8, SqlType::Float8, SqlType::Text, SqlType::Bytea];
    profile.undecodable = vec![(SqlType::Text, b"\xff".to_vec())];
    let report = suite(&profile, "UTF-8", " STRICT").await;
    // Integers and floats cannot be anything else there; text may still be no UTF-8.
    assert!(report.exact > 100 && report.superset > 100, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_utf16() {
    let mut profile = profile();
    profile.types = vec![SqlType::Text, SqlType::Int8];
    profile.undecodable.clear();
    let report = suite(&profile, "UTF-16le", "").await;
    assert!(report.refused > 300, "{report:?}");
}

async fn suite(profile: &Profile, encoding: &str, options: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.db");
    let data = told_apart(Dataset::new(profile));
    let mut connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "encoding", encoding).unwrap();
    for table in &data.tables {
        load(&mut connection, table, options);
    }
    drop(connection);
    let loaded = Loaded {
        connector: Arc::new(SqliteConnector::new(SqliteOptions::new(&path))),
        secrets: vec![folder.path().display().to_string()],
        keep: Box::new(folder),
    };
    check(&loaded, &data).await.unwrap()
}

/// The data as SQLite can tell it: one type of integer, and names whatever their case.
fn told_apart(mut data: Dataset) -> Dataset {
    for table in &mut data.tables {
        let columns = &mut table.table.columns;
        if let Some(at) = columns.iter().position(|column| column.name.as_str() == "UPPER") {
            columns.remove(at);
            table.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
        for column in columns.iter_mut().filter(|column| column.sql_type == SqlType::Int4) {
            column.sql_type = SqlType::Int8;
        }
    }
    data
}

fn declared(sql_type: &SqlType) -> &'static str {
    match sql_type {
        SqlType::Bool => "BOOLEAN",
        SqlType::Int8 => "INTEGER",
        SqlType::Float8 => "REAL",
        SqlType::Numeric { .. } => "DECIMAL(10,2)",
        SqlType::Text => "TEXT",
        SqlType::Varchar => "VARCHAR(100)",
        SqlType::Bytea => "BLOB",
        SqlType::Date => "DATE",
        SqlType::Time => "TIME",
        SqlType::Timestamp => "DATETIME",
        SqlType::Timestamptz => "TIMESTAMPTZ",
        SqlType::Uuid => "UUID",
        SqlType::Json => "JSON",
        other => panic!("no column of {other}"),
    }
}

fn load(connection: &mut Connection, table: &DataTable, options: &str) {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let name = quoted(table.table.name.as_str());
    let columns: Vec<_> = table
        .table
        .columns
        .iter()
        .map(|column| format!("{} {}", quoted(column.name.as_str()), declared(&column.sql_type)))
        .collect();
    let transaction = connection.transaction().unwrap();
    transaction
        .execute_batch(&format!("CREATE TABLE {name} ({}){options}", columns.join(", ")))
        .unwrap();
    for row in &table.rows {
        let places: Vec<_> = row
            .iter()
            .map(|cell| match cell {
                // Bytes that are no text, stored as if they were.
                Cell::Bad(_) => "CAST(? AS TEXT)",
                _ => "?",
            })
            .collect();
        let values = row.iter().zip(&table.table.columns);
        let values = values.map(|(cell, column)| stored(cell, &column.sql_type));
        transaction
            .prepare_cached(&format!("INSERT INTO {name} VALUES ({})", places.join(", ")))
            .unwrap()
            .execute(rusqlite::params_from_iter(values))
            .unwrap();
    }
    transaction.commit().unwrap();
}

fn stored(cell: &Cell, sql_type: &SqlType) -> Stored {
    let moment = |micros: i64| {
        let moment = chrono::DateTime::from_timestamp_micros(micros).unwrap();
        moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
    };
    match cell {
        Cell::Null => Stored::Null,
        Cell::Bad(raw) => Stored::Blob(raw.clone()),
        Cell::Bool(value) => Stored::Integer((*value).into()),
        Cell::Int(value) => Stored::Integer(*value),
        Cell::Float(value) => Stored::Real(*value),
        Cell::Decimal(unscaled) => {
            Stored::Text(Value::Decimal { unscaled: *unscaled, scale: 2 }.to_string())
        }
        Cell::Text(text) => Stored::Text(text.clone()),
        Cell::Bytes(bytes) => Stored::Blob(bytes.clone()),
        Cell::Date(days) => {
            Stored::Text(chrono::NaiveDate::from_epoch_days(*days).unwrap().to_string())
        }
        Cell::Time(micros) => Stored::Text(moment(*micros).split_off("1970-01-01 ".len())),
        Cell::Timestamp(micros) if *sql_type == SqlType::Timestamptz => {
            Stored::Text(format!("{}+00:00", moment(*micros)))
        }
        Cell::Timestamp(micros) => Stored::Text(moment(*micros)),
        other => panic!("{other:?} in a column of {sql_type}"),
    }
}
