//! Where queries are computed: on threads of their own.
//!
//! Computing does not wait, so on the threads that talk with clients it would stand in their way:
//! nobody could log in, and neither a deadline nor a cancellation would be seen while one query is
//! busy. Here a query is a task that hands its batches over one by one, and stops when nobody
//! takes them any more.

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
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::spans;
use super::turn::Admission;
use crate::error::ClientError;
use crate::guard::{SealedPlan, batch_bytes};

/// Batches that are ready before their client takes them, beside the one in the making.
const BATCHES_AHEAD: usize = 1;

/// Plans nest, and what walks them recurses; the bounds on statements are made for such a stack.
const STACK_BYTES: usize = 16 << 20;

/// The threads, as many as there are processors.
#[derive(Debug)]
pub(in crate::federate) struct Engine {
    /// None only while it is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// Where the system gives none.
    pub fn start() -> std::io::Result<Self> {
        spans::follow();
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("portcullis-engine")
            .thread_stack_size(STACK_BYTES)
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Some(runtime), handle })
    }

    /// Runs a plan. It starts when the stream is first polled. It stops when the stream is dropped,
    /// and at the deadline, whether or not somebody takes its rows: what it holds of sources is
    /// then free for others.
    pub fn run(&self, run: Run) -> SendableRecordBatchStream {
        let schema = run.plan.schema();
        let waiting = Some((self.handle.clone(), run));
        Box::pin(Rows { schema, waiting, running: None })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not to wait for queries, which nobody listens to any more.
            runtime.shutdown_background();
        }
    }
}

/// A query that is to run.
pub(in crate::federate) struct Run {
    pub plan: SealedPlan,
    pub context: Arc<TaskContext>,
    /// When it has run too long, waiting for its turn included.
    pub deadline: Instant,
    /// By which it gets its turn.
    pub admission: Admission,
}

/// The rows of one query, as they come from the engine.
struct Rows {
    schema: SchemaRef,
    waiting: Option<(Handle, Run)>,
    running: Option<Running>,
}

struct Running {
    batches: mpsc::Receiver<Result<Counted>>,
    /// What the client was given last. It is counted until the next one is asked for.
    given: Option<MemoryReservation>,
    task: AbortHandle,
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

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    fn start(engine: &Handle, run: Run) -> Self {
        let Run { plan, context, deadline, admission } = run;
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        // What is said of a query over there stands in its span, too.
        let work = async move {
            let computed = AssertUnwindSafe(compute(plan, context, &admission, &sender));
            let failed = match timeout_at(deadline, computed.catch_unwind()).await {
                Ok(Ok(Ok(()))) => return,
                Ok(Ok(Err(error))) => error,
                Ok(Err(_)) => DataFusionError::External(Box::new(ClientError::panicked())),
                Err(_) => DataFusionError::External(Box::new(ClientError::timed_out())),
            };
            // A client that left needs no error.
            let _ = sender.send(Err(failed)).await;
        };
        let task = engine.spawn(work.in_current_span());
        Self { batches, given: None, task: task.abort_handle() }
    }
}

async fn compute(
    plan: SealedPlan,
    context: Arc<TaskContext>,
    admission: &Admission,
    sender: &mpsc::Sender<Result<Counted>>,
) -> Result<()> {
    let asked = Instant::now();
    let _place = admission.statement().await?;
    tracing::debug!(waited_us = asked.elapsed().as_micros(), "running");
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
        if let Some((engine, run)) = self.waiting.take() {
            self.running = Some(Running::start(&engine, run));
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
