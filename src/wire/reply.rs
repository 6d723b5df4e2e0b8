//! What is sent to the client: messages gather in a buffer that is written out when it is full
//! or when the client waits.

use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::BytesMut;
use pgwire::messages::Message;
use pgwire::messages::response::{ErrorResponse, NoticeResponse};
use pgwire::messages::startup::ParameterStatus;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::backend::Taken;
use super::framing::Frames;
use crate::error::ClientError;
use crate::values::MAX_BYTES;

/// How much is gathered before it is written.
pub(super) const BUFFER_BYTES: usize = 64 * 1024;

/// How serious an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// The statement failed.
    Error,
    /// The session ends.
    Fatal,
}

/// The sending side of a connection.
pub(super) struct Replies<W> {
    sink: W,
    buffer: BytesMut,
    /// Taken for large rows in the buffer, and given back when it is written out.
    taken: Vec<Taken>,
    write_timeout: Duration,
}

impl<W: AsyncWrite + Unpin> Replies<W> {
    /// `write_timeout` is how long the client may take no byte of running rows, and how long it may
    /// take over all else that waits.
    pub(super) fn new(sink: W, write_timeout: Duration) -> Self {
        Self { sink, buffer: BytesMut::new(), taken: Vec::new(), write_timeout }
    }

    /// The buffer, for rows.
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Room for so many bytes more. Grown in time it holds them once; grown as they come, twice.
    pub(super) fn reserve(&mut self, bytes: usize, taken: Taken) {
        self.buffer.reserve(bytes.min(MAX_BYTES));
        self.taken.push(taken);
    }

    /// Whether the buffer should be written out before more is put into it.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= BUFFER_BYTES
    }

    /// Appends a message.
    pub(super) fn put(&mut self, message: &impl Message) {
        let start = self.buffer.len();
        if let Err(error) = message.encode(&mut self.buffer) {
            // Only a text past any sane length gets here; better nothing than half a message.
            tracing::error!(%error, "a message could not be encoded");
            self.buffer.truncate(start);
        }
    }

    /// Appends an ErrorResponse.
    pub(super) fn put_error(&mut self, severity: Severity, error: &ClientError) {
        let severity = match severity {
            Severity::Error => "ERROR",
            Severity::Fatal => "FATAL",
        };
        self.put(&ErrorResponse::new(fields(severity, error)));
    }

    /// Appends a NoticeResponse of severity WARNING.
    pub(super) fn put_warning(&mut self, warning: &ClientError) {
        self.put(&NoticeResponse::new(fields("WARNING", warning)));
    }

    /// Appends a ParameterStatus.
    pub(super) fn put_parameter(&mut self, name: &str, value: &str) {
        let (name, value) = (without_nul(name), without_nul(value));
        self.put(&ParameterStatus::new(name.into_owned(), value.into_owned()));
    }

    /// Writes everything out, within the time for a write. May be dropped and called again: what was
    /// not written stays.
    ///
    /// # Errors
    /// Where the connection broke, or the client has not taken all of it in time: what waits is held
    /// for no statement any more.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let whole = self.write_timeout;
        in_time(whole, async {
            while !self.buffer.is_empty() {
                self.write().await?;
            }
            Ok(())
        })
        .await?;
        self.written_out().await
    }

    /// Writes out rows of a statement that has a time of its own: as long as the client takes some
    /// of it. May be dropped and called again.
    ///
    /// # Errors
    /// Where the connection broke, or the client took nothing for too long.
    pub(super) async fn flush_rows(&mut self) -> io::Result<()> {
        while !self.buffer.is_empty() {
            in_time(self.write_timeout, self.write()).await?;
        }
        self.written_out().await
    }

    async fn write(&mut self) -> io::Result<()> {
        match self.sink.write_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok(()),
        }
    }

    async fn written_out(&mut self) -> io::Result<()> {
        if self.buffer.capacity() > 16 * BUFFER_BYTES {
            // One huge row must not hold its room for the rest of the session.
            self.buffer = BytesMut::new();
        }
        self.taken.clear();
        // Under TLS a record may still be on its way out.
        in_time(self.write_timeout, self.sink.flush()).await
    }

    /// Writes everything out and ends the sending side.
    ///
    /// # Errors
    /// As [`Replies::flush`].
    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.flush().await?;
        in_time(self.write_timeout, self.sink.shutdown()).await
    }
}

async fn in_time(limit: Duration, work: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Sends what there is, ends the sending side, and reads what the client still sends: a socket
/// that is closed with unread bytes in it takes the last message away from its reader.
pub(super) async fn hang_up<R, W>(frames: &mut Frames<R>, replies: &mut Replies<W>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    const LINGER: Duration = Duration::from_millis(500);
    if replies.close().await.is_ok() {
        let _ = timeout(LINGER, frames.drain()).await;
    }
}

/// Severity (as shown, and as it is in any language), SQLSTATE, message, then what there is of
/// detail, hint and position.
fn fields(severity: &str, error: &ClientError) -> Vec<(u8, String)> {
    let mut fields = vec![
        (b'S', severity.to_owned()),
        (b'V', severity.to_owned()),
        (b'C', error.sqlstate.code().to_owned()),
        (b'M', without_nul(&error.message).into_owned()),
    ];
    let more = [(b'D', &error.detail), (b'H', &error.hint)];
    for (code, text) in more {
        fields.extend(text.as_ref().map(|text| (code, without_nul(text).into_owned())));
    }
    fields.extend(error.position.map(|position| (b'P', position.to_string())));
    fields
}

/// Text that can stand before a NUL. A NUL within it would end it early, and what follows would
/// be read as further fields.
pub(super) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}
