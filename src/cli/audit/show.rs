//! `portcullis audit show`

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use crate::audit::{self, Entry, Intent, Outcome, Record, Result as Ending, Text};

use super::{ShowError, counted};

/// One statement or event, and how it ended.
struct Told {
    seq: u64,
    time: DateTime<Utc>,
    entry: Entry,
    outcome: Option<Outcome>,
}

/// Tells the last statements and events of the log in `dir`, the oldest first. Believes what it
/// reads: `verify` tells whether it may be believed.
pub(super) fn show(dir: &Path, last: usize, out: &mut impl Write) -> Result<(), ShowError> {
    let mut told: VecDeque<Told> = VecDeque::new();
    for record in audit::records(dir)? {
        let Record { seq, time, entry, .. } = record?;
        match entry {
            Entry::Outcome { id, outcome } => {
                if let Some(found) = told.iter_mut().rev().find(|told| told.seq == id) {
                    found.outcome = Some(outcome);
                }
            }
            entry => {
                told.push_back(Told { seq, time, entry, outcome: None });
                if told.len() > last {
                    told.pop_front();
                }
            }
        }
    }
    for told in &told {
        one(told, out)?;
    }
    Ok(())
}

fn one(Told { seq, time, entry, outcome }: &Told, out: &mut impl Write) -> io::Result<()> {
    let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let title = format!("#{seq} {time}");
    match entry {
        Entry::Intent(intent) => {
            writeln!(out, "{title} {}: {}", plain(&who(intent)), ending(outcome.as_ref()))?;
            statement(intent, out)?;
            match outcome.as_ref().map(|outcome| &outcome.result) {
                Some(Ending::Error { message, internal, .. }) => {
                    writeln!(out, "  {}", plain(internal.as_ref().unwrap_or(message)))
                }
                Some(Ending::Stopped { message, .. }) => writeln!(out, "  {}", plain(message)),
                _ => Ok(()),
            }
        }
        Entry::Event { name, details } | Entry::Log { name, details } => {
            writeln!(out, "{title} {}{}", plain(name), facts(details))
        }
        Entry::Outcome { .. } => Ok(()),
    }
}

fn who(intent: &Intent) -> String {
    let subject = &intent.subject;
    let person = match &subject.agent {
        Some(agent) => format!("{agent} for {}", subject.principal),
        None => subject.principal.clone(),
    };
    match &subject.tenant {
        Some(tenant) => format!("{person} of {tenant}"),
        None => person,
    }
}

fn ending(outcome: Option<&Outcome>) -> String {
    match outcome {
        None => "not ended".to_owned(),
        Some(Outcome { result: Ending::Ok, rows, .. }) => counted(*rows, "row"),
        Some(Outcome { result: Ending::Closed, rows, .. }) => {
            format!("closed after {}", counted(*rows, "row"))
        }
        Some(Outcome { result: Ending::Stopped { sqlstate, .. }, .. }) => {
            format!("stopped {}", plain(sqlstate))
        }
        Some(Outcome { result: Ending::Abandoned, .. }) => "abandoned".to_owned(),
        Some(Outcome { result: Ending::Error { sqlstate, .. }, .. }) => {
            format!("refused {}", plain(sqlstate))
        }
    }
}

fn statement(intent: &Intent, out: &mut impl Write) -> io::Result<()> {
    match intent.position {
        Some(position) => {
            writeln!(out, "  {} (from character {position})", told(&intent.query))?;
        }
        None => writeln!(out, "  {}", told(&intent.query))?,
    }
    if let Some(prepared) = &intent.prepared {
        writeln!(out, "  prepared by {}", told(prepared))?;
    }
    for table in &intent.tables {
        writeln!(out, "  {} where {}", plain(&table.table), plain(&table.row_filter))?;
        for mask in &table.masks {
            writeln!(out, "    {}", plain(mask))?;
        }
        writeln!(out, "    by {}", plain(&table.policies.join(", ")))?;
    }
    for note in &intent.notes {
        writeln!(out, "  {}", plain(note))?;
    }
    Ok(())
}

/// The facts of an event that are there, in one line.
fn facts(details: &Value) -> String {
    let facts = details.as_object().into_iter().flatten().filter(|(_, fact)| !fact.is_null());
    facts.map(|(name, fact)| format!(" {}={}", plain(name), plain(&fact.to_string()))).collect()
}

fn told(text: &Text) -> String {
    match text {
        Text::Whole(text) => plain(text),
        Text::Repeated { begins, bytes, record } => {
            format!("{}… ({bytes} bytes, whole in #{record})", plain(begins))
        }
    }
}

/// In one line, and without what a terminal would obey: the text of a statement is its author's.
fn plain(text: &str) -> String {
    let words = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let unprintable = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    words.chars().map(|c| if unprintable(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::audit::{AuditLog, Decision, Stopper, Subject};
    use crate::error::{ClientError, SqlState};
    use serde_json::json;

    fn intent(query: &str, agent: Option<&str>) -> Intent {
        Intent {
            subject: Subject {
                principal: "ada".to_owned(),
                agent: agent.map(str::to_owned),
                tenant: Some("acme".to_owned()),
                session: "s".to_owned(),
                client: None,
                application_name: None,
            },
            query: query.into(),
            position: None,
            prepared: None,
            tables: vec![Decision {
                table: "crm.customers".to_owned(),
                columns: vec!["email".to_owned()],
                row_filter: "org_id = 'acme'".to_owned(),
                masks: vec!["email: mask_partial(email)".to_owned()],
                policies: vec!["rows.own".to_owned(), "columns.pii".to_owned()],
            }],
            policy_set: None,
            sent: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[tokio::test]
    async fn statements_are_told_with_their_ends() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("audit");
        let log = AuditLog::open(&dir, &audit::default_key_file(&dir)).unwrap();
        log.event("start", json!({ "shared": ["a"], "none": null })).await.unwrap();
        let outcome = |result| Outcome { result, rows: 1, bytes: 9, duration_us: 7 };
        let pending = log.intent(intent("SELECT\n  email", Some("bot"))).await.unwrap();
        pending.finish(outcome(Ending::Ok));
        let pending = log.intent(intent("\u{1b}[2J\u{202e}", None)).await.unwrap();
        pending.finish(outcome(Ending::Error {
            sqlstate: "42501".to_owned(),
            message: "permission denied".to_owned(),
            internal: None,
        }));
        let second = Intent { position: Some(11), ..intent("SELECT 2", None) };
        let pending = log.intent(Intent { tables: Vec::new(), ..second }).await.unwrap();
        let gone = ClientError::new(SqlState::CONNECTION_FAILURE, "the client went away");
        pending.finish(outcome(Ending::stopped(Stopper::Disconnect, &gone)));
        let prepared = Some(Text::from("PREPARE p AS SELECT 3"));
        let executed = Intent { prepared, tables: Vec::new(), ..intent("EXECUTE p", None) };
        log.intent(executed).await.unwrap().finish(outcome(Ending::Closed));
        let prepared = Some(Text::Repeated { begins: "PREPARE\nl".into(), bytes: 9999, record: 9 });
        let executed = Intent { prepared, tables: Vec::new(), ..intent("EXECUTE l", None) };
        log.intent(executed).await.unwrap().finish(outcome(Ending::Ok));
        log.close().await.unwrap();
        let shown = |last| {
            let mut out = Vec::new();
            show(&dir, last, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            // The times are those of the test.
            let lines = text.lines().map(|line| match line.split_once(" 20") {
                Some((number, rest)) => {
                    format!("{number} TIME {}\n", &rest["26-01-01T00:00:00Z ".len()..])
                }
                None => format!("{line}\n"),
            });
            lines.collect::<String>()
        };
        let table = "  crm.customers where org_id = 'acme'\n    email: mask_partial(email)\n    \
                     by rows.own, columns.pii\n";
        let first = format!("#3 TIME bot for ada of acme: 1 row\n  SELECT email\n{table}");
        let second = format!(
            "#5 TIME ada of acme: refused 42501\n  \u{fffd}[2J\u{fffd}\n{table}  permission denied\n"
        );
        let third = "#7 TIME ada of acme: stopped 08006\n  SELECT 2 (from character 11)\n  \
                     the client went away\n";
        let fourth = "#9 TIME ada of acme: closed after 1 row\n  EXECUTE p\n  \
                      prepared by PREPARE p AS SELECT 3\n";
        let fifth = "#11 TIME ada of acme: 1 row\n  EXECUTE l\n  \
                     prepared by PREPARE l… (9999 bytes, whole in #9)\n";
        assert_eq!(shown(5), format!("{first}{second}{third}{fourth}{fifth}"));
        assert!(shown(9).contains("#2 TIME start shared=[\"a\"]\n"), "{}", shown(9));
    }
}
