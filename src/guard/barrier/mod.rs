//! The portcullis itself: the operator that stands between a guarded table and the rest of a
//! query.
//!
//! It passes batches on unchanged. What it does is refuse to let anything down: no condition of
//! the query, no dynamic filter and no statistic passes it in either direction, because it keeps
//! the closed defaults of [`ExecutionPlan`] for all of these.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};
use futures::TryStreamExt as _;
use portcullis_connector_api::SourceName;

use super::error::source_error;

/// See the module. Only the guard makes one, over what it built itself.
#[derive(Debug)]
pub struct BarrierExec {
    source: SourceName,
    label: String,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

/// Whether this node is a barrier.
pub(crate) fn is_barrier(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.is::<BarrierExec>()
}

impl BarrierExec {
    pub(in crate::guard) fn new(
        source: SourceName,
        label: String,
        input: Arc<dyn ExecutionPlan>,
    ) -> Self {
        // Orderings and equalities of the input are dropped: they are facts about stored data.
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self { source, label, input, properties: Arc::new(properties) }
    }
}

impl DisplayAs for BarrierExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BarrierExec: {}", self.label)
    }
}

impl ExecutionPlan for BarrierExec {
    fn name(&self) -> &'static str {
        "BarrierExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    /// Says no, so that no sort is moved beneath the barrier.
    fn maintains_input_order(&self) -> Vec<bool> {
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
            (Some(input), true) => {
                Ok(Arc::new(Self::new(self.source.clone(), self.label.clone(), input)))
            }
            _ => internal_err!("BarrierExec has one child"),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let source = self.source.clone();
        let rows = self.input.execute(partition, context)?;
        let rows = rows.map_err(move |error| source_error(&source, error));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
