//! Record batches to DataRow messages. Takes the columns of a result and the formats that the
//! client asked for; gives the description of the rows, then each row as bytes.

use arrow::array::{RecordBatch, new_empty_array};
use arrow::datatypes::{Field, Schema};
use bytes::{BufMut, BytesMut};
use pgwire::messages::data::{FieldDescription, MESSAGE_TYPE_BYTE_DATA_ROW, RowDescription};

use crate::error::{ClientError, SqlState};
use crate::values::{Cells, EncodeError, Format, MAX_BYTES, Rendering, WireType, set_length};
use crate::wire::reply::without_nul;

/// What stands around the values of a row, in the largest of the forms that it is sent in.
const FRAME_BYTES: usize = 64;

/// PostgreSQL's limit of columns in a result.
const MAX_COLUMNS: usize = 1664;

/// The columns of a result, each of a type that can be sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Columns(Vec<Column>);

#[derive(Clone, Debug, PartialEq)]
struct Column {
    name: String,
    wire_type: WireType,
}

impl Columns {
    /// Finds the types of all columns.
    ///
    /// # Errors
    /// 0A000 for a column of a type that has no counterpart in PostgreSQL, 54011 for too many.
    pub(super) fn of(schema: &Schema) -> Result<Self, ClientError> {
        if schema.fields().len() > MAX_COLUMNS {
            return Err(ClientError::new(
                SqlState::TOO_MANY_COLUMNS,
                format!("a result can have at most {MAX_COLUMNS} columns"),
            ));
        }
        schema.fields().iter().map(|field| Column::of(field)).collect::<Result<_, _>>().map(Self)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|column| column.name.as_str())
    }

    /// Whether the types are the same, whatever the names.
    pub(super) fn same_types(&self, other: &Self) -> bool {
        let types =
            |columns: &Self| columns.0.iter().map(|c| c.wire_type.oid()).collect::<Vec<_>>();
        types(self) == types(other)
    }

    /// The RowDescription. `formats` holds one for each column, or is empty where they are not
    /// known yet.
    pub(super) fn description(&self, formats: &[Format]) -> RowDescription {
        let format = |at: usize| formats.get(at).copied().unwrap_or_default().code();
        let fields = self.0.iter().enumerate().map(|(at, column)| {
            let wire_type = column.wire_type;
            let (oid, size) = (wire_type.oid(), wire_type.size());
            let name = without_nul(&column.name).into_owned();
            FieldDescription::new(name, 0, 0, oid, size, wire_type.modifier, format(at))
        });
        RowDescription::new(fields.collect())
    }

    /// Makes a batch ready to be written row by row.
    ///
    /// # Errors
    /// XX000 where the batch is not of these columns.
    pub(super) fn rows(
        &self,
        batch: &RecordBatch,
        formats: &[Format],
        rendering: Rendering,
    ) -> Result<Rows, ClientError> {
        if batch.num_columns() != self.0.len() {
            let found = format!("{} columns, expected {}", batch.num_columns(), self.0.len());
            return Err(EncodeError::Unsupported(found).into());
        }
        let columns =
            self.0.iter().zip(batch.columns()).enumerate().map(|(at, (column, array))| {
                let format = formats.get(at).copied().unwrap_or_default();
                Cells::new(column.wire_type, format, array, rendering)
            });
        let columns: Vec<Cells> = columns.collect::<Result<_, _>>()?;
        let most = columns.iter().map(Cells::most_of_any).fold(FRAME_BYTES, usize::saturating_add);
        Ok(Rows { count: batch.num_rows(), columns, most })
    }
}

impl Column {
    fn of(field: &Field) -> Result<Self, ClientError> {
        let unsupported = || {
            ClientError::new(
                SqlState::FEATURE_NOT_SUPPORTED,
                format!("column \"{}\" has a type that cannot be sent", field.name()),
            )
            .hint("Cast it to a type of PostgreSQL, such as text.")
            .internal(format_args!("{} {:?}", field.data_type(), field.metadata()))
        };
        let wire_type = WireType::of(field).ok_or_else(unsupported)?;
        // Whether the Arrow type can carry it is seen by asking for the writers of no rows.
        let none = new_empty_array(field.data_type());
        let rendering = Rendering { time_zone: chrono_tz::UTC };
        for format in [Format::Text, Format::Binary] {
            Cells::new(wire_type, format, &none, rendering).map_err(|_| unsupported())?;
        }
        Ok(Self { name: field.name().clone(), wire_type })
    }
}

/// A batch, ready to be written. Owns its arrays.
pub(super) struct Rows {
    count: usize,
    columns: Vec<Cells>,
    /// At most so many bytes for a row.
    most: usize,
}

impl Rows {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What writes their values, column by column.
    pub(super) fn columns(&self) -> &[Cells] {
        &self.columns
    }

    /// How many bytes a row may become, where that is more than this.
    pub(super) fn large(&self, row: usize, more_than: usize) -> Option<usize> {
        if self.most <= more_than {
            return None;
        }
        let each = self.columns.iter().map(|column| column.most_of(row));
        let most = each.fold(FRAME_BYTES, usize::saturating_add);
        (most > more_than).then_some(most)
    }

    /// Appends the DataRow message of one row. Gives its size in bytes.
    ///
    /// # Errors
    /// 22003 or 22008 for a value outside PostgreSQL's range, 54000 for a row that is too large.
    /// Nothing is appended then.
    pub(super) fn write(&self, row: usize, out: &mut BytesMut) -> Result<usize, ClientError> {
        let start = out.len();
        let written = self.try_write(row, out).inspect_err(|_| out.truncate(start));
        Ok(written.map(|()| out.len() - start)?)
    }

    fn try_write(&self, row: usize, out: &mut BytesMut) -> Result<(), EncodeError> {
        out.put_u8(MESSAGE_TYPE_BYTE_DATA_ROW);
        let at = out.len();
        out.put_i32(0);
        out.put_i16(self.columns.len() as i16);
        for column in &self.columns {
            column.write(row, out)?;
            if out.len() - at > MAX_BYTES {
                return Err(EncodeError::TooLarge);
            }
        }
        set_length(out, at, out.len() - at);
        Ok(())
    }
}
