//! Values as binary, as the types' send functions build them.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type};
use bytes::{BufMut, BytesMut};

use super::cells::{
    Writer, Written, booleans, bytes, dates, integers, intervals, named, primitives, strings,
    times, timestamps, unsupported,
};
use super::error::EncodeError;
use super::{datetime, interval, numeric, words};
use crate::values::types::{BaseType, Kind};

/// The writer of a column of this type.
///
/// # Errors
/// Where the array does not carry the type.
pub(super) fn writer(base: &'static BaseType, array: &ArrayRef) -> Result<Writer, EncodeError> {
    if array.data_type().is_string() {
        if !words::carries(base) {
            return Err(unsupported(array, base.name));
        }
        return strings(array, move |value: &str, out: &mut BytesMut| {
            words::binary(base, value, out)
        });
    }
    if let (Kind::Oid, Some((oids, _))) = (base.kind, named(array)) {
        return integers(oids, oid);
    }
    match base.kind {
        Kind::Bool => booleans(array, bool),
        Kind::Int2 => integers(array, int2),
        Kind::Int4 => integers(array, int4),
        Kind::Int8 => integers(array, int8),
        Kind::Oid => integers(array, oid),
        Kind::Float4 => match array.data_type() {
            DataType::Float16 => primitives::<Float16Type, _>(array, |v| Ok(v.to_f32()), float4),
            _ => primitives::<Float32Type, _>(array, Ok, float4),
        },
        Kind::Float8 => match array.data_type() {
            DataType::Float32 => primitives::<Float32Type, _>(array, |v| Ok(v.into()), float8),
            _ => primitives::<Float64Type, _>(array, Ok, float8),
        },
        Kind::Numeric => numeric::decimals(array, numeric::binary),
        Kind::Char => integers(array, char),
        Kind::Bytea => bytes(array, as_is),
        Kind::Date => dates(array, datetime::date_binary),
        Kind::Time => times(array, datetime::time_binary),
        Kind::Timestamp | Kind::Timestamptz => timestamps(array, datetime::timestamp_binary),
        Kind::Interval => intervals(array, interval::binary),
        Kind::Uuid => bytes(array, uuid),
        Kind::Vector => super::array::vector_binary_writer(base, array),
        Kind::Text | Kind::Jsonb | Kind::Shown => Err(unsupported(array, base.name)),
    }
}

fn bool(value: bool, out: &mut BytesMut) -> Written {
    out.put_u8(value.into());
    Ok(())
}

fn int2(value: i64, out: &mut BytesMut) -> Written {
    out.put_i16(value.try_into().map_err(|_| EncodeError::OutOfRange("smallint"))?);
    Ok(())
}

fn int4(value: i64, out: &mut BytesMut) -> Written {
    out.put_i32(value.try_into().map_err(|_| EncodeError::OutOfRange("integer"))?);
    Ok(())
}

fn int8(value: i64, out: &mut BytesMut) -> Written {
    out.put_i64(value);
    Ok(())
}

pub(super) fn oid(value: i64, out: &mut BytesMut) -> Written {
    out.put_u32(value.try_into().map_err(|_| EncodeError::OutOfRange("OID"))?);
    Ok(())
}

fn char(value: i64, out: &mut BytesMut) -> Written {
    out.put_u8((value & 0xff) as u8);
    Ok(())
}

fn float4(value: f32, out: &mut BytesMut) -> Written {
    out.put_f32(value);
    Ok(())
}

fn float8(value: f64, out: &mut BytesMut) -> Written {
    out.put_f64(value);
    Ok(())
}

fn as_is(value: &[u8], out: &mut BytesMut) -> Written {
    out.put_slice(value);
    Ok(())
}

fn uuid(value: &[u8], out: &mut BytesMut) -> Written {
    if value.len() != 16 {
        return Err(EncodeError::NotOfType("uuid"));
    }
    as_is(value, out)
}
