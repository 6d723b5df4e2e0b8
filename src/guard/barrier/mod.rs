//! The portcullis itself: the operator that stands between a guarded table and the rest of a
//! query.
//!
//! It lets nothing down: no condition of the query, no dynamic filter and no statistic passes it in
//! either direction, because it keeps the closed defaults of [`ExecutionPlan`] for all of these.
//! What comes up is a function of the visible rows as they are shown. Which of them there are is told
//! beneath it; here they are shown ([`show`]), and come in one order ([`in_order`]) and in batches
//! whose borders hidden rows do not move ([`portions`]): by them one could learn how many hidden rows
//! stand between, from the last digits of a sum or from the rows that are read before an error.

mod in_order;
mod portions;
mod show;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::metrics::{
    Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PlanProperties,
};
use futures::{Stream, StreamExt as _};
use portcullis_connector_api::SourceName;

use super::error::source_error;
use in_order::in_order;
use portions::Portions;
pub(in crate::guard) use show::Show;

/// See the module. Only the guard makes one, over what it built itself.
#[derive(Debug)]
pub struct BarrierExec {
    passing: Passing,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    /// How many rows have passed.
    passed: ExecutionPlanMetricsSet,
}

/// What passes a barrier.
#[derive(Clone, Debug)]
pub(in crate::guard) struct Passing {
    pub source: SourceName,
    /// For the display of plans.
    pub label: String,
    /// How the rows are shown.
    pub show: Show,
    /// How many rows the query takes at most, where it says so.
    pub fetch: Option<usize>,
}

/// Whether this node is a barrier.
pub(crate) fn is_barrier(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.is::<BarrierExec>()
}

impl BarrierExec {
    pub(in crate::guard) fn new(passing: Passing, input: Arc<dyn ExecutionPlan>) -> Self {
        // Orderings and equalities of the input are dropped: they are facts about stored data. So is
        // into how many parts it fell.
        let properties = PlanProperties::new(
            EquivalenceProperties::new(passing.show.schema(&input)),
            Partitioning::UnknownPartitioning(1),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        let passed = ExecutionPlanMetricsSet::new();
        Self { passing, input, properties: Arc::new(properties), passed }
    }
}

impl DisplayAs for BarrierExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BarrierExec: {}", self.passing.label)?;
        self.passing.show.display(f)?;
        match self.passing.fetch {
            Some(fetch) => write!(f, ", fetch={fetch}"),
            None => Ok(()),
        }
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
            (Some(input), true) => Ok(Arc::new(Self::new(self.passing.clone(), input))),
            _ => internal_err!("BarrierExec has one child"),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("BarrierExec has one partition");
        }
        let batch = context.session_config().batch_size();
        let rows = self.passing.fetch.map_or(batch, |fetch| fetch.clamp(1, batch));
        Ok(Box::pin(Rows {
            portions: Portions::new(self.schema(), rows),
            passing: self.passing.clone(),
            raw: Some(in_order(&self.input, &context)?),
            ready: VecDeque::new(),
            passed: MetricBuilder::new(&self.passed).output_rows(partition),
        }))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.passed.clone_inner())
    }
}

/// The rows that passed.
struct Rows {
    passing: Passing,
    /// None once it has ended or failed.
    raw: Option<SendableRecordBatchStream>,
    portions: Portions,
    ready: VecDeque<Result<RecordBatch>>,
    passed: Count,
}

impl Rows {
    /// Takes what the part beneath gives. What came before an error passes first.
    fn accept(&mut self, raw: Option<Result<RecordBatch>>) -> Result<()> {
        let (shown, failed) = match raw {
            Some(Ok(raw)) => self.passing.show.rows(&raw),
            Some(Err(error)) => (None, Some(error)),
            None => {
                self.raw = None;
                self.ready.extend(self.portions.finish()?.map(Ok));
                return Ok(());
            }
        };
        if let Some(shown) = shown {
            self.ready.extend(self.portions.add(shown)?.into_iter().map(Ok));
        }
        if let Some(error) = failed {
            self.raw = None;
            self.ready.extend(self.portions.finish()?.map(Ok));
            self.ready.push_back(Err(source_error(&self.passing.source, error)));
        }
        Ok(())
    }
}

impl Stream for Rows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(next) = self.ready.pop_front() {
                self.passed.add(next.as_ref().map_or(0, RecordBatch::num_rows));
                return Poll::Ready(Some(next));
            }
            let Some(raw) = &mut self.raw else { return Poll::Ready(None) };
            let batch = ready!(raw.poll_next_unpin(context));
            if let Err(error) = self.accept(batch) {
                self.raw = None;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl RecordBatchStream for Rows {
    fn schema(&self) -> SchemaRef {
        self.portions.schema()
    }
}
