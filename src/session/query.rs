//! One query through the stages: names resolved, permits asked for, plan guarded and split,
//! intent made durable, rows started.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arrow::datatypes::{FieldRef, SchemaRef};
use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;
use futures::FutureExt as _;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;
use tokio::time::{Instant as Deadline, sleep_until, timeout_at};

use super::audited::{AuditedRows, Bounds};
use super::conversation::Session;
use super::record::{Asked, Learned, micros};
use super::shown::text_rows;
use crate::audit::Outcome;
use crate::error::{ClientError, SqlState};
use crate::federate::{self, Prepared as Ready};
use crate::guard::{
    Described, GuardedPlan, SessionCatalog, Touched, planning_error, running_error,
};
use crate::policy::RequestFacts;
use crate::sql::{Explain, Query};
use crate::wire::{Answer, Meter};

/// A query with the values of its parameters.
pub(in crate::session) struct Call<'a> {
    /// As the client wrote it.
    pub asked: Asked<'a>,
    /// The tree.
    pub query: &'a Query,
    /// The declared types of its parameters, by position.
    pub declared: &'a [Option<FieldRef>],
    /// Their values, of the types that describing the query told.
    pub values: Vec<ScalarValue>,
}

impl Session {
    /// A catalog for one statement, under the policies in force now.
    pub(in crate::session) fn catalog(&self, now: SystemTime) -> SessionCatalog {
        let facts = RequestFacts {
            now,
            client_ip: self.client().ip(),
            application_name: self.application_name(),
        };
        self.gateway().catalog(self, facts)
    }

    /// The parameters and columns of a query.
    pub(in crate::session) fn describe_query(
        &self,
        query: &Query,
        declared: &[Option<FieldRef>],
    ) -> Result<Described, ClientError> {
        let catalog = self.catalog(SystemTime::now());
        computing(|| self.gateway().guard().describe(&catalog, query, declared))
            .map_err(|error| planning_error(query, &error))
    }

    /// Runs a query. Whatever becomes of it stands in the audit log.
    pub(in crate::session) async fn run(&self, call: Call<'_>) -> Result<Answer, ClientError> {
        let started = Instant::now();
        let deadline = self.deadline();
        let mut learned = Learned::default();
        let ready = AssertUnwindSafe(self.make_ready(&call, &mut learned)).catch_unwind();
        let ready = timeout_at(deadline, ready).await;
        let ready = match ready {
            Ok(Ok(ready)) => ready,
            Ok(Err(_)) => Err(ClientError::panicked()),
            Err(_) => Err(ClientError::timed_out()),
        };
        let intent = self.intent(call.asked, learned);
        let (ready, schema) = match ready {
            Ok(made) => made,
            Err(error) => return Err(self.record_failure(intent, error, started).await),
        };
        let pending = self.declare(intent).await?;
        let rows = ready.run(deadline);
        let meter = Arc::new(Meter::default());
        let bounds = Bounds {
            deadline: Box::pin(sleep_until(deadline)),
            max_rows: self.gateway().max_rows(),
        };
        let batches = AuditedRows::new(rows, pending, Arc::clone(&meter), started, bounds);
        let deadline = Some(deadline);
        Ok(Answer::Rows { schema, batches: Box::pin(batches), tag: "SELECT", meter, deadline })
    }

    /// Explains a query: its logical view for everybody, the guard's part for those who hold
    /// the permission.
    pub(in crate::session) async fn explain(
        &self,
        asked: Asked<'_>,
        explain: &Explain,
    ) -> Result<Answer, ClientError> {
        let started = Instant::now();
        let deadline = self.deadline();
        let mut learned = Learned::default();
        let call = Call { asked, query: &explain.query, declared: &[], values: Vec::new() };
        let explained = AssertUnwindSafe(self.explained(&call, explain, &mut learned));
        let explained = match timeout_at(deadline, explained.catch_unwind()).await {
            Ok(Ok(explained)) => explained,
            Ok(Err(_)) => Err(ClientError::panicked()),
            Err(_) => Err(ClientError::timed_out()),
        };
        let intent = self.intent(asked, learned);
        match explained {
            Err(error) => Err(self.record_failure(intent, error, started).await),
            Ok(lines) => {
                let pending = self.declare(intent).await?;
                pending.finish(Outcome {
                    result: crate::audit::Result::Ok,
                    rows: lines.len() as u64,
                    bytes: lines.iter().map(|line| line.len() as u64).sum(),
                    duration_us: micros(started),
                });
                text_rows(&["QUERY PLAN"], vec![lines], "EXPLAIN")
            }
        }
    }

    async fn explained(
        &self,
        call: &Call<'_>,
        explain: &Explain,
        learned: &mut Learned,
    ) -> Result<Vec<String>, ClientError> {
        let catalog = self.catalog(SystemTime::now());
        let authority = catalog.authority();
        let whole = authority.policies.may_explain_guard(&authority.principal, &authority.facts);
        if explain.analyze {
            // What a run takes tells of rows that are not shown.
            return Err(if whole {
                ClientError::new(
                    SqlState::FEATURE_NOT_SUPPORTED,
                    "EXPLAIN ANALYZE is not supported",
                )
            } else {
                ClientError::new(
                    SqlState::INSUFFICIENT_PRIVILEGE,
                    "permission denied for EXPLAIN ANALYZE",
                )
                .hint("EXPLAIN without ANALYZE shows the plan of your own query.")
            });
        }
        let plan = self.plan(&catalog, call, learned)?;
        let mut lines: Vec<String> =
            plan.logical().display_indent().to_string().lines().map(str::to_owned).collect();
        if whole {
            let ready = self.split(&plan, learned).await?;
            lines.push(String::new());
            lines.extend(learned.tables.iter().flat_map(guard_lines));
            lines.extend(
                learned.sent.iter().map(|(source, text)| format!("Sent to {source}: {text}")),
            );
            lines.push(String::new());
            lines.extend(ready.display().lines().map(str::to_owned));
        }
        Ok(lines)
    }

    async fn make_ready(
        &self,
        call: &Call<'_>,
        learned: &mut Learned,
    ) -> Result<(Ready, SchemaRef), ClientError> {
        let catalog = self.catalog(SystemTime::now());
        let plan = self.plan(&catalog, call, learned)?;
        Ok((self.split(&plan, learned).await?, plan.schema()))
    }

    fn plan(
        &self,
        catalog: &SessionCatalog,
        call: &Call<'_>,
        learned: &mut Learned,
    ) -> Result<GuardedPlan, ClientError> {
        learned.policy_set = Some(catalog.authority().policies.hash().to_owned());
        let now: DateTime<Utc> = catalog.authority().facts.now.into();
        let guard = self.gateway().guard();
        let said = |error| planning_error(call.query, &error);
        let parameters = if call.values.is_empty() {
            Vec::new()
        } else {
            computing(|| guard.describe(catalog, call.query, call.declared))
                .map_err(said)?
                .parameters
        };
        let values = call.values.clone();
        let plan = computing(|| guard.plan(catalog, call.query, &parameters, values, now));
        let plan = plan.map_err(said)?;
        learned.tables = plan.touched().to_vec();
        Ok(plan)
    }

    async fn split(&self, plan: &GuardedPlan, learned: &mut Learned) -> Result<Ready, ClientError> {
        let gateway = self.gateway();
        let ready = federate::prepare(gateway.guard(), plan, gateway.resources(), self.holder())
            .await
            .map_err(|error| running_error(&error))?;
        learned.sent = ready.sent().to_vec();
        Ok(ready)
    }

    fn deadline(&self) -> Deadline {
        let limit = self.gateway().statement_timeout();
        let own = self.settings().statement_timeout_ms().map(Duration::from_millis);
        Deadline::now() + own.map_or(limit, |own| own.min(limit))
    }
}

/// Does work that computes and does not wait, while other sessions go on.
fn computing<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        _ => work(),
    }
}

fn guard_lines(touched: &Touched) -> Vec<String> {
    let mut lines = vec![
        format!("Guard of {}: rows where {}", touched.table, touched.row_filter),
        format!("  policies: {}", touched.policies.join(", ")),
    ];
    lines.extend(touched.masks.iter().map(|mask| format!("  mask: {mask}")));
    lines
}
