//! What computes without a pause ends when it should, and holds up nobody else.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime};

use futures::future::join_all;
use serde_json::json;

use super::watch::{outcome, recorded};
use super::*;

/// Joins of ten million rows with as many, which wait for nothing and give nothing.
const PAUSELESS: [&str; 5] = [
    "SELECT count(*) FROM a, b WHERE a.n + b.n = 3",
    "SELECT count(*) FROM a JOIN b ON a.k = b.k AND a.n + b.n = 3",
    "SELECT count(*) FROM a WHERE EXISTS (SELECT 1 FROM b WHERE a.k = b.k AND a.n + b.n = 3)",
    "SELECT count(*) FROM a FULL JOIN b ON a.n + b.n = 3",
    "SELECT count(*) FROM a, b",
];

fn whole(query: &str) -> String {
    let side = "SELECT n % 1 AS k, n FROM generate_series(1, 10000000) AS s(n)";
    format!("WITH a AS ({side}), b AS ({side}) {query}")
}

/// Cancels a statement as soon as it runs.
async fn cancelled(house: &House, session: &Session, query: &str) {
    let cancel = session.0.cancel_token();
    let cancelling = async {
        recorded(house, |line| line["query"] == query).await;
        cancel.cancel_query(NoTls).await.unwrap();
    };
    let (told, ()) = tokio::join!(session.ask(query), cancelling);
    told.unwrap_err().assert("57014", "canceling statement due to user request");
    outcome(house, query).await;
}

/// A tenant has one place, and the next statement gets it only when the last has really ended.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pause_ends_with_its_statement() {
    let limits = "[limits]\nmax_running_statements = 2\nbusy_wait_ms = 3600000\n";
    let house = house(&format!("{limits}{LAKE}"));
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    for query in PAUSELESS.map(whole) {
        cancelled(&house, &session, &query).await;
        assert_eq!(session.ask("SELECT 1").await.unwrap(), ["1"], "after {query}");
    }
    // Nobody need tell it to: its time is up.
    session.ask("SET statement_timeout = 100").await.unwrap();
    for query in PAUSELESS.map(whole) {
        let told = session.ask(&query).await.unwrap_err();
        told.assert("57014", "canceling statement due to statement timeout");
        session.ask("RESET statement_timeout").await.unwrap();
        assert_eq!(session.ask("SELECT 1").await.unwrap(), ["1"], "after {query}");
        session.ask("SET statement_timeout = 100").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pause_leaves_the_others_their_turn() {
    let house = lake();
    let served = house.serve();
    let now = SystemTime::now();
    let other =
        house.signed("otto", json!({ "org_id": "other" }), now, now + Duration::from_secs(3600));
    let token = house.token("ines", &[]);
    let processors = available_parallelism().map_or(1, NonZeroUsize::get);
    let mut sessions = Vec::new();
    for _ in 0..=processors {
        sessions.push(Session::open(&served, "ines", &token).await.unwrap());
    }
    let others = Session::open(&served, "otto", &other).await.unwrap();
    let query = |at: usize| format!("{} -- {at}", whole(PAUSELESS[0]));
    let busy = join_all(sessions.iter().enumerate().map(async |(at, session)| {
        session
            .ask(&query(at))
            .await
            .unwrap_err()
            .assert("57014", "canceling statement due to user request");
    }));
    let asking = async {
        for at in 0..sessions.len() {
            recorded(&house, |line| line["query"] == query(at)).await;
        }
        for _ in 0..10 {
            assert_eq!(others.ask("SELECT count(*) FROM lake.visits").await.unwrap(), ["2"]);
        }
        for session in &sessions {
            session.0.cancel_token().cancel_query(NoTls).await.unwrap();
        }
    };
    tokio::join!(busy, asking);
}
