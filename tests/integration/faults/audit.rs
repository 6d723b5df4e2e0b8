//! A disk on which no further record can be written.

use std::process::Command;

use serde_json::{Value, json};

use super::watch::lines;
use super::*;
use crate::house::FullDisk;

/// How much the process may write to one file: what is there, or everything.
fn limit(served: &Served, bytes: &str) {
    let done = Command::new("prlimit")
        .args(["--pid", &served.process.to_string(), &format!("--fsize={bytes}:")])
        .status()
        .unwrap();
    assert!(done.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_space_for_its_record_no_query_runs() {
    let house = lake();
    let served = house.serve();
    let token = house.token("ines", &[]);
    let session = Session::open(&served, "ines", &token).await.unwrap();
    let query = "SELECT count(*) FROM lake.visits";
    assert_eq!(session.ask(query).await.unwrap(), ["3"]);

    limit(&served, "1");
    for query in [query, "SELECT 1", "EXPLAIN SELECT 1", "SELECT * FROM lake.secrets"] {
        let refused = session.ask(query).await.unwrap_err();
        refused.assert("53100", "the audit record cannot be written");
        let hint = "No query runs without its record. Tell whoever runs the gateway.";
        assert_eq!((refused.detail.as_deref(), refused.hint.as_deref()), (None, Some(hint)));
    }
    let refused = Session::open(&served, "ines", &token).await.map(drop).unwrap_err();
    refused.assert("53100", "the audit record cannot be written");

    limit(&served, "unlimited");
    assert_eq!(session.ask(query).await.unwrap(), ["3"]);
    assert_serves(&house, &served).await;
    assert_on_record(&house, served, &["refused"]);
}

/// The same on a disk that is full: there is a disk of its own beneath the audit folder, and every
/// byte of it is taken.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_no_query_runs_until_there_is_room() {
    if !FullDisk::possible() {
        // Then the kernel's words for it are heard by the audit log's own tests alone.
        println!("not run: this system gives nobody a file system of their own (unshare -Urm)");
        return;
    }
    let house = lake();
    std::fs::create_dir(house.path("audit")).unwrap();
    let served = house.serve_on_a_small_disk("audit");
    let disk = FullDisk::of(&served, &house.path("audit"));
    let token = house.token("ines", &[]);
    let session = Session::open(&served, "ines", &token).await.unwrap();
    let query = "SELECT count(*) FROM lake.visits";
    assert_eq!(session.ask(query).await.unwrap(), ["3"]);

    disk.fill();
    // There may be room in what the log has begun.
    let mut answers = 0;
    let refused = loop {
        match session.ask(query).await {
            Ok(_) => answers += 1,
            Err(told) => break told,
        }
        assert!(answers < 100, "the disk is not full");
    };
    refused.assert("53100", "the audit record cannot be written");
    session.ask("SELECT 1").await.unwrap_err().assert("53100", &refused.message);
    let none = Session::open(&served, "ines", &token).await.map(drop).unwrap_err();
    none.assert("53100", "the audit record cannot be written");

    disk.make_room();
    assert_eq!(session.ask(query).await.unwrap(), ["3"]);
    assert_serves(&house, &served).await;
    // The disk goes with the gateway.
    let verified = house.program().args(["audit", "verify"]).arg(disk.path()).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
    assert!(records(disk.path()).contains("refused"));
    assert_eq!(served.stop(), Some(0));
}

/// What a client sends once it cannot have written again and again, whatever way it runs it.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_is_on_record_once_in_a_session() {
    let house = lake();
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    let query = format!("SELECT $1::text /* {} */", "\u{1}".repeat(20_000));
    session.ask(&format!("PREPARE p AS {query}")).await.unwrap();
    for _ in 0..50 {
        assert_eq!(session.ask("EXECUTE p ('a')").await.unwrap(), ["a"]);
    }
    let prepared = session.0.prepare(&query).await.unwrap();
    for _ in 0..50 {
        let row = session.0.query_one(&prepared, &[&"a"]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), "a");
    }
    let lines = lines(&house);
    let texts = |field: &str| -> Vec<&Value> {
        lines.iter().map(|line| &line[field]).filter(|text| !text.is_null()).collect()
    };
    let executed = texts("prepared");
    assert_eq!(executed.len(), 50);
    let whole = format!("PREPARE p AS {query}");
    assert_eq!(*executed[0], json!(whole));
    let first = lines.iter().find(|line| line["prepared"] == whole).unwrap();
    let repeated = json!({
        "begins": whole.chars().take(128).collect::<String>(),
        "bytes": whole.len(),
        "record": first["seq"],
    });
    assert!(executed[1..].iter().all(|text| **text == repeated), "{:?}", executed[1]);
    let bound = texts("query").into_iter().filter(|text| text["bytes"] == query.len());
    assert_eq!(bound.count(), 49);
    let size = std::fs::metadata(house.path("audit/audit-000001.jsonl")).unwrap().len();
    assert!(size < 6 * 3 * 20_000 + 100 * 2_000, "{size} bytes");
    assert_on_record(&house, served, &[]);
}
