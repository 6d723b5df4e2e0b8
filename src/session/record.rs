//! What a session tells the audit log: what its statements were going to do, and how they and the
//! session itself ended, however that was.

use std::collections::HashMap;
use std::iter;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::conversation::{Prepared, Session};
use super::trace;
use crate::audit::{
    AuditError, Decision, Hash, Intent, Outcome, Pending, Result as Ending, Sent, Stopper, Text,
};
use crate::error::{ClientError, SqlState};
use crate::guard::{TenantScope, Touched};
use crate::sql::Statement;
use crate::wire::Stop;

/// What a client asked for, as it stands in the record.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Asked<'a> {
    /// The statement.
    pub text: &'a str,
    /// Where it begins, where it is one of several.
    pub position: Option<u32>,
    /// Of an EXECUTE: what it runs.
    pub prepared: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// A text that was not taken apart.
    pub fn text(text: &'a str) -> Self {
        Self { text, position: None, prepared: None }
    }
}

impl<'a> From<&'a Statement> for Asked<'a> {
    fn from(statement: &'a Statement) -> Self {
        Self { text: &statement.text, position: statement.position, prepared: None }
    }
}

/// What an intent is made of.
#[derive(Default)]
pub(in crate::session) struct Learned {
    pub tables: Vec<Touched>,
    pub policy_set: Option<String>,
    pub sent: Vec<(String, String)>,
}

/// An intent on its way.
type Writing = JoinHandle<Result<Pending, AuditError>>;

/// The accounts of a session.
pub(in crate::session) struct Ledger {
    began: Instant,
    statements: AtomicU64,
    /// An intent whose statement was dropped while it was being written: its outcome is owed.
    unanswered: Mutex<Option<Writing>>,
    /// Whether the beginning is on record, and the end is not.
    open: bool,
    /// The records that hold long texts, by what the text is.
    long: Mutex<HashMap<Hash, u64>>,
}

/// A text that is longer is written once in a session, as long as that is kept in mind.
const LONG_BYTES: usize = 1 << 10;

/// How many long texts are kept in mind: some for each statement that a session may prepare.
const MAX_LONG: usize = 4_096;

/// What is told of a long text, in characters.
const BEGINNING: usize = 128;

impl Ledger {
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            statements: AtomicU64::new(0),
            unanswered: Mutex::default(),
            open: false,
            long: Mutex::default(),
        }
    }

    /// Cuts the long texts that are on record already, and gives the others.
    fn abridge(&self, intent: &mut Intent) -> Vec<Hash> {
        let known = self.long.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = intent.sent.iter_mut().map(|sent| &mut sent.text);
        let mut new = Vec::new();
        for text in iter::once(&mut intent.query).chain(&mut intent.prepared).chain(sent) {
            let Text::Whole(whole) = text else { continue };
            if whole.len() <= LONG_BYTES {
                continue;
            }
            let hash = Hash::of(whole.as_bytes());
            match known.get(&hash) {
                Some(&record) => {
                    let (begins, bytes) = (whole.chars().take(BEGINNING), whole.len() as u64);
                    *text = Text::Repeated { begins: begins.collect(), bytes, record };
                }
                None => new.push(hash),
            }
        }
        new
    }

    /// From now on these are on record.
    fn keep_in_mind(&self, long: Vec<Hash>, record: u64) {
        let mut known = self.long.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + long.len() > MAX_LONG {
            known.clear();
        }
        known.extend(long.into_iter().map(|hash| (hash, record)));
    }
}

/// Waits for an intent. Dropped before it is there, it leaves the intent with the ledger.
struct Waiting<'a> {
    writing: Option<Writing>,
    ledger: &'a Ledger,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(writing) = self.writing.take() {
            let mut unanswered =
                self.ledger.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
            *unanswered = Some(writing);
        }
    }
}

impl Session {
    /// Makes the intent of a statement durable. It is written by a task of its own, so that no
    /// outcome is missing where the statement is dropped meanwhile.
    pub(in crate::session) async fn declare(
        &self,
        mut intent: Intent,
    ) -> Result<Pending, ClientError> {
        let long = self.ledger().abridge(&mut intent);
        self.ledger().statements.fetch_add(1, Ordering::Relaxed);
        let gateway = Arc::clone(self.gateway());
        let writing = async move { gateway.audit().intent(intent).await };
        let writing = tokio::spawn(writing.in_current_span());
        let mut waiting = Waiting { writing: Some(writing), ledger: self.ledger() };
        let Some(writing) = &mut waiting.writing else { return Err(AuditError::Closed.into()) };
        let written = writing.await;
        waiting.writing = None;
        let pending = written.unwrap_or(Err(AuditError::Closed))?;
        trace::recorded(pending.id());
        if !long.is_empty() {
            self.ledger().keep_in_mind(long, pending.id());
        }
        Ok(pending)
    }

    pub(in crate::session) fn intent(&self, asked: Asked<'_>, learned: Learned) -> Intent {
        let notes = match self.scope() {
            TenantScope::All { role, .. } if !learned.tables.is_empty() => {
                vec![format!("cross_tenant by role {role}")]
            }
            _ => Vec::new(),
        };
        Intent {
            subject: self.subject(),
            query: asked.text.into(),
            position: asked.position,
            prepared: asked.prepared.map(Text::from),
            tables: learned.tables.into_iter().map(decision).collect(),
            policy_set: learned.policy_set,
            sent: learned
                .sent
                .into_iter()
                .map(|(source, text)| Sent { source, text: text.into() })
                .collect(),
            notes,
        }
    }

    /// Records a statement that was refused or failed before it gave rows, and gives what its
    /// client is told: the error, or why not even that can be recorded.
    pub(in crate::session) async fn record_failure(
        &self,
        intent: Intent,
        error: ClientError,
        started: Instant,
    ) -> ClientError {
        match self.declare(intent).await {
            Ok(pending) => {
                pending.finish(Outcome::failed(&error, micros(started)));
                error
            }
            Err(unwritten) => unwritten,
        }
    }

    /// The same of a statement that was refused before anything was learned of it.
    pub(in crate::session) async fn record_refusal(
        &self,
        asked: Asked<'_>,
        error: ClientError,
    ) -> ClientError {
        let intent = self.intent(asked, Learned::default());
        self.record_failure(intent, error, Instant::now()).await
    }

    /// Records why a statement did not come to its answer.
    pub(in crate::session) async fn record_stop(&self, prepared: Option<&Prepared>, why: &Stop) {
        let result = ending(why);
        let unanswered = {
            let mut unanswered =
                self.ledger().unanswered.lock().unwrap_or_else(PoisonError::into_inner);
            unanswered.take()
        };
        let pending = match unanswered {
            Some(writing) => {
                let pending = writing.await.unwrap_or(Err(AuditError::Closed));
                pending.inspect(|pending| trace::recorded(pending.id())).map_err(Into::into)
            }
            None => {
                let asked = prepared.map_or(Asked::text(""), Prepared::asked);
                self.declare(self.intent(asked, Learned::default())).await
            }
        };
        match pending {
            Ok(pending) => pending.finish(Outcome::without_rows(result, 0)),
            Err(error) => tracing::error!(%error, "an interrupted statement was not recorded"),
        }
    }

    /// Records the beginning of the session.
    ///
    /// # Errors
    /// Where that cannot be recorded; there is no session then.
    pub(in crate::session) async fn record_begin(&mut self) -> Result<(), ClientError> {
        let details = serde_json::to_value(self.subject()).unwrap_or_default();
        self.gateway().audit().event("login", details).await?;
        self.ledger_mut().open = true;
        Ok(())
    }

    /// Records the end of the session, once.
    pub(in crate::session) fn record_end(&mut self, why: &Stop) {
        let ledger = self.ledger_mut();
        if !std::mem::replace(&mut ledger.open, false) {
            return;
        }
        let statements = ledger.statements.load(Ordering::Relaxed);
        let duration_us = micros(ledger.began);
        let error = match why {
            Stop::Closed => None,
            Stop::Cancelled(error)
            | Stop::Gone(error)
            | Stop::Session(error)
            | Stop::Failed(error) => Some(error),
        };
        let mut details = serde_json::to_value(self.subject()).unwrap_or_default();
        if let Value::Object(details) = &mut details {
            details.extend([
                ("sqlstate".to_owned(), json!(error.map(|error| error.sqlstate.code()))),
                (
                    "message".to_owned(),
                    json!(error.map_or(GOODBYE, |error| error.message.as_ref())),
                ),
                ("statements".to_owned(), json!(statements)),
                ("duration_us".to_owned(), json!(duration_us)),
            ]);
        }
        self.gateway().audit().note("session_end", details);
    }
}

const GOODBYE: &str = "the client said goodbye";

impl Drop for Session {
    /// A session that nobody ended was cut off: by a panic, or since it did not end in time when
    /// the gateway did.
    fn drop(&mut self) {
        let error = if std::thread::panicking() {
            ClientError::panicked()
        } else {
            let message = "terminating connection due to administrator command";
            ClientError::new(SqlState::ADMIN_SHUTDOWN, message)
        };
        self.record_end(&Stop::Session(error));
    }
}

/// How a statement ended that was not taken to its end.
pub(in crate::session) fn ending(why: &Stop) -> Ending {
    match why {
        Stop::Closed => Ending::Closed,
        Stop::Cancelled(error) => Ending::stopped(Stopper::Cancel, error),
        Stop::Gone(error) => Ending::stopped(Stopper::Disconnect, error),
        Stop::Session(error) => Ending::stopped(Stopper::SessionEnd, error),
        Stop::Failed(error) => Ending::failed(error),
    }
}

fn decision(touched: Touched) -> Decision {
    Decision {
        table: touched.table,
        columns: touched.columns,
        row_filter: touched.row_filter,
        masks: touched.masks,
        policies: touched.policies,
    }
}

/// Since then, in microseconds.
pub(in crate::session) fn micros(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}
