//! Values in both directions against what PostgreSQL 15 wrote, and what is refused.

mod noise;
mod refusals;
mod rows;
mod startup;
mod values;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit};
use bytes::BytesMut;
use datafusion::common::ScalarValue;
use portcullis_connector_api::catalog::PG_TYPE_KEY;

use super::decode::Parameters;
use super::encode::Columns;
use crate::error::ClientError;
use crate::values::{Format, Rendering};

/// A field of an Arrow type that carries this PostgreSQL type.
fn field(name: &str, data_type: DataType, hint: Option<&str>) -> FieldRef {
    let metadata = hint.map(|hint| (PG_TYPE_KEY.to_owned(), hint.to_owned()));
    Field::new(name, data_type, true).with_metadata(metadata.into_iter().collect()).into()
}

fn list_of(data_type: DataType, hint: Option<&str>) -> DataType {
    DataType::List(field("item", data_type, hint))
}

fn microseconds(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into))
}

/// A value as it is sent.
fn encoded(
    field: &FieldRef,
    value: &ScalarValue,
    format: Format,
    rendering: Rendering,
) -> Result<Option<Vec<u8>>, ClientError> {
    let schema = Schema::new(vec![field.clone()]);
    let array = value.to_array().unwrap();
    let batch = RecordBatch::try_new(schema.clone().into(), vec![array]).unwrap();
    let rows = Columns::of(&schema)?.rows(&batch, &[format], rendering)?;
    let mut out = BytesMut::new();
    rows.write(0, &mut out)?;
    // A tag, a length, the number of columns; then the length of the value.
    let (header, value) = out.split_at(11);
    assert_eq!(&header[..1], b"D");
    assert_eq!(u32::from_be_bytes(header[1..5].try_into().unwrap()) as usize, out.len() - 1);
    match i32::from_be_bytes(header[7..].try_into().unwrap()) {
        -1 => Ok(None),
        length => {
            assert_eq!(length as usize, value.len());
            Ok(Some(value.to_vec()))
        }
    }
}

/// A parameter as it is received.
fn decoded(
    field: &FieldRef,
    bytes: &[u8],
    format: Format,
    rendering: Rendering,
) -> Result<ScalarValue, ClientError> {
    let parameters = Parameters::of(std::slice::from_ref(field))?;
    Ok(parameters.read(&[Some(bytes)], &[format], rendering)?.remove(0))
}

fn utc() -> Rendering {
    Rendering { time_zone: chrono_tz::UTC }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(pair).collect()
}
