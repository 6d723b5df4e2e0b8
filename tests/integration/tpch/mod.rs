//! The 22 queries of TPC-H at scale 0.1, half of the tables in PostgreSQL and half in Parquet,
//! asked as two of twenty tenants through the program itself, and compared value by value with
//! DuckDB on a copy that was filtered and masked by hand (`tests/data/tpch/compare.py`).

mod data;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{postgres, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");
const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tpch");
/// Between them every query has an answer that is not empty.
const TENANTS: [&str; 2] = ["t14", "t15"];

#[test]
fn every_query_answers_as_duckdb_does_on_a_filtered_and_masked_copy() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    data::write(folder);
    python_on(folder, "prepare", "");
    let server = postgres::Server::start();
    let shop = fs::read_to_string(format!("{CASES}/shop.sql")).unwrap();
    let url = server.database(&shop.replace("{folder}", folder.to_str().unwrap()));
    configure(folder, &url);

    let mut gateway = Gateway::start(folder);
    let tokens: serde_json::Map<_, _> =
        TENANTS.iter().map(|tenant| ((*tenant).to_owned(), token(folder, tenant).into())).collect();
    let given = serde_json::json!({ "port": gateway.port, "tokens": tokens });
    python_on(folder, "compare", &given.to_string());
    gateway.end();
    run(Command::new(PROGRAM).args(["audit", "verify"]).arg(folder.join("audit")));
}

fn configure(folder: &Path, url: &str) {
    fs::copy(format!("{CASES}/portcullis.toml"), folder.join("portcullis.toml")).unwrap();
    fs::create_dir(folder.join("policies")).unwrap();
    fs::copy(format!("{CASES}/policies/analysts.cedar"), folder.join("policies/analysts.cedar"))
        .unwrap();
    let key = r#"{"keys":[{"kty":"oct","alg":"HS256","kid":"test",
        "k":"dGhlIGtleSBvZiBhIHRlc3QsIHRoaXJ0eS10d28gYnl0ZXM"}]}"#;
    for (name, text) in [
        ("shop.url", url),
        ("keys.json", key),
        ("token.key", "a key for tokens, of at least thirty-two bytes"),
    ] {
        fs::write(folder.join(name), text).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn token(folder: &Path, tenant: &str) -> String {
    let config = folder.join("portcullis.toml");
    let claim = format!("tenant={tenant}");
    let told = run(Command::new(PROGRAM)
        .args(["token", "--user", "ada", "--claim", &claim, "--config"])
        .arg(config));
    told.trim().to_owned()
}

/// Runs to the end, and gives what it said.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
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

struct Gateway {
    process: Child,
    port: u16,
}

impl Gateway {
    /// Starts the program and waits until it says where it listens.
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(PROGRAM)
            .args(["serve", "--config"])
            .arg(folder.join("portcullis.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let port = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("127.0.0.1:").unwrap_or_default();
            let port = port.chars().take_while(char::is_ascii_digit).collect::<String>();
            said.push_str(&line);
            port.parse().ok()
        });
        // Somebody must read on, or the gateway would wait for its log.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, port: port.unwrap_or_else(|| panic!("the gateway does not start: {said}")) }
    }

    /// As an operator ends it, so that it closes its audit log.
    fn end(&mut self) {
        let pid = self.process.id().to_string();
        run(Command::new("kill").args(["-TERM", &pid]));
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
