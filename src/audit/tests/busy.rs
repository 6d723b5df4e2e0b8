//! Many statements at once, and verification while they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use futures::future::join_all;

use super::disk::{Step, log_with};
use super::*;
use crate::audit::verify::verify;

/// Some statements end well, some are dropped, some callers stop waiting for their intent.
async fn statements(log: Arc<AuditLog>, task: usize, count: usize) {
    for number in 0..count {
        let wanted = log.intent(intent(&format!("SELECT {task}, {number}")));
        match (task + number) % 4 {
            0 => drop(wanted.await.unwrap()),
            1 => {
                // Polled once, so that it is queued, and then left alone.
                let mut wanted = Box::pin(wanted);
                assert!(futures::poll!(&mut wanted).is_pending());
            }
            _ => wanted.await.unwrap().finish(outcome()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_chain_holds_under_many_tasks() {
    let place = Place::new();
    let log = AuditLog::open_with(&place.dir, &place.key, 50_000).unwrap();
    let log = Arc::new(log);
    let tasks = (0..64).map(|task| tokio::spawn(statements(log.clone(), task, 12)));
    for task in join_all(tasks).await {
        task.unwrap();
    }
    log.close().await.unwrap();
    assert!(log.intent(intent("SELECT 1")).await.is_err(), "closed");
    drop(log);

    place.assert_whole();
    let records = place.records();
    assert_paired(&records);
    let intents = records.iter().filter(|record| matches!(record.entry, Entry::Intent(_))).count();
    assert_eq!(intents, 64 * 12);
    assert!(place.report().segments > 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_live_folder_verifies_at_every_moment() {
    let place = Place::new();
    let log = Arc::new(AuditLog::open_with(&place.dir, &place.key, 50_000).unwrap());
    let done = Arc::new(AtomicBool::new(false));
    let verifier = {
        let (dir, key, done) = (place.dir.clone(), place.key.clone(), done.clone());
        std::thread::spawn(move || {
            let (mut looks, mut records) = (0, 0);
            while !done.load(Ordering::Acquire) || looks == 0 {
                let report = verify(&dir, &key).unwrap();
                assert_eq!(report.fault, None);
                assert!(report.live && report.records >= records);
                (looks, records) = (looks + 1, report.records);
            }
            looks
        })
    };
    let tasks = (0..16).map(|task| tokio::spawn(statements(log.clone(), task, 100)));
    for task in join_all(tasks).await {
        task.unwrap();
    }
    done.store(true, Ordering::Release);
    let looks = verifier.join().unwrap();
    log.flush().await.unwrap();
    println!("verified {looks} times while 1,600 statements ran");
    drop(log);
    place.assert_whole();
}

#[tokio::test]
async fn bytes_that_no_gateway_wrote_are_found_in_a_live_folder() {
    let place = Place::new();
    let log = place.open();
    fill(&log, 2).await;
    let path = place.file("audit-000001.jsonl");
    let before = read(&path);
    write(&path, &[&before[..], b"{}\n"].concat());
    let report = place.report();
    assert!(report.live);
    assert_eq!(report.fault.unwrap().byte, before.len() as u64);

    // The gateway notices as well. It neither builds on these bytes nor destroys them.
    assert!(log.intent(intent("SELECT 1")).await.is_err());
    drop(log);
    assert!(read(&path).ends_with(b"{}\n"));
    let log = place.open();
    log.intent(intent("SELECT 1")).await.unwrap().finish(outcome());
    drop(log);
    place.assert_whole();
    let remnant = place.report().remnants.pop().unwrap();
    assert_eq!(read(&place.file(&remnant)), b"{}\n");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_is_removed_stops_statements() {
    let place = Place::new();
    let log = place.open();
    fill(&log, 1).await;
    std::fs::remove_dir_all(&place.dir).unwrap();
    assert!(log.intent(intent("SELECT 1")).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_share_the_syncs_of_a_commit() {
    let place = Place::new();
    let syncs = Arc::new(AtomicUsize::new(0));
    let (reached, arrived) = channel();
    let (open, gate) = channel::<()>();
    let counted = Arc::clone(&syncs);
    let log = log_with(&place, 1 << 20, move |step, files| {
        if matches!(step, Step::Sync | Step::SyncHead)
            && counted.fetch_add(1, Ordering::Relaxed) == 0
        {
            reached.send(()).unwrap();
            gate.recv().unwrap();
        }
        step.on(files)
    });

    let first = intent("SELECT 0");
    let mut first = Box::pin(log.intent(first));
    assert!(futures::poll!(&mut first).is_pending());
    tokio::task::spawn_blocking(move || arrived.recv_timeout(Duration::from_secs(60)).unwrap())
        .await
        .unwrap();
    // The writer is in its first sync. All these queue up meanwhile, and go together.
    let mut others: Vec<_> =
        (1..64).map(|number| Box::pin(log.intent(intent(&format!("SELECT {number}"))))).collect();
    for other in &mut others {
        assert!(futures::poll!(other).is_pending());
        // Each poll is to get as far as the queue, and not be put off by the runtime's budget.
        tokio::task::yield_now().await;
    }
    open.send(()).unwrap();
    // None of them ends before the count: an outcome may bring a sync of its own.
    let first = first.await.unwrap();
    let others = join_all(others).await;
    assert_eq!(syncs.load(Ordering::Relaxed), 4, "two commits of two syncs for 64 statements");
    drop((first, others));
    drop(log);
    place.assert_whole();
}
