//! A disk that fails: no statement is granted without its record, nothing half-written stands,
//! and no outcome is lost.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex};

use super::disk::{Step, log_with};
use super::*;
use crate::audit::disk::Disk;
use crate::audit::error::AuditError;
use crate::error::{ClientError, SqlState};

/// What a disk does not do at present.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fails {
    Append,
    AppendInTheMiddle,
    AppendAndTruncate,
    Sync,
    WriteHead,
    TearHead,
    SyncHead,
}

const ALL: [Fails; 7] = [
    Fails::Append,
    Fails::AppendInTheMiddle,
    Fails::AppendAndTruncate,
    Fails::Sync,
    Fails::WriteHead,
    Fails::TearHead,
    Fails::SyncHead,
];

type Fault = Arc<Mutex<Option<Fails>>>;

fn log_on(place: &Place, fault: &Fault, segment_bytes: u64) -> AuditLog {
    let fault = Arc::clone(fault);
    log_with(place, segment_bytes, move |step, files| match (*fault.lock().unwrap(), step) {
        (Some(Fails::Append), Step::Append(_))
        | (Some(Fails::AppendAndTruncate), Step::Truncate(_))
        | (Some(Fails::Sync), Step::Sync)
        | (Some(Fails::WriteHead), Step::WriteHead(..))
        | (Some(Fails::SyncHead), Step::SyncHead) => no_space(),
        (Some(Fails::AppendInTheMiddle | Fails::AppendAndTruncate), Step::Append(bytes)) => {
            files.append(&bytes[..bytes.len() / 2])?;
            no_space()
        }
        (Some(Fails::TearHead), Step::WriteHead(offset, copy)) => {
            files.write_head(offset, &copy[..copy.len() / 20])?;
            no_space()
        }
        (_, step) => step.on(files),
    })
}

fn assert_refused(refused: Result<crate::audit::Pending, AuditError>) {
    let error = refused.expect_err("no record, no statement");
    assert!(matches!(error, AuditError::NotWritten(_)), "{error}");
    let told = ClientError::from(error);
    assert_eq!(told.sqlstate, SqlState::DISK_FULL);
    assert_eq!(told.message, "the audit record cannot be written");
}

#[tokio::test]
async fn a_failing_disk_stops_statements_and_loses_nothing() {
    for (fails, segment_bytes) in ALL.into_iter().flat_map(|fails| [(fails, 1), (fails, 1 << 20)]) {
        let place = Place::new();
        let fault = Arc::new(Mutex::new(None));
        let log = log_on(&place, &fault, segment_bytes);
        let before = log.intent(intent("SELECT 'before'")).await.unwrap();
        let dropped = log.intent(intent("SELECT 'dropped'")).await.unwrap();
        let (before_id, dropped_id) = (before.id(), dropped.id());

        *fault.lock().unwrap() = Some(fails);
        assert_refused(log.intent(intent("SELECT 'refused'")).await);
        before.finish(outcome());
        assert!(log.flush().await.is_err());
        drop(dropped);
        for _ in 0..3 {
            assert_refused(log.intent(intent("SELECT 'refused'")).await);
        }
        assert!(log.event("reload", json!({})).await.is_err());

        *fault.lock().unwrap() = None;
        log.intent(intent("SELECT 'after'")).await.unwrap().finish(outcome());
        drop(log);
        assert_eq!(place.report().fault, None, "{fails:?}");
        let records = place.records();
        assert_paired(&records);
        let outcome_of = |wanted: u64| {
            let of = records.iter().find_map(|record| match &record.entry {
                Entry::Outcome { id, outcome } if *id == wanted => Some(outcome.result.clone()),
                _ => None,
            });
            of.unwrap_or_else(|| panic!("{fails:?}: the outcome of {wanted} is lost"))
        };
        assert_eq!(outcome_of(before_id), QueryResult::Ok);
        assert_eq!(outcome_of(dropped_id), QueryResult::Abandoned);

        // Each refusal is told of: by an outcome where the intent could not be taken back, else
        // by the count.
        let mut told = 0;
        for record in &records {
            match &record.entry {
                Entry::Outcome {
                    outcome: Outcome { result: QueryResult::Error { sqlstate, .. }, .. },
                    ..
                } => {
                    assert_eq!(sqlstate, "53100");
                    told += 1;
                }
                Entry::Log { name, details } if name == "refused" => {
                    told += details["statements"].as_u64().unwrap();
                }
                _ => {}
            }
        }
        assert_eq!(told, 4, "{fails:?}");
        drop(place.open());
        place.assert_whole();
    }
}

/// While the disk fails, a gateway may also be ended.
#[tokio::test]
async fn a_log_that_is_closed_while_the_disk_fails_opens_again() {
    for fails in ALL {
        let place = Place::new();
        let fault = Arc::new(Mutex::new(None));
        let log = log_on(&place, &fault, 1 << 20);
        fill(&log, 3).await;
        let committed = place.records().len();
        let pending = log.intent(intent("SELECT 1")).await.unwrap();
        *fault.lock().unwrap() = Some(fails);
        assert_refused(log.intent(intent("SELECT 'refused'")).await);
        pending.finish(outcome());
        assert!(log.close().await.is_err());
        drop(log);

        *fault.lock().unwrap() = None;
        // The old writer ends a moment after its log; the lock is asked for a while.
        fill(&place.open(), 3).await;
        assert_eq!(place.report().fault, None, "{fails:?}");
        assert!(place.records().len() > committed + 1);
    }
}

/// What the kernel says where a disk is full.
fn no_space() -> io::Result<()> {
    let refused = File::options().write(true).open("/dev/full")?.write_all(b"x");
    assert_eq!(refused.as_ref().map_err(io::Error::kind), Err(io::ErrorKind::StorageFull));
    refused
}

#[tokio::test]
async fn a_full_disk_stops_statements_until_there_is_room() {
    let place = Place::new();
    // So many bytes may still be added to the segments. Past them it is the kernel that says there
    // is no space, as it does of a real disk.
    let left = Arc::new(Mutex::new(20_000));
    let room = Arc::clone(&left);
    let log = log_with(&place, 1 << 20, move |step, files| {
        let Step::Append(bytes) = step else { return step.on(files) };
        let mut room = room.lock().unwrap();
        let fits = bytes.len().min(*room);
        *room -= fits;
        files.append(&bytes[..fits])?;
        if fits == bytes.len() { Ok(()) } else { no_space() }
    });
    let mut granted = Vec::new();
    let refused = loop {
        match log.intent(intent(&"x".repeat(500))).await {
            Ok(pending) => granted.push(pending),
            Err(error) => break error,
        }
        assert!(granted.len() < 100, "the disk does not fill up");
    };
    assert!(!granted.is_empty());
    assert_refused(Err(refused));
    let count = granted.len();
    for pending in granted {
        pending.finish(outcome());
    }
    assert_refused(log.intent(intent(&"x".repeat(500))).await);

    *left.lock().unwrap() = 1 << 20;
    log.intent(intent("SELECT 1")).await.unwrap().finish(outcome());
    drop(log);
    place.assert_whole();
    let records = place.records();
    assert_paired(&records);
    let intents = records.iter().filter(|record| matches!(record.entry, Entry::Intent(_))).count();
    assert_eq!(intents, count + 1);
}
