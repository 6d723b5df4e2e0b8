//! One order for what comes in parts.

use std::collections::VecDeque;
use std::iter;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _};
use futures::{StreamExt as _, stream};

/// Parts that are begun before it is their turn, the one whose turn it is among them.
const MOST_BEGUN: usize = 8;

/// Batches that one part makes before it is its turn.
const BATCHES_AHEAD: usize = 1;

/// The rows of all partitions, those of the first one first: when each of them is done is for the
/// machine to say, and must not be seen. Nothing is read before the stream is polled.
///
/// # Errors
/// Where the plan cannot start.
pub(super) fn in_order(
    plan: &Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let partitions = plan.output_partitioning().partition_count();
    if partitions == 1 {
        return plan.execute(0, Arc::clone(context));
    }
    let most = available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_BEGUN);
    let (schema, context, plan) = (plan.schema(), Arc::clone(context), Arc::clone(plan));
    let begin = move |partition| {
        let mut rows = RecordBatchReceiverStream::builder(plan.schema(), BATCHES_AHEAD);
        let (there, plan, context) = (rows.tx(), Arc::clone(&plan), Arc::clone(&context));
        rows.spawn(async move {
            let mut batches = plan.execute(partition, context)?;
            while let Some(batch) = batches.next().await {
                // Nobody waits for it any more.
                if there.send(batch).await.is_err() {
                    break;
                }
            }
            Ok(())
        });
        rows.build()
    };
    let (mut left, mut begun) = (0..partitions, VecDeque::new());
    let parts = iter::from_fn(move || {
        while begun.len() < most
            && let Some(partition) = left.next()
        {
            begun.push_back(begin(partition));
        }
        begun.pop_front()
    });
    let rows = stream::iter(parts).flatten();
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}
