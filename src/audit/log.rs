//! The log as the gateway uses it.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::disk::Disk;
use super::error::AuditError;
use super::line::{MAX_LINE_BYTES, Payload};
use super::queue::{Caller, Entry, Finished, Reply, Seat, Waiting};
use super::record::Intent;
use super::recover;
use super::tally::{Counts, Tally};
use super::writer::Writer;

pub use super::queue::Pending;

/// Statements that may be open at once, each with the right to one outcome. More than a gateway
/// has connections; past it, statements wait.
const PLACES: u32 = 2048;

/// Notes that may wait to be written, each of them a line of some hundred bytes.
const NOTES: usize = 1024;

/// How much may wait to be written, in units of [`SPACE_UNIT`].
const SPACE: u32 = 64 * 1024;

/// In bytes: so that all that waits is at most 64 MiB.
const SPACE_UNIT: usize = 1024;

/// How long a statement waits for a place before it is refused.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long [`AuditLog::close`] waits for open statements, and a dropped log for its last sync.
const CLOSE_PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks of [`AuditLog::close`].
const CLOSE_PAUSE: Duration = Duration::from_millis(10);

/// A segment that has grown to this gets a successor.
const SEGMENT_BYTES: u64 = 64 << 20;

/// A log that is open for writing. There is one for each folder, guarded by a lock.
pub struct AuditLog {
    queue: Option<Sender<Entry>>,
    places: Arc<Semaphore>,
    space: Arc<Semaphore>,
    notes: Arc<Semaphore>,
    tally: Arc<Tally>,
    writer: Option<JoinHandle<()>>,
}

impl AuditLog {
    /// Opens the log in `dir`, and makes the folder, and the key in `key_file`, where there are
    /// none. Checks the segment that the head names, and goes on from there; see
    /// `recover.rs` for what it does after a crash.
    ///
    /// Blocks while it reads, up to one segment of 64 MiB.
    ///
    /// # Errors
    /// Where the folder is in use by another writer, cannot be written, holds records but no key
    /// for them, or holds records that were tampered with.
    pub fn open(dir: &Path, key_file: &Path) -> Result<Self, AuditError> {
        Self::open_with(dir, key_file, SEGMENT_BYTES)
    }

    pub(super) fn open_with(
        dir: &Path,
        key_file: &Path,
        segment_bytes: u64,
    ) -> Result<Self, AuditError> {
        let opened = recover::open(dir, key_file)?;
        let mut writer = Writer::new(opened.files, opened.signer, opened.durable, segment_bytes);
        writer.begin(opened.recovered.as_ref())?;
        Self::start(writer).map_err(AuditError::io("start the writer of", dir))
    }

    pub(super) fn start<D: Disk>(writer: Writer<D>) -> std::io::Result<Self> {
        let (queue, entries) = mpsc::channel();
        let writer = thread::Builder::new()
            .name("portcullis-audit".to_owned())
            .spawn(move || writer.run(&entries))?;
        Ok(Self {
            queue: Some(queue),
            places: Arc::new(Semaphore::new(PLACES as usize)),
            space: Arc::new(Semaphore::new(SPACE as usize)),
            notes: Arc::new(Semaphore::new(NOTES)),
            tally: Arc::default(),
            writer: Some(writer),
        })
    }

    /// Records what a statement is going to do. When this returns, the record is durable; no row
    /// may leave before. Where the caller stops waiting, the statement counts as abandoned.
    ///
    /// # Errors
    /// [`AuditError::NotWritten`] where the record is not durable, and then the statement must
    /// not run; [`AuditError::TooLong`], [`AuditError::Overloaded`], [`AuditError::Closed`].
    pub async fn intent(&self, intent: Intent) -> Result<Pending, AuditError> {
        let payload = Payload::intent(&intent);
        drop(intent);
        let asked = Instant::now();
        let granted = self.grant(payload).await;
        self.tally.written(&granted);
        if let Ok(pending) = &granted {
            let duration_us = asked.elapsed().as_micros();
            tracing::debug!(record = pending.id(), duration_us, "on record");
        }
        granted
    }

    async fn grant(&self, payload: Payload) -> Result<Pending, AuditError> {
        let place = take(&self.places, 1).await?;
        let seat = Seat { place, queue: self.queue()?.clone(), tally: Arc::clone(&self.tally) };
        let (reply, granted) = oneshot::channel();
        self.submit(payload, Caller::Statement(seat, reply)).await?;
        granted.await.map_err(|_| AuditError::Closed)?
    }

    /// Records something outside of statements: a start, a reload, a refused login. When this
    /// returns, the record is durable.
    ///
    /// # Errors
    /// As [`AuditLog::intent`].
    pub async fn event(&self, name: &str, details: Value) -> Result<(), AuditError> {
        let recorded = self.record(Payload::event(name, details)).await;
        self.tally.written(&recorded);
        recorded
    }

    /// Records something that is over and that nobody waits for: the end of a session, a client
    /// that was turned away. Returns at once. The record is durable a moment later, as an outcome
    /// is; where too many wait already, it is lost, and counted as a record that was not written.
    /// `details` must be small.
    pub fn note(&self, name: &str, details: Value) {
        let queued = match self.notes.clone().try_acquire_owned() {
            Ok(_place) => {
                let payload = Payload::event(name, details);
                self.send(Entry::Behind(Finished { payload, _place }))
            }
            Err(_) => Err(AuditError::Overloaded),
        };
        if let Err(error) = queued {
            tracing::error!(%error, name, "an event was not recorded");
            self.tally.lost();
        }
    }

    async fn record(&self, payload: Payload) -> Result<(), AuditError> {
        let (reply, done) = oneshot::channel();
        self.submit(payload, Caller::Event(reply)).await?;
        done.await.map_err(|_| AuditError::Closed)?
    }

    /// What was recorded so far, counted.
    pub fn counts(&self) -> Counts {
        self.tally.read()
    }

    /// Waits until everything that was queued before is durable, outcomes too.
    ///
    /// # Errors
    /// [`AuditError::NotWritten`] where it is not, [`AuditError::Closed`].
    pub async fn flush(&self) -> Result<(), AuditError> {
        let (reply, done) = oneshot::channel();
        self.send(Entry::Flush(Box::new(move |result| drop(reply.send(result)))))?;
        done.await.map_err(|_| AuditError::Closed)?
    }

    /// Refuses further intents, waits a while for the statements that are open, and makes all
    /// that was recorded durable.
    ///
    /// # Errors
    /// As [`AuditLog::flush`].
    pub async fn close(&self) -> Result<(), AuditError> {
        self.places.close();
        let deadline = Instant::now() + CLOSE_PATIENCE;
        loop {
            self.flush().await?;
            if self.is_idle() || Instant::now() >= deadline {
                return Ok(());
            }
            sleep(CLOSE_PAUSE).await;
        }
    }

    async fn submit(&self, payload: Payload, caller: Caller) -> Result<(), AuditError> {
        let length = payload.line_bytes();
        if length > MAX_LINE_BYTES {
            return Err(AuditError::TooLong(length));
        }
        let units = u32::try_from(length.div_ceil(SPACE_UNIT)).unwrap_or(SPACE);
        let space = take(&self.space, units).await?;
        self.send(Entry::Record(Waiting { payload, space, caller }))
    }

    fn send(&self, entry: Entry) -> Result<(), AuditError> {
        self.queue()?.send(entry).map_err(|_| AuditError::Closed)
    }

    fn queue(&self) -> Result<&Sender<Entry>, AuditError> {
        self.queue.as_ref().ok_or(AuditError::Closed)
    }

    /// Waits for the last sync; whether no statement is open any more.
    fn settle(&self) -> bool {
        let (reply, done) = mpsc::channel();
        let flushed: Reply = Box::new(move |result| drop(reply.send(result)));
        if self.send(Entry::Flush(flushed)).is_ok()
            && let Ok(Err(error)) = done.recv_timeout(CLOSE_PATIENCE)
        {
            tracing::error!(%error, "the audit log was closed with records unwritten");
        }
        self.is_idle()
    }

    /// Whether every outcome that is owed, and every note, is durable.
    fn is_idle(&self) -> bool {
        self.places.available_permits() == PLACES as usize
            && self.notes.available_permits() == NOTES
    }
}

async fn take(shares: &Arc<Semaphore>, count: u32) -> Result<OwnedSemaphorePermit, AuditError> {
    match timeout(PATIENCE, shares.clone().acquire_many_owned(count)).await {
        Ok(permit) => permit.map_err(|_| AuditError::Closed),
        Err(_) => Err(AuditError::Overloaded),
    }
}

/// Blocks until what was recorded is durable, and the folder free for another writer unless
/// statements are still open; then it is when the last of them ends.
impl Drop for AuditLog {
    fn drop(&mut self) {
        let idle = self.settle();
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && idle
            && writer.join().is_err()
        {
            tracing::error!("the writer of the audit log broke down");
        }
    }
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditLog").finish_non_exhaustive()
    }
}
