//! Arrow arrays to values: takes a column with its type, gives what writes each of its cells.

mod array;
mod binary;
mod cells;
mod datetime;
mod error;
mod float;
mod interval;
mod most;
mod numeric;
mod text;
mod words;

use arrow::array::{Array, ArrayRef};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field};
use bytes::{BufMut, BytesMut};

use crate::error::ClientError;
use crate::values::{Format, Rendering, WireType};

use cells::Writer;
pub(crate) use error::EncodeError;
use most::Most;

/// A message carries its length in 31 bits; PostgreSQL stops at 1 GB, and so do we.
pub(crate) const MAX_BYTES: usize = 0x3fff_ffff;

/// One column of a batch, in one format. Owns its array.
pub(crate) struct Cells {
    nulls: Option<NullBuffer>,
    write: Writer,
    most: Most,
}

impl Cells {
    /// Makes a column ready to be written.
    ///
    /// # Errors
    /// Where the array is none of those that carry the type.
    pub(crate) fn new(
        wire_type: WireType,
        format: Format,
        array: &ArrayRef,
        rendering: Rendering,
    ) -> Result<Self, EncodeError> {
        let array = match array.data_type() {
            DataType::Dictionary(_, values) => &arrow::compute::cast(array, values)
                .map_err(|error| EncodeError::Unsupported(error.to_string()))?,
            _ => array,
        };
        let write = match (wire_type.array, format) {
            _ if array.data_type().is_null() => cells::never(),
            (false, Format::Text) => text::writer(wire_type.base, array, rendering)?,
            (false, Format::Binary) => binary::writer(wire_type.base, array)?,
            (true, Format::Text) => array::text_writer(wire_type, array, rendering)?,
            (true, Format::Binary) => array::binary_writer(wire_type, array, rendering)?,
        };
        let most = Most::of(wire_type, format, array);
        Ok(Self { nulls: array.logical_nulls(), write, most })
    }

    /// [`Cells::write`] appends at most so many bytes, whatever the row.
    pub(crate) fn most_of_any(&self) -> usize {
        self.most.of_any()
    }

    /// It appends at most so many for this row.
    pub(crate) fn most_of(&self, row: usize) -> usize {
        self.most.of_row(row)
    }

    fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Appends the length, then the value; -1 for NULL.
    ///
    /// # Errors
    /// Where PostgreSQL's type has no such value, or it is too large.
    pub(crate) fn write(&self, row: usize, out: &mut BytesMut) -> Result<(), EncodeError> {
        if self.is_null(row) {
            out.put_i32(-1);
            return Ok(());
        }
        let at = out.len();
        out.put_i32(0);
        (self.write)(row, out)?;
        let length = out.len() - at - 4;
        // Room was made for so much.
        debug_assert!(length <= self.most_of(row) && self.most_of(row) <= self.most_of_any());
        if length > MAX_BYTES {
            return Err(EncodeError::TooLarge);
        }
        set_length(out, at, length);
        Ok(())
    }
}

/// Writes a length, at most [`MAX_BYTES`], over the four bytes at `at`.
pub(crate) fn set_length(out: &mut BytesMut, at: usize, length: usize) {
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&(length as u32).to_be_bytes());
    }
}

/// One column of a batch, as text.
pub(crate) struct Texts {
    cells: Cells,
    room: BytesMut,
}

impl Texts {
    /// Makes a column of this field's type ready.
    ///
    /// # Errors
    /// 0A000 where PostgreSQL has nothing like the type.
    pub(crate) fn of(
        field: &Field,
        array: &ArrayRef,
        rendering: Rendering,
    ) -> Result<Self, ClientError> {
        let wire_type = WireType::of(field).ok_or_else(|| {
            ClientError::new(
                crate::error::SqlState::FEATURE_NOT_SUPPORTED,
                "a value of this type has no text",
            )
            .internal(field.data_type())
        })?;
        let cells = Cells::new(wire_type, Format::Text, array, rendering)?;
        Ok(Self { cells, room: BytesMut::new() })
    }

    /// The text of a row's value; `None` where it is NULL.
    ///
    /// # Errors
    /// 22008 for a value outside of PostgreSQL's range.
    pub(crate) fn at(&mut self, row: usize) -> Result<Option<&str>, ClientError> {
        if self.cells.is_null(row) {
            return Ok(None);
        }
        self.room.clear();
        (self.cells.write)(row, &mut self.room)?;
        let text = std::str::from_utf8(&self.room)
            .map_err(|error| EncodeError::Unsupported(error.to_string()))?;
        Ok(Some(text))
    }
}
