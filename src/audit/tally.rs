//! Counts of what was recorded, for whoever watches the gateway. They name nobody and decide
//! nothing.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::error::AuditError;
use super::record::{Outcome, Result as Ending};

/// The upper bounds of the durations that statements are counted by, in microseconds.
pub const DURATION_BOUNDS_US: [u64; 12] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
    15_000_000, 60_000_000,
];

/// What counts up.
#[derive(Debug, Default)]
pub(super) struct Tally {
    ok: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    stopped: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    within: [AtomicU64; DURATION_BOUNDS_US.len()],
    total_us: AtomicU64,
    unwritten: AtomicU64,
    failing: AtomicBool,
}

/// The counts at one moment, since the log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Statements that ran to their end, or as far as their client wanted.
    pub ok: u64,
    /// Statements that were answered with an error of their own: what they asked for is not
    /// there, not permitted, not supported, or no SQL.
    pub refused: u64,
    /// Statements that were answered with an error of the gateway or a source: a limit of
    /// resources or time, a connection, a fault.
    pub failed: u64,
    /// Statements that were stopped from outside: by their client, which cancelled them or went
    /// away, or by the end of their session.
    pub stopped: u64,
    /// Rows that were handed to clients.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of the statements, how many took no longer than each of [`DURATION_BOUNDS_US`], and longer
    /// than the one before.
    pub within: [u64; DURATION_BOUNDS_US.len()],
    /// How long all statements took together, in microseconds.
    pub total_us: u64,
    /// Records that could not be made durable, so that what they were to record did not happen.
    pub unwritten: u64,
    /// Whether the last record was one of these.
    pub failing: bool,
}

impl Counts {
    /// All statements.
    pub fn statements(&self) -> u64 {
        self.ok + self.refused + self.failed + self.stopped
    }
}

impl Tally {
    pub(super) fn ended(&self, outcome: &Outcome) {
        let add = |count: &AtomicU64, more| count.fetch_add(more, Ordering::Relaxed);
        let kind = match &outcome.result {
            Ending::Ok | Ending::Closed => &self.ok,
            Ending::Stopped { .. } => &self.stopped,
            Ending::Abandoned => &self.failed,
            Ending::Error { sqlstate, .. } => match sqlstate.get(..2) {
                Some("08" | "53" | "57" | "58" | "XX") => &self.failed,
                _ => &self.refused,
            },
        };
        add(kind, 1);
        add(&self.rows, outcome.rows);
        add(&self.bytes, outcome.bytes);
        add(&self.total_us, outcome.duration_us);
        let bounds = DURATION_BOUNDS_US.iter().zip(&self.within);
        if let Some((_, count)) = bounds.into_iter().find(|(most, _)| outcome.duration_us <= **most)
        {
            add(count, 1);
        }
    }

    /// Notes whether a record became durable.
    pub(super) fn written<T>(&self, result: &Result<T, AuditError>) {
        // A record that is too long says nothing of the log.
        if !matches!(result, Err(AuditError::TooLong(_))) {
            self.failing.store(result.is_err(), Ordering::Relaxed);
        }
        if result.is_err() {
            self.unwritten.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes a record that could not even be queued.
    pub(super) fn lost(&self) {
        self.unwritten.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Counts {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            ok: get(&self.ok),
            refused: get(&self.refused),
            failed: get(&self.failed),
            stopped: get(&self.stopped),
            rows: get(&self.rows),
            bytes: get(&self.bytes),
            within: std::array::from_fn(|at| self.within.get(at).map_or(0, get)),
            total_us: get(&self.total_us),
            unwritten: get(&self.unwritten),
            failing: self.failing.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::record::Stopper;
    use crate::error::ClientError;

    #[test]
    fn outcomes_are_counted_by_whose_fault_they_are() {
        let tally = Tally::default();
        let error = |sqlstate: &str| Ending::Error {
            sqlstate: sqlstate.to_owned(),
            message: String::new(),
            internal: None,
        };
        let endings = [
            (Ending::Ok, 900),
            (Ending::Ok, 1_000),
            (error("42P01"), 1_001),
            (error("22012"), 0),
            (error("08006"), 90_000_000),
            (error("57014"), 60_000_000),
            (error(""), 1),
            (Ending::Closed, 1),
            (Ending::stopped(Stopper::Cancel, &ClientError::timed_out()), 1),
        ];
        for (result, duration_us) in endings {
            tally.ended(&Outcome { result, rows: 2, bytes: 10, duration_us });
        }
        let counts = tally.read();
        let kinds = (counts.ok, counts.refused, counts.failed, counts.stopped);
        assert_eq!((kinds, counts.statements()), ((3, 3, 2, 1), 9));
        assert_eq!((counts.rows, counts.bytes, counts.total_us), (18, 90, 150_002_904));
        assert_eq!(counts.within, [6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn the_log_fails_until_a_record_is_written() {
        let tally = Tally::default();
        let told = |result: Result<(), AuditError>| {
            tally.written(&result);
            let counts = tally.read();
            (counts.unwritten, counts.failing)
        };
        assert_eq!(told(Err(AuditError::Overloaded)), (1, true));
        assert_eq!(told(Err(AuditError::TooLong(1))), (2, true));
        assert_eq!(told(Ok(())), (2, false));
        assert_eq!(told(Err(AuditError::TooLong(1))), (3, false));
    }
}
