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

use crate::audit::{Outcome, Pending, Result as AuditResult};
use crate::error::{ClientError, SqlState};
use crate::guard::running_error;
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
    ) -> Self {
        let span = Span::current();
        Self { rows: Some(rows), pending: Some(pending), meter, started, bounds, given: 0, span }
    }

    fn finish(&mut self, result: AuditResult) {
        // The rows go first: nothing is read for a statement whose outcome is told.
        self.rows = None;
        if let Some(pending) = self.pending.take() {
            let (rows, bytes) = self.meter.read();
            let duration_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
            let kind = match &result {
                AuditResult::Ok => "ok",
                AuditResult::Error { sqlstate, .. } => sqlstate,
                AuditResult::Abandoned => "abandoned",
            };
            tracing::debug!(rows, bytes, duration_us, kind, "statement ended");
            pending.finish(Outcome { result, rows, bytes, duration_us });
        }
    }

    fn fail(&mut self, error: ClientError) -> ClientError {
        self.finish(AuditResult::Error {
            sqlstate: error.sqlstate.code().to_owned(),
            message: error.message.clone().into_owned(),
            internal: error.internal.clone(),
        });
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
                Poll::Ready(Some(Err(self.fail(running_error(&error)))))
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
        self.finish(AuditResult::Abandoned);
    }
}
