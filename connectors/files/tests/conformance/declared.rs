//! What is declared of CSV and JSON, and what no row can then change.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use portcullis_connector_api::{Connector, ConnectorError, SqlType};
use portcullis_connector_files::{Files, FilesOptions, TableOptions};

use crate::scan::{described, rows};
use crate::stored::write;

/// Blocks of text: see their head.
const CASES: &str = include_str!("declared.cases");

fn declared(text: &str) -> TableOptions {
    let mut options = TableOptions::default();
    for word in text.split(", ").map(str::trim).filter(|word| !word.is_empty()) {
        match word.split_once(' ') {
            None if word == "only" => options.columns_only = true,
            None if word == "multiline" => options.multiline = true,
            Some(("tenant", column)) => options.tenant = Some((column.into(), SqlType::Text)),
            Some((column, sql_type)) => {
                options.columns.push((column.into(), sql_type.parse().unwrap()));
            }
            None => panic!("{word}"),
        }
    }
    options
}

fn files(folder: &Path, options: &TableOptions) -> Files {
    let mut all = FilesOptions::new(folder);
    all.tables.insert("t".into(), options.clone());
    Files::new(all)
}

#[tokio::test]
async fn cases() {
    for case in CASES.split("\n=== ").skip(1) {
        let mut parts = case.split("---\n");
        let (name, content) = parts.next().unwrap().split_once('\n').unwrap();
        let options = declared(parts.next().unwrap());
        let columns = parts.next().unwrap().trim();
        let expected: Vec<&str> = parts.next().unwrap_or_default().trim_end().lines().collect();

        let folder = tempfile::tempdir().unwrap();
        let file = name.split_whitespace().next().unwrap();
        fs::write(folder.path().join(file), content).unwrap();
        let files = files(folder.path(), &options);
        let catalog = files.catalog().await.unwrap();
        assert_eq!(catalog.faults, [], "{name}");
        let inferred = if catalog.inferred.is_empty() { "" } else { "; inferred" };
        assert_eq!(described(&catalog.tables[0]) + inferred, columns, "{name}");
        let found = rows(&files, &Arc::new(catalog.tables[0].clone())).await.unwrap();
        let found: Vec<String> = found.iter().map(|row| row.replace('\n', "⏎")).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test]
async fn rows_of_several_lines_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), "id,note\n1,\"a\nb\"\n2,\"c\nd\"\n").unwrap();
    let catalog = files(folder.path(), &TableOptions::default()).catalog().await.unwrap();
    assert!(catalog.notes[0].contains("2 rows hold line breaks"), "{:?}", catalog.notes);
    let options = TableOptions { multiline: true, ..TableOptions::default() };
    let catalog = files(folder.path(), &options).catalog().await.unwrap();
    assert_eq!(catalog.notes, [] as [String; 0]);
}

#[tokio::test]
async fn text_cannot_be_of_every_type() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), "id\n1\n").unwrap();
    let catalog = files(folder.path(), &declared("id int8[]")).catalog().await.unwrap();
    assert!(matches!(catalog.faults[0].error, ConnectorError::Unsupported(_)));
}

#[tokio::test]
async fn a_parquet_file_knows_its_types() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = |at: i64| Arc::new(arrow::array::Int64Array::from(vec![at])) as _;
    write(&folder.path().join("t.parquet"), vec![("a", numbers(1)), ("b", numbers(2))]);
    let catalog = files(folder.path(), &declared("only, b int8")).catalog().await.unwrap();
    assert_eq!(described(&catalog.tables[0]), "b int8");
    assert_eq!(catalog.inferred, []);
    let catalog = files(folder.path(), &declared("b text")).catalog().await.unwrap();
    assert_eq!(
        catalog.faults[0].error.to_string(),
        "table \"t\": column \"b\" is stored as int8, and declared as text"
    );
}
