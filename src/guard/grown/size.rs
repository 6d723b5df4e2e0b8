//! How much a call would make: never less than it does make, and not much more.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::ColumnarValue;

use super::bytes::array_bytes;
use crate::guard::calls::{CHARACTERS, SIMILAR};
use crate::guard::texts::TextCast;

/// The most bytes of one character in UTF-8.
const CHARACTER_BYTES: u64 = 4;

/// The most bytes of a number, a time or a truth value as text.
const SCALAR_TEXT_BYTES: u64 = 64;

/// The most bytes that one letter of a pattern stands for: `D` in a pattern of dates is one, `Month`
/// has five letters and up to nine.
const SHAPE_BYTES: u64 = 8;

/// How the size of a result follows from the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Growth {
    /// All arguments, one after the other.
    Sum,
    /// All arguments after the first, with the first between them.
    Joined,
    /// Twice the first, as hexadecimal digits.
    Doubled,
    /// The first, as often as the second says.
    Repeated,
    /// As many characters as the second says.
    Padded,
    /// The first, with the third in place of each occurrence of the second.
    Replaced,
    /// The first, with the third in place of each match of the second. The third may name parts of
    /// what matched.
    Substituted,
    /// The first, as often as the second has parentheses.
    Caught,
    /// The elements of the first as text, with the second between them.
    Listed,
    /// The elements of the first, with the third in place of some.
    Exchanged,
    /// The first, with the others where it says so, perhaps in quotes.
    Formatted,
    /// The text of a value: of a list with quotes around what is in it.
    Texted,
    /// All arguments, with escapes for some of their letters.
    Respelled,
    /// As the second shows it, each of whose characters stands for a few.
    Shaped,
}

impl Growth {
    /// That of the function of this name; none where its results are not larger than what it is
    /// given, give or take a small factor that nesting cannot raise.
    pub fn of(function: &str) -> Option<Self> {
        Some(match function {
            "concat" | "overlay" | "make_array" | "array_append" | "array_prepend"
            | "array_concat" | "array_cat" => Self::Sum,
            "concat_ws" => Self::Joined,
            "encode" => Self::Doubled,
            "repeat" => Self::Repeated,
            "lpad" | "rpad" | CHARACTERS => Self::Padded,
            "replace" => Self::Replaced,
            "regexp_replace" => Self::Substituted,
            "regexp_match" => Self::Caught,
            "array_to_string" => Self::Listed,
            "array_replace" => Self::Exchanged,
            "to_char" => Self::Shaped,
            "format" => Self::Formatted,
            "json_build_object" | "like_escape" | "quote_ident" | "quote_literal"
            | "quote_nullable" | SIMILAR => Self::Respelled,
            TextCast::WRITES => Self::Texted,
            _ => return None,
        })
    }

    /// The most bytes that a call would make of `rows` rows.
    pub fn bytes(self, arguments: &[ColumnarValue], rows: usize) -> Result<u64> {
        let total = |arguments: &[ColumnarValue]| {
            let sizes = arguments.iter().map(|argument| size(argument, rows));
            sizes.sum::<Result<Bytes>>().map(|Bytes(bytes)| bytes)
        };
        match (self, arguments) {
            (Self::Joined, [between, joined @ ..]) => {
                let gaps = (joined.len() as u64).saturating_sub(1);
                let between = size(between, rows)?.0.saturating_mul(gaps);
                Ok(total(joined)?.saturating_add(between))
            }
            (Self::Doubled, [bytes, ..]) => Ok(size(bytes, rows)?.0.saturating_mul(2)),
            (Self::Repeated, [text, count, ..]) => {
                let (texts, counts) = (texts(text, rows)?, counts(count, rows)?);
                each(rows, |row| lengths(&texts, row).saturating_mul(number(&counts, row)))
            }
            (Self::Padded, [_, count, ..]) => {
                let counts = counts(count, rows)?;
                each(rows, |row| number(&counts, row).saturating_mul(CHARACTER_BYTES))
            }
            (Self::Replaced, [text, from, to, ..]) => {
                let texts = [texts(text, rows)?, texts(from, rows)?, texts(to, rows)?];
                let [text, from, to] = &texts;
                each(rows, |row| {
                    let text = lengths(text, row);
                    let most = text / lengths(from, row).max(1) + 1;
                    text.saturating_add(most.saturating_mul(lengths(to, row)))
                })
            }
            (Self::Substituted, [text, _, to, ..]) => {
                let (texts, substitutes) = (texts(text, rows)?, texts(to, rows)?);
                each(rows, |row| {
                    let text = lengths(&texts, row);
                    let parts = parts(&substitutes, row).saturating_add(1);
                    let written = text.saturating_add(1).saturating_mul(lengths(&substitutes, row));
                    text.saturating_mul(parts).saturating_add(written)
                })
            }
            (Self::Caught, [subject, pattern, ..]) => {
                let (texts, patterns) = (texts(subject, rows)?, texts(pattern, rows)?);
                let groups = |row| {
                    let open = |text: &str| text.bytes().filter(|byte| *byte == b'(').count();
                    text(&patterns, row).map_or(0, open) as u64
                };
                each(rows, |row| lengths(&texts, row).saturating_mul(groups(row).saturating_add(1)))
            }
            (Self::Listed, [list, between, ..]) => {
                let elements = elements(list, rows)?;
                let longest = longest(between, rows)?.saturating_add(SCALAR_TEXT_BYTES);
                Ok(size(list, rows)?.0.saturating_add(elements.saturating_mul(longest)))
            }
            (Self::Exchanged, [list, _, to, ..]) => {
                let elements = elements(list, rows)?;
                Ok(size(list, rows)?.0.saturating_add(elements.saturating_mul(longest(to, rows)?)))
            }
            (Self::Formatted, [pattern, others @ ..]) => {
                let places = longest_by(pattern, rows, |text| {
                    text.bytes().filter(|byte| *byte == b'%').count()
                })?;
                let others = total(others)?.saturating_mul(2);
                Ok(size(pattern, rows)?.0.saturating_add(others.saturating_mul(places)))
            }
            (Self::Texted, [value]) => {
                let bytes = size(value, rows)?.0.saturating_mul(2);
                let values = elements(value, rows)?.saturating_add(rows as u64);
                Ok(bytes.saturating_add(values.saturating_mul(SCALAR_TEXT_BYTES)))
            }
            (Self::Respelled, arguments) => {
                let sizes = arguments.iter().map(|argument| respelled(argument, rows));
                sizes.sum::<Result<Bytes>>().map(|Bytes(bytes)| bytes)
            }
            (Self::Shaped, [_, pattern, ..]) => {
                let letters = size(pattern, rows)?.0;
                Ok(letters.saturating_mul(SHAPE_BYTES).saturating_add(rows as u64))
            }
            _ => total(arguments),
        }
    }
}

fn each(rows: usize, bytes: impl Fn(usize) -> u64) -> Result<u64> {
    Ok((0..rows).map(bytes).fold(0, u64::saturating_add))
}

/// A count that stays at the top instead of beginning again.
struct Bytes(u64);

impl std::iter::Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        Self(sizes.fold(0, |sum, Self(size)| sum.saturating_add(size)))
    }
}

/// The bytes of all values, a constant once for each row.
fn size(value: &ColumnarValue, rows: usize) -> Result<Bytes> {
    Ok(Bytes(match value {
        ColumnarValue::Scalar(scalar) => scalar_size(scalar)?.saturating_mul(rows as u64),
        ColumnarValue::Array(array) => array_bytes(array),
    }))
}

/// The bytes of all values, with what an escape adds to a letter and quotes or their like to a text.
fn respelled(value: &ColumnarValue, rows: usize) -> Result<Bytes> {
    const AROUND: u64 = 16;
    if !value.data_type().is_string() {
        let bytes = size(value, rows)?.0.saturating_mul(2);
        return Ok(Bytes(bytes.saturating_add(SCALAR_TEXT_BYTES.saturating_mul(rows as u64))));
    }
    let spelled = |letter: u8| match letter {
        0..b' ' => 6,
        b'(' => 3,
        b'"' | b'\'' | b'\\' | b'%' | b'.' | b'^' | b'$' => 2,
        _ => 1_u64,
    };
    let texts = texts(value, rows)?;
    each(rows, |row| {
        let bytes: u64 = text(&texts, row).map_or(0, |text| text.bytes().map(spelled).sum());
        bytes.saturating_add(AROUND)
    })
    .map(Bytes)
}

fn scalar_size(scalar: &ScalarValue) -> Result<u64> {
    Ok(match scalar {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.as_ref().map_or(0, String::len) as u64
        }
        ScalarValue::Binary(bytes)
        | ScalarValue::LargeBinary(bytes)
        | ScalarValue::BinaryView(bytes) => bytes.as_ref().map_or(0, Vec::len) as u64,
        other => array_bytes(&other.to_array()?),
    })
}

/// The number of elements of all lists.
fn elements(value: &ColumnarValue, rows: usize) -> Result<u64> {
    let array = value.to_array(if matches!(value, ColumnarValue::Scalar(_)) { 1 } else { rows })?;
    let of_one = match array.data_type() {
        DataType::List(_) => {
            let offsets = array.as_list::<i32>().offsets();
            let (first, last) = (offsets.first(), offsets.last());
            last.zip(first).map_or(0, |(last, first)| last.saturating_sub(*first))
        }
        _ => 0,
    };
    let times = if matches!(value, ColumnarValue::Scalar(_)) { rows as u64 } else { 1 };
    Ok(u64::try_from(of_one).unwrap_or(0).saturating_mul(times))
}

/// The bytes of the longest text; those of all values where they are no text.
fn longest(value: &ColumnarValue, rows: usize) -> Result<u64> {
    let ColumnarValue::Array(array) = value else { return size(value, 1).map(|Bytes(size)| size) };
    match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let texts = texts(value, rows)?;
            Ok(texts.lengths().max().map_or(0, u64::from))
        }
        _ => Ok(array_bytes(array)),
    }
}

/// The most that is counted in any text.
fn longest_by(value: &ColumnarValue, rows: usize, count: fn(&str) -> usize) -> Result<u64> {
    let texts = texts(value, rows)?;
    Ok(texts.iter().flatten().map(count).max().unwrap_or(0) as u64)
}

fn texts(value: &ColumnarValue, rows: usize) -> Result<StringViewArray> {
    let array = value.to_array(if matches!(value, ColumnarValue::Scalar(_)) { 1 } else { rows })?;
    Ok(cast(&array, &DataType::Utf8View)?.as_string_view().clone())
}

fn counts(value: &ColumnarValue, rows: usize) -> Result<ArrayRef> {
    let array = value.to_array(if matches!(value, ColumnarValue::Scalar(_)) { 1 } else { rows })?;
    Ok(cast(&array, &DataType::Int64)?)
}

/// The length of a row's text; a constant has one row that stands for all.
fn lengths(texts: &StringViewArray, row: usize) -> u64 {
    text(texts, row).map_or(0, str::len) as u64
}

/// How often a row's text could name a part of a match.
fn parts(texts: &StringViewArray, row: usize) -> u64 {
    let names =
        |text: &str| text.bytes().filter(|byte| matches!(byte, b'\\' | b'$' | b'&')).count();
    text(texts, row).map_or(0, names) as u64
}

fn text(texts: &StringViewArray, row: usize) -> Option<&str> {
    let row = if texts.len() == 1 { 0 } else { row };
    (row < texts.len() && texts.is_valid(row)).then(|| texts.value(row))
}

fn number(counts: &ArrayRef, row: usize) -> u64 {
    let counts = counts.as_primitive::<Int64Type>();
    let row = if counts.len() == 1 { 0 } else { row };
    let count = if row < counts.len() && counts.is_valid(row) { counts.value(row) } else { 0 };
    u64::try_from(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Int64Array, StringArray};

    use super::*;

    fn constant(text: &str) -> ColumnarValue {
        ColumnarValue::Scalar(ScalarValue::from(text))
    }

    fn column(texts: &[&str]) -> ColumnarValue {
        ColumnarValue::Array(Arc::new(StringArray::from(texts.to_vec())))
    }

    fn numbers(numbers: &[i64]) -> ColumnarValue {
        ColumnarValue::Array(Arc::new(Int64Array::from(numbers.to_vec())))
    }

    fn bytes(function: &str, arguments: &[ColumnarValue], rows: usize) -> u64 {
        Growth::of(function).unwrap().bytes(arguments, rows).unwrap()
    }

    #[test]
    fn a_constant_counts_once_for_each_row() {
        let text = "x".repeat(1000);
        assert_eq!(bytes("concat", &[constant(&text), constant("abc")], 2), 2006);
        assert_eq!(bytes("concat_ws", &[constant("--"), constant("a"), constant("b")], 2), 8);
        // A column has its offsets beside its text.
        let joined = bytes("concat", &[column(&["a", "bcd"]), constant("xyz")], 2);
        assert!((10..100).contains(&joined), "{joined}");
    }

    #[test]
    fn each_row_is_counted_by_itself() {
        assert_eq!(bytes("repeat", &[column(&["ab", "c"]), numbers(&[3, 5])], 2), 11);
        assert_eq!(bytes("repeat", &[constant("ab"), numbers(&[3, -1])], 2), 6);
        assert_eq!(bytes("lpad", &[column(&["ab", "c"]), numbers(&[3, 5])], 2), 32);
    }

    #[test]
    fn what_is_replaced_is_bounded_from_above() {
        let replaced = [column(&["aaaa"]), constant("a"), constant("xyz")];
        assert!(bytes("replace", &replaced, 1) >= 12);
        let doubled = [column(&["aaaa"]), constant("."), constant(r"\0\0"), constant("g")];
        assert!(bytes("regexp_replace", &doubled, 1) >= 8);
    }

    #[test]
    fn escapes_are_counted() {
        let text = constant(r"\\\\");
        assert!(bytes("like_escape", &[text.clone(), constant("")], 3) >= 24);
        assert!(bytes("quote_literal", &[text], 1) >= 11);
        assert!(bytes("similar_to_escape", &[constant("((((")], 1) >= 18);
        assert!(bytes("json_build_object", &[constant("a"), constant("\u{1}")], 1) >= 16);
    }

    #[test]
    fn no_count_begins_again_at_nought() {
        let most = [constant(&"x".repeat(1 << 20)), numbers(&[i64::MAX; 3])];
        assert_eq!(bytes("repeat", &most, 3), u64::MAX);
    }
}
