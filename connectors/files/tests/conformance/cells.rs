//! CSV and JSON: what types are found, and what becomes of cells and lines that do not fit.

use std::fs;

use portcullis_connector_api::Connector;
use portcullis_connector_files::{Files, FilesOptions};

use crate::scan::{described, open, rows};

/// Blocks of text: a title with the file's name, the file, its columns, its rows.
const CASES: &str = include_str!("cells.cases");

#[tokio::test]
async fn cases() {
    for case in CASES.split("\n=== ").skip(1) {
        let mut parts = case.split("\n---\n");
        let head = parts.next().unwrap();
        let (name, content) = head.split_once('\n').unwrap_or((head, ""));
        let columns = parts.next().unwrap().trim();
        let expected: Vec<&str> = parts.next().unwrap().trim_end().lines().collect();

        let folder = tempfile::tempdir().unwrap();
        let file = name.split_whitespace().next().unwrap();
        // These stand for bytes that a text file cannot show.
        let bytes = content.replace('␀', "\0").into_bytes();
        let bytes: Vec<u8> =
            bytes.split(|byte| *byte == b'~').collect::<Vec<_>>().join(&b"\xff"[..]);
        fs::write(folder.path().join(file), bytes).unwrap();

        let files = Files::new(FilesOptions::new(folder.path()));
        let catalog = files.catalog().await.unwrap();
        if let Some(fault) = catalog.faults.first() {
            assert_eq!(fault.error.to_string(), columns, "{name}");
            continue;
        }
        assert_eq!(described(&catalog.tables[0]), columns, "{name}");
        let (files, tables) = open(folder.path()).await;
        let found = rows(&files, &tables[0]).await.unwrap();
        let found: Vec<String> = found.iter().map(|row| row.replace('\n', "⏎")).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test]
async fn a_quote_that_is_never_closed_hides_no_more_than_its_own_rows() {
    let folder = tempfile::tempdir().unwrap();
    let huge = "x".repeat(20 << 20);
    let content = format!("id,org,note\n1,acme,ok\n2,evil,\"{huge}\n3,acme,forged\n");
    fs::write(folder.path().join("t.csv"), content).unwrap();
    let (files, tables) = open(folder.path()).await;
    assert_eq!(rows(&files, &tables[0]).await.unwrap(), ["1|acme|ok"]);
}

#[tokio::test]
async fn a_huge_line_of_json_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let huge = "x".repeat(20 << 20);
    let content = format!("{{\"id\":1}}\n{{\"id\":2,\"note\":\"{huge}\"}}\n{{\"id\":3}}\n");
    fs::write(folder.path().join("t.json"), content).unwrap();
    let (files, tables) = open(folder.path()).await;
    assert_eq!(rows(&files, &tables[0]).await.unwrap(), ["1", "3"]);
}
