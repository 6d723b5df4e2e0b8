//! A node around a part of a plan that changes how its rows come, and never which.
//!
//! It tells the optimizer nothing that the part beneath it does not tell, and lets no sort and no
//! further node in between.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::stream::BoxStream;

/// How rows come.
pub(in crate::federate) trait Passage:
    Clone + fmt::Debug + Send + Sync + 'static
{
    /// Of the node, for those who may see how a plan runs.
    const NAME: &'static str;

    /// What is told beside the name.
    fn label(&self) -> String;

    /// What the optimizer may know of the node. By default what it may know of the part beneath.
    fn properties(&self, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
        Arc::clone(input.properties())
    }

    /// Starts one partition of what lies beneath. Nothing is read before the stream is polled.
    ///
    /// # Errors
    /// Where it cannot start.
    fn start(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>>;
}

/// The node.
#[derive(Debug)]
pub(in crate::federate) struct PassageExec<P> {
    passage: P,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl<P: Passage> PassageExec<P> {
    /// Around `input`.
    pub fn around(input: Arc<dyn ExecutionPlan>, passage: P) -> Arc<dyn ExecutionPlan> {
        let properties = passage.properties(&input);
        Arc::new(Self { passage, input, properties })
    }
}

impl<P: Passage> DisplayAs for PassageExec<P> {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", P::NAME, self.passage.label())
    }
}

impl<P: Passage> ExecutionPlan for PassageExec<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
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
            (Some(input), true) => Ok(Self::around(input, self.passage.clone())),
            _ => internal_err!("{} has one child", P::NAME),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let batches = self.passage.start(&self.input, partition, context)?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.input.schema(), batches)))
    }
}
