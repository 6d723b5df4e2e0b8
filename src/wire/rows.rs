//! The rows of a result on their way to the client. A batch is asked for when the one before it
//! has been handed on, and the buffer is written out whenever it is full: the source is read
//! only as fast as the client takes the rows.

use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::{StreamExt, stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use super::backend::{BatchStream, Meter, Stop};
use super::copy::CopyOut;
use super::encode::{Columns, Rows};
use super::failure::Failure;
use super::framing::Frames;
use super::reply::{BUFFER_BYTES, Replies};
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
    /// The batch that was begun.
    pub(super) current: Option<Current>,
    /// Where the rows are sent as data.
    pub(super) copy: Option<CopyOut>,
    /// How many rows were sent, or gone past.
    pub(super) position: u64,
    /// Whether the end was come to.
    pub(super) ended: bool,
}

/// A batch that was begun.
pub(super) struct Current {
    batch: RecordBatch,
    /// The same, ready to be written in the formats that are asked for.
    rows: Option<Rows>,
    /// The first row that was not sent.
    next: usize,
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
    /// Sends what follows in these formats, and by these settings.
    pub(super) fn render(&mut self, formats: Vec<Format>, rendering: Rendering) {
        if (&self.formats, self.rendering) == (&formats, rendering) {
            return;
        }
        (self.formats, self.rendering) = (formats, rendering);
        if let Some(current) = &mut self.current {
            current.rows = None;
        }
    }

    /// Goes past rows without sending them: at most `most`, or all. Gives how many there were.
    ///
    /// # Errors
    /// As [`Cursor::send`].
    pub(super) async fn pass<R>(
        &mut self,
        most: Option<u64>,
        frames: &mut Frames<R>,
        signals: &mut Signals,
    ) -> Result<u64, Failure>
    where
        R: AsyncRead + Unpin,
    {
        let mut passed = 0;
        while most != Some(passed) {
            match self.read(frames, signals).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(stop) => {
                    self.meter.stop(stop.clone());
                    return Err(stop.into());
                }
            }
            let Some(current) = &mut self.current else { continue };
            let there = current.batch.num_rows() - current.next;
            let wanted = most.map_or(u64::MAX, |most| most - passed);
            let step = usize::try_from(wanted).map_or(there, |wanted| wanted.min(there));
            current.next += step;
            passed += step as u64;
            self.position += step as u64;
        }
        Ok(passed)
    }

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
            if !self.read(frames, signals).await? {
                return Ok(Progress::Finished(sent));
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

    /// Whether it has taken too long.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        !self.ended && self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Sees to it that there is a current batch with rows that were not sent. False at the end.
    async fn read<R>(&mut self, frames: &mut Frames<R>, signals: &mut Signals) -> Result<bool, Stop>
    where
        R: AsyncRead + Unpin,
    {
        // Rows that are ready are none to be had when the time is over.
        if self.is_over(Instant::now()) {
            return Err(ClientError::timed_out().into());
        }
        loop {
            match &self.current {
                Some(current) if current.next < current.batch.num_rows() => return Ok(true),
                _ => self.current = None,
            }
            if self.ended {
                return Ok(false);
            }
            match signals.attempt(frames, self.batches.next()).await? {
                Some(batch) => {
                    self.current = Some(Current { batch: batch?, rows: None, next: 0 });
                }
                None => {
                    self.ended = true;
                    self.batches = Box::pin(stream::empty());
                }
            }
        }
    }

    /// Puts rows of the current batch into the buffer until it is full, and at most `most`.
    fn put<W>(&mut self, most: Option<u64>, replies: &mut Replies<W>) -> Result<u64, ClientError>
    where
        W: AsyncWrite + Unpin,
    {
        let Some(Current { batch, rows, next }) = &mut self.current else { return Ok(0) };
        let rows = match rows {
            Some(rows) => rows,
            None => rows.insert(self.columns.rows(batch, &self.formats, self.rendering)?),
        };
        let (mut count, mut bytes) = (0, 0);
        let mut outcome = Ok(());
        while outcome.is_ok() && *next < rows.count() && most != Some(count) && !replies.is_full() {
            if let Err(error) = make_room(rows, *next, self.copy.as_ref(), &self.meter, replies) {
                outcome = Err(error);
                break;
            }
            let written = match &mut self.copy {
                None => rows.write(*next, replies.buffer()),
                Some(copy) => copy.write(rows, *next, replies.buffer()),
            };
            outcome = written.map(|size| {
                bytes += size as u64;
                count += 1;
                *next += 1;
            });
        }
        self.meter.add(count, bytes);
        self.position += count;
        if *next == rows.count() {
            self.current = None;
        }
        outcome.map(|()| count)
    }
}

/// Makes room for a row that is too large to come for nothing.
fn make_room<W>(
    rows: &Rows,
    row: usize,
    copy: Option<&CopyOut>,
    meter: &Meter,
    replies: &mut Replies<W>,
) -> Result<(), ClientError>
where
    W: AsyncWrite + Unpin,
{
    if let Some(most) = rows.large(row, BUFFER_BYTES) {
        let most = most.saturating_mul(copy.map_or(1, CopyOut::times));
        replies.reserve(most, meter.take(most)?);
    }
    Ok(())
}

/// Writes out what there is. What the client has not taken by the deadline waits in the buffer, but
/// no statement waits for it.
async fn flush<W>(replies: &mut Replies<W>, deadline: Option<Instant>) -> Result<(), Stop>
where
    W: AsyncWrite + Unpin,
{
    let flushed = match deadline {
        Some(deadline) => timeout_at(deadline, replies.flush_rows()).await,
        None => Ok(replies.flush_rows().await),
    };
    match flushed {
        Ok(flushed) => Ok(flushed?),
        Err(_) => Err(ClientError::timed_out().into()),
    }
}

/// A command's tag: `SELECT`, `FETCH` and `MOVE` tell how many rows there were.
pub(super) fn tag(word: &str, rows: u64) -> String {
    match word {
        "SELECT" | "FETCH" | "MOVE" => format!("{word} {rows}"),
        _ => word.to_owned(),
    }
}
