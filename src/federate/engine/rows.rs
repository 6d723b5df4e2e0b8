//! The rows of a query, as they come from its lane.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use futures::{FutureExt as _, Stream, StreamExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::lane::{Lane, Task};
use crate::error::ClientError;
use crate::guard::{SealedPlan, batch_bytes};

/// Batches that are ready before their client takes them, beside the one in the making.
const BATCHES_AHEAD: usize = 1;

/// A query that is to run.
pub(in crate::federate) struct Run {
    pub plan: SealedPlan,
    pub context: Arc<TaskContext>,
    pub lane: Lane,
}

/// Runs a plan. It starts when the stream is first polled. It stops when the stream is dropped, and
/// at the deadline, whether or not somebody takes its rows, or ever asked for one: its lane, and
/// what it holds of sources, are then free for others.
pub(in crate::federate) fn run(Run { plan, context, lane }: Run) -> SendableRecordBatchStream {
    let (schema, deadline) = (plan.schema(), lane.deadline());
    let (begin, begun) = oneshot::channel();
    let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
    let (fail, failed) = oneshot::channel();
    let computed = async move {
        match begun.await {
            Ok(()) => compute(plan, context, sender).await,
            Err(_) => Ok(()),
        }
    };
    let work = async move {
        let error = match timeout_at(deadline, AssertUnwindSafe(computed).catch_unwind()).await {
            Ok(Ok(Ok(()))) => return,
            Ok(Ok(Err(error))) => error,
            Ok(Err(_)) => DataFusionError::External(Box::new(ClientError::panicked())),
            Err(_) => DataFusionError::External(Box::new(ClientError::timed_out())),
        };
        // Not behind the batches, where it would wait for a client that takes none. A client that
        // left needs no error.
        let _ = fail.send(error);
    };
    let task = lane.spawn(work);
    Box::pin(Rows { schema, begin: Some(begin), batches, failed, given: None, _task: task })
}

struct Rows {
    schema: SchemaRef,
    /// Sent on when the first row is asked for.
    begin: Option<oneshot::Sender<()>>,
    batches: mpsc::Receiver<Counted>,
    /// What to say after the batches.
    failed: oneshot::Receiver<DataFusionError>,
    /// What the client was given last. It is counted until the next one is asked for.
    given: Option<MemoryReservation>,
    _task: Task<()>,
}

/// A batch that counts against the pool until its client has taken it: a client that reads slowly
/// holds it, and all of them together must not hold more than there is.
struct Counted {
    batch: RecordBatch,
    reservation: MemoryReservation,
}

impl Counted {
    fn new(batch: RecordBatch, pool: &Arc<dyn MemoryPool>) -> Result<Self> {
        let reservation = MemoryConsumer::new("result").register(pool);
        reservation.try_grow(usize::try_from(batch_bytes(&batch)).unwrap_or(usize::MAX))?;
        Ok(Self { batch, reservation })
    }
}

async fn compute(
    plan: SealedPlan,
    context: Arc<TaskContext>,
    sender: mpsc::Sender<Counted>,
) -> Result<()> {
    let asked = Instant::now();
    let pool = Arc::clone(context.memory_pool());
    let mut rows = plan.execute(context)?;
    let mut first = true;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        if std::mem::take(&mut first) {
            let (rows, duration_us) = (batch.num_rows(), asked.elapsed().as_micros());
            tracing::debug!(rows, duration_us, "first rows");
        }
        if sender.send(Counted::new(batch, &pool)?).await.is_err() {
            break;
        }
    }
    Ok(())
}

impl Stream for Rows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(begin) = self.begin.take() {
            // Where nobody hears it, the time is over.
            let _ = begin.send(());
        }
        self.given = None;
        if let Some(Counted { batch, reservation }) = ready!(self.batches.poll_recv(context)) {
            self.given = Some(reservation);
            return Poll::Ready(Some(Ok(batch)));
        }
        if self.failed.is_terminated() {
            return Poll::Ready(None);
        }
        let failed = ready!(self.failed.poll_unpin(context));
        Poll::Ready(failed.ok().map(Err))
    }
}

impl RecordBatchStream for Rows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
