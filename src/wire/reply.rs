//! What is sent to the client: messages gather in a buffer that is written out when it is full
//! or when the client waits.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use bytes::BytesMut;
use pgwire::messages::Message;
use pgwire::messages::response::{ErrorResponse, NoticeResponse};
use pgwire::messages::startup::ParameterStatus;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::framing::Frames;
use crate::error::ClientError;

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
    write_timeout: Duration,
}

impl<W: AsyncWrite + Unpin> Replies<W> {
    /// `write_timeout` is how long the client may take no byte.
    pub(super) fn new(sink: W, write_timeout: Duration) -> Self {
        Self { sink, buffer: BytesMut::new(), write_timeout }
    }

    /// The buffer, for rows.
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
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

    /// Writes everything out. May be dropped and called again: what was not written stays.
    ///
    /// # Errors
    /// Where the connection broke, or the client took nothing for too long.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while !self.buffer.is_empty() {
            let write = self.sink.write_buf(&mut self.buffer);
            match timeout(self.write_timeout, write).await {
                Ok(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => written?,
                Err(_) => return Err(io::ErrorKind::TimedOut.into()),
            };
        }
        if self.buffer.capacity() > 16 * BUFFER_BYTES {
            // One huge row must not hold its room for the rest of the session.
            self.buffer = BytesMut::new();
        }
        // Under TLS a record may still be on its way out.
        match timeout(self.write_timeout, self.sink.flush()).await {
            Ok(flushed) => flushed,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Writes everything out and ends the sending side.
    ///
    /// # Errors
    /// As [`Replies::flush`].
    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.flush().await?;
        match timeout(self.write_timeout, self.sink.shutdown()).await {
            Ok(ended) => ended,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
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
