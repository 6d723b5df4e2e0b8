//! What in a folder is a table, and that nothing leads out of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use portcullis_connector_api::{Connector, ConnectorError};
use portcullis_connector_files::{Files, FilesOptions};

use crate::scan::{open, rows};

async fn names(folder: &Path) -> Vec<String> {
    let catalog = Files::new(FilesOptions::new(folder)).catalog().await.unwrap();
    assert_eq!(catalog.faults, []);
    catalog.tables.iter().map(|table| table.name.to_string()).collect()
}

#[tokio::test]
async fn what_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in [".hidden.csv", "_tmp.csv", "notes.txt", "plain.csv", "a.b.csv", "README"] {
        fs::write(root.join(name), "a\n1\n").unwrap();
    }
    for name in ["many", "empty", "other"] {
        fs::create_dir(root.join(name)).unwrap();
    }
    for name in ["many/2.csv", "many/1.csv", "many/_SUCCESS", "many/.1.csv.crc", "other/x.txt"] {
        fs::write(root.join(name), format!("a\n{}\n", name.len())).unwrap();
    }
    assert_eq!(names(root).await, ["a.b", "many", "plain"]);
}

#[tokio::test]
async fn two_entries_of_one_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), "a\n1\n").unwrap();
    fs::write(folder.path().join("t.json"), "{}\n").unwrap();
    let error = Files::new(FilesOptions::new(folder.path())).catalog().await.unwrap_err();
    assert_eq!(
        error,
        ConnectorError::Configuration(
            "\"t.csv\" and \"t.json\" would both be table \"t\"".to_owned()
        )
    );
}

#[tokio::test]
async fn a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(FilesOptions::new(folder.path().join("gone")));
    let error = files.catalog().await.unwrap_err();
    assert!(matches!(error, ConnectorError::Unreachable(_)));
    assert!(!error.to_string().contains("gone"), "{error}");
}

#[tokio::test]
async fn symbolic_links_stay_inside() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.csv"), "a\nsecret\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("lake");
    fs::create_dir(&root).unwrap();
    fs::create_dir(root.join("many")).unwrap();
    fs::write(root.join("many/1.csv"), "a\nmine\n").unwrap();
    symlink(root.join("many/1.csv"), root.join("inside.csv")).unwrap();
    symlink(outside.path().join("secret.csv"), root.join("file.csv")).unwrap();
    symlink(outside.path(), root.join("dir")).unwrap();
    symlink(outside.path().join("secret.csv"), root.join("many/2.csv")).unwrap();
    symlink("/etc/passwd", root.join("users.csv")).unwrap();
    symlink("/dev/zero", root.join("zero.csv")).unwrap();

    let catalog = Files::new(FilesOptions::new(&root)).catalog().await.unwrap();
    let good: Vec<&str> = catalog.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(good, ["inside"]);
    let mut bad: Vec<&str> = catalog.faults.iter().map(|fault| fault.table.as_str()).collect();
    bad.sort_unstable();
    assert_eq!(bad, ["dir", "file", "many", "users", "zero"]);
    for fault in &catalog.faults {
        assert!(fault.error.to_string().contains("leads out of the folder"), "{fault:?}");
    }

    // A file that becomes a link after the catalog was read.
    fs::remove_file(root.join("many/2.csv")).unwrap();
    for name in ["file.csv", "dir", "users.csv", "zero.csv"] {
        fs::remove_file(root.join(name)).unwrap();
    }
    let (files, tables) = open(&root).await;
    let many = tables.iter().find(|table| table.name.as_str() == "many").unwrap();
    fs::remove_file(root.join("many/1.csv")).unwrap();
    symlink(outside.path().join("secret.csv"), root.join("many/1.csv")).unwrap();
    let told = rows(&files, many).await.unwrap_err();
    assert!(told.contains("leads out of the folder"), "{told}");
}

#[tokio::test]
async fn new_files_are_seen_by_the_next_scan() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("t")).unwrap();
    fs::write(folder.path().join("t/1.csv"), "a\n1\n").unwrap();
    let (files, tables) = open(folder.path()).await;
    assert_eq!(rows(&files, &tables[0]).await.unwrap(), ["1"]);
    fs::write(folder.path().join("t/0.csv"), "a\n0\n").unwrap();
    assert_eq!(rows(&files, &tables[0]).await.unwrap(), ["0", "1"]);
}
