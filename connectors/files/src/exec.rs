//! The physical plan of a scan of files: a leaf that tells nothing of what it will read.

use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};

use crate::folder::DataFile;

/// Starts to read a file. Returns at once; the file is opened inside the stream. What is read of it
/// counts as memory of the pool, where it can be more than a batch.
pub type Start = Arc<
    dyn Fn(DataFile, &Meters, &Arc<dyn MemoryPool>) -> Result<SendableRecordBatchStream>
        + Send
        + Sync,
>;

/// Where the readers of single files leave what they counted: row groups pruned, bytes read.
#[derive(Clone, Debug, Default)]
pub struct Meters(Arc<Mutex<Vec<ExecutionPlanMetricsSet>>>);

impl Meters {
    /// Adds what the reader of one file counts.
    pub fn add(&self, metrics: ExecutionPlanMetricsSet) {
        if let Ok(mut all) = self.0.lock() {
            all.push(metrics);
        }
    }

    fn read(&self) -> MetricsSet {
        let mut sum = MetricsSet::new();
        if let Ok(all) = self.0.lock() {
            for metrics in all.iter() {
                metrics.clone_inner().iter().for_each(|metric| sum.push(metric.clone()));
            }
        }
        sum
    }
}

/// Files, each a partition, in their order.
///
/// It is a leaf of its own around the readers, and not DataFusion's scan node, because that one
/// would tell the optimizer how many rows the files have and what their least values are, and
/// would take filters and projections from above the guard.
pub struct FilesExec {
    label: String,
    files: Vec<DataFile>,
    start: Start,
    meters: Meters,
    properties: Arc<PlanProperties>,
}

impl FilesExec {
    /// A plan that reads these files; `label` is what its display shows.
    pub fn new(label: String, schema: SchemaRef, files: Vec<DataFile>, start: Start) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(files.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { label, files, start, meters: Meters::default(), properties: Arc::new(properties) }
    }
}

impl fmt::Debug for FilesExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilesExec").field("label", &self.label).finish_non_exhaustive()
    }
}

impl DisplayAs for FilesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FilesExec: {}", self.label)
    }
}

impl ExecutionPlan for FilesExec {
    fn name(&self) -> &'static str {
        "FilesExec"
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
        if children.is_empty() { Ok(self) } else { internal_err!("FilesExec has no children") }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        match self.files.get(partition) {
            Some(file) => (self.start)(file.clone(), &self.meters, context.memory_pool()),
            None => internal_err!("FilesExec has no partition {partition}"),
        }
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.meters.read())
    }
}
