//! The rows of a query, as they come from its lane.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use futures::{FutureExt as _, Stream, StreamExt as _};
use tokio::sync::mpsc;
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
/// at the deadline, whether or not somebody takes its rows: what it holds of sources is then free
/// for others.
pub(in crate::federate) fn run(run: Run) -> SendableRecordBatchStream {
    Box::pin(Rows { schema: run.plan.schema(), waiting: Some(run), running: None })
}

struct Rows {
    schema: SchemaRef,
    waiting: Option<Run>,
    running: Option<Running>,
}

struct Running {
    batches: mpsc::Receiver<Result<Counted>>,
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

impl Running {
    fn start(Run { plan, context, lane }: Run) -> Self {
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        let deadline = lane.deadline();
        let work = async move {
            let computed = AssertUnwindSafe(compute(plan, context, &sender));
            let failed = match timeout_at(deadline, computed.catch_unwind()).await {
                Ok(Ok(Ok(()))) => return,
                Ok(Ok(Err(error))) => error,
                Ok(Err(_)) => DataFusionError::External(Box::new(ClientError::panicked())),
                Err(_) => DataFusionError::External(Box::new(ClientError::timed_out())),
            };
            // A client that left needs no error.
            let _ = sender.send(Err(failed)).await;
        };
        Self { batches, given: None, _task: lane.spawn(work) }
    }
}

async fn compute(
    plan: SealedPlan,
    context: Arc<TaskContext>,
    sender: &mpsc::Sender<Result<Counted>>,
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
        if sender.send(Ok(Counted::new(batch, &pool)?)).await.is_err() {
            break;
        }
    }
    Ok(())
}

impl Stream for Rows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(run) = self.waiting.take() {
            self.running = Some(Running::start(run));
        }
        let Some(running) = &mut self.running else { return Poll::Ready(None) };
        running.given = None;
        running.batches.poll_recv(context).map_ok(|Counted { batch, reservation }| {
            running.given = Some(reservation);
            batch
        })
    }
}

impl RecordBatchStream for Rows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
