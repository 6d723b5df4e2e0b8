//! The 22 queries of TPC-H at scale 0.1, half of the tables in PostgreSQL and half in Parquet,
//! asked as two of twenty tenants through the program itself, and compared value by value with
//! DuckDB on a copy that was filtered and masked by hand (`tests/data/tpch/compare.py`).

mod data;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::{Map, json};

use super::{postgres, python};
use crate::house::House;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tpch");
const SCALE: f64 = 0.1;

/// Between them every query has an answer that is not empty.
const TENANTS: [&str; 2] = ["t14", "t15"];

#[test]
fn every_query_answers_as_duckdb_does_on_a_filtered_and_masked_copy() {
    let house = House::of(&text("portcullis.toml"));
    let folder = house.path("");
    data::write(&folder, SCALE);
    python_on(&folder, "prepare", "");
    let server = postgres::Server::start();
    let shop = text("shop.sql").replace("{folder}", folder.to_str().unwrap());
    house.file("shop.url", &server.database(&shop));
    house.file("policies/analysts.cedar", &text("policies/analysts.cedar"));

    let served = house.serve();
    let tokens: Map<_, _> =
        TENANTS.iter().map(|tenant| ((*tenant).to_owned(), token(&house, tenant).into())).collect();
    python_on(&folder, "compare", &json!({ "port": served.port, "tokens": tokens }).to_string());
    assert_eq!(served.stop(), Some(0));
    let verified = house.program().args(["audit", "verify", "audit"]).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

fn text(name: &str) -> String {
    fs::read_to_string(PathBuf::from(CASES).join(name)).unwrap()
}

fn token(house: &House, tenant: &str) -> String {
    let now = SystemTime::now();
    house.signed("ada", json!({ "tenant": tenant }), now, now + Duration::from_secs(3600))
}

/// Runs a task of `compare.py`, with this as its input.
fn python_on(folder: &Path, task: &str, input: &str) {
    let mut script = Command::new(python::interpreter())
        .arg(PathBuf::from(CASES).join("compare.py"))
        .arg(task)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    script.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = script.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{told}");
    assert!(output.status.success(), "{told}{errors}");
}
