//! The bytes of values as they lie in memory. A slice counts what it shows, not what it shares.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::DataType;

/// The bytes of all columns.
pub fn batch_bytes(batch: &RecordBatch) -> u64 {
    batch.columns().iter().map(array_bytes).fold(0, u64::saturating_add)
}

/// The bytes of one column.
pub fn array_bytes(array: &ArrayRef) -> u64 {
    // Text and numbers, for which this counts what the slice shows; of views and lists, only where
    // their values lie.
    let own = array.to_data().get_slice_memory_size().map_or(u64::MAX, |bytes| bytes as u64);
    let further = match array.data_type() {
        DataType::Utf8View => array.as_string_view().lengths().map(u64::from).sum(),
        DataType::BinaryView => array.as_binary_view().lengths().map(u64::from).sum(),
        DataType::List(_) => elements(array).map_or(u64::MAX, |elements| array_bytes(&elements)),
        _ => return own,
    };
    own.saturating_add(further)
}

/// The elements of all lists.
fn elements(array: &ArrayRef) -> Option<ArrayRef> {
    let list = array.as_list::<i32>();
    let first = usize::try_from(*list.offsets().first()?).ok()?;
    let last = usize::try_from(*list.offsets().last()?).ok()?;
    Some(list.values().slice(first, last.checked_sub(first)?))
}
