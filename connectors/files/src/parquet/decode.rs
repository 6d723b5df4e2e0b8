//! From the arrays of Parquet's reader to the gateway's own types.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, ListArray,
    StringViewArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use portcullis_connector_api::SqlType;
use portcullis_connector_api::decode::text;

/// A decoded column, and which of its cells could not be decoded, if there are any.
pub type Decoded = (ArrayRef, Option<BooleanBuffer>);

/// Decodes an array as the reader yields it. Never fails over a cell.
pub fn decode(array: &ArrayRef, sql_type: &SqlType) -> Result<Decoded, ArrowError> {
    match sql_type {
        SqlType::Text | SqlType::Varchar | SqlType::Json | SqlType::Jsonb => {
            match array.data_type() {
                DataType::BinaryView => Ok(texts(array.as_binary_view(), sql_type)),
                _ => cast(array, &sql_type.arrow_type()),
            }
        }
        SqlType::Uuid => Ok((Arc::new(uuids(array.as_fixed_size_binary())), None)),
        SqlType::Array(item) => lists(array, item),
        scalar => cast(array, &scalar.arrow_type()),
    }
}

/// Another representation of the same values; what it cannot hold is bad.
fn cast(array: &ArrayRef, to: &DataType) -> Result<Decoded, ArrowError> {
    if array.data_type() == to {
        return Ok((array.clone(), None));
    }
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let values = cast_with_options(array, to, &options)?;
    let bad = (values.null_count() > array.null_count()).then(|| {
        BooleanBuffer::collect_bool(values.len(), |at| values.is_null(at) && array.is_valid(at))
    });
    Ok((values, bad))
}

/// Bytes as text. PostgreSQL's text is UTF-8 without U+0000, and its json is JSON.
fn texts(array: &BinaryViewArray, sql_type: &SqlType) -> Decoded {
    let json = matches!(sql_type, SqlType::Json | SqlType::Jsonb);
    let good = |value: &str| !value.as_bytes().contains(&0) && (!json || text::is_json(value));
    if let Ok(values) = array.clone().to_string_view()
        && values.iter().flatten().all(good)
    {
        return (Arc::new(values), None);
    }
    // Rare, so it may copy.
    let read = |bytes| str::from_utf8(bytes).ok().filter(|value| good(value));
    let bad = BooleanBuffer::collect_bool(array.len(), |at| {
        array.is_valid(at) && read(array.value(at)).is_none()
    });
    let values: StringViewArray = array.iter().map(|bytes| bytes.and_then(read)).collect();
    (Arc::new(values), Some(bad))
}

fn uuids(array: &FixedSizeBinaryArray) -> StringViewArray {
    let hex = |bytes: &[u8]| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        text::uuid(&digits)
    };
    array.iter().map(|bytes| bytes.and_then(hex)).collect()
}

/// Lists of scalars. One bad item makes the whole cell bad.
fn lists(array: &ArrayRef, item: &SqlType) -> Result<Decoded, ArrowError> {
    let field = Arc::new(item.field("item", true));
    let plain = match array.data_type() {
        DataType::List(_) => array.clone(),
        DataType::LargeList(of) | DataType::FixedSizeList(of, _) => {
            cast(array, &DataType::List(of.clone()))?.0
        }
        other => return Err(ArrowError::CastError(format!("{other} is no list"))),
    };
    let lists = plain.as_list::<i32>();
    let (items, bad_items) = decode(lists.values(), item)?;
    let bad = bad_items.map(|bad_items| {
        let offsets = lists.value_offsets();
        let range = |at: usize| Some((*offsets.get(at)?, *offsets.get(at + 1)?));
        BooleanBuffer::collect_bool(lists.len(), |at| {
            let (start, end) = range(at).unwrap_or_default();
            lists.is_valid(at)
                && (start..end).any(|at| bad_items.value(usize::try_from(at).unwrap_or(0)))
        })
    });
    let nulls =
        NullBuffer::union(lists.nulls(), bad.as_ref().map(|bad| NullBuffer::new(!bad)).as_ref());
    let values = ListArray::try_new(field, lists.offsets().clone(), items, nulls)?;
    Ok((Arc::new(values), bad))
}

/// The marks of a fallible column.
pub fn marks(bad: Option<&BooleanBuffer>, rows: usize) -> ArrayRef {
    let bad = bad.cloned().unwrap_or_else(|| BooleanBuffer::new_unset(rows));
    Arc::new(BooleanArray::new(bad, None))
}
