//! Statements that ask for more memory than there is: each gets an answer, and none of them makes
//! the gateway grow.

use std::io::Read as _;
use std::time::Duration;

use super::shares::stalled;
use super::*;

/// What the gateway may use for queries here.
const LIMIT: &str = "\n[limits]\nmemory_bytes = 67108864\n";

/// What the whole program may come to, with all that it holds beside queries. Each of the statements
/// below would take more than this by itself if it were let.
const MOST_KIB: u64 = 700 << 10;

const TOO_MUCH: (&str, &str) = ("53200", "the query needs more memory than it may use");

fn assert_small(served: &Served, sql: &str) {
    assert_small_within(served, sql, MOST_KIB);
}

pub(super) fn assert_small_within(served: &Served, sql: &str, most_kib: u64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", served.process)).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = line.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    assert!(peak < most_kib, "the gateway came to {peak} KiB with {}", beginning(sql));
}

fn beginning(sql: &str) -> &str {
    &sql[..sql.len().min(200)]
}

/// `WITH` that makes each row's text eight times as long, five times over.
fn doubled() -> String {
    let mut ctes = "WITH c0 AS (SELECT repeat('x', 100) || x AS s FROM generate_series(1, 8192) \
                    AS t(x))"
        .to_owned();
    for level in 1..=4 {
        ctes += &format!(", c{level} AS (SELECT s||s||s||s||s||s||s||s AS s FROM c{})", level - 1);
    }
    ctes + " SELECT max(length(s)) FROM c4"
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded() {
    let house = house(&format!("{LAKE}{LIMIT}"));
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    let large = "y".repeat(900_000);

    // Large, but no more at once than it needs.
    for (sql, answer) in [
        (
            "SELECT count(*) FROM (SELECT repeat('x', 100000) AS s FROM generate_series(1, 16384)) \
             AS q WHERE s <> ''"
                .to_owned(),
            "16384",
        ),
        (
            format!(
                "SELECT count(*) FROM generate_series(1, 3000) AS t(x) \
                 WHERE CASE WHEN x > 0 THEN '{large}' ELSE 'z' END = 'z'"
            ),
            "0",
        ),
        (
            format!("SELECT sum(length(s)) FROM (SELECT x, '{large}' AS s \
                     FROM generate_series(1, 2000) AS t(x)) AS q WHERE s || x <> ''"),
            "1800000000",
        ),
    ] {
        assert_eq!(session.ask(&sql).await.unwrap(), [answer], "{}", beginning(&sql));
        assert_small(&served, &sql);
    }
    let streamed = format!("SELECT x, '{large}' FROM generate_series(1, 60) AS t(x)");
    assert_eq!(session.ask(&streamed).await.unwrap().len(), 60);
    assert_small(&served, &streamed);

    // Larger than there is.
    for (sql, (sqlstate, message)) in [
        ("SELECT sum(x) OVER () FROM generate_series(1, 20000000) AS t(x)".to_owned(), TOO_MUCH),
        ("SELECT array_agg(x) FROM generate_series(1, 200000000) AS t(x)".to_owned(), TOO_MUCH),
        (
            "SELECT string_agg(repeat('x', 1000), '') FROM generate_series(1, 1000000)".to_owned(),
            TOO_MUCH,
        ),
        (
            "SELECT max(length(r)) FROM (SELECT repeat('x', 2000000) AS r, g \
             FROM generate_series(1, 140) AS t(g)) AS q"
                .to_owned(),
            ("54000", "the results of \"repeat\" are too large"),
        ),
        (doubled(), ("54000", "the results of \"||\" are too large")),
        (
            "SELECT length(replace(repeat('x', 9000000), 'x', 'yyyy'))".to_owned(),
            ("54000", "the results of \"replace\" are too large"),
        ),
    ] {
        session.ask(&sql).await.unwrap_err().assert(sqlstate, message);
        assert_small(&served, &sql);
    }
    assert_serves(&house, &served).await;
}

/// What a statement may use where rows are repeated.
const ROOM: &str = "\n[limits]\nmemory_bytes = 268435456\n";

const REPEATED: (&str, &str) =
    ("54000", "a row is too large to be repeated by a join, a subquery or unnest");

#[tokio::test(flavor = "multi_thread")]
async fn what_is_repeated_is_bounded() {
    let house = house(&format!("{LAKE}{ROOM}"));
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    let listed = "(SELECT array_agg(i) FROM generate_series(1, 3000000) AS t(i))";

    // Not much, and much that is not repeated.
    for (sql, answer) in [
        (
            "SELECT count(*) FROM (SELECT a, unnest(a) FROM (SELECT array_agg(g) AS a \
             FROM generate_series(1, 300) AS t(g)) AS q) AS r",
            "300",
        ),
        (
            "SELECT count(*) FROM (SELECT array_agg(g) OVER (PARTITION BY g % 1000) AS a \
             FROM generate_series(1, 20000) AS t(g)) AS q WHERE a[1] > 0",
            "20000",
        ),
        (
            "SELECT length((SELECT string_agg(repeat('x', 100), '') \
             FROM generate_series(1, 100000) AS t(g)))",
            "10000000",
        ),
        (
            "SELECT count(*) FROM (SELECT array_agg(i) AS a FROM generate_series(1, 200000) AS t(i)) \
             AS k, generate_series(1, 100) AS t(g)",
            "100",
        ),
        (
            "SELECT count(*) FROM (SELECT unnest((SELECT array_agg(i) \
          FROM generate_series(1, 200000) AS t(i)))) AS q",
            "200000",
        ),
    ] {
        assert_eq!(session.ask(sql).await, Ok(vec![answer.to_owned()]), "{sql}");
    }

    for (sql, (sqlstate, message)) in [
        (
            "SELECT a, unnest(a) FROM (SELECT array_agg(g) AS a \
             FROM generate_series(1, 100000) AS t(g)) AS q"
                .to_owned(),
            REPEATED,
        ),
        (
            "SELECT r, unnest(a) FROM (SELECT repeat('x', 1000000) AS r, array_agg(g) AS a \
             FROM generate_series(1, 8000) AS t(g)) AS q"
                .to_owned(),
            REPEATED,
        ),
        (
            "SELECT count(*) FROM (SELECT array_agg(g) OVER () AS a \
             FROM generate_series(1, 100000) AS t(g)) AS q WHERE a[1] = 1"
                .to_owned(),
            ("54000", "the results of \"array_agg\" are too large"),
        ),
        (
            "SELECT count(*) FROM (SELECT string_agg('some text', ',') OVER () AS a \
             FROM generate_series(1, 100000) AS t(g)) AS q WHERE a = 'k'"
                .to_owned(),
            ("54000", "the results of \"string_agg\" are too large"),
        ),
        (format!("SELECT {listed}, g FROM generate_series(1, 100000) AS t(g)"), REPEATED),
        (
            format!(
                "SELECT max(CASE WHEN g > 1 THEN {listed} END) FROM generate_series(1, 100) AS t(g)"
            ),
            REPEATED,
        ),
        (
            format!("SELECT a, g FROM {listed} AS k(a), generate_series(1, 100000) AS t(g)"),
            REPEATED,
        ),
        (
            "SELECT max(r) FROM (SELECT r, u FROM (SELECT max(repeat('x', 10000000)) AS r \
             FROM generate_series(1, 1)) AS k, generate_series(1, 1000) AS t(u)) AS q"
                .to_owned(),
            REPEATED,
        ),
        (
            "SELECT count(*) FROM (SELECT first_value(r) OVER () AS f FROM (SELECT CASE WHEN g = 1 \
             THEN repeat('x', 1000000) END AS r FROM generate_series(1, 10000) AS t(g)) AS q) AS w \
             WHERE f = 'x'"
                .to_owned(),
            TOO_MUCH,
        ),
    ] {
        match session.ask(&sql).await {
            Ok(rows) => panic!("{sql}: {} rows", rows.len()),
            Err(told) => {
                assert_eq!((told.sqlstate.as_str(), told.message.as_str()), (sqlstate, message), "{sql}");
            }
        }
        assert_small_within(&served, &sql, 2 << 20);
    }
    assert_serves(&house, &served).await;
}

/// A row of 32 MB in text, made of a batch of 16.
const WIDE: &str = "SELECT v, v FROM (SELECT decode(repeat('00', 8000000), 'hex') AS v) AS q";

/// Rows that wait to be sent take their room from the same memory, as long as they wait.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_client_is_counted() {
    let house = house(&format!("{LAKE}{LIMIT}"));
    let served = house.serve();
    let token = house.token("ines", &[]);
    let session = Session::open(&served, "ines", &token).await.unwrap();
    assert_eq!(session.ask(WIDE).await.unwrap().len(), 1);
    let (sqlstate, message) = TOO_MUCH;
    for wide in [WIDE.replace("v, v", "v, v, v, v"), WIDE.replace("v, v", "v, v, v::text")] {
        session.ask(&wide).await.unwrap_err().assert(sqlstate, message);
    }

    let mut client = stalled(&served, &token, WIDE, 60_000).await;
    // The beginning of what waits for it.
    client.read_exact(&mut [0]).unwrap();
    let refused = session.ask(WIDE).await.map(|rows| rows.len()).unwrap_err();
    refused.assert(sqlstate, message);
    drop(client);
    let answered = async {
        while session.ask(WIDE).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), answered).await.expect("room again");
    assert_small(&served, WIDE);
}
