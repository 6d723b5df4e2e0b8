//! Makes a plan see that it is to end.
//!
//! Operators hand control back when they wait for rows, and every so many batches. A join may do
//! neither for long: it compares each row of one side with each of the other, and where no pair of
//! them is let through, nothing comes out and nothing is waited for. So the conditions of joins look
//! at the statement's [`Stop`], as does every batch that comes out of a join or into the plan.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DataFusionError, JoinType, Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::lit;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::make_cooperative;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder, SortMergeJoinExec,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use crate::federate::passage::{Passage, PassageExec};
use crate::guard::is_barrier;
use crate::stop::Stop;

/// The plan, watched from its sources up.
pub(in crate::federate) fn watched(
    plan: Arc<dyn ExecutionPlan>,
    stop: &Arc<Stop>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let around = |node| PassageExec::around(node, Watch(Arc::clone(stop)));
    let plan = plan.transform_down_up(
        |node| {
            let enters = is_barrier(&node) || node.children().is_empty();
            Ok(match enters {
                true => Transformed::new(around(node), true, TreeNodeRecursion::Jump),
                false => Transformed::no(node),
            })
        },
        |node| {
            Ok(match join(&node, stop)? {
                Some(node) => Transformed::yes(around(node)),
                None => Transformed::no(node),
            })
        },
    )?;
    Ok(plan.data)
}

/// A join whose condition looks; none where the node is no join.
fn join(node: &Arc<dyn ExecutionPlan>, stop: &Arc<Stop>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let looking = |filter: &JoinFilter| {
        let condition: Arc<dyn PhysicalExpr> = Arc::new(Looking {
            condition: Arc::clone(filter.expression()),
            stop: Arc::clone(stop),
        });
        JoinFilter::new(condition, filter.column_indices().to_vec(), Arc::clone(filter.schema()))
    };
    if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
        let filter = join.filter().map(looking);
        let join = NestedLoopJoinExecBuilder::from(join).with_filter(filter).build()?;
        return Ok(Some(Arc::new(join)));
    }
    if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        // Where only one side comes out, its rows may have any number of partners, and what is found
        // of them goes by unseen.
        let unseen = !matches!(
            join.join_type(),
            JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full
        );
        let always = || JoinFilter::new(lit(true), Vec::new(), Arc::new(Schema::empty()));
        let filter = join.filter().cloned().or_else(|| unseen.then(always));
        let filter = filter.as_ref().map(looking);
        return Ok(Some(Arc::new(join.builder().with_filter(filter).build()?)));
    }
    if let Some(join) = node.downcast_ref::<SortMergeJoinExec>() {
        let filter = join.filter().as_ref().map(looking);
        return Ok(Some(Arc::new(SortMergeJoinExec::try_new(
            Arc::clone(join.left()),
            Arc::clone(join.right()),
            join.on().to_vec(),
            filter,
            join.join_type(),
            join.sort_options().to_vec(),
            join.null_equality(),
        )?)));
    }
    Ok(node.is::<CrossJoinExec>().then(|| Arc::clone(node)))
}

fn look(stop: &Stop) -> Result<()> {
    stop.check().map_err(|error| DataFusionError::External(Box::new(error)))
}

/// What looks at each batch, and lets others of the lane have their turn now and then.
#[derive(Clone, Debug)]
struct Watch(Arc<Stop>);

impl Passage for Watch {
    const NAME: &'static str = "WatchExec";

    fn label(&self) -> String {
        "deadline".to_owned()
    }

    fn start(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let stop = Arc::clone(&self.0);
        let batches = input.execute(partition, context)?;
        let batches = batches.map(move |batch| look(&stop).and(batch));
        let batches = RecordBatchStreamAdapter::new(input.schema(), batches);
        Ok(make_cooperative(Box::pin(batches)).boxed())
    }
}

/// A condition that looks first.
#[derive(Debug)]
struct Looking {
    condition: Arc<dyn PhysicalExpr>,
    stop: Arc<Stop>,
}

impl PhysicalExpr for Looking {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.condition.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.condition.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.condition.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        look(&self.stop)?;
        self.condition.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.condition]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        match (children.pop(), children.is_empty()) {
            (Some(condition), true) => {
                Ok(Arc::new(Self { condition, stop: Arc::clone(&self.stop) }))
            }
            _ => internal_err!("a watched condition has one child"),
        }
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt_sql(f)
    }
}

impl fmt::Display for Looking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

impl PartialEq for Looking {
    fn eq(&self, other: &Self) -> bool {
        self.condition.eq(&other.condition)
    }
}

impl Eq for Looking {}

impl Hash for Looking {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.condition.hash(state);
    }
}
