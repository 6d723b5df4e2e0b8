//! Tests of the log as a whole. Each of them makes folders of its own.

mod busy;
mod crash;
mod disk;
mod failing;
mod format;
mod tamper;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::log::AuditLog;
use super::reader::{Entry, Record, records};
use super::record::{Decision, Intent, Outcome, Result as QueryResult, Sent, Subject};
use super::verify::{Report, verify_within};

/// A folder for a log, and its key beside it.
struct Place {
    _temporary: TempDir,
    dir: PathBuf,
    key: PathBuf,
}

impl Place {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let (dir, key) = (temporary.path().join("audit"), temporary.path().join("audit.key"));
        Self { _temporary: temporary, dir, key }
    }

    fn open(&self) -> AuditLog {
        AuditLog::open(&self.dir, &self.key).unwrap()
    }

    /// Of a folder that nobody is writing, so there is nothing to wait for.
    fn report(&self) -> Report {
        verify_within(&self.dir, &self.key, Duration::ZERO).unwrap()
    }

    fn assert_whole(&self) {
        assert_eq!(self.report().fault, None);
    }

    fn records(&self) -> Vec<Record> {
        records(&self.dir).unwrap().map(|record| record.unwrap()).collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

fn intent(query: &str) -> Intent {
    Intent {
        subject: Subject {
            principal: "alice".to_owned(),
            agent: Some("helper".to_owned()),
            tenant: Some("acme".to_owned()),
            session: "s-1".to_owned(),
            client: Some("127.0.0.1".parse().unwrap()),
            application_name: Some("psql".to_owned()),
        },
        query: query.into(),
        position: None,
        prepared: None,
        tables: vec![Decision {
            table: "crm.customers".to_owned(),
            columns: vec!["id".to_owned(), "email".to_owned()],
            row_filter: "org_id = 'acme'".to_owned(),
            masks: vec!["email: mask_partial(email)".to_owned()],
            policies: vec!["rows/own_org".to_owned()],
        }],
        policy_set: Some("00ff".to_owned()),
        sent: vec![Sent { source: "crm".to_owned(), text: "SELECT …".into() }],
        notes: Vec::new(),
    }
}

fn outcome() -> Outcome {
    Outcome { result: QueryResult::Ok, rows: 3, bytes: 120, duration_us: 1500 }
}

/// A log with statements, a failure, an abandoned statement and events, in several segments.
async fn fill(log: &AuditLog, statements: usize) {
    log.event("start", json!({ "shared": ["crm.countries"] })).await.unwrap();
    for number in 0..statements {
        let pending = log.intent(intent(&format!("SELECT {number}"))).await.unwrap();
        match number % 3 {
            0 => pending.finish(outcome()),
            1 => drop(pending),
            _ => {
                let result = QueryResult::Error {
                    sqlstate: "42501".to_owned(),
                    message: "permission denied".to_owned(),
                    internal: None,
                };
                pending.finish(Outcome { result, ..outcome() });
            }
        }
    }
    log.flush().await.unwrap();
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Each intent must have exactly one outcome, and no outcome stand alone.
fn assert_paired(records: &[Record]) {
    let mut open = std::collections::BTreeSet::new();
    for record in records {
        match &record.entry {
            Entry::Intent(_) => assert!(open.insert(record.seq)),
            Entry::Outcome { id, .. } => assert!(open.remove(id), "outcome {id} twice, or alone"),
            Entry::Event { .. } | Entry::Log { .. } => {}
        }
    }
    assert!(open.is_empty(), "without outcome: {open:?}");
}
