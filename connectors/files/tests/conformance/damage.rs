//! Files that are cut short, changed or gone.

use std::fs;
use std::sync::Arc;

use arrow::array::{Int64Array, StringArray};
use parquet::file::metadata::ParquetMetaDataReader;
use portcullis_connector_api::{Connector, ConnectorError, Predicate, ScanRequest, Table};
use portcullis_connector_files::{Files, FilesOptions};

use crate::scan::{open, rows, run};
use crate::stored::write;

fn numbers() -> Vec<(&'static str, arrow::array::ArrayRef)> {
    vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..1000))),
        ("name", Arc::new(StringArray::from_iter_values((0..1000).map(|at| format!("n{at}"))))),
    ]
}

#[tokio::test]
async fn a_file_cut_short_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("cut.parquet"), numbers());
    write(&folder.path().join("whole.parquet"), numbers());
    let whole = fs::read(folder.path().join("cut.parquet")).unwrap();
    for length in [0, 3, 8, whole.len() / 2, whole.len() - 1] {
        fs::write(folder.path().join("cut.parquet"), &whole[..length]).unwrap();
        let files = Files::new(FilesOptions::new(folder.path()));
        let catalog = files.catalog().await.unwrap();
        assert_eq!(catalog.tables.len(), 1);
        assert_eq!(rows(&files, &Arc::new(catalog.tables[0].clone())).await.unwrap().len(), 1000);
        let [fault] = &catalog.faults[..] else { panic!("{:?}", catalog.faults) };
        assert_eq!(fault.table.as_str(), "cut");
        assert!(matches!(fault.error, ConnectorError::Damaged(_)), "{:?}", fault.error);
        let told = fault.error.to_string();
        assert!(told.starts_with("damaged: table \"cut\": a footer cannot be read"), "{told}");
        assert!(!told.contains(&folder.path().display().to_string()), "{told}");
    }
}

#[tokio::test]
async fn a_file_cut_short_after_the_catalog_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write(&path, numbers());
    let (files, tables) = open(folder.path()).await;
    let whole = fs::read(&path).unwrap();

    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let told = rows(&files, &tables[0]).await.unwrap_err();
    assert!(told.contains("damaged: table \"t\": a footer cannot be read"), "{told}");

    // The footer is whole, and the pages are gone.
    let footer = whole.len() - whole.len() / 3;
    let hollow = [b"PAR1", &vec![0; footer - 4][..], &whole[footer..]].concat();
    fs::write(&path, hollow).unwrap();
    let told = rows(&files, &tables[0]).await.unwrap_err();
    assert!(told.contains("damaged: table \"t\""), "{told}");

    fs::write(&path, &whole).unwrap();
    assert_eq!(rows(&files, &tables[0]).await.unwrap().len(), 1000);
}

#[tokio::test]
async fn columns_that_change_and_tables_that_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write(&path, numbers());
    let (files, tables) = open(folder.path()).await;
    let mut other = numbers();
    other[1] = ("name", Arc::new(Int64Array::from_iter_values(0..1000)));
    write(&path, other);
    let told = rows(&files, &tables[0]).await.unwrap_err();
    assert!(told.contains("column \"name\" is int8 now and was text"), "{told}");
    fs::remove_file(&path).unwrap();
    let told = rows(&files, &tables[0]).await.unwrap_err();
    assert_eq!(told, "failed: table \"t\" is not there any more");
}

#[tokio::test]
async fn files_of_one_table_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("t")).unwrap();
    write(&folder.path().join("t/1.parquet"), numbers());
    let mut other = numbers();
    other[0] = ("id", Arc::new(StringArray::from_iter_values((0..1000).map(|at| at.to_string()))));
    write(&folder.path().join("t/2.parquet"), other);
    fs::create_dir(folder.path().join("c")).unwrap();
    fs::write(folder.path().join("c/1.csv"), "a,b\n1,2\n").unwrap();
    fs::write(folder.path().join("c/2.csv"), "a,c\n1,2\n").unwrap();
    let catalog = Files::new(FilesOptions::new(folder.path())).catalog().await.unwrap();
    let told: Vec<String> = catalog.faults.iter().map(|fault| fault.error.to_string()).collect();
    assert_eq!(
        told,
        [
            "damaged: table \"c\": its files have different columns",
            "damaged: table \"t\": its files disagree: column \"id\" is int8 and text",
        ]
    );
}

/// Which questions meet a damaged page depends on what hidden rows hold; once it was met, none
/// passes it by.
#[tokio::test]
async fn damage_that_was_met_is_met_by_every_question() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write(&path, numbers());
    let (files, tables) = open(folder.path()).await;
    let whole = fs::read(&path).unwrap();
    // The pages of the first column are whole, those of the second are not.
    let metadata =
        ParquetMetaDataReader::new().parse_and_finish(&fs::File::open(&path).unwrap()).unwrap();
    let (start, length) = metadata.row_group(0).column(1).byte_range();
    let (start, length) = (usize::try_from(start).unwrap(), usize::try_from(length).unwrap());
    let mut damaged = whole.clone();
    damaged[start..start + length].fill(0xff);
    fs::write(&path, &damaged).unwrap();
    let by_id = |files: Files, table: Arc<Table>| async move {
        let request = ScanRequest {
            table,
            columns: vec!["id".into()],
            predicate: Predicate::True,
            conditions: Predicate::True,
            limit: None,
        };
        let plan = files.scan(request).await.unwrap().plan;
        (run(&plan).await.map(|batch| batch.num_rows()), files)
    };
    let (found, files) = by_id(files, tables[0].clone()).await;
    assert_eq!(found, Ok(1000));
    let told = rows(&files, &tables[0]).await.unwrap_err();
    assert!(told.contains("damaged: table \"t\""), "{told}");
    let (told, files) = by_id(files, tables[0].clone()).await;
    assert!(told.unwrap_err().contains("damage was met in it before"));

    fs::write(&path, &whole).unwrap();
    assert_eq!(rows(&files, &tables[0]).await.unwrap().len(), 1000);
}
