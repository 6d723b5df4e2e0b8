//! What windows keep. They read rows until they can tell the answer of the first one, which may be
//! all rows, and the engine counts none of it. Here the rows that went into a window and have not
//! come out of it are counted against the pool.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, replace_children_if_necessary};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};

use super::repeated::widest;
use crate::federate::passage::{Passage, PassageExec};
use crate::guard::batch_bytes;

/// A plan whose windows are counted. Beneath a barrier there are none.
pub(super) fn weighed(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let counted = plan.transform_up(|node| {
        let whole = node.is::<WindowAggExec>();
        if !whole && !node.is::<BoundedWindowAggExec>() {
            return Ok(Transformed::no(node));
        }
        // A window over all rows holds them as they came, and once more in one piece.
        let copies = if whole { 2 } else { 1 };
        let repeats = repeating(&node)?;
        let scales = Scales::default();
        let weigh = |input: Arc<dyn ExecutionPlan>, end: End| {
            PassageExec::around(input, Weighing { scales: scales.clone(), end })
        };
        let inputs = node.children().into_iter().cloned();
        let inputs = inputs.map(|input| weigh(input, End::Into { copies, repeats })).collect();
        let window = replace_children_if_necessary(node, inputs)?;
        Ok(Transformed::yes(weigh(window, End::OutOf)))
    })?;
    Ok(counted.data)
}

/// How many results of a window may each be a value of another row: that of its first, its last or its
/// largest.
fn repeating(window: &Arc<dyn ExecutionPlan>) -> Result<u64> {
    let results = match (window.downcast_ref::<WindowAggExec>(), window.downcast_ref()) {
        (Some(whole), _) => whole.window_expr(),
        (None, Some(bounded)) => BoundedWindowAggExec::window_expr(bounded),
        (None, None) => return internal_err!("a window of another kind"),
    };
    let mut repeats = 0;
    for result in results {
        let fixed = result.field()?.data_type().primitive_width().is_some();
        repeats += u64::from(!fixed);
    }
    Ok(repeats)
}

/// What one partition of a window holds.
#[derive(Debug)]
struct Scale {
    reservation: MemoryReservation,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    rows: u64,
    bytes: u64,
    /// The largest row that came.
    widest: u64,
}

impl Scale {
    fn put(&self, batch: &RecordBatch, copies: u64, repeats: u64) -> Result<()> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = batch.num_rows() as u64;
        let mut bytes = batch_bytes(batch).saturating_mul(copies);
        if repeats > 0 {
            held.widest = held.widest.max(widest(batch.columns()));
            let results = held.widest.saturating_mul(rows).saturating_mul(repeats);
            bytes = bytes.saturating_add(results);
        }
        self.reservation.try_grow(usize::try_from(bytes).unwrap_or(usize::MAX))?;
        held.rows += rows;
        held.bytes += bytes;
        Ok(())
    }

    /// Rows come out as they went in; of what they weigh, the average is known.
    fn take(&self, rows: u64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = rows.min(held.rows);
        let average = held.bytes.checked_div(held.rows).unwrap_or(0);
        let bytes = if rows == held.rows { held.bytes } else { average * rows };
        held.rows -= rows;
        held.bytes -= bytes;
        self.reservation.shrink(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
}

/// The scales of all partitions, which the two ends of a window share.
#[derive(Clone, Debug, Default)]
struct Scales(Arc<Mutex<HashMap<usize, Arc<Scale>>>>);

impl Scales {
    fn open(&self, partition: usize, context: &TaskContext) -> Arc<Scale> {
        let reservation = MemoryConsumer::new("window").register(context.memory_pool());
        let scale = Arc::new(Scale { reservation, held: Mutex::default() });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, Arc::clone(&scale));
        scale
    }

    fn find(&self, partition: usize) -> Option<Arc<Scale>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).cloned()
    }

    /// Forgets it; who found it keeps it.
    fn close(&self, partition: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition);
    }
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// Beneath the window.
    Into {
        /// How often the window holds a row.
        copies: u64,
        /// How many results may hold the largest.
        repeats: u64,
    },
    /// Above it.
    OutOf,
}

#[derive(Clone, Debug)]
struct Weighing {
    scales: Scales,
    end: End,
}

impl Passage for Weighing {
    const NAME: &'static str = "WeighingExec";

    fn label(&self) -> String {
        format!("{:?}", self.end)
    }

    fn start(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let rows = match self.end {
            End::OutOf => {
                let scale = self.scales.open(partition, &context);
                let rows = input.execute(partition, context);
                self.scales.close(partition);
                rows?.inspect_ok(move |batch| scale.take(batch.num_rows() as u64)).boxed()
            }
            End::Into { copies, repeats } => {
                let Some(scale) = self.scales.find(partition) else {
                    return internal_err!("a window whose rows are not counted");
                };
                let rows = input.execute(partition, context)?;
                rows.and_then(move |batch| {
                    futures::future::ready(scale.put(&batch, copies, repeats).map(|()| batch))
                })
                .boxed()
            }
        };
        Ok(rows)
    }
}
