//! The rows of a result on their way to the client. A batch is asked for when the one before it
//! has been handed on, and the buffer is written out whenever it is full: the source is read
//! only as fast as the client takes the rows.

use std::sync::Arc;

use futures::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use super::backend::{BatchStream, Meter, Stop};
use super::encode::{Columns, Rows};
use super::failure::Failure;
use super::framing::Frames;
use super::reply::Replies;
use super::signals::Signals;
use crate::error::ClientError;
use crate::values::{Format, Rendering};

/// A result that is being read; it can stop between any two rows and go on later.
pub(super) struct Cursor {
    /// The columns, in the order of the batches.
    pub(super) columns: Columns,
    /// One for each column, or none where all are text.
    pub(super) formats: Vec<Format>,
    /// The settings of the session.
    pub(super) rendering: Rendering,
    /// The rest of the result.
    pub(super) batches: BatchStream,
    /// Counts what was put into the connection's buffer.
    pub(super) meter: Arc<Meter>,
    /// When it has taken too long, a client that does not read included.
    pub(super) deadline: Option<Instant>,
    /// The first word of the command tag.
    pub(super) tag: &'static str,
    /// The batch that was begun, and the first of its rows that was not sent.
    pub(super) current: Option<(Rows, usize)>,
}

/// How far sending went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// To the end, with this many rows in this run.
    Finished(u64),
    /// To the most rows that the client wanted; there may be more.
    Suspended,
}

impl Cursor {
    /// Sends rows: at most `most` of them, or all.
    ///
    /// # Errors
    /// What the source or the encoding ran into, or what interrupted it; whoever made the rows
    /// is told. No part of a row is left in the buffer then.
    pub(super) async fn send<R, W>(
        &mut self,
        most: Option<u64>,
        frames: &mut Frames<R>,
        replies: &mut Replies<W>,
        signals: &mut Signals,
    ) -> Result<Progress, Failure>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let sent = self.send_rows(most, frames, replies, signals).await;
        sent.map_err(|stop| {
            self.meter.stop(stop.clone());
            stop.into()
        })
    }

    async fn send_rows<R, W>(
        &mut self,
        most: Option<u64>,
        frames: &mut Frames<R>,
        replies: &mut Replies<W>,
        signals: &mut Signals,
    ) -> Result<Progress, Stop>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut sent = 0;
        loop {
            if self.current.is_none() {
                match signals.attempt(frames, self.batches.next()).await? {
                    Some(batch) => {
                        let rows = self.columns.rows(&batch?, &self.formats, self.rendering)?;
                        self.current = Some((rows, 0));
                    }
                    None => return Ok(Progress::Finished(sent)),
                }
            }
            sent += self.put(most.map(|most| most - sent), replies)?;
            if replies.is_full() {
                signals.attempt(frames, flush(replies, self.deadline)).await??;
            }
            if most == Some(sent) {
                return Ok(Progress::Suspended);
            }
        }
    }

    /// Puts rows of the current batch into the buffer until it is full, and at most `most`.
    fn put<W>(&mut self, most: Option<u64>, replies: &mut Replies<W>) -> Result<u64, ClientError>
    where
        W: AsyncWrite + Unpin,
    {
        let Some((rows, next)) = &mut self.current else { return Ok(0) };
        let (mut count, mut bytes) = (0, 0);
        let mut outcome = Ok(());
        while outcome.is_ok() && *next < rows.count() && most != Some(count) && !replies.is_full() {
            outcome = rows.write(*next, replies.buffer()).map(|size| {
                bytes += size as u64;
                count += 1;
                *next += 1;
            });
        }
        self.meter.add(count, bytes);
        if *next == rows.count() {
            self.current = None;
        }
        outcome.map(|()| count)
    }
}

/// Writes out what there is. What the client has not taken by the deadline waits in the buffer, but
/// no statement waits for it.
async fn flush<W>(replies: &mut Replies<W>, deadline: Option<Instant>) -> Result<(), Stop>
where
    W: AsyncWrite + Unpin,
{
    let flushed = match deadline {
        Some(deadline) => timeout_at(deadline, replies.flush()).await,
        None => Ok(replies.flush().await),
    };
    match flushed {
        Ok(flushed) => Ok(flushed?),
        Err(_) => Err(ClientError::timed_out().into()),
    }
}

/// A command's tag: `SELECT` and `FETCH` tell how many rows there were.
pub(super) fn tag(word: &str, rows: u64) -> String {
    match word {
        "SELECT" | "FETCH" => format!("{word} {rows}"),
        _ => word.to_owned(),
    }
}
