//! The suite over CSV and JSON.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use portcullis_connector_api::conformance::{Cell, DataTable, Dataset, Loaded, Profile, check};
use portcullis_connector_api::{SqlType, Value};
use portcullis_connector_files::{Files, FilesOptions, TableOptions};

fn profile() -> Profile {
    let bad = |sql_type: SqlType, text: &str| (sql_type, text.as_bytes().to_vec());
    Profile {
        types: vec![
            SqlType::Bool,
            SqlType::Int2,
            SqlType::Int4,
            SqlType::Int8,
            SqlType::Float4,
            SqlType::Float8,
            SqlType::Numeric { precision: 10, scale: 2 },
            SqlType::Numeric { precision: 38, scale: 10 },
            SqlType::Text,
            SqlType::Varchar,
            SqlType::Bytea,
            SqlType::Date,
            SqlType::Time,
            SqlType::Timestamp,
            SqlType::Timestamptz,
            SqlType::Uuid,
            SqlType::Json,
            SqlType::Jsonb,
        ],
        holds: |_, _| true,
        undecodable: vec![
            bad(SqlType::Bool, "maybe"),
            bad(SqlType::Int4, "2147483648"),
            bad(SqlType::Int8, "1.0"),
            bad(SqlType::Numeric { precision: 10, scale: 2 }, "1.234"),
            bad(SqlType::Float8, "1e999"),
            bad(SqlType::Date, "2024-02-30"),
            bad(SqlType::Timestamp, "yesterday"),
            bad(SqlType::Uuid, "550e8400"),
            bad(SqlType::Json, "{"),
            bad(SqlType::Text, "a\0b"),
        ],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv() {
    let mut profile = profile();
    profile.undecodable.push((SqlType::Text, b"\xff".to_vec()));
    suite(&Dataset::new(&profile), "csv", write_csv).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json() {
    // A number among JSON values is JSON itself; only texts can be broken.
    let mut profile = profile();
    profile.undecodable.retain(|(sql_type, _)| *sql_type != SqlType::Json);
    profile.holds = |sql_type, cell| {
        // JSON's null is SQL's NULL.
        let json = matches!(sql_type, SqlType::Json | SqlType::Jsonb);
        !(json && *cell == Cell::Text("null".to_owned()))
    };
    suite(&Dataset::new(&profile), "json", write_json).await;
}

async fn suite(data: &Dataset, extension: &str, write: fn(&Path, &DataTable, &[Vec<Cell>])) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = FilesOptions::new(folder.path());
    for table in &data.tables {
        let name = table.table.name.as_str();
        if name == "stream" {
            let parts = folder.path().join(name);
            fs::create_dir(&parts).unwrap();
            for (at, rows) in table.rows.chunks(9000).enumerate() {
                write(&parts.join(format!("{at}.{extension}")), table, rows);
            }
        } else {
            write(&folder.path().join(format!("{name}.{extension}")), table, &table.rows);
        }
        let columns = table.table.columns.iter();
        let columns =
            columns.map(|column| (column.name.clone(), column.sql_type.clone())).collect();
        let columns_only = true;
        let declared = TableOptions { columns, columns_only, multiline: true, tenant: None };
        options.tables.insert(table.table.name.clone(), declared);
    }
    let loaded = Loaded {
        connector: Arc::new(Files::new(options)),
        secrets: vec![folder.path().display().to_string()],
        keep: Box::new(folder),
    };
    let report = check(&loaded, data).await.unwrap();
    assert_eq!((report.exact, report.superset), (0, 0));
}

fn write_csv(path: &Path, table: &DataTable, rows: &[Vec<Cell>]) {
    let quoted = |bytes: &[u8]| {
        let mut field = vec![b'"'];
        for byte in bytes {
            field.push(*byte);
            field.extend((*byte == b'"').then_some(b'"'));
        }
        field.push(b'"');
        field
    };
    let columns = &table.table.columns;
    let header: Vec<_> =
        columns.iter().map(|column| quoted(column.name.as_str().as_bytes())).collect();
    let mut out = header.join(&b',');
    for row in rows {
        out.extend(b"\r\n");
        let fields: Vec<Vec<u8>> = row
            .iter()
            .zip(columns)
            .map(|(cell, column)| match cell {
                Cell::Null => Vec::new(),
                Cell::Bad(raw) => quoted(raw),
                cell => quoted(text(cell, &column.sql_type).as_bytes()),
            })
            .collect();
        out.extend(fields.join(&b','));
    }
    fs::write(path, out).unwrap();
}

fn write_json(path: &Path, table: &DataTable, rows: &[Vec<Cell>]) {
    let string = |text: &str| serde_json::to_string(text).unwrap();
    let mut out = String::new();
    for row in rows {
        let members: Vec<String> = row
            .iter()
            .zip(&table.table.columns)
            .map(|(cell, column)| {
                let value = match (cell, &column.sql_type) {
                    (Cell::Null, _) => "null".to_owned(),
                    (Cell::Bad(raw), _) => string(str::from_utf8(raw).unwrap()),
                    (Cell::Text(json), SqlType::Json | SqlType::Jsonb) => json.clone(),
                    (Cell::Bool(_) | Cell::Int(_) | Cell::Decimal(_), sql_type) => {
                        text(cell, sql_type)
                    }
                    (cell, sql_type) => string(&text(cell, sql_type)),
                };
                format!("{}: {value}", string(column.name.as_str()))
            })
            .collect();
        out.push_str(&format!("{{{}}}\n", members.join(", ")));
    }
    fs::write(path, out).unwrap();
}

/// A cell as PostgreSQL would write it.
fn text(cell: &Cell, sql_type: &SqlType) -> String {
    let moment = |micros: i64| {
        let moment = chrono::DateTime::from_timestamp_micros(micros).unwrap();
        moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
    };
    match cell {
        Cell::Bool(value) => value.to_string(),
        Cell::Int(value) => value.to_string(),
        #[expect(clippy::cast_possible_truncation, reason = "the samples are float4 already")]
        Cell::Float(value) if *sql_type == SqlType::Float4 => (*value as f32).to_string(),
        Cell::Float(value) => value.to_string(),
        Cell::Decimal(unscaled) => {
            let SqlType::Numeric { scale, .. } = sql_type else { panic!("{sql_type}") };
            Value::Decimal { unscaled: *unscaled, scale: *scale }.to_string()
        }
        Cell::Text(text) => text.clone(),
        Cell::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{digits}")
        }
        Cell::Date(days) => chrono::NaiveDate::from_epoch_days(*days).unwrap().to_string(),
        Cell::Time(micros) => moment(*micros).split_off("1970-01-01 ".len()),
        Cell::Timestamp(micros) if *sql_type == SqlType::Timestamptz => {
            format!("{}+00", moment(*micros))
        }
        Cell::Timestamp(micros) => moment(*micros),
        other => panic!("{other:?} in a column of {sql_type}"),
    }
}
