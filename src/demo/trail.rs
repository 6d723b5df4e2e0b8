//! What the audit log says of a query: read from its folder, as an auditor would.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::audit::{self, AuditError, Decision, Entry, Outcome, Result as Ending, Subject};

/// One statement, or one login, in the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct Trail {
    /// The number of the record of the intent.
    pub seq: u64,
    /// Who, and on whose behalf.
    pub who: String,
    /// What the decisions about the tables were.
    pub tables: Vec<Decision>,
    /// How it ended, where that is written already.
    pub outcome: Option<Outcome>,
}

impl Trail {
    /// How it ended, in one line.
    pub fn ending(&self) -> String {
        match &self.outcome {
            None => "not ended".to_owned(),
            Some(Outcome { result: Ending::Ok, rows: 1, .. }) => "ok, 1 row".to_owned(),
            Some(Outcome { result: Ending::Ok, rows, .. }) => format!("ok, {rows} rows"),
            Some(Outcome { result: Ending::Closed, rows, .. }) => {
                format!("closed after {rows} rows")
            }
            Some(Outcome { result: Ending::Stopped { sqlstate, message, .. }, .. }) => {
                format!("stopped {sqlstate}: {message}")
            }
            Some(Outcome { result: Ending::Abandoned, .. }) => "abandoned".to_owned(),
            Some(Outcome { result: Ending::Error { sqlstate, message, .. }, .. }) => {
                format!("refused {sqlstate}: {message}")
            }
        }
    }

    /// What was filtered and masked, and by which policies: a label and a text each.
    pub fn decisions(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        for table in &self.tables {
            lines.push(("rows", format!("{}: {}", table.table, table.row_filter)));
            if !table.masks.is_empty() {
                lines.push(("masks", table.masks.join(", ")));
            }
            if !table.policies.is_empty() {
                lines.push(("by", table.policies.join(", ")));
            }
        }
        lines
    }
}

/// How often, and how many times, the log is looked at for an outcome: the client has its answer
/// a little earlier.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOKS: u32 = 100;

/// Follows the log in a folder.
pub struct Trails {
    dir: PathBuf,
    seen: u64,
}

impl Trails {
    /// From what comes next on.
    ///
    /// # Errors
    /// Where there is no log.
    pub fn follow(dir: &Path) -> Result<Self, AuditError> {
        let mut seen = 0;
        for record in audit::records(dir)? {
            seen = record?.seq;
        }
        Ok(Self { dir: dir.to_owned(), seen })
    }

    /// What was attempted since the last call. Waits a little for the outcomes.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn new_ones(&mut self) -> Result<Vec<Trail>, AuditError> {
        let (mut trails, mut last) = self.read()?;
        for _ in 0..LOOKS {
            if !trails.is_empty() && trails.iter().all(|trail| trail.outcome.is_some()) {
                break;
            }
            sleep(LOOK_EVERY).await;
            (trails, last) = self.read()?;
        }
        self.seen = last;
        Ok(trails)
    }

    fn read(&self) -> Result<(Vec<Trail>, u64), AuditError> {
        let mut trails: Vec<Trail> = Vec::new();
        let mut last = self.seen;
        for record in audit::records(&self.dir)? {
            let record = record?;
            if record.seq <= self.seen {
                continue;
            }
            last = record.seq;
            match record.entry {
                Entry::Intent(intent) => trails.push(Trail {
                    seq: record.seq,
                    who: who(&intent.subject),
                    tables: intent.tables,
                    outcome: None,
                }),
                Entry::Outcome { id, outcome } => {
                    if let Some(trail) = trails.iter_mut().find(|trail| trail.seq == id) {
                        trail.outcome = Some(outcome);
                    }
                }
                Entry::Event { name, details } if name == "login_refused" => {
                    trails.push(refused_login(record.seq, &details));
                }
                Entry::Event { .. } | Entry::Log { .. } => {}
            }
        }
        Ok((trails, last))
    }
}

/// A login that was refused: nobody's session, so it is an event, and it has ended. All of them
/// are told the same; why it was refused is what an auditor wants to know.
fn refused_login(seq: u64, details: &Value) -> Trail {
    let fact = |name: &str| details.get(name).and_then(Value::as_str).map(str::to_owned);
    let result = Ending::Error {
        sqlstate: fact("sqlstate").unwrap_or_default(),
        message: fact("internal").or_else(|| fact("message")).unwrap_or_default(),
        internal: None,
    };
    let outcome = Outcome { result, rows: 0, bytes: 0, duration_us: 0 };
    let who = fact("user").unwrap_or_default();
    Trail { seq, who, tables: Vec::new(), outcome: Some(outcome) }
}

fn who(subject: &Subject) -> String {
    match &subject.agent {
        Some(agent) => format!("{agent} for {}", subject.principal),
        None => subject.principal.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::audit::Stopper;
    use crate::error::{ClientError, SqlState};

    fn trail(result: Ending, rows: u64) -> Trail {
        Trail {
            seq: 7,
            who: "ada".to_owned(),
            tables: Vec::new(),
            outcome: Some(Outcome { result, rows, bytes: 0, duration_us: 1 }),
        }
    }

    #[test]
    fn how_it_ended_is_told_in_one_line() {
        let error = Ending::Error {
            sqlstate: "42703".to_owned(),
            message: "column \"x\" does not exist".to_owned(),
            internal: Some("what the engine said".to_owned()),
        };
        let enough = ClientError::new(SqlState::QUERY_CANCELED, "enough");
        let cancelled = Ending::stopped(Stopper::Cancel, &enough);
        for (trail, line) in [
            (trail(Ending::Ok, 1), "ok, 1 row"),
            (trail(Ending::Ok, 0), "ok, 0 rows"),
            (trail(Ending::Closed, 3), "closed after 3 rows"),
            (trail(cancelled, 3), "stopped 57014: enough"),
            (trail(Ending::Abandoned, 3), "abandoned"),
            (trail(error, 0), "refused 42703: column \"x\" does not exist"),
            (Trail { outcome: None, ..trail(Ending::Ok, 0) }, "not ended"),
        ] {
            assert_eq!(trail.ending(), line);
        }
    }

    #[test]
    fn of_a_login_the_log_tells_more_than_the_client() {
        let told =
            json!({ "user": "ada", "sqlstate": "28P01", "message": "the token does not hold" });
        assert_eq!(refused_login(7, &told).ending(), "refused 28P01: the token does not hold");
        let mut more = told;
        more["internal"] = "expired".into();
        assert_eq!(refused_login(7, &more).ending(), "refused 28P01: expired");
    }
}
