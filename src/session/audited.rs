//! A stream of rows whose end the audit log learns, however it ends.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::{Stream, StreamExt as _};
use tokio::time::Sleep;
use tracing::Span;

use super::record::{ending, micros};
use crate::audit::{Outcome, Pending, Result as AuditResult};
use crate::error::{ClientError, SqlState};
use crate::guard::running_error;
use crate::sql::Query;
use crate::wire::Meter;

/// What ends a running statement before its time.
pub(in crate::session) struct Bounds {
    /// Ready when the statement has run too long.
    pub deadline: Pin<Box<Sleep>>,
    /// The most rows.
    pub max_rows: u64,
}

/// Rows of one statement.
pub(in crate::session) struct AuditedRows {
    rows: Option<SendableRecordBatchStream>,
    pending: Option<Pending>,
    meter: Arc<Meter>,
    started: Instant,
    bounds: Bounds,
    query: Query,
    given: u64,
    span: Span,
}

impl AuditedRows {
    pub fn new(
        rows: SendableRecordBatchStream,
        pending: Pending,
        meter: Arc<Meter>,
        started: Instant,
        bounds: Bounds,
        query: Query,
    ) -> Self {
        let (rows, pending, span) = (Some(rows), Some(pending), Span::current());
        Self { rows, pending, meter, started, bounds, query, given: 0, span }
    }

    fn finish(&mut self, result: AuditResult) {
        let _inside = self.span.enter();
        // The rows go first: nothing is read for a statement whose outcome is told.
        self.rows = None;
        if let Some(pending) = self.pending.take() {
            let (rows, bytes) = self.meter.read();
            let duration_us = micros(self.started);
            pending.finish(Outcome { result, rows, bytes, duration_us });
        }
    }

    fn fail(&mut self, error: ClientError) -> ClientError {
        self.finish(AuditResult::failed(&error));
        error
    }

    fn advance(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<RecordBatch, ClientError>>> {
        let Some(rows) = &mut self.rows else { return Poll::Ready(None) };
        if self.bounds.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(self.fail(ClientError::timed_out()))));
        }
        match rows.poll_next_unpin(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                self.finish(AuditResult::Ok);
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                let told = running_error(&self.query, &error);
                Poll::Ready(Some(Err(self.fail(told))))
            }
            Poll::Ready(Some(Ok(batch))) => {
                self.given += batch.num_rows() as u64;
                if self.given > self.bounds.max_rows {
                    let error = too_many_rows(self.bounds.max_rows);
                    return Poll::Ready(Some(Err(self.fail(error))));
                }
                Poll::Ready(Some(Ok(batch)))
            }
        }
    }
}

fn too_many_rows(limit: u64) -> ClientError {
    ClientError::new(
        SqlState::PROGRAM_LIMIT_EXCEEDED,
        format!("the statement returns more than {limit} rows"),
    )
    .hint("Add a LIMIT, or aggregate.")
}

impl Stream for AuditedRows {
    type Item = Result<RecordBatch, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let span = self.span.clone();
        let _inside = span.enter();
        self.advance(context)
    }
}

impl Drop for AuditedRows {
    fn drop(&mut self) {
        let result = match self.meter.stopped() {
            Some(why) => ending(why),
            None if std::thread::panicking() => AuditResult::failed(&ClientError::panicked()),
            None => AuditResult::Abandoned,
        };
        self.finish(result);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;
    use std::time::Duration;

    use arrow::datatypes::Schema;
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
    use futures::stream;
    use tokio::time::{Instant as Deadline, sleep_until};

    use super::*;
    use crate::audit::{self, AuditLog, Entry, Intent, Stopper, Subject};
    use crate::sql::{Command, Limits, parse};
    use crate::wire::Stop;

    fn intent() -> Intent {
        Intent {
            subject: Subject {
                principal: "ada".to_owned(),
                agent: None,
                tenant: None,
                session: "s".to_owned(),
                client: None,
                application_name: None,
            },
            query: "SELECT 1".into(),
            position: None,
            prepared: None,
            tables: Vec::new(),
            policy_set: None,
            sent: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn query() -> Query {
        let statement = parse("SELECT 1", &Limits::default()).unwrap().remove(0);
        let Command::Query(query) = statement.command else { panic!("this is a query") };
        query
    }

    /// Rows of a statement that never has any, within this time.
    async fn rows(log: &AuditLog, patience: Duration) -> (AuditedRows, Arc<Meter>) {
        let pending = log.intent(intent()).await.unwrap();
        let never = RecordBatchStreamAdapter::new(Schema::empty().into(), stream::pending());
        let meter = Arc::new(Meter::default());
        let deadline = Box::pin(sleep_until(Deadline::now() + patience));
        let bounds = Bounds { deadline, max_rows: 1 };
        let (kept, started) = (Arc::clone(&meter), Instant::now());
        let never = AuditedRows::new(Box::pin(never), pending, meter, started, bounds, query());
        (never, kept)
    }

    fn outcomes(dir: &Path) -> Vec<AuditResult> {
        let result = |record: audit::Record| match record.entry {
            Entry::Outcome { outcome, .. } => Some(outcome.result),
            _ => None,
        };
        audit::records(dir).unwrap().filter_map(|record| result(record.unwrap())).collect()
    }

    #[tokio::test]
    async fn however_it_ends_the_record_tells() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("audit");
        let log = AuditLog::open(&dir, &audit::default_key_file(&dir)).unwrap();
        let hour = Duration::from_secs(3600);
        let error = || ClientError::new(SqlState::ADMIN_SHUTDOWN, "why");
        let mut expected = Vec::new();
        for (stop, result) in [
            (Stop::Closed, AuditResult::Closed),
            (Stop::Cancelled(error()), AuditResult::stopped(Stopper::Cancel, &error())),
            (Stop::Gone(error()), AuditResult::stopped(Stopper::Disconnect, &error())),
            (Stop::Session(error()), AuditResult::stopped(Stopper::SessionEnd, &error())),
            (Stop::Failed(error()), AuditResult::failed(&error())),
        ] {
            let (rows, meter) = rows(&log, hour).await;
            meter.stop(stop);
            // Only the first reason counts.
            meter.stop(Stop::Closed);
            drop(rows);
            expected.push(result);
        }
        let (mut late, _) = rows(&log, Duration::ZERO).await;
        assert_eq!(late.next().await.unwrap().unwrap_err(), ClientError::timed_out());
        expected.push(AuditResult::failed(&ClientError::timed_out()));
        let (doomed, _) = rows(&log, hour).await;
        let panicked = catch_unwind(AssertUnwindSafe(move || {
            let _rows = doomed;
            panic!("as a test");
        }));
        assert!(panicked.is_err());
        expected.push(AuditResult::failed(&ClientError::panicked()));
        drop(rows(&log, hour).await);
        expected.push(AuditResult::Abandoned);
        log.close().await.unwrap();
        assert_eq!(outcomes(&dir), expected);
    }
}
