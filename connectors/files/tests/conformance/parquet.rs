//! The suite over Parquet files: whole, in small row groups, and as folders of many files.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use portcullis_connector_api::SqlType;
use portcullis_connector_api::conformance::{Cell, DataTable, Dataset, Loaded, Profile, check};
use portcullis_connector_files::{Files, FilesOptions};

use crate::arrays::array;
use crate::scan::{open, rows};

fn profile() -> Profile {
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
            SqlType::Bytea,
            SqlType::Date,
            SqlType::Time,
            SqlType::Timestamp,
            SqlType::Timestamptz,
            SqlType::Array(Box::new(SqlType::Int4)),
            SqlType::Array(Box::new(SqlType::Text)),
        ],
        holds: |_, _| true,
        undecodable: vec![(SqlType::Text, b"\xff\xfe".to_vec()), (SqlType::Text, b"a\0b".to_vec())],
    }
}

/// How a table is laid out.
#[derive(Clone, Copy)]
struct Layout {
    /// Into so many files.
    files: usize,
    row_group_rows: usize,
    dictionary: bool,
    compression: Compression,
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_each() {
    let layout = Layout {
        files: 1,
        row_group_rows: 1 << 20,
        dictionary: true,
        compression: Compression::SNAPPY,
    };
    suite(layout).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_of_small_row_groups() {
    let layout = Layout {
        files: 3,
        row_group_rows: 7,
        dictionary: false,
        compression: Compression::UNCOMPRESSED,
    };
    suite(layout).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_polars_writes_them() {
    let layout = Layout {
        files: 1,
        row_group_rows: 1000,
        dictionary: true,
        compression: Compression::ZSTD(ZstdLevel::default()),
    };
    suite(layout).await;
}

/// Every codec that the format has and the reader knows.
#[tokio::test(flavor = "multi_thread")]
async fn every_codec_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ];
    let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8, false)]));
    let cells: ArrayRef = Arc::new(StringArray::from(vec!["the same again and again"; 1000]));
    let batch = RecordBatch::try_new(schema.clone(), vec![cells]).unwrap();
    for (at, codec) in codecs.into_iter().enumerate() {
        let file = File::create(folder.path().join(format!("t{at}.parquet"))).unwrap();
        let properties = WriterProperties::builder().set_compression(codec).build();
        let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
    let (files, tables) = open(folder.path()).await;
    assert_eq!(tables.len(), codecs.len());
    for table in tables {
        let read = rows(&files, &table).await.unwrap();
        assert_eq!(read.len(), batch.num_rows(), "{codecs:?}: {}", table.name);
    }
}

async fn suite(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let data = Dataset::new(&profile());
    for table in &data.tables {
        load(folder.path(), table, layout);
    }
    let loaded = Loaded {
        connector: Arc::new(Files::new(FilesOptions::new(folder.path()))),
        secrets: vec![folder.path().display().to_string()],
        keep: Box::new(folder),
    };
    let report = check(&loaded, &data).await.unwrap();
    assert_eq!(report.exact, 0, "Parquet's reader may ignore what it is given");
    assert!(report.superset > 1000, "{report:?}");
}

fn load(folder: &Path, table: &DataTable, layout: Layout) {
    let name = table.table.name.as_str();
    if name == "bad" || name.starts_with("world") {
        return write_raw(&folder.join(format!("{name}.parquet")), table);
    }
    if layout.files == 1 {
        return write(&folder.join(format!("{name}.parquet")), table, &table.rows, layout);
    }
    let folder = folder.join(name);
    fs::create_dir(&folder).unwrap();
    let size = table.rows.len().div_ceil(layout.files).max(1);
    if table.rows.is_empty() {
        write(&folder.join("none.parquet"), table, &[], layout);
    }
    for (at, rows) in table.rows.chunks(size).enumerate() {
        write(&folder.join(format!("part-{at}.parquet")), table, rows, layout);
    }
}

fn write(path: &Path, table: &DataTable, rows: &[Vec<Cell>], layout: Layout) {
    // Thousands of row groups would only take time.
    let row_group_rows = layout.row_group_rows.max(rows.len() / 4);
    let columns = table.table.columns.iter().enumerate().map(|(at, column)| {
        let cells: Vec<Cell> = rows.iter().map(|row| row[at].clone()).collect();
        array(&cells, &column.sql_type)
    });
    let columns: Vec<_> = columns.collect();
    let fields: Vec<Field> = table.table.columns.iter().map(|column| column.field()).collect();
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(row_group_rows))
        .set_data_page_row_count_limit(100)
        .set_dictionary_enabled(layout.dictionary)
        .set_compression(layout.compression)
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).unwrap();
    writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
    writer.close().unwrap();
}

/// Writes text columns byte by byte, as a writer would that checks nothing.
fn write_raw(path: &Path, table: &DataTable) {
    let columns: Vec<String> = table.table.columns[1..]
        .iter()
        .map(|column| format!("OPTIONAL BYTE_ARRAY {} (UTF8);", column.name))
        .collect();
    let message = format!("message m {{ REQUIRED INT64 id; {} }}", columns.concat());
    let schema = Arc::new(parse_message_type(&message).unwrap());
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for at in 0..table.table.columns.len() {
        let mut column = group.next_column().unwrap().unwrap();
        let cells = table.rows.iter().map(|row| &row[at]);
        if at == 0 {
            let ids: Vec<i64> = (0..).take(table.rows.len()).collect();
            column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
        } else {
            let levels: Vec<i16> =
                cells.clone().map(|cell| i16::from(*cell != Cell::Null)).collect();
            let values: Vec<ByteArray> = cells
                .filter_map(|cell| match cell {
                    Cell::Bad(raw) => Some(raw.clone().into()),
                    Cell::Text(text) => Some(text.as_str().into()),
                    _ => None,
                })
                .collect();
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}
