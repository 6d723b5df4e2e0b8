//! How large a value may become when it is written: never less than it does, and of what is long not
//! many times more. Room is made for it beforehand.

use arrow::array::{Array, ArrayRef, AsArray as _, OffsetSizeTrait};
use arrow::datatypes::DataType;

use crate::values::{Format, WireType};

/// The longest text of what has a size of its own, such as a number or an interval, and what stands
/// around a value: lengths, quotes, a comma.
const SHORT_BYTES: usize = 128;

/// In an array a byte of text may need an escape before it, and a byte of `bytea` is two digits.
const PER_BYTE: usize = 2;

/// `{1,1}`, which is carried as text, has a value of eight bytes and its length for every two.
const PER_WORD_BYTE: usize = 12;

/// The sizes of a column's values in one format.
pub(super) struct Most {
    array: ArrayRef,
    is_text: bool,
    times: usize,
}

impl Most {
    pub(super) fn of(wire_type: WireType, format: Format, array: &ArrayRef) -> Self {
        let is_text = format == Format::Text;
        let in_words = wire_type.array && !is_text && array.data_type().is_string();
        let times = if in_words { PER_WORD_BYTE } else { 1 };
        Self { array: ArrayRef::clone(array), is_text, times }
    }

    /// At most so many bytes for any value of the column.
    pub(super) fn of_any(&self) -> usize {
        let Self { array, is_text, .. } = self;
        let longest = match array.data_type() {
            DataType::Utf8View => longest_view(array.as_string_view().views()),
            DataType::BinaryView => longest_view(array.as_binary_view().views()),
            DataType::Utf8 => longest(array.as_string::<i32>().value_offsets()),
            DataType::LargeUtf8 => longest(array.as_string::<i64>().value_offsets()),
            DataType::Binary => longest(array.as_binary::<i32>().value_offsets()),
            DataType::LargeBinary => longest(array.as_binary::<i64>().value_offsets()),
            // All of them together, which is more than enough.
            _ => return self.times.saturating_mul(value(array, 0, array.len(), *is_text)),
        };
        let longest = SHORT_BYTES.saturating_add(sized(array, longest, *is_text));
        self.times.saturating_mul(longest)
    }

    /// At most so many bytes for the value of this row.
    pub(super) fn of_row(&self, row: usize) -> usize {
        self.times.saturating_mul(value(&self.array, row, row.saturating_add(1), self.is_text))
    }
}

/// At most so much for the values of these rows.
fn value(array: &ArrayRef, from: usize, to: usize, is_text: bool) -> usize {
    let sizes: usize = match array.data_type() {
        DataType::Utf8View => viewed(array.as_string_view().views(), from, to),
        DataType::BinaryView => viewed(array.as_binary_view().views(), from, to),
        DataType::Utf8 => spanned(array.as_string::<i32>().value_offsets(), from, to),
        DataType::LargeUtf8 => spanned(array.as_string::<i64>().value_offsets(), from, to),
        DataType::Binary => spanned(array.as_binary::<i32>().value_offsets(), from, to),
        DataType::LargeBinary => spanned(array.as_binary::<i64>().value_offsets(), from, to),
        DataType::FixedSizeBinary(size) => index(*size).saturating_mul(to.saturating_sub(from)),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (from, to) = ends(list.value_offsets(), from, to);
            return items(list.values(), from, to, is_text);
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let (from, to) = ends(list.value_offsets(), from, to);
            return items(list.values(), from, to, is_text);
        }
        DataType::FixedSizeList(_, size) => {
            let list = array.as_fixed_size_list();
            let (from, to) = (from.saturating_mul(index(*size)), to.saturating_mul(index(*size)));
            return items(list.values(), from, to.min(list.values().len()), is_text);
        }
        // The names of what an OID stands for are short.
        _ => 0,
    };
    let around = SHORT_BYTES.saturating_mul(to.saturating_sub(from));
    around.saturating_add(sized(array, sizes, is_text))
}

fn sized(array: &ArrayRef, bytes: usize, is_text: bool) -> usize {
    // Text is sent as it is; only within an array is it quoted.
    let plain = !is_text || array.data_type().is_string();
    bytes.saturating_mul(if plain { 1 } else { PER_BYTE })
}

/// The elements of an array, quoted where they are text.
fn items(items: &ArrayRef, from: usize, to: usize, is_text: bool) -> usize {
    let all = SHORT_BYTES.saturating_add(value(items, from, to, is_text));
    if is_text { all.saturating_mul(PER_BYTE) } else { all }
}

/// The length of a view is its first four bytes.
fn viewed(views: &[u128], from: usize, to: usize) -> usize {
    let views = views.get(from..to).unwrap_or_default();
    views.iter().map(|view| *view as u32 as usize).fold(0, usize::saturating_add)
}

fn longest_view(views: &[u128]) -> usize {
    views.iter().map(|view| *view as u32 as usize).max().unwrap_or(0)
}

fn spanned<O: OffsetSizeTrait>(offsets: &[O], from: usize, to: usize) -> usize {
    let (from, to) = ends(offsets, from, to);
    to.saturating_sub(from)
}

fn ends<O: OffsetSizeTrait>(offsets: &[O], from: usize, to: usize) -> (usize, usize) {
    let at = |row: usize| offsets.get(row).map_or(0, |offset| offset.as_usize());
    (at(from), at(to))
}

fn longest<O: OffsetSizeTrait>(offsets: &[O]) -> usize {
    let rows = 0..offsets.len().saturating_sub(1);
    rows.map(|row| spanned(offsets, row, row + 1)).max().unwrap_or(0)
}

fn index(size: i32) -> usize {
    usize::try_from(size).unwrap_or(0)
}
