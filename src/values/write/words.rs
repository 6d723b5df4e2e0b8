//! The binary form of values that are carried as text: names, JSON, UUIDs, and what the catalog
//! tables hold in text where PostgreSQL has OIDs, vectors or arrays.

use bytes::{BufMut, BytesMut};

use super::array::put_array;
use super::binary::oid;
use super::cells::Written;
use super::error::EncodeError;
use crate::values::read;
use crate::values::types::{BaseType, Kind, WireType, vector_item};

/// The version byte that stands before a `jsonb`.
const JSONB_VERSION: u8 = 1;

/// Whether values of a type may be carried as text.
pub(super) fn carries(base: &BaseType) -> bool {
    use Kind::{Char, Int2, Int4, Int8, Jsonb, Oid, Shown, Text, Uuid, Vector};
    matches!(base.kind, Char | Int2 | Int4 | Int8 | Jsonb | Oid | Shown | Text | Uuid | Vector)
}

/// One value of a type that is not an array.
///
/// # Errors
/// Where the text is not of the type, or the type has no binary form here.
pub(super) fn binary(base: &'static BaseType, value: &str, out: &mut BytesMut) -> Written {
    let not_of_type = || EncodeError::NotOfType(base.spoken);
    match base.kind {
        Kind::Text => out.put_slice(value.as_bytes()),
        Kind::Jsonb => {
            out.put_u8(JSONB_VERSION);
            out.put_slice(value.as_bytes());
        }
        Kind::Char => out.put_u8(value.bytes().next().unwrap_or_default()),
        Kind::Uuid => out.put_slice(&read::uuid(value).ok_or_else(not_of_type)?),
        // A dash is how the `reg*` types write the OID 0.
        Kind::Oid if value == "-" => out.put_u32(0),
        // What is carried as a name has lost its OID.
        Kind::Oid => oid(value.parse().map_err(|_| EncodeError::TextOnly(base.spoken))?, out)?,
        Kind::Int2 => out.put_i16(value.parse().map_err(|_| not_of_type())?),
        Kind::Int4 => out.put_i32(value.parse().map_err(|_| not_of_type())?),
        Kind::Int8 => out.put_i64(value.parse().map_err(|_| not_of_type())?),
        Kind::Vector => {
            let items: Vec<_> = value.split_ascii_whitespace().map(Some).collect();
            let item = vector_item(base);
            put_array(item.oid, 0, &items, out, |value, out| binary(item, value, out))?;
        }
        _ => return Err(EncodeError::TextOnly(base.spoken)),
    }
    Ok(())
}

/// An array that is carried as its literal, such as `{a,"b c",NULL}`.
///
/// # Errors
/// Where the literal is malformed, or an element is not of the type.
pub(super) fn array(wire_type: WireType, value: &str, out: &mut BytesMut) -> Written {
    let base = wire_type.base;
    let items = read::array_items(value).map_err(|_| EncodeError::NotOfType("array"))?;
    let items: Vec<_> = items.iter().map(Option::as_deref).collect();
    put_array(base.oid, 1, &items, out, |value, out| binary(base, value, out))
}
