//! Parquet columns that are stored in another type than they have here: what they become, and
//! that no predicate misses a row of them.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Int64Array, LargeListArray, StringArray, TimestampMillisecondArray,
    TimestampNanosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, TimeUnit, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType};
use parquet::data_type::{Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use portcullis_connector_api::conformance::{Cell, DataTable, Dataset, Loaded, check};
use portcullis_connector_api::{Column, CompareOp, Connector, Predicate, SqlType, Table, Value};
use portcullis_connector_files::{Files, FilesOptions};

use crate::arrays::array;
use crate::scan::{described, open, plan, rows, run};

/// Writes one batch in row groups of three rows.
pub fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batch =
        RecordBatch::try_new(schema.clone(), columns.into_iter().map(|(_, array)| array).collect());
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(3)).build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).unwrap();
    writer.write(&batch.unwrap()).unwrap();
    writer.close().unwrap();
}

/// A table of one column of cells, twice, so that columns can be compared.
fn table(sql_type: &SqlType, cells: &[Cell]) -> DataTable {
    let column = |name: &str, sql_type: &SqlType| Column {
        name: name.into(),
        sql_type: sql_type.clone(),
        nullable: true,
        fallible: false,
    };
    let columns = vec![column("id", &SqlType::Int8), column("a", sql_type), column("b", sql_type)];
    let rows = cells
        .iter()
        .zip(cells.iter().cycle().skip(1))
        .zip(0..)
        .map(|((a, b), id)| vec![Cell::Int(id), a.clone(), b.clone()])
        .collect();
    DataTable { table: Table { name: "t".into(), columns }, rows }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_predicate_misses_a_row() {
    let numeric = |precision, scale| SqlType::Numeric { precision, scale };
    let ints = |ints: &[i64]| ints.iter().map(|int| Cell::Int(*int)).collect::<Vec<_>>();
    let texts = || ["acme", "", "ACME", "ä"].map(|text| Cell::Text(text.to_owned())).to_vec();
    let moments =
        |moments: &[i64]| moments.iter().map(|at| Cell::Timestamp(*at)).collect::<Vec<_>>();
    let millis = moments(&[0, 1_000, -1_000, 1_709_210_096_789_000]);
    let zoned = |unit| DataType::Timestamp(unit, Some("Europe/Berlin".into()));
    let dictionary =
        |values: DataType| DataType::Dictionary(Box::new(DataType::Int8), Box::new(values));
    let cases: Vec<(DataType, SqlType, Vec<Cell>)> = vec![
        (DataType::Int8, SqlType::Int2, ints(&[-128, 127, 0, 7])),
        (DataType::UInt8, SqlType::Int2, ints(&[255, 0, 7])),
        (DataType::UInt16, SqlType::Int4, ints(&[65_535, 0, 7])),
        (DataType::UInt32, SqlType::Int8, ints(&[4_294_967_295, 0, 7])),
        (
            DataType::UInt64,
            numeric(20, 0),
            vec![Cell::Decimal(u64::MAX.into()), Cell::Decimal(0), Cell::Decimal(7)],
        ),
        (
            DataType::Float16,
            SqlType::Float4,
            vec![Cell::Float(1.5), Cell::Float(-0.0), Cell::Float(0.0), Cell::Float(f64::NAN)],
        ),
        (DataType::Decimal32(9, 2), numeric(9, 2), vec![Cell::Decimal(123), Cell::Decimal(-123)]),
        (DataType::Decimal64(18, 2), numeric(18, 2), vec![Cell::Decimal(123), Cell::Decimal(0)]),
        (DataType::Decimal256(30, 5), numeric(30, 5), vec![Cell::Decimal(123), Cell::Decimal(-1)]),
        (DataType::Utf8, SqlType::Text, texts()),
        (DataType::LargeUtf8, SqlType::Text, texts()),
        (dictionary(DataType::Utf8), SqlType::Text, texts()),
        (dictionary(DataType::Int32), SqlType::Int4, ints(&[1, 2, -3])),
        (DataType::LargeBinary, SqlType::Bytea, vec![Cell::Bytes(vec![0, 255])]),
        (DataType::FixedSizeBinary(2), SqlType::Bytea, vec![Cell::Bytes(vec![0, 255])]),
        (DataType::Date64, SqlType::Date, vec![Cell::Date(0), Cell::Date(-1), Cell::Date(19_782)]),
        (DataType::Time32(TimeUnit::Millisecond), SqlType::Time, vec![Cell::Time(1000)]),
        (DataType::Time64(TimeUnit::Nanosecond), SqlType::Time, vec![Cell::Time(1)]),
        (
            DataType::Timestamp(TimeUnit::Second, None),
            SqlType::Timestamp,
            moments(&[0, -1_000_000]),
        ),
        (DataType::Timestamp(TimeUnit::Millisecond, None), SqlType::Timestamp, millis.clone()),
        (DataType::Timestamp(TimeUnit::Nanosecond, None), SqlType::Timestamp, millis.clone()),
        (zoned(TimeUnit::Millisecond), SqlType::Timestamptz, millis.clone()),
        (zoned(TimeUnit::Microsecond), SqlType::Timestamptz, millis.clone()),
        (zoned(TimeUnit::Nanosecond), SqlType::Timestamptz, millis),
    ];
    for (stored, sql_type, mut cells) in cases {
        cells.push(Cell::Null);
        let data = table(&sql_type, &cells);
        let folder = tempfile::tempdir().unwrap();
        let columns = data.table.columns.iter().enumerate().map(|(at, column)| {
            let cells: Vec<_> = data.rows.iter().map(|row| row[at].clone()).collect();
            let array = array(&cells, &column.sql_type);
            let array = if at == 0 { array } else { cast(&array, &stored).unwrap() };
            (column.name.as_str(), array)
        });
        write(&folder.path().join("t.parquet"), columns.collect());
        let loaded = Loaded {
            connector: Arc::new(Files::new(FilesOptions::new(folder.path()))),
            secrets: Vec::new(),
            keep: Box::new(folder),
        };
        let outcome = check(&loaded, &Dataset { tables: vec![data] }).await;
        assert!(outcome.is_ok(), "{sql_type} stored as {stored}: {:?}", outcome.unwrap_err());
    }
}

#[tokio::test]
async fn what_has_no_counterpart_is_left_out_or_bad() {
    let folder = tempfile::tempdir().unwrap();
    let list = LargeListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
    ]);
    let durations = cast(&Int64Array::from(vec![1, 2, 3]), &DataType::Duration(TimeUnit::Second));
    // Ten to the fortieth has too many digits.
    let wide = cast(
        &StringArray::from(vec![Some("1.25"), Some(format!("1{}", "0".repeat(40)).as_str()), None]),
        &DataType::Decimal256(76, 2),
    );
    write(
        &folder.path().join("t.parquet"),
        vec![
            ("list", Arc::new(list)),
            ("duration", durations.unwrap()),
            ("wide", wide.unwrap()),
            (
                "millis",
                Arc::new(TimestampMillisecondArray::from(vec![Some(1), Some(i64::MAX), None])),
            ),
        ],
    );
    let files = Files::new(FilesOptions::new(folder.path()));
    let catalog = files.catalog().await.unwrap();
    let table = Arc::new(catalog.tables[0].clone());
    assert_eq!(described(&table), "list int4[], wide numeric(38,2), millis timestamp");
    assert_eq!(catalog.notes.len(), 1);
    assert!(catalog.notes[0].contains("\"duration\""), "{:?}", catalog.notes);
    assert_eq!(
        rows(&files, &table).await.unwrap(),
        ["[1, ]|1.25|1970-01-01T00:00:00.001", "-|BAD|BAD", "[]|-|-"]
    );
}

#[tokio::test]
async fn nanoseconds_that_microseconds_do_not_tell() {
    let folder = tempfile::tempdir().unwrap();
    let nanos = TimestampNanosecondArray::from(vec![1_999, 1_000, 0, -1, -1_000, -1_999]);
    write(&folder.path().join("t.parquet"), vec![("at", Arc::new(nanos))]);
    let (files, tables) = open(folder.path()).await;
    let batch = run(&plan(&files, &tables[0], Predicate::True).await.unwrap()).await.unwrap();
    let decoded = batch.column(0).as_primitive::<TimestampMicrosecondType>().values().to_vec();
    assert_eq!(decoded, [1, 1, 0, 0, -1, -1]);
    // Whatever it was rounded to, a row is found by what it became.
    for micros in -2..=2 {
        for op in [CompareOp::Eq, CompareOp::LtEq, CompareOp::GtEq, CompareOp::NotEq] {
            let value = Value::Timestamp(micros);
            let predicate = Predicate::Compare { column: "at".into(), op, value };
            let batch = run(&plan(&files, &tables[0], predicate).await.unwrap()).await.unwrap();
            let found =
                batch.column(0).as_primitive::<TimestampMicrosecondType>().values().to_vec();
            let admitted = |at: &&i64| match op {
                CompareOp::Eq => **at == micros,
                CompareOp::LtEq => **at <= micros,
                CompareOp::GtEq => **at >= micros,
                _ => **at != micros,
            };
            let count = |all: &[i64]| all.iter().filter(admitted).count();
            assert_eq!(count(&found), count(&decoded), "at {op:?} {micros}");
        }
    }
}

#[tokio::test]
async fn types_that_only_annotations_tell() {
    let folder = tempfile::tempdir().unwrap();
    let message = "message m {
        REQUIRED FIXED_LEN_BYTE_ARRAY (16) u (UUID);
        REQUIRED BYTE_ARRAY j (JSON);
        REQUIRED BYTE_ARRAY e (ENUM);
        REQUIRED BYTE_ARRAY b;
        REQUIRED INT96 old;
    }";
    let schema = Arc::new(parse_message_type(message).unwrap());
    let file = File::create(folder.path().join("t.parquet")).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let uuid = FixedLenByteArray::from((0..16).collect::<Vec<u8>>());
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<FixedLenByteArrayType>().write_batch(&[uuid.clone(), uuid], None, None).unwrap();
    column.close().unwrap();
    for values in [["{\"a\":1}", "{"], ["RED", "GREEN"], ["x", "y"]] {
        let mut column = group.next_column().unwrap().unwrap();
        let values: Vec<ByteArray> = values.map(ByteArray::from).to_vec();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    let mut column = group.next_column().unwrap().unwrap();
    // Julian days: 1970-01-01, and 9999-12-31, which nanoseconds do not reach.
    let (mut epoch, mut last) = (Int96::new(), Int96::new());
    epoch.set_data(1_000, 0, 2_440_588);
    last.set_data(0, 0, 5_373_484);
    column.typed::<Int96Type>().write_batch(&[epoch, last], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();

    let (files, tables) = open(folder.path()).await;
    assert_eq!(described(&tables[0]), "u uuid, j json, e text, b bytea, old timestamp");
    assert_eq!(
        rows(&files, &tables[0]).await.unwrap(),
        [
            "00010203-0405-0607-0809-0a0b0c0d0e0f|{\"a\":1}|RED|78|1970-01-01T00:00:00.000001",
            "00010203-0405-0607-0809-0a0b0c0d0e0f|BAD|GREEN|79|9999-12-31T00:00:00",
        ]
    );
}
