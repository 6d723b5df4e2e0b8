//! What waits for the writer.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::error::AuditError;
use super::line::Payload;
use super::record::{Outcome, Result as QueryResult};
use super::tally::Tally;

/// An outcome's texts are cut to this many bytes each, so that open statements hold at most
/// `PLACES` times about three of these in the queue.
const OUTCOME_TEXT_BYTES: usize = 4096;

/// What the writer is asked for. The queue itself has no bound: each entry holds its share of
/// one, from before it is queued until it is written.
pub(super) enum Entry {
    /// Someone waits for this record to be durable.
    Record(Waiting),
    /// Nobody waits for this one: an outcome, or a note.
    Behind(Finished),
    /// Someone waits for all before this to be durable.
    Flush(Reply),
}

/// Told once, when the group is durable or has failed.
pub(super) type Reply = Box<dyn FnOnce(Result<(), AuditError>) + Send>;

/// A record that someone waits for.
pub(super) struct Waiting {
    pub(super) payload: Payload,
    /// Its share of the bytes that may be queued.
    pub(super) space: OwnedSemaphorePermit,
    pub(super) caller: Caller,
}

/// Who waits.
pub(super) enum Caller {
    /// A statement that wants to run.
    Statement(Seat, oneshot::Sender<Result<Pending, AuditError>>),
    /// Anything else.
    Event(oneshot::Sender<Result<(), AuditError>>),
}

/// The right to queue one outcome.
pub(super) struct Seat {
    pub(super) place: OwnedSemaphorePermit,
    pub(super) queue: Sender<Entry>,
    pub(super) tally: Arc<Tally>,
}

/// An outcome or a note on its way.
pub(super) struct Finished {
    pub(super) payload: Payload,
    /// Given back when it is durable.
    pub(super) _place: OwnedSemaphorePermit,
}

/// A statement whose intent is durable, and whose outcome is owed. Dropped without
/// [`Pending::finish`], it is recorded as abandoned.
#[must_use = "dropping this records the statement as abandoned"]
pub struct Pending {
    id: u64,
    began: Instant,
    seat: Option<Seat>,
}

impl Pending {
    pub(super) fn new(id: u64, seat: Seat) -> Self {
        Self { id, began: Instant::now(), seat: Some(seat) }
    }

    /// The number of the intent's record; the outcome names it as its `id`.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Records how the statement ended. Never waits, and the record is not lost: its place in
    /// the queue was taken before the statement ran. It is durable a moment later, with the next
    /// intent or after 200 ms.
    pub fn finish(mut self, outcome: Outcome) {
        self.record(outcome);
    }

    fn record(&mut self, outcome: Outcome) {
        let Some(Seat { place, queue, tally }) = self.seat.take() else { return };
        tally.ended(&outcome);
        tracing::debug!(
            record = self.id,
            result = outcome.result.word(),
            sqlstate = outcome.result.sqlstate(),
            rows = outcome.rows,
            bytes = outcome.bytes,
            duration_us = outcome.duration_us,
            "ended"
        );
        let payload = Payload::outcome(self.id, outcome.clipped(OUTCOME_TEXT_BYTES));
        let entry = Entry::Behind(Finished { payload, _place: place });
        if queue.send(entry).is_err() {
            // Only after the writer's thread broke down.
            tracing::error!(id = self.id, "the outcome of a statement was not recorded");
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let duration_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let result = QueryResult::Abandoned;
        self.record(Outcome { result, rows: 0, bytes: 0, duration_us });
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("id", &self.id).finish_non_exhaustive()
    }
}
