//! What computes without a pause ends when it should, and holds up nobody else.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime};

use futures::future::join_all;
use serde_json::json;

use super::watch::recorded;
use super::*;

/// Joins that wait for nothing and give nothing.
const PAUSELESS: [&str; 6] = [
    "SELECT count(*) FROM a, b WHERE a.n + b.n = 3",
    "SELECT count(*) FROM a JOIN b ON a.k = b.k AND a.n + b.n = 3",
    "SELECT count(*) FROM a FULL JOIN b ON a.n + b.n = 3",
    "SELECT count(*) FROM a, b",
    "SELECT count(*) FROM b WHERE EXISTS (SELECT 1 FROM a WHERE a.k = b.k)",
    "SELECT count(*) FROM b WHERE k NOT IN (SELECT k FROM a)",
];

/// One batch of `b` takes minutes, since there is all of `a` for each of its rows.
fn whole(query: &str) -> String {
    let side = |rows: u32| format!("SELECT n % 1 AS k, n FROM generate_series(1, {rows}) AS s(n)");
    format!("WITH a AS ({}), b AS ({}) {query}", side(1_000_000), side(10_000_000))
}

/// The next statement gets the only place of its tenant when the last has really ended.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pause_ends_in_time() {
    let limits = "[limits]\nmax_running_statements = 2\nbusy_wait_ms = 3600000\n";
    let house = house(&format!("{limits}{LAKE}"));
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    for query in PAUSELESS.map(whole) {
        // Time enough to come to the join, where nothing is waited for any more.
        session.ask("SET statement_timeout = 1500").await.unwrap();
        let told = session.ask(&query).await.unwrap_err();
        told.assert("57014", "canceling statement due to statement timeout");
        session.ask("RESET statement_timeout").await.unwrap();
        assert_eq!(session.ask("SELECT 1").await.unwrap(), ["1"], "after {query}");
    }
}

/// There are more of them than processors, and of a tenant that has every place it may have.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pause_leaves_the_others_their_turn() {
    let busy = available_parallelism().map_or(1, NonZeroUsize::get) + 1;
    let limits =
        format!("[limits]\nmax_running_statements = {}\nbusy_wait_ms = 3600000\n", 2 * busy);
    let house = house(&format!("{limits}{LAKE}"));
    let served = house.serve();
    let token = house.token("ines", &[]);
    let mut sessions = Vec::new();
    for _ in 0..busy {
        sessions.push(Session::open(&served, "ines", &token).await.unwrap());
    }
    let now = SystemTime::now();
    let claims = json!({ "org_id": "other" });
    let other = house.signed("otto", claims, now, now + Duration::from_secs(3600));
    let others = Session::open(&served, "otto", &other).await.unwrap();

    let query = |at: usize| format!("{} -- {at}", whole(PAUSELESS[0]));
    let computing = join_all(sessions.iter().enumerate().map(async |(at, session)| {
        let told = session.ask(&query(at)).await.unwrap_err();
        told.assert("57014", "canceling statement due to user request");
        // In the place that it had.
        assert_eq!(session.ask("SELECT 1").await.unwrap(), ["1"]);
    }));
    let asking = async {
        for at in 0..busy {
            recorded(&house, |line| line["query"] == query(at)).await;
        }
        for _ in 0..100 {
            assert_eq!(others.ask("SELECT count(*) FROM lake.visits").await.unwrap(), ["2"]);
        }
        for session in &sessions {
            session.0.cancel_token().cancel_query(NoTls).await.unwrap();
        }
    };
    tokio::join!(computing, asking);
}
