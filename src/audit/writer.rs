//! The thread that writes. What waits in the queue is written and synced as one group, so that
//! many statements share the two syncs of a commit.
//!
//! When a write fails, the segment is cut back to what is durable, whoever waits gets the error,
//! and outcomes are kept and tried again; so no intent is granted until a write has worked, and
//! the first one that does says how many were refused.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::disk::Disk;
use super::error::AuditError;
use super::head::{Head, Signer};
use super::line::Payload;
use super::queue::{Caller, Entry, Finished, Pending, Reply, Waiting};
use super::record::Outcome;

/// How long an outcome may stay unsynced when no intent comes along.
pub(super) const IDLE_SYNC: Duration = Duration::from_millis(200);

/// How often outcomes that could not be written are tried again.
const RETRY: Duration = Duration::from_secs(1);

/// At most so many entries are committed as one group, so that the first does not wait for an
/// endless stream of others.
const GROUP_ENTRIES: usize = 1024;

/// The one writer of a log.
pub(super) struct Writer<D> {
    disk: D,
    signer: Signer,
    /// A segment that is this long gets no further group.
    segment_bytes: u64,
    /// Durable for certain; never cut back.
    base: Head,
    /// Written, perhaps not durable.
    end: Head,
    /// What the head on the disk says.
    published: Head,
    /// A failed append may have left something after `base`.
    torn: bool,
    /// Outcomes and notes that are not durable yet, in their order.
    outcomes: VecDeque<Finished>,
    /// How many of these stand between `base` and `end`.
    written: usize,
    /// Set while writing fails.
    trouble: Option<Trouble>,
    /// When to try for durability though nobody waits.
    due: Option<Instant>,
}

/// Statements that were refused because their record could not be written.
struct Trouble {
    since: DateTime<Utc>,
    refused: u64,
    cause: Arc<io::Error>,
}

/// Those who wait for a group.
#[derive(Default)]
struct Group {
    records: Vec<Waiting>,
    flushes: Vec<Reply>,
}

impl<D: Disk> Writer<D> {
    /// Goes on from what is durable.
    pub(super) fn new(disk: D, signer: Signer, durable: Head, segment_bytes: u64) -> Self {
        Self {
            disk,
            signer,
            segment_bytes,
            base: durable,
            end: durable,
            published: durable,
            torn: false,
            outcomes: VecDeque::new(),
            written: 0,
            trouble: None,
            due: None,
        }
    }

    /// Makes one event durable before the thread runs; also what opens a new log.
    pub(super) fn begin(&mut self, event: Option<&Payload>) -> Result<(), AuditError> {
        let records: Vec<&Payload> = event.into_iter().collect();
        let written = self.write(&records).and_then(|_| self.harden());
        written.and_then(|()| self.publish()).map_err(|error| AuditError::NotWritten(error.into()))
    }

    /// Writes what comes until nobody is left who could send.
    pub(super) fn run(mut self, queue: &Receiver<Entry>) {
        loop {
            let first = match self.due {
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => queue.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match first {
                Ok(first) => self.take(first, queue),
                Err(RecvTimeoutError::Timeout) => self.settle(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.settle();
        if !self.outcomes.is_empty() {
            let lost = self.outcomes.len();
            tracing::error!(lost, "outcomes were not recorded: the audit log cannot be written");
        }
    }

    /// Takes what has queued up, and commits it as one group.
    pub(super) fn take(&mut self, first: Entry, queue: &Receiver<Entry>) {
        let mut group = Group::default();
        for entry in std::iter::once(first).chain(queue.try_iter()).take(GROUP_ENTRIES) {
            match entry {
                Entry::Record(waiting) => group.records.push(waiting),
                Entry::Flush(reply) => group.flushes.push(reply),
                Entry::Behind(finished) => self.outcomes.push_back(finished),
            }
        }
        if group.records.is_empty() && group.flushes.is_empty() {
            self.write_behind();
        } else {
            self.commit(group);
        }
    }

    /// Writes outcomes for which nobody waits; they become durable with the next group.
    fn write_behind(&mut self) {
        let now = Instant::now();
        if self.trouble.is_none()
            && let Err(error) = self.write(&[])
        {
            self.roll_back(error);
        }
        if *self.due.get_or_insert(now + IDLE_SYNC) <= now {
            self.settle();
        }
    }

    /// Makes durable what was written behind.
    fn settle(&mut self) {
        self.commit(Group::default());
    }

    /// Writes the group, makes it durable, and tells those who wait.
    fn commit(&mut self, group: Group) {
        let payloads: Vec<&Payload> =
            group.records.iter().map(|waiting| &waiting.payload).collect();
        let written = self.write(&payloads).and_then(|ids| self.harden().map(|()| ids));
        match written {
            Err(error) => {
                let cause = self.roll_back(error);
                self.refuse(group, None, &cause);
            }
            Ok(ids) => {
                if let Some(trouble) = &mut self.trouble {
                    // The log tells of them now.
                    trouble.refused = 0;
                }
                match self.publish() {
                    Err(error) => {
                        let cause = self.note_trouble(error);
                        self.refuse(group, Some(ids), &cause);
                    }
                    Ok(()) => {
                        if self.trouble.take().is_some() {
                            tracing::info!("the audit log can be written again");
                        }
                        self.grant(group, ids);
                    }
                }
            }
        }
        let complete = self.outcomes.is_empty() && self.published.link == self.base.link;
        let pause = if self.trouble.is_some() { RETRY } else { IDLE_SYNC };
        self.due = (!complete).then(|| Instant::now() + pause);
    }

    /// Appends the outcomes that are not in the segment, and these records. Gives the numbers of
    /// the records.
    fn write(&mut self, records: &[&Payload]) -> io::Result<Vec<u64>> {
        if self.torn {
            self.disk.truncate(self.base.bytes)?;
            self.torn = false;
        }
        if self.end.bytes >= self.segment_bytes {
            self.rotate()?;
        }
        let time = Utc::now();
        let mut end = self.end;
        let mut text = Vec::new();
        if end.bytes == 0 {
            let details = json!({ "segment": end.segment });
            end.link.extend(&mut text, time, &Payload::own("segment", details));
        }
        if let Some(Trouble { since, refused, cause }) = &self.trouble
            && *refused > 0
        {
            let since = since.to_rfc3339_opts(SecondsFormat::Micros, true);
            let details = json!({
                "statements": refused, "since": since, "cause": cause.to_string()
            });
            end.link.extend(&mut text, time, &Payload::own("refused", details));
        }
        for finished in self.outcomes.iter().skip(self.written) {
            end.link.extend(&mut text, time, &finished.payload);
        }
        let mut ids = Vec::with_capacity(records.len());
        for payload in records {
            end.link.extend(&mut text, time, payload);
            ids.push(end.link.seq);
        }
        if !text.is_empty() {
            self.torn = true;
            self.disk.append(&text)?;
            self.torn = false;
        }
        end.bytes += u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.end = end;
        self.written = self.outcomes.len();
        Ok(ids)
    }

    /// Starts the next segment. All of this one must be committed first: the head names one.
    fn rotate(&mut self) -> io::Result<()> {
        self.harden()?;
        self.publish()?;
        let segment = self.end.segment + 1;
        self.disk.rotate(segment)?;
        self.end = Head { segment, bytes: 0, ..self.end };
        self.base = self.end;
        Ok(())
    }

    /// Makes what was written durable.
    fn harden(&mut self) -> io::Result<()> {
        if self.base != self.end {
            self.disk.sync()?;
            self.base = self.end;
        }
        self.outcomes.drain(..self.written);
        self.written = 0;
        Ok(())
    }

    /// Counts what is durable in the head.
    fn publish(&mut self) -> io::Result<()> {
        if self.published.link != self.base.link {
            let (first, second) = self.signer.copies(&self.base);
            self.disk.write_head(first.offset, &first.copy)?;
            self.disk.sync_head()?;
            self.published = self.base;
            self.signer.committed();
            // Not needed for the commit, and the next one begins with this copy.
            if let Err(error) = self.disk.write_head(second.offset, &second.copy) {
                tracing::warn!(%error, "the second copy of the audit head was not written");
            }
        }
        Ok(())
    }

    /// After a failed write or sync: what is not durable does not stand. Where even the cut
    /// fails, it is tried again before anything else is written.
    fn roll_back(&mut self, error: io::Error) -> Arc<io::Error> {
        self.end = self.base;
        self.written = 0;
        self.torn = self.disk.truncate(self.base.bytes).is_err();
        self.note_trouble(error)
    }

    fn note_trouble(&mut self, error: io::Error) -> Arc<io::Error> {
        let cause = Arc::new(error);
        match &mut self.trouble {
            Some(trouble) => trouble.cause = cause.clone(),
            None => {
                tracing::error!(%cause, "the audit log cannot be written: statements are refused");
                self.trouble =
                    Some(Trouble { since: Utc::now(), refused: 0, cause: cause.clone() });
            }
        }
        cause
    }

    fn grant(&mut self, group: Group, mut ids: Vec<u64>) {
        for (Waiting { space, caller, .. }, id) in group.records.into_iter().zip(ids.drain(..)) {
            drop(space);
            match caller {
                // One who no longer listens drops the pending, which records it as abandoned.
                Caller::Statement(seat, reply) => drop(reply.send(Ok(Pending::new(id, seat)))),
                Caller::Event(reply) => drop(reply.send(Ok(()))),
            }
        }
        for reply in group.flushes {
            reply(Ok(()));
        }
    }

    /// Tells the group that it failed. With `ids` the records are durable but no head counts
    /// them: they cannot be taken back, since a head that failed to sync may count them yet. So
    /// the refusal is recorded as the outcome of each.
    fn refuse(&mut self, group: Group, ids: Option<Vec<u64>>, cause: &Arc<io::Error>) {
        let error = AuditError::NotWritten(cause.clone());
        let mut ids = ids.into_iter().flatten();
        for Waiting { caller, .. } in group.records {
            let id = ids.next();
            match caller {
                Caller::Statement(seat, reply) => {
                    if let Some(id) = id {
                        let outcome = Outcome::failed(&error.clone().into(), 0);
                        let payload = Payload::outcome(id, outcome);
                        self.outcomes.push_back(Finished { payload, _place: seat.place });
                    } else if let Some(trouble) = &mut self.trouble {
                        trouble.refused += 1;
                    }
                    drop(reply.send(Err(error.clone())));
                }
                Caller::Event(reply) => drop(reply.send(Err(error.clone()))),
            }
        }
        for reply in group.flushes {
            reply(Err(error.clone()));
        }
    }
}
