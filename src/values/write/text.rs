//! Values as text, as the types' output functions write them.

use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type};
use bytes::{BufMut, BytesMut};

use super::cells::{
    Writer, Written, booleans, bytes, dates, integers, intervals, named, primitives, strings,
    times, timestamps, unsupported,
};
use super::error::EncodeError;
use super::{datetime, float, interval, numeric};
use crate::values::Rendering;
use crate::values::types::{BaseType, Kind};

/// The writer of a column of this type.
///
/// # Errors
/// Where the array does not carry the type.
pub(super) fn writer(
    base: &'static BaseType,
    array: &ArrayRef,
    rendering: Rendering,
) -> Result<Writer, EncodeError> {
    if array.data_type().is_string() {
        // Whatever the type is: a value that is carried as text is its own text.
        return strings(array, as_is);
    }
    if let (Kind::Oid, Some((_, names))) = (base.kind, named(array)) {
        return strings(names, as_is);
    }
    match base.kind {
        Kind::Bool => booleans(array, bool),
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid => integers(array, integer),
        Kind::Float4 | Kind::Float8 => floats(array),
        Kind::Numeric => numeric::decimals(array, numeric::text),
        Kind::Char => integers(array, char),
        Kind::Bytea => bytes(array, bytea),
        Kind::Date => dates(array, datetime::date_text),
        Kind::Time => times(array, datetime::time_text),
        Kind::Timestamp => timestamps(array, datetime::timestamp_text),
        Kind::Timestamptz => {
            let zone = rendering.time_zone;
            timestamps(array, move |micros, out: &mut BytesMut| {
                datetime::timestamptz_text(micros, zone, out)
            })
        }
        Kind::Interval => intervals(array, interval::text),
        Kind::Uuid => bytes(array, uuid),
        Kind::Vector => super::array::vector_text_writer(array),
        Kind::Text | Kind::Jsonb | Kind::Shown => Err(unsupported(array, base.name)),
    }
}

fn as_is(value: &str, out: &mut BytesMut) -> Written {
    out.put_slice(value.as_bytes());
    Ok(())
}

fn bool(value: bool, out: &mut BytesMut) -> Written {
    out.put_u8(if value { b't' } else { b'f' });
    Ok(())
}

fn integer(value: i64, out: &mut BytesMut) -> Written {
    // Writing to memory does not fail.
    let _ = write!(out, "{value}");
    Ok(())
}

fn floats(array: &ArrayRef) -> Result<Writer, EncodeError> {
    fn float4(value: f32, out: &mut BytesMut) -> Written {
        float::float4(value, out);
        Ok(())
    }
    fn float8(value: f64, out: &mut BytesMut) -> Written {
        float::float8(value, out);
        Ok(())
    }
    match array.data_type() {
        DataType::Float16 => primitives::<Float16Type, _>(array, |v| Ok(v.to_f32()), float4),
        DataType::Float32 => primitives::<Float32Type, _>(array, Ok, float4),
        _ => primitives::<Float64Type, _>(array, Ok, float8),
    }
}

/// `"char"`: a byte that is no character of ASCII is written in octal.
fn char(value: i64, out: &mut BytesMut) -> Written {
    match (value & 0xff) as u8 {
        0 => {}
        high @ 0x80.. => {
            let _ = write!(out, "\\{high:03o}");
        }
        plain => out.put_u8(plain),
    }
    Ok(())
}

fn bytea(value: &[u8], out: &mut BytesMut) -> Written {
    out.reserve(2 + 2 * value.len());
    out.put_slice(b"\\x");
    value.iter().for_each(|&byte| hex(byte, out));
    Ok(())
}

fn uuid(value: &[u8], out: &mut BytesMut) -> Written {
    if value.len() != 16 {
        return Err(EncodeError::NotOfType("uuid"));
    }
    for (at, &byte) in value.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.put_u8(b'-');
        }
        hex(byte, out);
    }
    Ok(())
}

fn hex(byte: u8, out: &mut BytesMut) {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    out.put_slice(&[digit(byte >> 4), digit(byte & 15)]);
}
