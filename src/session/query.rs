//! One query through the stages: made ready on its lane, intent made durable, rows started.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use tokio::time::{Instant, sleep_until};

use super::analyzed::analyzed;
use super::audited::{AuditedRows, Bounds};
use super::conversation::Session;
use super::record::{Asked, micros};
use super::shown::{lines_of, text_rows, text_schema};
use super::work::{Begun, Declared, Lessons, Work};
use crate::audit::{Outcome, Pending};
use crate::error::{ClientError, SqlState};
use crate::federate::{Lane, Prepared, Resources};
use crate::guard::Touched;
use crate::sql::{Explain, Query};
use crate::wire::{Answer, Meter, Room, Taken};

/// A query with the values of its parameters.
pub(in crate::session) struct Call<'a> {
    /// As the client wrote it.
    pub asked: Asked<'a>,
    /// The tree.
    pub query: &'a Query,
    /// The declared types of its parameters.
    pub declared: &'a Declared,
    /// Their values, of the types that describing the query told.
    pub values: Vec<ScalarValue>,
}

/// What large rows wait in.
#[derive(Debug)]
struct ReplyRoom(Resources);

impl Room for ReplyRoom {
    fn take(&self, bytes: usize) -> Result<Taken, ClientError> {
        Ok(Box::new(self.0.reply_room(bytes)?))
    }
}

impl Session {
    /// Runs a query. Whatever becomes of it stands in the audit log.
    pub(in crate::session) async fn run(
        &self,
        call: Call<'_>,
        begun: Begun,
    ) -> Result<Answer, ClientError> {
        let Begun { started, lane } = begun;
        let lessons = Lessons::default();
        let work = self.work(call.query, call.declared);
        let ready = lane.work(work.make_ready(call.values, lane.clone(), lessons.clone())).await;
        let intent = self.intent(call.asked, lessons.take());
        let (ready, schema) = match ready.flatten() {
            Ok(made) => made,
            Err(error) => return Err(self.record_failure(intent, error, started).await),
        };
        let pending = self.declare(intent).await?;
        let (query, begun) = (call.query.clone(), Begun { started, lane });
        Ok(self.audited(ready.run(), schema, "SELECT", pending, query, begun))
    }

    /// Explains a query: its logical view for everybody, the guard's part for those who hold
    /// the permission.
    pub(in crate::session) async fn explain(
        &self,
        asked: Asked<'_>,
        explain: &Explain,
        begun: Begun,
    ) -> Result<Answer, ClientError> {
        let Begun { started, lane } = begun;
        let lessons = Lessons::default();
        let work = self.work(&explain.query, &Declared::default());
        let explained = explained(work, explain.analyze, lane.clone(), lessons.clone());
        let explained = lane.work(explained).await;
        let intent = self.intent(asked, lessons.take());
        let explained = match explained.flatten() {
            Err(error) => return Err(self.record_failure(intent, error, started).await),
            Ok(explained) => explained,
        };
        let pending = self.declare(intent).await?;
        match explained {
            Explained::Told(lines) => {
                pending.finish(Outcome {
                    result: crate::audit::Result::Ok,
                    rows: lines.len() as u64,
                    bytes: lines.iter().map(|line| line.len() as u64).sum(),
                    duration_us: micros(started),
                });
                text_rows(&[PLAN], vec![lines], "EXPLAIN")
            }
            Explained::ToRun(lines, ready) => {
                let schema = text_schema(&[PLAN]);
                let rows = analyzed(*ready, lines, Arc::clone(&schema));
                let query = explain.query.clone();
                Ok(self.audited(rows, schema, "EXPLAIN", pending, query, Begun { started, lane }))
            }
        }
    }

    /// Rows whose end the audit log learns.
    fn audited(
        &self,
        rows: SendableRecordBatchStream,
        schema: SchemaRef,
        tag: &'static str,
        pending: Pending,
        query: Query,
        Begun { started, lane }: Begun,
    ) -> Answer {
        let deadline = lane.deadline();
        let room = Arc::new(ReplyRoom(self.gateway().resources().clone()));
        let meter = Arc::new(Meter::within(room));
        let bounds = Bounds {
            deadline: Box::pin(sleep_until(deadline)),
            max_rows: self.gateway().max_rows(),
        };
        let batches = AuditedRows::new(rows, pending, Arc::clone(&meter), started, bounds, query);
        let deadline = Some(deadline);
        Answer::Rows { schema, batches: Box::pin(batches), tag, meter, deadline }
    }

    /// When a statement that is asked now has run too long.
    pub(in crate::session) fn deadline(&self) -> Instant {
        let limit = self.gateway().statement_timeout();
        let own = self.settings().statement_timeout_ms().map(Duration::from_millis);
        Instant::now() + own.map_or(limit, |own| own.min(limit))
    }
}

const PLAN: &str = "QUERY PLAN";

/// What an `EXPLAIN` comes to.
enum Explained {
    /// These lines.
    Told(Vec<String>),
    /// These, and what is told by a run.
    ToRun(Vec<String>, Box<Prepared>),
}

async fn explained(
    work: Work,
    analyze: bool,
    lane: Lane,
    lessons: Lessons,
) -> Result<Explained, ClientError> {
    let whole = work.may_explain_guard();
    if analyze && !whole {
        // What a run takes tells of rows that are not shown.
        let message = "permission denied for EXPLAIN ANALYZE";
        return Err(ClientError::new(SqlState::INSUFFICIENT_PRIVILEGE, message)
            .hint("EXPLAIN without ANALYZE shows the plan of your own query."));
    }
    let plan = work.plan(Vec::new(), &lessons)?;
    let mut lines = work.explained(&plan);
    if !whole {
        return Ok(Explained::Told(lines));
    }
    let ready = work.split(&plan, lane, &lessons).await?;
    lines.push(String::new());
    lines.extend(plan.touched().iter().flat_map(guard_lines));
    lines.extend(ready.sent().iter().map(|(source, text)| format!("Sent to {source}: {text}")));
    lines.push(String::new());
    if analyze {
        return Ok(Explained::ToRun(lines, Box::new(ready)));
    }
    lines.extend(lines_of(&ready.plan().display()));
    Ok(Explained::Told(lines))
}

fn guard_lines(touched: &Touched) -> Vec<String> {
    let mut lines = vec![
        format!("Guard of {}: rows where {}", touched.table, touched.row_filter),
        format!("  policies: {}", touched.policies.join(", ")),
    ];
    lines.extend(touched.masks.iter().map(|mask| format!("  mask: {mask}")));
    lines
}
