//! Exact frames. A frame is a tag, a length that counts itself, and a body of exactly that
//! length; the buffer grows with the bytes that arrive and never with a length that is claimed.

use std::future;
use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::{ClientError, SqlState};

/// How much is read at once.
const CHUNK_BYTES: usize = 8 * 1024;

/// How much a client may send ahead while a statement runs; further bytes wait in its socket.
const READ_AHEAD_BYTES: usize = 64 * 1024;

/// Tag and length.
const HEADER_BYTES: usize = 5;

/// A message as it came.
#[derive(Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) tag: u8,
    pub(super) body: Bytes,
}

/// Why there is no further frame.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// The tag is none of those that are expected.
    #[error("invalid frontend message type {0}")]
    Tag(u8),
    /// Below the length of the length itself, or negative.
    #[error("invalid message length")]
    Length,
    /// Past the limit of its kind.
    #[error("message of {length} bytes is longer than {limit}")]
    TooLong { length: usize, limit: usize },
    /// Past the limit of its kind, and thrown away: the next one can be read. The only one of these
    /// that does not end the connection.
    #[error("a message longer than {limit} was thrown away")]
    Skipped { tag: u8, limit: usize },
    /// The connection ended, perhaps inside a frame.
    #[error("the client closed the connection")]
    Closed,
    /// The connection broke.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl FrameError {
    /// What the client is told, where there is still somebody to tell.
    pub(super) fn for_client(&self) -> Option<ClientError> {
        match self {
            Self::Tag(tag) => Some(unknown_tag(*tag)),
            Self::Length => {
                Some(ClientError::new(SqlState::PROTOCOL_VIOLATION, "invalid message length"))
            }
            Self::TooLong { limit, .. } => Some(
                ClientError::new(SqlState::PROTOCOL_VIOLATION, "invalid message length")
                    .detail(format!("A message of this kind can have at most {limit} bytes.")),
            ),
            Self::Skipped { limit, .. } => Some(too_long(*limit)),
            Self::Closed | Self::Io(_) => None,
        }
    }
}

/// What is thrown away for the sake of the session: as much as a statement may have by any
/// configuration. Who sends more is no client that has only a long statement.
const MOST_SKIPPED_BYTES: usize = 64 << 20;

/// A frame that is thrown away as it comes.
struct Skipped {
    tag: u8,
    limit: usize,
    /// The bytes that are still to come.
    rest: usize,
}

/// Reads frames from a connection.
pub(super) struct Frames<R> {
    source: R,
    buffer: BytesMut,
    skipped: Option<Skipped>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, buffer: BytesMut::new(), skipped: None }
    }

    /// The next frame. `limit` tells how long one with a given tag may be, the length field
    /// included, or that the tag is not expected. May be dropped and called again: nothing that
    /// was read is lost.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub(super) async fn next(
        &mut self,
        limit: impl Fn(u8) -> Option<usize>,
    ) -> Result<Frame, FrameError> {
        loop {
            if let Some(frame) = self.take(&limit)? {
                return Ok(frame);
            }
            self.fill().await?;
        }
    }

    /// A frame, if the buffer holds it whole.
    fn take(&mut self, limit: impl Fn(u8) -> Option<usize>) -> Result<Option<Frame>, FrameError> {
        if let Some(skipped) = self.skipped.take() {
            return self.skip(skipped);
        }
        let Some(&tag) = self.buffer.first() else { return Ok(None) };
        // An unknown tag is refused before anything that follows it is believed.
        let limit = limit(tag).ok_or(FrameError::Tag(tag))?;
        let Some((header, _)) = self.buffer.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let [_, length @ ..] = *header;
        let length = match body_length(i32::from_be_bytes(length), limit) {
            Err(FrameError::TooLong { length, limit }) if is_skipped(tag, length) => {
                return self.skip(Skipped { tag, limit, rest: length + 1 });
            }
            length => length?,
        };
        if self.buffer.len() < HEADER_BYTES + length {
            return Ok(None);
        }
        self.buffer.advance(HEADER_BYTES);
        Ok(Some(Frame { tag, body: self.buffer.split_to(length).freeze() }))
    }

    /// Throws away what is there of a frame.
    fn skip(&mut self, mut skipped: Skipped) -> Result<Option<Frame>, FrameError> {
        let here = skipped.rest.min(self.buffer.len());
        self.buffer.advance(here);
        skipped.rest -= here;
        if skipped.rest == 0 {
            return Err(FrameError::Skipped { tag: skipped.tag, limit: skipped.limit });
        }
        self.skipped = Some(skipped);
        Ok(None)
    }

    async fn fill(&mut self) -> Result<(), FrameError> {
        self.buffer.reserve(CHUNK_BYTES);
        match self.source.read_buf(&mut self.buffer).await? {
            0 => Err(FrameError::Closed),
            _ => Ok(()),
        }
    }

    /// Waits until the client is gone, reading ahead within bounds. Never ready while the client
    /// is there.
    pub(super) async fn gone(&mut self) {
        while self.buffer.len() < READ_AHEAD_BYTES {
            if self.fill().await.is_err() {
                return;
            }
        }
        future::pending().await
    }

    /// Reads and throws away what the client still sends, until it has ended or sent enough.
    pub(super) async fn drain(&mut self) {
        const MOST_BYTES: usize = 1024 * 1024;
        let mut drained = 0;
        while drained < MOST_BYTES {
            self.buffer.clear();
            if self.fill().await.is_err() {
                return;
            }
            drained += self.buffer.len();
        }
    }
}

/// Whether a frame of this length is one with a long statement, or with long parameters.
fn is_skipped(tag: u8, length: usize) -> bool {
    matches!(tag, b'Q' | b'P' | b'B') && length <= MOST_SKIPPED_BYTES
}

/// The length of a body, from a length field that counts itself.
///
/// # Errors
/// Where it is too small to be one, or past the limit.
pub(super) fn body_length(claimed: i32, limit: usize) -> Result<usize, FrameError> {
    let length = usize::try_from(claimed).map_err(|_| FrameError::Length)?;
    let body = length.checked_sub(4).ok_or(FrameError::Length)?;
    if length > limit { Err(FrameError::TooLong { length, limit }) } else { Ok(body) }
}

/// A statement, or its parameters, past the limit of a message.
pub(super) fn too_long(limit: usize) -> ClientError {
    let message = format!("a message with a statement or its parameters has at most {limit} bytes");
    ClientError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message)
        .hint("The administrator sets this bound by limits.max_statement_bytes.")
}

/// A message whose tag means nothing here.
pub(super) fn unknown_tag(tag: u8) -> ClientError {
    let message = format!("invalid frontend message type {tag}");
    ClientError::new(SqlState::PROTOCOL_VIOLATION, message)
}
