//! Cuts what is made here into portions, for plans whose batches must be small.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::{ExecutionPlan, replace_children_if_necessary};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};

use super::gathered::is_gathered;
use crate::federate::passage::{Passage, PassageExec};
use crate::guard::is_barrier;

/// A plan whose batches have at most `rows` rows where they come in: above each leaf that is made
/// here. Beneath aggregates it may be more.
pub(super) fn portioned(
    plan: Arc<dyn ExecutionPlan>,
    rows: usize,
    gathered: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let cut = plan.transform_down(|node| {
        if is_gathered(&node) {
            let inner = node.children().into_iter().cloned();
            let inner = inner.map(|inner| portioned(inner, gathered, gathered));
            let inner = inner.collect::<Result<_>>()?;
            let node = replace_children_if_necessary(node, inner)?;
            return Ok(Transformed::new(node, true, TreeNodeRecursion::Jump));
        }
        // It cuts what passes it by itself.
        if is_barrier(&node) {
            return Ok(Transformed::new(node, false, TreeNodeRecursion::Jump));
        }
        if !node.children().is_empty() {
            // It fills its batches up to a size of its own.
            let filter = node.downcast_ref::<FilterExec>();
            let smaller = filter.map(|filter| filter.with_batch_size(rows)).transpose()?;
            return Ok(match smaller {
                Some(filter) => Transformed::yes(Arc::new(filter)),
                None => Transformed::no(node),
            });
        }
        let cut = PassageExec::around(node, Portions { rows });
        Ok(Transformed::new(cut, true, TreeNodeRecursion::Jump))
    })?;
    Ok(cut.data)
}

#[derive(Clone, Debug)]
struct Portions {
    rows: usize,
}

impl Passage for Portions {
    const NAME: &'static str = "PortionsExec";

    fn label(&self) -> String {
        format!("rows={}", self.rows)
    }

    fn start(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let rows = self.rows;
        let batches = input.execute(partition, context)?;
        let portions = batches
            .map_ok(move |batch| {
                let starts = (0..batch.num_rows()).step_by(rows);
                let portion =
                    move |start: usize| Ok(batch.slice(start, rows.min(batch.num_rows() - start)));
                futures::stream::iter(starts.map(portion))
            })
            .try_flatten();
        Ok(portions.boxed())
    }
}
