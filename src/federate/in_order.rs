//! One order for the rows of branches.
//!
//! The engine takes the branches of a union as they come. Which of them is quicker may depend on rows
//! that nobody here sees, and is not to be noticed; and PostgreSQL gives one after the other.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::{
    ExecutionPlan, ExecutionPlanProperties as _, Partitioning, PlanProperties,
};
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::passage::{Passage, PassageExec};
use crate::guard;

/// A plan of one partition, in which no partitions are taken as they come.
pub(in crate::federate) fn in_order(
    plan: Arc<dyn ExecutionPlan>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let ordered = plan.transform_up(|node| {
        let Some(coalesced) = node.downcast_ref::<CoalescePartitionsExec>() else {
            return Ok(Transformed::no(node));
        };
        let ordered = PassageExec::around(Arc::clone(coalesced.input()), InOrder);
        Ok(Transformed::yes(match coalesced.fetch() {
            Some(fetch) => Arc::new(GlobalLimitExec::new(ordered, 0, Some(fetch))),
            None => ordered,
        }))
    })?;
    Ok(match ordered.data.output_partitioning().partition_count() {
        1 => ordered.data,
        _ => PassageExec::around(ordered.data, InOrder),
    })
}

#[derive(Clone, Debug)]
struct InOrder;

impl Passage for InOrder {
    const NAME: &'static str = "InOrderExec";

    fn label(&self) -> String {
        "one branch after the other".to_owned()
    }

    fn properties(&self, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            Partitioning::UnknownPartitioning(1),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Arc::new(properties)
    }

    fn start(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        _: usize,
        context: Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        Ok(guard::in_order(input, &context)?.boxed())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{AsArray as _, Int64Array};
    use datafusion::arrow::datatypes::Int64Type;
    use datafusion::datasource::{MemTable, provider_as_source};
    use datafusion::logical_expr::{LogicalPlanBuilder, col};
    use datafusion::physical_plan::{displayable, execute_stream};
    use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner as _};

    use super::*;
    use crate::guard::Guard;

    fn numbers(numbers: std::ops::Range<i64>) -> LogicalPlanBuilder {
        let numbers = Int64Array::from_iter_values(numbers);
        let batch = RecordBatch::try_from_iter([("n", Arc::new(numbers) as _)]).unwrap();
        let batches: Vec<_> = (0..batch.num_rows())
            .step_by(1000)
            .map(|at| batch.slice(at, 1000.min(batch.num_rows() - at)))
            .collect();
        let table = MemTable::try_new(batch.schema(), vec![batches]).unwrap();
        LogicalPlanBuilder::scan("t", provider_as_source(Arc::new(table)), None).unwrap()
    }

    /// What a source has sorted stays sorted, of which the engine knows nothing; so do branches.
    #[tokio::test(flavor = "multi_thread")]
    async fn rows_stay_in_their_order() {
        let filtered = |rows| numbers(rows).filter((col("n") * col("n")).gt(col("n"))).unwrap();
        let plan = filtered(0..50_000)
            .union(filtered(50_000..50_010).build().unwrap())
            .and_then(|plan| plan.union(filtered(50_010..100_000).build()?))
            .and_then(LogicalPlanBuilder::build)
            .unwrap();
        let guard = Guard::default();
        let engine = guard.engine();
        let plan = engine.optimize(&plan).unwrap();
        let planner = DefaultPhysicalPlanner::default();
        let plan = planner.create_physical_plan(&plan, engine).await.unwrap();
        assert_ne!(plan.output_partitioning().partition_count(), 1);
        let plan = in_order(plan).unwrap();
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        assert!(!shown.contains("Repartition") && !shown.contains("Coalesce"), "{shown}");
        let mut rows = execute_stream(plan, engine.task_ctx()).unwrap();
        let mut got = Vec::new();
        while let Some(batch) = rows.next().await {
            got.extend(batch.unwrap().column(0).as_primitive::<Int64Type>().values().to_vec());
        }
        assert_eq!(got, (2..100_000).collect::<Vec<_>>());
    }
}
