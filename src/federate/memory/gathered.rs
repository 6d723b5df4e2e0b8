//! Batches of the usual size beneath aggregates, in plans whose batches are small because large
//! results of aggregates are repeated above them: what is gathered is not repeated yet.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::scalar_subquery::ScalarSubqueryExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, replace_children_if_necessary};

use super::repeated::repeats_rows;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use crate::federate::execute::task_context;
use crate::federate::passage::{Passage, PassageExec};

/// A plan that gathers in batches of so many rows where nothing is repeated beneath the aggregate.
pub(super) fn gathered(
    plan: Arc<dyn ExecutionPlan>,
    rows: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    // The value of a subquery may stand in any expression of the plan that it belongs to, which is not
    // to be seen there; in the plan of the subquery itself it does not.
    if !plan.exists(|node| Ok(node.is::<ScalarSubqueryExec>()))? {
        return beneath_aggregates(plan, rows);
    }
    let gathered = plan.transform_up(|node| {
        if !node.is::<ScalarSubqueryExec>() {
            return Ok(Transformed::no(node));
        }
        let inputs = node.children().into_iter().cloned().enumerate();
        let inputs = inputs.map(|(at, input)| match at {
            0 => Ok(input),
            _ => match input.exists(|part| Ok(part.is::<ScalarSubqueryExec>()))? {
                true => Ok(input),
                false => beneath_aggregates(input, rows),
            },
        });
        let inputs = inputs.collect::<Result<_>>()?;
        Ok(Transformed::yes(replace_children_if_necessary(node, inputs)?))
    })?;
    Ok(gathered.data)
}

fn beneath_aggregates(plan: Arc<dyn ExecutionPlan>, rows: usize) -> Result<Arc<dyn ExecutionPlan>> {
    let gathered = plan.transform_down(|node| {
        if !node.is::<AggregateExec>() || node.exists(|part| Ok(repeats(part)))? {
            return Ok(Transformed::no(node));
        }
        let inputs = node.children().into_iter().cloned();
        let inputs = inputs.map(|input| PassageExec::around(input, Gathered { rows })).collect();
        let node = replace_children_if_necessary(node, inputs)?;
        Ok(Transformed::new(node, true, TreeNodeRecursion::Jump))
    })?;
    Ok(gathered.data)
}

fn repeats(node: &Arc<dyn ExecutionPlan>) -> bool {
    repeats_rows(node) || node.is::<WindowAggExec>() || node.is::<BoundedWindowAggExec>()
}

/// Whether the batches beneath this node are of their own size.
pub(super) fn is_gathered(node: &Arc<dyn ExecutionPlan>) -> bool {
    node.is::<PassageExec<Gathered>>()
}

#[derive(Clone, Debug)]
pub(super) struct Gathered {
    rows: usize,
}

impl Passage for Gathered {
    const NAME: &'static str = "GatheredExec";

    fn label(&self) -> String {
        format!("rows={}", self.rows)
    }

    fn start(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let config = context.session_config().clone().with_batch_size(self.rows);
        Ok(input.execute(partition, task_context(config, context.runtime_env()))?.boxed())
    }
}
