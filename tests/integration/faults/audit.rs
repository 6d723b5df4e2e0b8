//! A disk on which no further record can be written.

use std::process::Command;

use super::*;

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
