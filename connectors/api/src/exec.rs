//! A physical plan over a stream that a driver gives, for connectors that have no operator of
//! their own, and that stream for drivers that block.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use futures::stream;

use crate::error::ConnectorError;

/// What gives batches one after the other, and may block while it makes one.
pub trait Batches: Send + 'static {
    /// The next batch; none at the end.
    ///
    /// # Errors
    /// Where the rows cannot be read.
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, ConnectorError>;
}

/// The batches as a stream. Each is made on a thread that may block, when it is asked for, and no
/// thread waits in between: a client that never reads holds none.
pub fn blocking_stream(schema: SchemaRef, batches: impl Batches) -> SendableRecordBatchStream {
    let stream = stream::try_unfold(batches, async |mut batches| {
        // What is said of a statement there stands in its span, too.
        let span = tracing::Span::current();
        let reading = tokio::task::spawn_blocking(move || {
            let batch = span.in_scope(|| batches.next_batch());
            (batches, batch)
        });
        let (batches, batch) =
            reading.await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        Ok(batch?.map(|batch| (batch, batches)))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, Box::pin(stream)))
}

/// Opens the stream of one execution. Called once per run; must return at once and do its
/// waiting inside the stream. Dropping the stream stops the work at the source.
pub type Opener = Arc<dyn Fn(Arc<TaskContext>) -> Result<SendableRecordBatchStream> + Send + Sync>;

/// One partition of batches from an [`Opener`].
pub struct StreamExec {
    label: String,
    open: Opener,
    properties: Arc<PlanProperties>,
}

impl StreamExec {
    /// `label` appears in the display of plans, which only holders of `explain_guard` see.
    pub fn new(label: impl Into<String>, schema: SchemaRef, open: Opener) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { label: label.into(), open, properties: Arc::new(properties) }
    }
}

impl fmt::Debug for StreamExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamExec").field("label", &self.label).finish_non_exhaustive()
    }
}

impl DisplayAs for StreamExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamExec: {}", self.label)
    }
}

impl ExecutionPlan for StreamExec {
    fn name(&self) -> &'static str {
        "StreamExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("StreamExec has no children") }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("StreamExec has one partition");
        }
        (self.open)(context)
    }
}
