//! The tables that a source is filled with.

use std::sync::Arc;

use crate::catalog::{Column, SqlType, Table};
use crate::conformance::worlds;
use crate::value::Value;

/// What a kind of source can hold.
pub struct Profile {
    /// The types of columns.
    pub types: Vec<SqlType>,
    /// Whether a cell can be stored so that it reads back the same: a source without NaN says no.
    pub holds: fn(&SqlType, &Cell) -> bool,
    /// Cells that can be stored but not decoded, as the raw bytes to store.
    pub undecodable: Vec<(SqlType, Vec<u8>)>,
}

/// One cell, by its type in the column that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL
    Null,
    /// Something that is no value of the column's type; the raw bytes to store. Reads as NULL
    /// with a mark.
    Bad(Vec<u8>),
    /// `bool`
    Bool(bool),
    /// `int2`, `int4`, `int8`
    Int(i64),
    /// `float4`, `float8`
    Float(f64),
    /// `numeric`, in units of its column's scale
    Decimal(i128),
    /// `text`, `varchar`, `uuid`, `json`, `jsonb`
    Text(String),
    /// `bytea`
    Bytes(Vec<u8>),
    /// `date`, in days since 1970-01-01
    Date(i32),
    /// `time`, in microseconds since midnight
    Time(i64),
    /// `timestamp` and `timestamptz`, in microseconds since 1970-01-01 00:00 (UTC)
    Timestamp(i64),
    /// `interval`: months, days, nanoseconds
    Interval(i32, i32, i64),
    /// An array
    Array(Vec<Cell>),
}

impl Cell {
    /// The constant that a predicate would compare with; none for types that it does not compare.
    pub fn value(&self, sql_type: &SqlType) -> Option<Value> {
        Some(match (self, sql_type) {
            (Self::Bool(value), _) => Value::Bool(*value),
            (Self::Int(value), _) => Value::Int(*value),
            (Self::Float(value), _) if !value.is_nan() => Value::Float(*value),
            (Self::Decimal(unscaled), SqlType::Numeric { scale, .. }) => {
                Value::Decimal { unscaled: *unscaled, scale: *scale }
            }
            (Self::Text(value), SqlType::Text | SqlType::Varchar | SqlType::Uuid) => {
                Value::text(value.as_str())
            }
            (Self::Date(days), _) => Value::Date(*days),
            (Self::Timestamp(micros), SqlType::Timestamp) => Value::Timestamp(*micros),
            (Self::Timestamp(micros), SqlType::Timestamptz) => Value::Timestamptz(*micros),
            _ => return None,
        })
    }
}

/// A table and its rows.
#[derive(Clone, Debug)]
pub struct DataTable {
    /// Name and columns; which columns are fallible is for the connector to say.
    pub table: Table,
    /// The rows; the first cell of each is its number, from 0.
    pub rows: Vec<Vec<Cell>>,
}

/// All tables.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Each with its rows.
    pub tables: Vec<DataTable>,
}

/// Stands in cells and predicates, and must stand nowhere else.
const CANARY: &str = "canary-6f1e0c";

/// Names that hurt whoever pastes text into SQL, or folds case.
const NAMES: &[&str] = &[
    "select",
    "Upper",
    "UPPER",
    "with space",
    "qu\"ote",
    "ap'ostrophe",
    "back\\slash",
    "semi;colon",
    "--dash",
    "/*star*/",
    "percent%s",
    "$1",
    "?",
    "naïve",
    "名前",
    "a.b",
    "`tick`",
    "[bracket]",
];

/// Text that hurts likewise, that collations take to be equal, or that is mistaken for NULL.
const TEXTS: &[&str] = &[
    CANARY,
    "",
    " ",
    "acme",
    "ACME",
    "acme ",
    " acme",
    "äcme",
    "a\u{308}cme",
    "acmé",
    "acm",
    "acmee",
    "x') OR (1=1) --",
    "x\\') OR (1=1) --",
    "x\\",
    "\\",
    "\\\\",
    "\\N",
    "'",
    "''",
    "\"",
    "\"\"",
    "`",
    "NULL",
    "null",
    "true",
    "0",
    "-1",
    "1e1",
    "NaN",
    "%",
    "_",
    "%%",
    "a%c",
    "a_c",
    "[a]",
    "*",
    "?",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "\n",
    "a,b",
    "a;b",
    "a|b",
    "\u{feff}bom",
    "\u{2028}",
    "日本",
    "😀",
    "\u{1}",
    "zz",
    "\u{7f}",
    "ß",
    "SS",
    "ı",
    "I",
    "{}",
    "{\"a\":1}",
    "[]",
    "$1",
    "?1",
    ":a",
    "2024-01-01",
];

impl Dataset {
    /// The tables for this kind of source.
    pub fn new(profile: &Profile) -> Self {
        let mut tables = vec![
            kinds(profile),
            texts(),
            named("Größe \"x\" 表", NAMES.iter().map(|name| (*name, SqlType::Int4)), 3),
            named("empty", [("a", SqlType::Text), ("b", SqlType::Int8)], 0),
            wide(),
            stream(),
        ];
        if !profile.undecodable.is_empty() {
            tables.push(bad(profile));
            tables.extend(worlds::tables(profile));
        }
        for table in &mut tables {
            let types: Vec<_> =
                table.table.columns.iter().map(|column| column.sql_type.clone()).collect();
            for row in &mut table.rows {
                for (cell, sql_type) in row.iter_mut().zip(&types) {
                    if !(profile.holds)(sql_type, cell) {
                        *cell = Cell::Null;
                    }
                }
            }
        }
        Self { tables }
    }

    /// Texts of cells that must not appear in errors, plans or what is noted as sent.
    pub fn canaries(&self) -> impl Iterator<Item = &str> {
        [CANARY].into_iter()
    }
}

pub(super) fn table(
    name: &str,
    columns: impl IntoIterator<Item = (String, SqlType)>,
    rows: Vec<Vec<Cell>>,
) -> DataTable {
    let id = ("id".to_owned(), SqlType::Int8);
    let columns = std::iter::once(id)
        .chain(columns)
        .map(|(name, sql_type)| Column {
            name: name.into(),
            sql_type,
            nullable: true,
            fallible: false,
        })
        .collect();
    let number = |at: usize| Cell::Int(i64::try_from(at).unwrap_or(i64::MAX));
    let rows = rows
        .into_iter()
        .enumerate()
        .map(|(at, row)| std::iter::once(number(at)).chain(row).collect())
        .collect();
    DataTable { table: Table { name: name.into(), columns }, rows }
}

/// Two columns of each type; their samples in all neighbourhoods, and a row of NULLs.
fn kinds(profile: &Profile) -> DataTable {
    let samples: Vec<_> = profile.types.iter().map(samples).collect();
    let columns = profile.types.iter().enumerate().flat_map(|(at, sql_type)| {
        ["a", "b"].map(|side| (format!("{side}{at}"), sql_type.clone()))
    });
    let most = samples.iter().map(Vec::len).max().unwrap_or(0);
    let mut rows: Vec<Vec<Cell>> = (0..2 * most)
        .map(|row| {
            let nth = |cells: &Vec<Cell>, at: usize| {
                cells.get(at % cells.len().max(1)).cloned().unwrap_or(Cell::Null)
            };
            // The second round shifts the right column, so that pairs are equal in the first.
            let shift = row / most.max(1);
            samples.iter().flat_map(|cells| [nth(cells, row), nth(cells, row + shift)]).collect()
        })
        .collect();
    rows.push(vec![Cell::Null; 2 * samples.len()]);
    table("kinds", columns, rows)
}

fn texts() -> DataTable {
    let mut rows: Vec<Vec<Cell>> = TEXTS
        .iter()
        .map(|text| vec![Cell::Text((*text).to_owned()), Cell::Text((*text).to_owned())])
        .collect();
    rows.push(vec![Cell::Text("x".repeat(100_000)), Cell::Null]);
    rows.push(vec![Cell::Null, Cell::Text("only".to_owned())]);
    let columns = [("t".to_owned(), SqlType::Text), ("Org".to_owned(), SqlType::Text)];
    table("texts", columns, rows)
}

/// A table of these columns, each cell a small number or text.
fn named<'a>(
    name: &str,
    columns: impl IntoIterator<Item = (&'a str, SqlType)>,
    rows: i64,
) -> DataTable {
    let columns: Vec<_> =
        columns.into_iter().map(|(name, sql_type)| (name.to_owned(), sql_type)).collect();
    let rows = (0..rows)
        .map(|row| (1..).take(columns.len()).map(|at: i64| Cell::Int(row * 1000 + at)).collect())
        .collect();
    table(name, columns, rows)
}

fn wide() -> DataTable {
    let columns: Vec<_> = (0..200).map(|at| format!("column_{at}")).collect();
    named("wide", columns.iter().map(|name| (name.as_str(), SqlType::Int8)), 5)
}

/// Enough rows for several batches.
const STREAM_ROWS: i64 = 20_000;

fn stream() -> DataTable {
    let columns = [
        ("org".to_owned(), SqlType::Text),
        ("amount".to_owned(), SqlType::Int4),
        ("note".to_owned(), SqlType::Text),
    ];
    let rows = (0..STREAM_ROWS)
        .map(|row| {
            let note = if row % 7 == 0 { Cell::Null } else { Cell::Text(format!("note of {row}")) };
            vec![Cell::Text(format!("org-{}", row / 1000)), Cell::Int(row % 977), note]
        })
        .collect();
    table("stream", columns, rows)
}

/// One column for each cell that cannot be decoded, with good ones and NULLs around it.
fn bad(profile: &Profile) -> DataTable {
    let columns = profile
        .undecodable
        .iter()
        .enumerate()
        .map(|(at, (sql_type, _))| (format!("bad{at}"), sql_type.clone()));
    let rows = (0..6)
        .map(|row| {
            profile
                .undecodable
                .iter()
                .enumerate()
                .map(|(at, (sql_type, raw))| match (row + at) % 3 {
                    0 => Cell::Bad(raw.clone()),
                    1 => samples(sql_type).first().cloned().unwrap_or(Cell::Null),
                    _ => Cell::Null,
                })
                .collect()
        })
        .collect();
    table("bad", columns, rows)
}

/// Cells of a type: ordinary ones first, then its boundaries.
pub(super) fn samples(sql_type: &SqlType) -> Vec<Cell> {
    let ints = |least: i64, most: i64| -> Vec<Cell> {
        [7, 0, 1, -1, 42, least, most, least + 1, most - 1].map(Cell::Int).into()
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| Cell::Text((*text).to_owned())).collect();
    match sql_type {
        SqlType::Bool => vec![Cell::Bool(true), Cell::Bool(false)],
        SqlType::Int2 => ints(i16::MIN.into(), i16::MAX.into()),
        SqlType::Int4 => ints(i32::MIN.into(), i32::MAX.into()),
        SqlType::Int8 => ints(i64::MIN, i64::MAX),
        SqlType::Float4 => [1.5, 0.0, -0.0, -2.25, f32::MAX, f32::MIN, f32::MIN_POSITIVE]
            .into_iter()
            .chain([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.1])
            .map(|value| Cell::Float(value.into()))
            .collect(),
        SqlType::Float8 => [1.5, 0.0, -0.0, -2.25, f64::MAX, f64::MIN, f64::MIN_POSITIVE]
            .into_iter()
            .chain([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1, 9_007_199_254_740_993.0])
            .map(Cell::Float)
            .collect(),
        SqlType::Numeric { precision, .. } => {
            let most =
                10_i128.checked_pow((*precision).into()).map_or(i128::MAX, |limit| limit - 1);
            [1250, 0, 1, -1, 99, 100, most, -most].map(Cell::Decimal).into()
        }
        SqlType::Text => texts(TEXTS),
        SqlType::Varchar => texts(&["abc", "", "ABC", "ä", "a b"]),
        SqlType::Bytea => {
            vec![Cell::Bytes(vec![1, 2, 3]), Cell::Bytes(vec![]), Cell::Bytes((0..=255).collect())]
        }
        SqlType::Date => [19_782, 0, -1, 1, -719_162, 2_932_896, 11_016].map(Cell::Date).into(),
        SqlType::Time => [0, 1, 86_399_999_999, 43_200_000_000].map(Cell::Time).into(),
        SqlType::Timestamp | SqlType::Timestamptz => {
            [1_709_210_096_789_012, 0, -1, 1, -62_135_596_800_000_000, 253_402_300_799_999_999]
                .map(Cell::Timestamp)
                .into()
        }
        SqlType::Interval => {
            vec![
                Cell::Interval(1, -2, 3_000_000),
                Cell::Interval(0, 0, 0),
                Cell::Interval(-14, 1, 0),
            ]
        }
        SqlType::Uuid => texts(&[
            "550e8400-e29b-41d4-a716-446655440000",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ]),
        SqlType::Json | SqlType::Jsonb => {
            texts(&["{\"a\": [1, null, \"x\"]}", "1", "\"text\"", "[]", "null"])
        }
        SqlType::Array(item) => {
            let items = samples(item);
            let mut few: Vec<_> = items.iter().take(3).cloned().collect();
            few.push(Cell::Null);
            vec![Cell::Array(few), Cell::Array(Vec::new()), Cell::Array(items)]
        }
    }
}

/// Constants to compare a column with: cells of the table, and some that no row holds.
pub(super) fn constants(sql_type: &SqlType, cells: &[&Cell]) -> Vec<Value> {
    let mut values: Vec<Value> = cells.iter().filter_map(|cell| cell.value(sql_type)).collect();
    match sql_type {
        SqlType::Int2 | SqlType::Int4 | SqlType::Int8 => {
            values.extend([i64::MIN, -40_000, 40_000, 5_000_000_000, i64::MAX].map(Value::Int));
        }
        SqlType::Float4 | SqlType::Float8 => values.extend([0.2, 1e300, -1e300].map(Value::Float)),
        SqlType::Numeric { scale, .. } => values.extend([
            Value::Decimal { unscaled: 12_345, scale: scale.saturating_add(1) },
            Value::Decimal { unscaled: 1, scale: 0 },
            Value::Decimal { unscaled: i128::MAX, scale: 0 },
        ]),
        SqlType::Text | SqlType::Varchar => {
            values.extend(["absent", "acme", CANARY].map(|text| Value::Text(Arc::from(text))));
        }
        SqlType::Uuid => {
            values.push(Value::text("550e8400-e29b-41d4-a716-446655440001"));
        }
        SqlType::Date => values.extend([i32::MIN, 20_000, i32::MAX].map(Value::Date)),
        SqlType::Timestamp => values.extend([i64::MIN, i64::MAX].map(Value::Timestamp)),
        SqlType::Timestamptz => values.extend([i64::MIN, i64::MAX].map(Value::Timestamptz)),
        _ => {}
    }
    let mut unique: Vec<Value> = Vec::new();
    for value in values {
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    unique
}
