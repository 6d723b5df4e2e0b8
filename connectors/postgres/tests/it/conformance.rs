//! The suite that every connector runs.

use std::fmt::Write;
use std::sync::Arc;

use portcullis_connector_api::conformance::{Cell, DataTable, Dataset, Loaded, Profile, check};
use portcullis_connector_api::{Connector, SqlType};
use portcullis_connector_postgres::{Options, PostgresConnector};

use crate::support;

fn profile() -> Profile {
    let numeric = SqlType::Numeric { precision: 12, scale: 2 };
    let bad = |sql_type: &SqlType, text: &str| (sql_type.clone(), text.as_bytes().to_vec());
    Profile {
        types: vec![
            SqlType::Bool,
            SqlType::Int2,
            SqlType::Int4,
            SqlType::Int8,
            SqlType::Float4,
            SqlType::Float8,
            numeric.clone(),
            SqlType::Numeric { precision: 38, scale: 0 },
            SqlType::Text,
            SqlType::Varchar,
            SqlType::Bytea,
            SqlType::Date,
            SqlType::Time,
            SqlType::Timestamp,
            SqlType::Timestamptz,
            SqlType::Interval,
            SqlType::Uuid,
            SqlType::Json,
            SqlType::Jsonb,
            SqlType::Array(Box::new(SqlType::Int4)),
            SqlType::Array(Box::new(SqlType::Text)),
        ],
        holds: |_, cell| !matches!(cell, Cell::Text(text) if text.contains('\0')),
        undecodable: vec![
            bad(&numeric, "NaN"),
            bad(&SqlType::Date, "infinity"),
            bad(&SqlType::Date, "-infinity"),
            bad(&SqlType::Timestamp, "infinity"),
            bad(&SqlType::Timestamptz, "-infinity"),
            bad(&SqlType::Timestamp, "294260-01-01"),
            bad(&SqlType::Time, "24:00"),
            bad(&SqlType::Interval, "3000000 hours"),
            bad(&SqlType::Array(Box::new(SqlType::Int4)), "{{1,2},{3,4}}"),
        ],
    }
}

/// The script that makes the tables and fills them.
fn script(data: &Dataset) -> String {
    let mut script = String::from("SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres';\n");
    for DataTable { table, rows } in &data.tables {
        let columns: Vec<_> = table
            .columns
            .iter()
            .map(|column| format!("{} {}", name(column.name.as_str()), column.sql_type))
            .collect();
        let table_name = name(table.name.as_str());
        writeln!(script, "CREATE TABLE {table_name} ({});", columns.join(", ")).unwrap();
        for rows in rows.chunks(500) {
            let rows: Vec<_> = rows
                .iter()
                .map(|row| {
                    let cells = row.iter().zip(&table.columns);
                    let cells = cells.map(|(cell, column)| literal(cell, &column.sql_type));
                    format!("({})", cells.collect::<Vec<_>>().join(", "))
                })
                .collect();
            writeln!(script, "INSERT INTO {table_name} VALUES {};", rows.join(",\n")).unwrap();
        }
    }
    script
}

fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(cell: &Cell, sql_type: &SqlType) -> String {
    match text(cell, sql_type) {
        Some(text) => format!("'{}'::{sql_type}", text.replace('\'', "''")),
        None => "NULL".to_owned(),
    }
}

/// A cell in PostgreSQL's own text form.
fn text(cell: &Cell, sql_type: &SqlType) -> Option<String> {
    Some(match (cell, sql_type) {
        (Cell::Null, _) => return None,
        (Cell::Bad(raw), _) => String::from_utf8(raw.clone()).unwrap(),
        (Cell::Bool(value), _) => value.to_string(),
        (Cell::Int(value), _) => value.to_string(),
        (Cell::Float(value), SqlType::Float4) => format!("{:e}", *value as f32),
        (Cell::Float(value), _) => format!("{value:e}"),
        (Cell::Decimal(unscaled), SqlType::Numeric { scale, .. }) => {
            portcullis_connector_api::Value::Decimal { unscaled: *unscaled, scale: *scale }
                .to_string()
        }
        (Cell::Decimal(unscaled), _) => unscaled.to_string(),
        (Cell::Text(value), _) => value.clone(),
        (Cell::Bytes(bytes), _) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{hex}")
        }
        (Cell::Date(days), _) => day(i64::from(*days)),
        (Cell::Time(micros), _) => time(*micros),
        (Cell::Timestamp(micros), _) => {
            let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
            format!("{} {}", day(days), time(rest))
        }
        (Cell::Interval(months, days, nanos), _) => {
            format!("{months} mons {days} days {} microseconds", nanos / 1000)
        }
        (Cell::Array(cells), SqlType::Array(item)) => {
            let cells: Vec<_> = cells
                .iter()
                .map(|cell| match text(cell, item) {
                    Some(text) => {
                        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
                    }
                    None => "NULL".to_owned(),
                })
                .collect();
            format!("{{{}}}", cells.join(","))
        }
        (Cell::Array(_), _) => panic!("an array in a column of {sql_type}"),
    })
}

const DAY: i64 = 86_400_000_000;

/// A day since 1970-01-01 as the server writes it, by its own arithmetic.
fn day(days: i64) -> String {
    // Civil from days (Howard Hinnant, "chrono-compatible low-level date algorithms").
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, shift) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + shift)
}

fn time(micros: i64) -> String {
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!("{:02}:{:02}:{seconds:02}.{micros:06}", minutes / 60, minutes % 60)
}

#[tokio::test]
async fn the_connector_keeps_what_every_connector_keeps() {
    let data = Dataset::new(&profile());
    let url = support::shared().database(&script(&data));
    let loaded = Loaded {
        connector: Arc::new(PostgresConnector::new(Options::new(url)).unwrap())
            as Arc<dyn Connector>,
        secrets: vec![support::PASSWORD.to_owned(), "S3cret".to_owned(), "127.0.0.1".to_owned()],
        keep: Box::new(()),
    };
    let report = check(&loaded, &data).await.unwrap();
    assert!(report.exact > report.refused, "{report:?}");
    assert!(report.decided > report.refused, "{report:?}");
}
