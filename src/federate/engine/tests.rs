//! A lane and its place are taken until all has ended that was started on it.

use std::sync::mpsc;
use std::time::Duration;

use datafusion::common::runtime::SpawnedTask;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::lane::Engine;
use crate::error::{ClientError, SqlState};
use crate::federate::turn::Holder;
use crate::share::Shares;

fn hour() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// Work that waits for the end without a pause, and the two ends of it.
fn pauseless() -> (oneshot::Receiver<()>, mpsc::Sender<()>, impl FnOnce() + Send) {
    let (begin, begun) = oneshot::channel();
    let (end, ended) = mpsc::channel();
    let work = move || {
        begin.send(()).unwrap();
        ended.recv().unwrap();
    };
    (begun, end, work)
}

#[tokio::test]
async fn what_an_operator_started_keeps_the_place() {
    let holder: Holder = "acme".into();
    let (engine, shares) = (Engine::start(), Shares::new(1, 1));
    for blocking in [false, true] {
        let lane = engine.lane(shares.try_take(&holder).unwrap(), hour()).unwrap();
        let (begun, end, work) = pauseless();
        let task = lane.spawn(async move {
            let _operator = if blocking {
                SpawnedTask::spawn_blocking(work)
            } else {
                SpawnedTask::spawn(async move { work() })
            };
            std::future::pending::<()>().await;
        });
        begun.await.unwrap();
        drop((task, lane));
        assert!(shares.try_take(&holder).is_none(), "blocking: {blocking}");
        end.send(()).unwrap();
        timeout(Duration::from_secs(60), shares.take(&holder)).await.unwrap();
    }
}

#[tokio::test]
async fn work_is_over_at_the_deadline_and_keeps_the_place_until_it_ends() {
    let holder: Holder = "acme".into();
    let (engine, shares) = (Engine::start(), Shares::new(1, 1));
    let lane = engine.lane(shares.try_take(&holder).unwrap(), Instant::now()).unwrap();
    let (begun, end, work) = pauseless();
    let told = lane.work(async move { work() }).await.unwrap_err();
    assert_eq!(told, ClientError::timed_out());
    assert!(lane.stop().check().is_err());
    drop(lane);
    if begun.await.is_ok() {
        assert!(shares.try_take(&holder).is_none());
        end.send(()).unwrap();
    }
    timeout(Duration::from_secs(60), shares.take(&holder)).await.unwrap();
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_statement_alone() {
    let holder: Holder = "acme".into();
    let (engine, shares) = (Engine::start(), Shares::new(1, 1));
    let lane = engine.lane(shares.try_take(&holder).unwrap(), hour()).unwrap();
    let told: Result<(), ClientError> = lane.work(async { panic!("as a test") }).await;
    assert_eq!(told.unwrap_err().sqlstate, SqlState::INTERNAL_ERROR);
    assert_eq!(lane.work(async { 1 }).await.unwrap(), 1);
    assert!(lane.stop().check().is_ok());
}
