//! Cuts the batches of sources into portions, for plans whose batches must be small.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::TryStreamExt as _;

use crate::guard::is_barrier;

/// A plan whose batches have at most `rows` rows where they come in: above each barrier, and above
/// each leaf that is made here.
pub(in crate::federate) fn portioned(
    plan: Arc<dyn ExecutionPlan>,
    rows: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let cut = plan.transform_down(|node| {
        if !is_barrier(&node) && !node.children().is_empty() {
            return Ok(Transformed::no(node));
        }
        let cut = Arc::new(PortionsExec { input: node, rows });
        Ok(Transformed::new(cut as Arc<dyn ExecutionPlan>, true, TreeNodeRecursion::Jump))
    })?;
    Ok(cut.data)
}

#[derive(Debug)]
struct PortionsExec {
    input: Arc<dyn ExecutionPlan>,
    rows: usize,
}

impl DisplayAs for PortionsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PortionsExec: rows={}", self.rows)
    }
}

impl ExecutionPlan for PortionsExec {
    fn name(&self) -> &'static str {
        "PortionsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self { input, rows: self.rows })),
            _ => internal_err!("PortionsExec has one child"),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let rows = self.rows;
        let batches = self.input.execute(partition, context)?;
        let portions = batches
            .map_ok(move |batch| {
                let starts = (0..batch.num_rows()).step_by(rows);
                let portion =
                    move |start: usize| Ok(batch.slice(start, rows.min(batch.num_rows() - start)));
                futures::stream::iter(starts.map(portion))
            })
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), portions)))
    }
}
