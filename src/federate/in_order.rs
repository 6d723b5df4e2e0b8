//! One order for the rows of branches.
//!
//! The engine computes the branches of a union side by side. Which of them is quicker may depend on rows
//! that nobody here sees, and is not to be noticed: not by the order of the rows, nor by what joins and
//! sorts above make of it. So they come one after the other, as in PostgreSQL, and one is begun when the
//! one before it has ended: a branch that waited for its turn would hold places of a source for which
//! others wait, of the same statement too.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{
    ExecutionPlan, ExecutionPlanProperties as _, Partitioning, PlanProperties,
    replace_children_if_necessary,
};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::passage::{Passage, PassageExec};

/// A plan whose branches come one after the other, or are merged by the order that the query asks for.
pub(in crate::federate) fn in_order(
    plan: Arc<dyn ExecutionPlan>,
) -> Result<Arc<dyn ExecutionPlan>> {
    brought(plan, false)
}

/// The most branches that are read at once to be merged. Each holds batches of its own, and takes a place
/// of its source.
const MOST_MERGED: usize = 8;

/// `merged` where what is below is sorted, and merged above.
fn brought(plan: Arc<dyn ExecutionPlan>, merged: bool) -> Result<Arc<dyn ExecutionPlan>> {
    let merge = plan.downcast_ref::<SortPreservingMergeExec>();
    if let Some(merge) = merge.filter(|merge| partitions(merge.input()) > MOST_MERGED) {
        return sorted(merge);
    }
    let merges = merge.is_some();
    let parts = partitions(&plan);
    let below = merges || (merged && parts > 1 && !plan.is::<SortExec>());
    let inputs = plan.children().into_iter().map(|input| brought(Arc::clone(input), below));
    let inputs = inputs.collect::<Result<_>>()?;
    let plan = replace_children_if_necessary(plan, inputs)?;
    if let Some(merge) = plan.downcast_ref::<SortPreservingMergeExec>() {
        // Of equal rows those of the first branch come first.
        let input = Arc::clone(merge.input());
        let stable = SortPreservingMergeExec::new(merge.expr().clone(), input);
        let stable = stable.with_fetch(merge.fetch()).with_round_robin_repartition(false);
        return Ok(Arc::new(stable));
    }
    let is_open = plan.is::<UnionExec>() && !merged;
    Ok(if is_open { PassageExec::around(plan, InOrder) } else { plan })
}

/// Many sorted branches one after the other, and all their rows sorted above: what the sort keeps is
/// counted, and ends with 53200 where it is too much.
fn sorted(merge: &SortPreservingMergeExec) -> Result<Arc<dyn ExecutionPlan>> {
    let input = brought(Arc::clone(merge.input()), false)?;
    let one = if partitions(&input) > 1 { PassageExec::around(input, InOrder) } else { input };
    Ok(Arc::new(SortExec::new(merge.expr().clone(), one).with_fetch(merge.fetch())))
}

fn partitions(plan: &Arc<dyn ExecutionPlan>) -> usize {
    plan.output_partitioning().partition_count()
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
        let branches = 0..input.output_partitioning().partition_count();
        let input = Arc::clone(input);
        let rows = stream::iter(branches)
            .map(move |branch| input.execute(branch, Arc::clone(&context)))
            .try_flatten();
        Ok(rows.boxed())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use datafusion::arrow::array::{AsArray as _, Int64Array};
    use datafusion::arrow::datatypes::Int64Type;
    use datafusion::datasource::{MemTable, provider_as_source};
    use datafusion::logical_expr::{LogicalPlanBuilder, col};
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
    use datafusion::physical_plan::{displayable, execute_stream};
    use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner as _};
    use portcullis_connector_api::exec::{Opener, StreamExec};

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
        assert_eq!(plan.output_partitioning().partition_count(), 1);
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        assert!(!shown.contains("Repartition"), "{shown}");
        let mut rows = execute_stream(plan, engine.task_ctx()).unwrap();
        let mut got = Vec::new();
        while let Some(batch) = rows.next().await {
            got.extend(batch.unwrap().column(0).as_primitive::<Int64Type>().values().to_vec());
        }
        assert_eq!(got, (2..100_000).collect::<Vec<_>>());
    }

    /// A plan that merges so many sorted branches, of numbers that fall to its places in turn.
    async fn merging(guard: &Guard, branches: i64) -> Arc<dyn ExecutionPlan> {
        let branch = |number: i64| {
            numbers(number * 1000..(number + 1) * 1000).sort([col("n").sort(true, false)]).unwrap()
        };
        let mut plan = branch(0);
        for number in 1..branches {
            plan = plan.union(branch(number).build().unwrap()).unwrap();
        }
        let plan = plan.sort([col("n").sort(true, false)]).unwrap().build().unwrap();
        let engine = guard.engine();
        let planner = DefaultPhysicalPlanner::default();
        planner.create_physical_plan(&plan, engine).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn few_sorted_branches_are_merged_and_many_follow_each_other() {
        let guard = Guard::default();
        for (branches, merged) in [(8, true), (9, false), (40, false)] {
            let plan = in_order(merging(&guard, branches).await).unwrap();
            let shown = displayable(plan.as_ref()).indent(false).to_string();
            assert_eq!(shown.contains("SortPreservingMergeExec"), merged, "{shown}");
            assert_eq!(shown.contains("InOrderExec"), !merged, "{shown}");
            let mut rows = execute_stream(plan, guard.engine().task_ctx()).unwrap();
            let mut got = Vec::new();
            while let Some(batch) = rows.next().await {
                let batch = batch.unwrap();
                got.extend(batch.column(0).as_primitive::<Int64Type>().values().to_vec());
            }
            assert_eq!(got, (0..branches * 1000).collect::<Vec<_>>());
        }
    }

    /// A branch that has begun may hold what the one before it needs.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_branch_begins_when_the_one_before_has_ended() {
        let running = Arc::new(AtomicUsize::new(0));
        let branch = || -> Arc<dyn ExecutionPlan> {
            let numbers = Int64Array::from_iter_values(0..10);
            let batch = RecordBatch::try_from_iter([("n", Arc::new(numbers) as _)]).unwrap();
            let (schema, running) = (batch.schema(), Arc::clone(&running));
            let open: Opener = Arc::new(move |_| {
                assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "others have begun");
                let (running, schema) = (Arc::clone(&running), batch.schema());
                let batches =
                    stream::iter(vec![batch.clone(); 20]).map(Ok).chain(stream::once(async move {
                        running.fetch_sub(1, Ordering::SeqCst);
                        Ok(RecordBatch::new_empty(schema))
                    }));
                Ok(Box::pin(RecordBatchStreamAdapter::new(batch.schema(), batches)))
            });
            Arc::new(StreamExec::new("branch", schema, open))
        };
        let plan = in_order(UnionExec::try_new(vec![branch(), branch(), branch()]).unwrap());
        let mut rows = execute_stream(plan.unwrap(), Arc::default()).unwrap();
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            count += batch.unwrap().num_rows();
        }
        assert_eq!(count, 3 * 20 * 10);
    }
}
