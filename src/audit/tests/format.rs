//! The lines themselves, and what is made of them again.

use std::fs;

use serde_json::json;

use super::*;
use crate::audit::error::AuditError;
use crate::audit::folder::default_key_file;
use crate::error::{ClientError, SqlState};

#[tokio::test]
async fn records_read_back_as_they_were_written() {
    let place = Place::new();
    let log = place.open();
    log.event("start", json!({ "shared": ["crm.countries"] })).await.unwrap();
    let pending = log.intent(intent("SELECT 1")).await.unwrap();
    let id = pending.id();
    pending.finish(outcome());
    drop(log);

    let entries: Vec<Entry> = place.records().into_iter().map(|record| record.entry).collect();
    let name = "segment".to_owned();
    assert_eq!(
        entries,
        [
            Entry::Log { name, details: json!({ "segment": 1 }) },
            Entry::Event {
                name: "start".to_owned(),
                details: json!({ "shared": ["crm.countries"] })
            },
            Entry::Intent(intent("SELECT 1").into()),
            Entry::Outcome { id, outcome: outcome() },
        ]
    );
    assert_eq!(id, 3);
}

#[tokio::test]
async fn a_line_is_flat_and_says_everything() {
    let place = Place::new();
    let log = place.open();
    log.intent(intent("SELECT 1")).await.unwrap().finish(outcome());
    drop(log);

    let text = fs::read_to_string(place.file("audit-000001.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut intent = lines[1].clone();
    let fields = intent.as_object_mut().unwrap();
    for changing in ["time", "prev", "hash"] {
        assert!(fields.remove(changing).unwrap().is_string());
    }
    assert_eq!(
        intent,
        json!({
            "v": 1, "seq": 2, "kind": "intent",
            "principal": "alice", "agent": "helper", "tenant": "acme", "session": "s-1",
            "client": "127.0.0.1", "application_name": "psql", "query": "SELECT 1",
            "tables": [{
                "table": "crm.customers", "columns": ["id", "email"],
                "row_filter": "org_id = 'acme'", "masks": ["email: mask_partial(email)"],
                "policies": ["rows/own_org"],
            }],
            "policy_set": "00ff",
            "sent": [{ "source": "crm", "text": "SELECT …" }],
            "notes": [],
        })
    );
    assert_eq!(lines[2]["kind"], "outcome");
    assert_eq!(lines[2]["id"], 2);
    assert_eq!(lines[2]["result"], "ok");
    assert_eq!(lines[2]["rows"], 3);
    assert_eq!(lines[2]["prev"], lines[1]["hash"]);
}

#[tokio::test]
async fn no_text_can_break_a_line_or_act_on_a_terminal() {
    let hostile =
        "a\nb\r\u{1b}[2J\u{7}\u{7f}\u{9b}31m\u{2028}\u{2029}\u{202e}\u{200b}\u{feff}\0\"\\é漢";
    let place = Place::new();
    let log = place.open();
    log.intent(intent(hostile)).await.unwrap().finish(outcome());
    drop(log);

    let text = fs::read_to_string(place.file("audit-000001.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 3);
    let acting = text.replace('\n', "").chars().find(|found| {
        found.is_control() || "\u{200b}\u{2028}\u{2029}\u{202e}\u{feff}".contains(*found)
    });
    assert_eq!(acting, None);
    assert!(text.contains("\\u009b31m") && text.contains("é漢"));
    let Entry::Intent(read) = &place.records()[1].entry else { panic!("no intent") };
    assert_eq!(read.query.here(), hostile);
    place.assert_whole();
}

#[tokio::test]
async fn what_is_too_long_is_refused_or_cut() {
    let place = Place::new();
    let log = place.open();
    let error = log.intent(intent(&"x".repeat(17 << 20))).await.unwrap_err();
    assert!(matches!(error, AuditError::TooLong(_)));
    assert_eq!(ClientError::from(error).sqlstate, SqlState::PROGRAM_LIMIT_EXCEEDED);

    let pending = log.intent(intent("SELECT 1")).await.unwrap();
    let result = QueryResult::Error {
        sqlstate: "XX000".to_owned(),
        message: "é".repeat(100_000),
        internal: Some("x".repeat(100_000)),
    };
    pending.finish(Outcome { result, ..outcome() });
    drop(log);
    place.assert_whole();
    assert!(fs::metadata(place.file("audit-000001.jsonl")).unwrap().len() < 20_000);
}

#[tokio::test]
async fn a_folder_has_one_writer_and_its_own_key() {
    let place = Place::new();
    let log = place.open();
    assert!(matches!(AuditLog::open(&place.dir, &place.key), Err(AuditError::Locked(_))));
    fill(&log, 3).await;
    drop(log);

    let key = read(&place.key);
    fs::remove_file(&place.key).unwrap();
    let error = AuditLog::open(&place.dir, &place.key).unwrap_err();
    assert!(matches!(error, AuditError::KeyMissing { .. }), "{error}");
    assert!(error.to_string().contains(place.key.to_str().unwrap()));
    assert!(!place.key.exists(), "no new key may be made for an old log");

    write(&place.key, &[&b"0"[..], &key[1..]].concat());
    if read(&place.key) == key {
        write(&place.key, &[&b"1"[..], &key[1..]].concat());
    }
    assert!(matches!(AuditLog::open(&place.dir, &place.key), Err(AuditError::Damaged { .. })));
    assert_eq!(place.report().fault.unwrap().file, "head");

    for malformed in [&key[..64], b"", b"secret\n", &[&key[..], b"\n"].concat()] {
        write(&place.key, malformed);
        assert!(matches!(AuditLog::open(&place.dir, &place.key), Err(AuditError::KeyFormat(_))));
    }

    write(&place.key, &key);
    drop(place.open());
    place.assert_whole();
}

#[cfg(unix)]
#[test]
fn others_cannot_read_the_log_or_its_key() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    drop(place.open());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.key), 0o600);
    assert_eq!(mode(&place.dir), 0o700);
    for file in ["head", "lock", "audit-000001.jsonl"] {
        assert_eq!(mode(&place.file(file)), 0o600, "{file}");
    }
}

#[test]
fn the_key_lies_beside_the_folder() {
    for (dir, key) in [
        ("/var/lib/audit", "/var/lib/audit.key"),
        ("/var/lib/audit/", "/var/lib/audit.key"),
        ("audit", "audit.key"),
        ("../audit.d", "../audit.d.key"),
    ] {
        assert_eq!(default_key_file(Path::new(dir)), Path::new(key));
    }
}
