//! How statements and sessions end, and that the record tells it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use futures::TryStreamExt as _;
use serde_json::json;

use super::watch::{assert_holds, framed, lines, outcome, raw, recorded, session_end};
use super::*;

/// Runs until somebody stops it.
const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 1000000000000)";

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_cancelled_or_takes_too_long_is_recorded_so() {
    let house = lake();
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();

    let cancel = session.0.cancel_token();
    let cancelling = async {
        recorded(&house, |line| line["query"] == ENDLESS).await;
        cancel.cancel_query(NoTls).await.unwrap();
    };
    let (told, ()) = tokio::join!(session.ask(ENDLESS), cancelling);
    told.unwrap_err().assert("57014", "canceling statement due to user request");
    let cancelled = json!({
        "result": "stopped", "by": "cancel", "sqlstate": "57014",
        "message": "canceling statement due to user request",
    });
    assert_holds(&outcome(&house, ENDLESS).await, cancelled);

    session.ask("SET statement_timeout = 50").await.unwrap();
    let slow = format!("{ENDLESS} -- slow");
    session
        .ask(&slow)
        .await
        .unwrap_err()
        .assert("57014", "canceling statement due to statement timeout");
    let timed_out = json!({
        "result": "error", "sqlstate": "57014",
        "message": "canceling statement due to statement timeout",
    });
    assert_holds(&outcome(&house, &slow).await, timed_out);

    drop(session);
    let goodbye = json!({
        "sqlstate": null, "message": "the client said goodbye", "statements": 2, "tenant": "acme",
    });
    assert_holds(&session_end(&house, "ines").await, goodbye);
    assert_on_record(&house, served, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_and_a_gateway_that_stops_are_recorded_so() {
    let house = lake();
    let served = house.serve();
    // The leeway of half a minute is nearly over.
    let now = SystemTime::now();
    let (issued_at, expires_at) = (now - Duration::from_secs(60), now - Duration::from_secs(28));
    let token = house.signed("leo", json!({ "org_id": "acme" }), issued_at, expires_at);
    let session = Session::open(&served, "leo", &token).await.unwrap();
    let query = format!("{ENDLESS} -- expires");
    session
        .ask(&query)
        .await
        .unwrap_err()
        .assert("57P01", "terminating connection because the session's token has expired");
    let expired = json!({
        "result": "stopped", "by": "session_end", "sqlstate": "57P01",
        "message": "terminating connection because the session's token has expired",
    });
    assert_holds(&outcome(&house, &query).await, expired);
    let end = json!({ "sqlstate": "57P01", "statements": 1 });
    assert_holds(&session_end(&house, "leo").await, end);

    // Whoever is there when the gateway stops.
    let last = Session::open(&served, "otis", &house.token("otis", &[])).await.unwrap();
    assert_eq!(served.stop(), Some(0));
    drop(last);
    let end = json!({
        "sqlstate": "57P01", "message": "terminating connection due to administrator command",
        "statements": 0,
    });
    assert_holds(&session_end(&house, "otis").await, end);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_recorded_so() {
    let house = lake();
    let served = house.serve();
    let mut client = raw(&served, "ines", &house.token("ines", &[])).await;
    let query = format!("{ENDLESS}\0");
    client.write_all(&framed(b'Q', query.as_bytes())).unwrap();
    recorded(&house, |line| line["query"] == ENDLESS).await;
    drop(client);
    let gone = json!({
        "result": "stopped", "by": "disconnect", "sqlstate": "08006",
        "message": "the client went away",
    });
    assert_holds(&outcome(&house, ENDLESS).await, gone);
    let end = json!({ "sqlstate": "08006", "message": "the client went away", "statements": 1 });
    assert_holds(&session_end(&house, "ines").await, end);
    assert_on_record(&house, served, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_holds_each_statement_whole_and_where_it_stood() {
    let house = lake();
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    let secret = "SELECT secret\n  FROM lake.secrets -- ä; not a comma";
    let text = format!("SELECT 1; /* app=x */ SELECT count(*) FROM lake.visits; {secret}");
    session
        .ask(&text)
        .await
        .unwrap_err()
        .assert("42P01", "relation \"lake.secrets\" does not exist");
    let intent = async |query: &str| recorded(&house, |line| line["query"] == query).await;
    assert_eq!(intent("SELECT 1").await["position"], 1);
    assert_eq!(intent("/* app=x */ SELECT count(*) FROM lake.visits").await["position"], 11);
    assert_eq!(intent(secret).await["position"], 57);

    // What does not parse ran in no part, and is there as a whole.
    let broken = "SELECT 2; DELETE FROM lake.visits; SELECT 3";
    session.ask(broken).await.unwrap_err();
    assert_eq!(intent(broken).await.get("position"), None);
    assert!(!lines(&house).iter().any(|line| line["query"] == "SELECT 2"));

    session.ask("PREPARE p AS SELECT id FROM lake.visits WHERE id = $1").await.unwrap();
    assert_eq!(session.ask("EXECUTE p(2)").await.unwrap(), ["2"]);
    let executed = intent("EXECUTE p(2)").await;
    assert_eq!(executed["prepared"], "PREPARE p AS SELECT id FROM lake.visits WHERE id = $1");
    assert_on_record(&house, served, &[]);
}

/// A cursor is on record from its DECLARE on, with the rows that were fetched and how it ended.
#[tokio::test(flavor = "multi_thread")]
async fn cursors_and_copies_are_recorded_as_the_queries_that_they_are() {
    let house = lake();
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    let declare = |name: &str| format!("DECLARE {name} CURSOR FOR SELECT id FROM lake.visits");
    session.ask("BEGIN").await.unwrap();
    for name in ["closed", "left", "whole"] {
        session.ask(&declare(name)).await.unwrap();
        // Before any row has left.
        let intent = recorded(&house, |line| line["query"] == declare(name)).await;
        assert_eq!(intent["tables"][0]["table"], "lake.visits");
        let policies = json!(["house.columns", "house.rows"]);
        assert_eq!(intent["tables"][0]["policies"], policies);
    }
    assert_eq!(session.ask("FETCH 2 FROM closed").await.unwrap().len(), 2);
    session.ask("CLOSE closed").await.unwrap();
    assert_holds(
        &outcome(&house, &declare("closed")).await,
        json!({ "result": "closed", "rows": 2 }),
    );
    session.ask("FETCH FROM left").await.unwrap();
    session.ask("MOVE 1 FROM left").await.unwrap();
    assert_eq!(session.ask("FETCH ALL FROM whole").await.unwrap().len(), 3);
    assert_holds(&outcome(&house, &declare("whole")).await, json!({ "result": "ok", "rows": 3 }));
    session.ask("COMMIT").await.unwrap();
    assert_holds(
        &outcome(&house, &declare("left")).await,
        json!({ "result": "closed", "rows": 1 }),
    );

    session.ask("BEGIN; SET statement_timeout = 50").await.unwrap();
    session.ask(&declare("late")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    let late = session.ask("FETCH FROM late").await.unwrap_err();
    late.assert("57014", "canceling statement due to statement timeout");
    let timed_out = json!({ "result": "error", "sqlstate": "57014", "rows": 0 });
    assert_holds(&outcome(&house, &declare("late")).await, timed_out);
    session.ask("ROLLBACK").await.unwrap();

    let copy = "COPY lake.visits (id) TO STDOUT";
    let data: Vec<_> = session.0.copy_out(copy).await.unwrap().try_collect().await.unwrap();
    assert_eq!(data.concat(), b"1\n2\n3\n");
    assert_holds(&outcome(&house, copy).await, json!({ "result": "ok", "rows": 3 }));
    let missing = "COPY lake.secrets TO STDOUT";
    let hidden = told(&session.0.copy_out(missing).await.map(drop).unwrap_err());
    hidden.assert("42P01", "relation \"lake.secrets\" does not exist");
    assert_holds(
        &outcome(&house, missing).await,
        json!({ "result": "error", "sqlstate": "42P01" }),
    );
    assert_on_record(&house, served, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_refused_logins_is_counted() {
    let house = lake();
    let served = house.serve();
    let bad = b"\0\0\0\x08\0\x01\0\0";
    for _ in 0..30 {
        let mut client = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        client.write_all(bad).unwrap();
        client.read_to_end(&mut Vec::new()).unwrap();
    }
    assert_serves(&house, &served).await;
    assert_on_record(&house, served, &["unsupported frontend protocol 1.0"]);
    let lines = lines(&house);
    let events = |name: &str| lines.iter().filter(|line| line["name"] == name).collect::<Vec<_>>();
    assert_eq!(events("login_refused").len(), 20);
    let counted = events("logins_refused");
    assert_eq!(counted.len(), 1);
    assert_eq!(counted[0]["details"], json!({ "client": "127.0.0.1", "count": 10 }));
}
