//! A Parquet file, in which text is whatever bytes its writer put there.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

const MESSAGE: &str = "message parts {
    REQUIRED INT64 id;
    REQUIRED BYTE_ARRAY org_id (STRING);
    REQUIRED BYTE_ARRAY label (STRING);
    REQUIRED INT64 made (TIMESTAMP(MILLIS,false));
}";

/// `id`, `org_id`, `label`, and milliseconds since 1970.
type Row<'a> = (i64, &'a [u8], &'a [u8], i64);

/// 2026-02-01
const FEBRUARY: i64 = 1_769_904_000_000;

/// The last of them holds what is no text, and a time that microseconds do not reach.
const VISIBLE: [Row<'static>; 3] = [
    (1, b"acme", b"a", FEBRUARY),
    (2, b"acme", b"b", FEBRUARY + 1),
    (3, b"acme", b"\xff", i64::MAX),
];

const PLAIN: &[Row<'static>] = &[(90, b"ember", b"hidden", FEBRUARY)];

const WILD: &[Row<'static>] = &[
    (i64::MIN, b"ember", b"\xff\xfe", i64::MIN),
    (1, b"\xff", b"a\0b", i64::MAX),
    (i64::MAX, b"ACME", b"", 0),
    (2, b"", b"zz", -1),
];

/// Writes the file: row groups of hidden rows, of both, and of visible rows.
pub fn write(path: &Path, world: &str) {
    let hidden = match world {
        "plain" => PLAIN,
        "wild" => WILD,
        _ => &[],
    };
    let schema = Arc::new(parse_message_type(MESSAGE).unwrap());
    let mut writer =
        SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::default()).unwrap();
    for rows in [hidden.to_vec(), [&VISIBLE[..2], hidden].concat(), VISIBLE[2..].to_vec()] {
        if rows.is_empty() {
            continue;
        }
        let mut group = writer.next_row_group().unwrap();
        let numbers = |pick: fn(&Row<'_>) -> i64| rows.iter().map(pick).collect::<Vec<_>>();
        let texts = |pick: fn(&Row<'static>) -> &'static [u8]| {
            rows.iter().map(|row| ByteArray::from(pick(row).to_vec())).collect::<Vec<_>>()
        };
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&numbers(|row| row.0), None, None).unwrap();
        column.close().unwrap();
        for texts in [texts(|row| row.1), texts(|row| row.2)] {
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
            column.close().unwrap();
        }
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&numbers(|row| row.3), None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
}
