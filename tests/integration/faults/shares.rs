//! One tenant cannot take the gateway from the others.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::watch::{assert_holds, framed, outcome, raw, recorded, until_ready};
use super::*;
use crate::postgres;

/// Two places for everything, of which a tenant has one, and little patience.
const TIGHT: &str = "[limits]\nbusy_wait_ms = 100\n";

/// So many rows that no buffer takes them all: some 40 MB.
const BOX: &str = "CREATE TABLE things (id integer, org_id text NOT NULL, pad text);
    INSERT INTO things SELECT n, o, repeat('x', 1000)
    FROM generate_series(1, 40000) n, unnest(ARRAY['acme', 'other']) o;";

const COUNT: &str = "SELECT count(*) FROM box.things";

/// A token of the other tenant.
fn other(house: &House) -> String {
    let now = SystemTime::now();
    let claims = json!({ "org_id": "other" });
    house.signed("otto", claims, now, now + Duration::from_secs(3600))
}

/// Asks until it is refused.
async fn refused(session: &Session, query: &str) -> Told {
    let asking = async {
        loop {
            match session.ask(query).await {
                Ok(_) => tokio::task::yield_now().await,
                Err(told) => return told,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking).await.expect("a refusal")
}

/// A client that asks for rows and reads none of them, for at most so long.
pub(super) async fn stalled(
    served: &Served,
    token: &str,
    query: &str,
    timeout_ms: u32,
) -> TcpStream {
    let mut client = raw(served, "ines", token).await;
    let set = format!("SET statement_timeout = {timeout_ms}\0");
    client.write_all(&framed(b'Q', set.as_bytes())).unwrap();
    until_ready(&mut client);
    client.write_all(&framed(b'Q', format!("{query}\0").as_bytes())).unwrap();
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_do_not_read_hold_a_source_from_their_own_tenant_alone() {
    let house = house(&format!(
        "{TIGHT}{LAKE}\n[sources.box]\nkind = \"postgres\"\nconnections = 2\n\
         url = {{ file = \"box.url\" }}\n"
    ));
    house.file("box.url", &postgres::shared().database(BOX));
    let served = house.serve();
    let token = house.token("ines", &[]);
    let query = "SELECT * FROM box.things";
    let client = stalled(&served, &token, query, 3_000).await;
    let session = Session::open(&served, "ines", &token).await.unwrap();
    recorded(&house, |line| line["query"] == query).await;

    let told = refused(&session, COUNT).await;
    told.assert("53300", "source \"box\" is busy");
    let hint = "Try again when fewer statements read it, of others or of your own tenant.";
    assert_eq!((told.detail.as_deref(), told.hint.as_deref()), (None, Some(hint)));
    let others = Session::open(&served, "otto", &other(&house)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(others.ask(COUNT).await.unwrap(), ["40000"]);
    }
    // Other sources are there for everybody.
    assert_eq!(session.ask("SELECT count(*) FROM lake.visits").await.unwrap(), ["3"]);

    // It ends at its deadline, though nobody has read a byte, and the source is free again.
    let timed_out = json!({
        "result": "error", "sqlstate": "57014",
        "message": "canceling statement due to statement timeout",
    });
    assert_holds(&outcome(&house, query).await, timed_out);
    assert_eq!(session.ask(COUNT).await.unwrap(), ["40000"]);
    drop(client);
    assert_on_record(&house, served, &["source \\\"box\\\" is busy"]);
}

/// What waits for scans of its own statement is not told that others keep it waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_may_name_a_source_more_often_than_it_may_hold_it() {
    let house = house(&format!(
        "{TIGHT}{LAKE}\n[sources.box]\nkind = \"postgres\"\nconnections = 2\n\
         url = {{ file = \"box.url\" }}\n"
    ));
    let slow =
        "CREATE VIEW slow AS SELECT 'acme'::text AS org_id, 1 AS id, pg_sleep(0.3)::text AS s";
    house.file("box.url", &postgres::shared().database(&format!("{BOX}{slow}")));
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    let scans = ["SELECT id, s FROM box.slow WHERE length(s) = 0"; 4].join(" UNION ALL ");
    assert_eq!(session.ask(&scans).await.unwrap(), ["1|"; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_runs_no_more_statements_than_its_share() {
    let house = house(&format!("{TIGHT}max_running_statements = 2\n{LAKE}"));
    let served = house.serve();
    let token = house.token("ines", &[]);
    let endless = "SELECT * FROM generate_series(1, 1000000000000)";
    let client = stalled(&served, &token, endless, 60_000).await;
    recorded(&house, |line| line["query"] == endless).await;
    let session = Session::open(&served, "ines", &token).await.unwrap();
    let told = refused(&session, "SELECT 1").await;
    told.assert("53300", "too many statements are running");
    let others = Session::open(&served, "otto", &other(&house)).await.unwrap();
    assert_eq!(others.ask("SELECT 1").await.unwrap(), ["1"]);
    drop(client);
    // Its place is free when the gateway has noticed.
    outcome(&house, endless).await;
    assert_eq!(session.ask("SELECT 1").await.unwrap(), ["1"]);
}

/// A cursor holds nothing when its time is over, whatever was read of it, while its session does
/// nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_holds_its_place_no_longer_than_it_may_take() {
    let house = house(&format!("{TIGHT}max_running_statements = 2\n{LAKE}"));
    let served = house.serve();
    let token = house.token("ines", &[]);
    let idle = Session::open(&served, "ines", &token).await.unwrap();
    idle.ask("SET statement_timeout = 1000").await.unwrap();
    let session = Session::open(&served, "ines", &token).await.unwrap();
    let many = "SELECT * FROM generate_series(1, 100000000) AS t(n)";
    for (name, query, rows) in [("whole", many, 0), ("begun", many, 2), ("small", "SELECT 1", 0)] {
        let (declare, fetch) =
            (format!("DECLARE {name} CURSOR FOR {query}"), format!("FETCH 2 FROM {name}"));
        idle.ask("BEGIN").await.unwrap();
        idle.ask(&declare).await.unwrap();
        if rows > 0 {
            assert_eq!(idle.ask(&fetch).await.unwrap(), ["1", "2"]);
        }
        // Its end is on record, and its place is free, before anybody comes back to it.
        let timed_out = json!({ "result": "error", "sqlstate": "57014", "rows": rows });
        assert_holds(&outcome(&house, &declare).await, timed_out);
        assert_eq!(session.ask("SELECT 1").await.unwrap(), ["1"]);
        let told = idle.ask(&fetch).await.unwrap_err();
        told.assert("57014", "canceling statement due to statement timeout");
        idle.ask("ROLLBACK").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_no_more_sessions_than_its_share() {
    let house = house(&format!("max_connections = 4\n{LAKE}"));
    let served = house.serve();
    let token = house.token("ines", &[]);
    let mut kept = Vec::new();
    for _ in 0..2 {
        kept.push(Session::open(&served, "ines", &token).await.unwrap());
    }
    let told = Session::open(&served, "ines", &token).await.map(drop).unwrap_err();
    told.assert("53300", "your tenant has too many sessions already");
    Session::open(&served, "otto", &other(&house)).await.unwrap();
    drop(kept.pop());
    let again = async {
        while Session::open(&served, "ines", &token).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), again).await.expect("a session");
}
