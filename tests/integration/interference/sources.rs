//! The tables of a company in every kind of source, and the configuration of a gateway over them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray,
};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value, json};

use super::cell::{Cell, Kind};
use super::company::{Column, Company, Rows, Shown, Table, World};
use crate::house::House;
use crate::postgres::{self, Database};

/// Each holds all tables.
pub const SOURCES: [&str; 4] = ["pg", "lite", "pq", "js"];

const SETTINGS: &str = r#"
[sources.pg]
kind = "postgres"
url = { file = "pg.url" }
tls = "disable"

[sources.lite]
kind = "sqlite"
path = "lite.db"

[sources.pq]
kind = "files"
path = "pq"

[sources.js]
kind = "files"
path = "js"
"#;

/// A house in this world, and its database.
pub fn furnish(company: &Company, world: World) -> (House, Database<'static>) {
    let mut settings = SETTINGS.to_owned();
    for source in SOURCES {
        for table in &company.tables {
            declare(&mut settings, source, table, world);
        }
    }
    let house = House::new(&settings);
    for source in SOURCES {
        house.file(&format!("policies/{source}.cedar"), &company.policies(source, world));
    }
    let (mut postgres, mut sqlite) = (String::new(), String::new());
    fs::create_dir(house.path("pq")).unwrap();
    for table in &company.tables {
        let (columns, rows) = (table.stored(world), table.rows(world));
        postgres += &script(table, &columns, &rows, in_postgres);
        sqlite += &script(table, &columns, &rows, in_sqlite);
        write_parquet(&house.path(&format!("pq/{}.parquet", table.name)), &columns, &rows);
        house.file(&format!("js/{}.json", table.name), &json_lines(&columns, &rows));
    }
    let database = postgres::shared().passing(&postgres);
    house.file("pg.url", database.url());
    let file = rusqlite::Connection::open(house.path("lite.db")).unwrap();
    file.execute_batch(&sqlite).unwrap();
    (house, database)
}

fn declare(settings: &mut String, source: &str, table: &Table, world: World) {
    if source == "js" {
        let _ = writeln!(settings, "\n[sources.js.tables.{}]\ncolumns_only = true", table.name);
    }
    let mut section = format!("\n[sources.{source}.tables.{}.columns]\n", table.name);
    let mut any = false;
    for column in table.stored(world) {
        let mut facts = Vec::new();
        if source == "js" {
            facts.push(format!("type = \"{}\"", column.kind.sql()));
        }
        match column.shown {
            Shown::First if world != World::Shown => facts.push("partial = \"first1\"".to_owned()),
            Shown::Last if world != World::Shown => facts.push("partial = \"last4\"".to_owned()),
            _ => {}
        }
        if !facts.is_empty() {
            any = true;
            let _ = writeln!(section, "{} = {{ {} }}", json!(column.name), facts.join(", "));
        }
    }
    if any {
        settings.push_str(&section);
    }
}

pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn script(
    table: &Table,
    columns: &[&Column],
    rows: &Rows,
    literal: fn(&Cell, Kind) -> String,
) -> String {
    let fields: Vec<_> = columns
        .iter()
        .map(|column| format!("{} {}", quoted(&column.name), column.kind.sql()))
        .collect();
    let mut script = format!("CREATE TABLE {} ({});\n", table.name, fields.join(", "));
    for row in rows {
        let cells = columns.iter().zip(row).map(|(column, cell)| literal(cell, column.kind));
        let cells = cells.collect::<Vec<_>>().join(", ");
        let _ = writeln!(script, "INSERT INTO {} VALUES ({cells});", table.name);
    }
    script
}

fn in_postgres(cell: &Cell, kind: Kind) -> String {
    match (cell, kind) {
        (Cell::Bad, Kind::Numeric | Kind::Float) => "'NaN'".to_owned(),
        (Cell::Bad, Kind::Date) => "'infinity'".to_owned(),
        (Cell::Bad, _) => "NULL".to_owned(),
        (Cell::Text(text), _) => format!("'{}'", text.replace('\'', "''")),
        (cell, _) => plain(cell),
    }
}

fn in_sqlite(cell: &Cell, kind: Kind) -> String {
    match (cell, kind) {
        (Cell::Bad, Kind::Text) => "CAST(x'ff00fe' AS TEXT)".to_owned(),
        (Cell::Bad, _) => "'no such value'".to_owned(),
        (Cell::Text(text), _) => format!("'{}'", text.replace('\'', "''")),
        (Cell::Bool(truth), _) => i32::from(*truth).to_string(),
        (cell, _) => plain(cell),
    }
}

fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Int(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
        Cell::Int(number) => number.to_string(),
        Cell::Numeric(hundredths) => decimal(*hundredths),
        Cell::Float(number) => format!("{number:e}"),
        Cell::Bool(truth) => truth.to_string(),
        Cell::Date(days) => format!("'{}'", date(*days)),
        Cell::Text(_) | Cell::Null | Cell::Bad => "NULL".to_owned(),
    }
}

fn decimal(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

fn date(days: i32) -> String {
    let days = chrono::Duration::days(days.into());
    (chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + days).to_string()
}

fn json_lines(columns: &[&Column], rows: &Rows) -> String {
    let mut text = String::new();
    for row in rows {
        let mut object = Map::new();
        for (column, cell) in columns.iter().zip(row) {
            let value = match cell {
                Cell::Null => continue,
                Cell::Bad if column.kind == Kind::Text => continue,
                Cell::Bad => json!(["no", "such", "value"]),
                Cell::Int(number) => json!(number),
                Cell::Numeric(hundredths) => {
                    serde_json::from_str::<Value>(&decimal(*hundredths)).unwrap()
                }
                Cell::Float(number) => json!(number),
                Cell::Text(text) => json!(text),
                Cell::Bool(truth) => json!(truth),
                Cell::Date(days) => json!(date(*days)),
            };
            object.insert(column.name.clone(), value);
        }
        text += &Value::from(object).to_string();
        text.push('\n');
    }
    text
}

fn write_parquet(path: &Path, columns: &[&Column], rows: &Rows) {
    let arrays = columns.iter().enumerate().map(|(at, column)| {
        let cells = rows.iter().map(|row| &row[at]);
        (column.name.as_str(), array(cells, column.kind), true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(arrays).unwrap();
    // Small groups, so that there is something to prune.
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(16)).build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn array<'a>(cells: impl Iterator<Item = &'a Cell>, kind: Kind) -> ArrayRef {
    macro_rules! pick {
        ($array:ty, $form:path) => {
            cells
                .map(|cell| if let $form(value) = cell { Some(value.clone()) } else { None })
                .collect::<$array>()
        };
    }
    match kind {
        Kind::Int => Arc::new(pick!(Int64Array, Cell::Int)),
        Kind::Float => Arc::new(pick!(Float64Array, Cell::Float)),
        Kind::Text => Arc::new(pick!(StringArray, Cell::Text)),
        Kind::Bool => Arc::new(pick!(BooleanArray, Cell::Bool)),
        Kind::Date => Arc::new(pick!(Date32Array, Cell::Date)),
        Kind::Numeric => {
            let numbers = cells.map(|cell| match cell {
                Cell::Numeric(hundredths) => Some(i128::from(*hundredths)),
                _ => None,
            });
            let numbers = numbers.collect::<Decimal128Array>();
            Arc::new(numbers.with_precision_and_scale(12, 2).unwrap())
        }
    }
}
