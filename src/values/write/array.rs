//! Arrays of one dimension, from Arrow's lists.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::datatypes::DataType;
use bytes::{BufMut, BytesMut};

use super::cells::{Writer, Written, strings, unsupported};
use super::error::EncodeError;
use super::{Cells, words};
use crate::values::Format;
use crate::values::Rendering;
use crate::values::types::{BaseType, WireType, vector_item};

/// `{1,2,NULL}`, with quotes around elements that need them.
///
/// # Errors
/// Where the array is no list of the type, nor text.
pub(super) fn text_writer(
    wire_type: WireType,
    array: &ArrayRef,
    rendering: Rendering,
) -> Result<Writer, EncodeError> {
    if array.data_type().is_string() {
        return super::text::writer(wire_type.base, array, rendering);
    }
    let list = List::new(array)?;
    let cells = Cells::new(wire_type.item(), Format::Text, &list.items, rendering)?;
    Ok(Box::new(move |row, out| {
        let mut element = BytesMut::new();
        out.put_u8(b'{');
        for (at, item) in (list.range)(row).enumerate() {
            if at > 0 {
                out.put_u8(b',');
            }
            if cells.is_null(item) {
                out.put_slice(b"NULL");
            } else {
                element.clear();
                (cells.write)(item, &mut element)?;
                put_element(&element, out);
            }
        }
        out.put_u8(b'}');
        Ok(())
    }))
}

/// The form of `array_send`.
///
/// # Errors
/// Where the array is no list of the type, nor text.
pub(super) fn binary_writer(
    wire_type: WireType,
    array: &ArrayRef,
    rendering: Rendering,
) -> Result<Writer, EncodeError> {
    if array.data_type().is_string() {
        if !words::carries(wire_type.base) {
            return Err(unsupported(array, wire_type.base.name));
        }
        return strings(array, move |value: &str, out: &mut BytesMut| {
            words::array(wire_type, value, out)
        });
    }
    list_binary_writer(wire_type.item(), array, 1, rendering)
}

/// `int2vector` and `oidvector` as text: elements with spaces between them.
pub(super) fn vector_text_writer(array: &ArrayRef) -> Result<Writer, EncodeError> {
    let list = List::new(array)?;
    // Elements are integers; how they are rendered depends on no setting.
    let rendering = Rendering { time_zone: chrono_tz::UTC };
    let item = WireType::of(list.items_field()).ok_or_else(|| unsupported(array, "vector"))?;
    let cells = Cells::new(item, Format::Text, &list.items, rendering)?;
    Ok(Box::new(move |row, out| {
        for (at, item) in (list.range)(row).enumerate() {
            if at > 0 {
                out.put_u8(b' ');
            }
            (cells.write)(item, out)?;
        }
        Ok(())
    }))
}

/// `int2vector` and `oidvector` as binary: an array that is counted from 0.
pub(super) fn vector_binary_writer(
    base: &'static BaseType,
    array: &ArrayRef,
) -> Result<Writer, EncodeError> {
    let item = WireType { base: vector_item(base), array: false, modifier: -1 };
    list_binary_writer(item, array, 0, Rendering { time_zone: chrono_tz::UTC })
}

fn list_binary_writer(
    item: WireType,
    array: &ArrayRef,
    first: i32,
    rendering: Rendering,
) -> Result<Writer, EncodeError> {
    let list = List::new(array)?;
    let cells = Cells::new(item, Format::Binary, &list.items, rendering)?;
    Ok(Box::new(move |row, out| {
        let range = (list.range)(row);
        let nulls = range.clone().any(|item| cells.is_null(item));
        put_header(item.oid(), first, range.len(), nulls, out)?;
        range.into_iter().try_for_each(|item| cells.write(item, out))
    }))
}

/// An array's binary form, of elements that are at hand.
///
/// # Errors
/// Those of `write`.
pub(super) fn put_array<T: Copy>(
    oid: u32,
    first: i32,
    items: &[Option<T>],
    out: &mut BytesMut,
    write: impl Fn(T, &mut BytesMut) -> Written,
) -> Written {
    put_header(oid, first, items.len(), items.iter().any(Option::is_none), out)?;
    for item in items {
        match item {
            None => out.put_i32(-1),
            Some(item) => {
                let at = out.len();
                out.put_i32(0);
                write(*item, out)?;
                super::set_length(out, at, out.len() - at - 4);
            }
        }
    }
    Ok(())
}

/// Dimensions, whether there are NULLs, the elements' type; then length and first index of the
/// one dimension, which an empty array does not have (a vector does).
fn put_header(oid: u32, first: i32, length: usize, nulls: bool, out: &mut BytesMut) -> Written {
    let length = i32::try_from(length).map_err(|_| EncodeError::TooLarge)?;
    let dimensions = i32::from(length > 0 || first == 0);
    out.put_i32(dimensions);
    out.put_i32(nulls.into());
    out.put_u32(oid);
    if dimensions > 0 {
        out.put_i32(length);
        out.put_i32(first);
    }
    Ok(())
}

/// Quotes an element where it would otherwise be read as something else.
fn put_element(element: &[u8], out: &mut BytesMut) {
    let special = |byte: &u8| matches!(byte, b'{' | b'}' | b',' | b'"' | b'\\' | b' ' | 9..=13);
    let quoted =
        element.is_empty() || element.eq_ignore_ascii_case(b"null") || element.iter().any(special);
    if !quoted {
        return out.put_slice(element);
    }
    out.put_u8(b'"');
    for &byte in element {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}

/// A list array, whatever the width of its offsets.
struct List {
    items: ArrayRef,
    field: arrow::datatypes::FieldRef,
    range: Box<dyn Fn(usize) -> Range<usize> + Send + Sync>,
}

impl List {
    fn new(array: &ArrayRef) -> Result<Self, EncodeError> {
        fn of<O: OffsetSizeTrait>(
            array: &ArrayRef,
            field: &arrow::datatypes::FieldRef,
        ) -> Option<List> {
            let list = array.as_list_opt::<O>()?;
            let offsets = list.offsets().clone();
            let offset = move |row: usize| offsets.get(row).map_or(0, |offset| offset.as_usize());
            Some(List {
                items: list.values().clone(),
                field: field.clone(),
                range: Box::new(move |row| offset(row)..offset(row + 1)),
            })
        }
        let list = match array.data_type() {
            DataType::List(field) => of::<i32>(array, field),
            DataType::LargeList(field) => of::<i64>(array, field),
            DataType::FixedSizeList(field, size) => {
                let size = usize::try_from(*size).unwrap_or_default();
                array.as_fixed_size_list_opt().map(|list| Self {
                    items: list.values().clone(),
                    field: field.clone(),
                    range: Box::new(move |row| row * size..(row + 1) * size),
                })
            }
            _ => None,
        };
        list.ok_or_else(|| unsupported(array, "list"))
    }

    fn items_field(&self) -> &arrow::datatypes::Field {
        &self.field
    }
}
