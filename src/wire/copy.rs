//! `COPY … TO STDOUT`: the rows of a query as data of a file, streamed as rows are.

use bytes::{BufMut, Bytes, BytesMut};
use datafusion::common::ScalarValue;
use pgwire::messages::copy::{CopyData, CopyDone, CopyOutResponse, MESSAGE_TYPE_BYTE_COPY_DATA};
use tokio::io::{AsyncRead, AsyncWrite};

use super::backend::{Conversation, StatementKind, Stop};
use super::connection::{Connection, Outcome};
use super::encode::{Columns, Rows};
use super::failure::Failure;
use super::rows::Progress;
use crate::error::{ClientError, SqlState};
use crate::values::{CopyFormat, CopyLines, EncodeError, Forced, Format, MAX_BYTES, set_length};

/// What the binary format begins with: its signature, no flags, no extension.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What the binary format ends with, where the number of a row's columns would stand.
const TRAILER: &[u8] = &[0xff, 0xff];

/// A value of more bytes does not keep its room.
const ROOM_BYTES: usize = 1 << 20;

/// Writes rows as data.
pub(super) struct CopyOut {
    format: CopyFormat,
    /// For each column, whether it is always quoted.
    forced: Vec<bool>,
    /// Whether the binary format's beginning was written.
    begun: bool,
    /// For one value.
    room: BytesMut,
}

impl CopyOut {
    /// # Errors
    /// 42703 where a column that is to be quoted is none of these, 42701 where it is named twice.
    fn new(format: CopyFormat, columns: &Columns) -> Result<Self, ClientError> {
        let forced = match &format {
            CopyFormat::Lines(CopyLines { csv: Some(quoting), .. }) => match &quoting.forced {
                Forced::All => vec![true; columns.len()],
                Forced::Columns(names) => forced(names, columns)?,
            },
            _ => vec![false; columns.len()],
        };
        Ok(Self { format, forced, begun: false, room: BytesMut::new() })
    }

    /// How many times as large a row may become as its values are: a byte may need another before it,
    /// and each value is written apart before that.
    pub(super) fn times(&self) -> usize {
        if self.is_binary() { 1 } else { 3 }
    }

    fn is_binary(&self) -> bool {
        self.format == CopyFormat::Binary
    }

    fn response(&self) -> CopyOutResponse {
        let code = if self.is_binary() { Format::Binary } else { Format::Text }.code();
        let count = self.forced.len();
        CopyOutResponse::new(code as i8, count as i16, vec![code; count])
    }

    /// The line that names the columns.
    fn header(&self, columns: &Columns) -> Option<CopyData> {
        let CopyFormat::Lines(lines) = &self.format else { return None };
        if !lines.header {
            return None;
        }
        let mut line = BytesMut::new();
        for (at, name) in columns.names().enumerate() {
            if at > 0 {
                line.put_u8(lines.delimiter);
            }
            lines.put(name.as_bytes(), false, columns.len() == 1, &mut line);
        }
        line.put_u8(b'\n');
        Some(CopyData::new(line.freeze()))
    }

    fn trailer(&self) -> Option<CopyData> {
        let data = match self.begun {
            true => Bytes::from_static(TRAILER),
            false => [SIGNATURE, TRAILER].concat().into(),
        };
        self.is_binary().then(|| CopyData::new(data))
    }

    /// Appends the CopyData message of one row. Gives its size in bytes.
    ///
    /// # Errors
    /// As [`Rows::write`]. Nothing is appended then.
    pub(super) fn write(
        &mut self,
        rows: &Rows,
        row: usize,
        out: &mut BytesMut,
    ) -> Result<usize, ClientError> {
        let start = out.len();
        let written = self.try_write(rows, row, out).inspect_err(|_| out.truncate(start));
        Ok(written.map(|()| out.len() - start)?)
    }

    fn try_write(
        &mut self,
        rows: &Rows,
        row: usize,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        out.put_u8(MESSAGE_TYPE_BYTE_COPY_DATA);
        let at = out.len();
        out.put_i32(0);
        match &self.format {
            CopyFormat::Binary => {
                if !self.begun {
                    out.put_slice(SIGNATURE);
                }
                out.put_i16(self.forced.len() as i16);
                for cells in rows.columns() {
                    cells.write(row, out)?;
                    bounded(out.len() - at)?;
                }
            }
            CopyFormat::Lines(lines) => {
                for (column, (cells, forced)) in rows.columns().iter().zip(&self.forced).enumerate()
                {
                    if column > 0 {
                        out.put_u8(lines.delimiter);
                    }
                    self.room.clear();
                    cells.write(row, &mut self.room)?;
                    match self.room.split_first_chunk() {
                        Some((length, value)) if i32::from_be_bytes(*length) >= 0 => {
                            lines.put(value, *forced, self.forced.len() == 1, out);
                        }
                        _ => out.put_slice(lines.null.as_bytes()),
                    }
                    bounded(out.len() - at)?;
                }
                out.put_u8(b'\n');
            }
        }
        if self.room.capacity() > ROOM_BYTES {
            self.room = BytesMut::new();
        }
        set_length(out, at, out.len() - at);
        self.begun = true;
        Ok(())
    }
}

fn forced(names: &[String], columns: &Columns) -> Result<Vec<bool>, ClientError> {
    for (at, name) in names.iter().enumerate() {
        if !columns.names().any(|column| column == name) {
            let message = format!("column \"{name}\" does not exist");
            return Err(ClientError::new(SqlState::UNDEFINED_COLUMN, message));
        }
        if names.iter().take(at).any(|before| before == name) {
            let message = format!("column \"{name}\" specified more than once");
            return Err(ClientError::new(SqlState::DUPLICATE_COLUMN, message));
        }
    }
    Ok(columns.names().map(|column| names.iter().any(|name| name == column)).collect())
}

fn bounded(size: usize) -> Result<(), EncodeError> {
    if size > MAX_BYTES { Err(EncodeError::TooLarge) } else { Ok(()) }
}

impl<C, R, W> Connection<C, R, W>
where
    C: Conversation,
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Runs a query, and sends its rows as data.
    pub(super) async fn copy_out(
        &mut self,
        statement: &C::Statement,
        kind: StatementKind,
        parameters: Vec<ScalarValue>,
        format: CopyFormat,
    ) -> Result<Outcome, Failure> {
        let mut cursor = match self.ask(statement, kind, parameters, Vec::new()).await? {
            Outcome::Rows(cursor) => cursor,
            other => return Ok(other),
        };
        let copy = CopyOut::new(format, &cursor.columns)
            .inspect_err(|error| cursor.meter.stop(Stop::Failed(error.clone())))?;
        if copy.is_binary() {
            cursor.formats = vec![Format::Binary; cursor.columns.len()];
        }
        self.replies.put(&copy.response());
        if let Some(header) = copy.header(&cursor.columns) {
            self.replies.put(&header);
        }
        cursor.copy = Some(copy);
        let (frames, signals) = (&mut self.frames, &mut self.signals);
        let count = match cursor.send(None, frames, &mut self.replies, signals).await? {
            Progress::Finished(count) => count,
            Progress::Suspended => cursor.position,
        };
        if let Some(trailer) = cursor.copy.as_ref().and_then(CopyOut::trailer) {
            self.replies.put(&trailer);
        }
        self.replies.put(&CopyDone::new());
        Ok(Outcome::Done(format!("COPY {count}")))
    }
}
