//! Rows that are repeated. A join makes a row for each pair, `unnest` one for each element, and the
//! value of a subquery stands in every row: what one row holds is then held by a whole batch of them,
//! and is made before anybody can count it. So what goes into such an operator is looked at first.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec,
};
use datafusion::physical_plan::scalar_subquery::ScalarSubqueryExec;
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::{ExecutionPlan, replace_children_if_necessary};
use futures::StreamExt as _;
use futures::stream::BoxStream;

use crate::error::{ClientError, SqlState};
use crate::federate::passage::{Passage, PassageExec};
use crate::guard::{aggregate_grows, array_bytes, batch_bytes, is_barrier};

/// What the repetitions of one row may take in one batch.
const MAX_BYTES: u64 = 256 << 20;

/// What a row may hold in any case: documents of some length are joined, and few of them at once.
const ALWAYS_BYTES: u64 = 512 << 10;

/// The rows of a batch where results of aggregates are repeated that grow with what they are given, so
/// that they may be large.
const ROWS_OF_GROWING: usize = 16;

/// The rows of a batch for this plan, at most `most`.
pub(super) fn rows_in_batch(plan: &LogicalPlan, most: usize) -> Result<usize> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        found = repeats(node)? && grows(node)?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(if found { ROWS_OF_GROWING.min(most) } else { most })
}

fn repeats(node: &LogicalPlan) -> Result<bool> {
    let mut found = matches!(node, LogicalPlan::Join(_) | LogicalPlan::Unnest(_));
    node.apply_expressions(|expr| {
        found |= expr.exists(|part| Ok(matches!(part, Expr::ScalarSubquery(_))))?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

fn grows(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            found |= expr.exists(|part| {
                let Expr::AggregateFunction(call) = part else { return Ok(false) };
                Ok(aggregate_grows(call.func.name()))
            })?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// A plan that repeats no row that is too large for it, in batches of so many rows.
pub(super) fn measured(
    plan: Arc<dyn ExecutionPlan>,
    rows: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let most = MAX_BYTES / (rows as u64).max(1);
    let any = Measure { most: most.max(ALWAYS_BYTES), of: Of::Rows };
    let measured = plan.transform_down_up(
        |node| {
            // What is beneath a barrier repeats nothing.
            let recursion = if is_barrier(&node) {
                TreeNodeRecursion::Jump
            } else {
                TreeNodeRecursion::Continue
            };
            Ok(Transformed::new(node, false, recursion))
        },
        |node| {
            let (first, measure) = if let Some(unnest) = node.downcast_ref::<UnnestExec>() {
                let lists = unnest.list_column_indices().iter();
                let lists = lists.map(|list| list.index_in_input_schema).collect();
                (0, Measure { most: MAX_BYTES, of: Of::Elements(lists) })
            } else if node.is::<ScalarSubqueryExec>() {
                // The first is no subquery.
                (1, any.clone())
            } else if repeats_rows(&node) {
                (0, any.clone())
            } else {
                return Ok(Transformed::no(node));
            };
            let inputs = node.children().into_iter().cloned().enumerate();
            let inputs = inputs.map(|(at, input)| match at < first {
                true => input,
                false => PassageExec::around(input, measure.clone()),
            });
            let inputs = inputs.collect();
            Ok(Transformed::yes(replace_children_if_necessary(node, inputs)?))
        },
    )?;
    Ok(measured.data)
}

/// Whether what one row holds may come out in many.
pub(super) fn repeats_rows(node: &Arc<dyn ExecutionPlan>) -> bool {
    node.is::<HashJoinExec>()
        || node.is::<NestedLoopJoinExec>()
        || node.is::<CrossJoinExec>()
        || node.is::<SortMergeJoinExec>()
        || node.is::<UnnestExec>()
        || node.is::<ScalarSubqueryExec>()
}

#[derive(Clone, Debug)]
struct Measure {
    most: u64,
    of: Of,
}

/// What is measured.
#[derive(Clone, Debug)]
enum Of {
    /// Each row.
    Rows,
    /// Each row without these lists, as often as the longest of them has elements.
    Elements(Vec<usize>),
}

impl Measure {
    fn check(&self, batch: &RecordBatch) -> Result<()> {
        let too_large = match &self.of {
            // Most batches are smaller as a whole than one row may be.
            Of::Rows => batch_bytes(batch) > self.most && widest(batch.columns()) > self.most,
            Of::Elements(lists) => {
                let (lists, others): (Vec<_>, Vec<_>) = batch
                    .columns()
                    .iter()
                    .cloned()
                    .enumerate()
                    .partition(|(at, _)| lists.contains(at));
                let others: Vec<_> = others.into_iter().map(|(_, column)| column).collect();
                let longest = lists.iter().map(|(_, list)| longest(list)).max().unwrap_or(0);
                longest.saturating_mul(batch_bytes_of(&others)) > self.most
                    && (0..batch.num_rows()).any(|row| {
                        let length = lists.iter().map(|(_, list)| longest_of(list, row)).max();
                        let bytes = batch_bytes_of(&sliced(&others, row));
                        length.unwrap_or(0).saturating_mul(bytes) > self.most
                    })
            }
        };
        if too_large { Err(self.refusal()) } else { Ok(()) }
    }

    fn refusal(&self) -> DataFusionError {
        let message = "a row is too large to be repeated by a join, a subquery or unnest";
        let error = ClientError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message).hint(format!(
            "What is made of one row may take {} KiB here. Take large values by a query of their own.",
            self.most >> 10
        ));
        DataFusionError::External(Box::new(error))
    }
}

/// At least the bytes of the largest row: of each column the largest value.
pub(super) fn widest(columns: &[ArrayRef]) -> u64 {
    columns.iter().map(largest).fold(0, u64::saturating_add)
}

fn largest(column: &ArrayRef) -> u64 {
    let between = |offsets: &[i32]| {
        let lengths =
            offsets.iter().zip(offsets.iter().skip(1)).map(|(from, to)| to.abs_diff(*from));
        lengths.max().unwrap_or(0).into()
    };
    // The length of a view is its first half of a half.
    let viewed = |views: &[u128]| views.iter().map(|view| *view as u32).max().unwrap_or(0).into();
    match column.data_type() {
        DataType::Utf8 => between(column.as_string::<i32>().value_offsets()),
        DataType::Binary => between(column.as_binary::<i32>().value_offsets()),
        DataType::Utf8View => viewed(column.as_string_view().views()),
        DataType::BinaryView => viewed(column.as_binary_view().views()),
        other => match other.primitive_width() {
            Some(bytes) => bytes as u64,
            None => {
                let rows = 0..column.len();
                rows.map(|row| array_bytes(&column.slice(row, 1))).max().unwrap_or(0)
            }
        },
    }
}

fn sliced(columns: &[ArrayRef], row: usize) -> Vec<ArrayRef> {
    columns.iter().map(|column| column.slice(row, 1)).collect()
}

fn batch_bytes_of(columns: &[ArrayRef]) -> u64 {
    columns.iter().map(array_bytes).fold(0, u64::saturating_add)
}

/// The most elements of a list in the column.
fn longest(column: &ArrayRef) -> u64 {
    (0..column.len()).map(|row| longest_of(column, row)).max().unwrap_or(0)
}

fn longest_of(column: &ArrayRef, row: usize) -> u64 {
    match column.as_list_opt::<i32>() {
        Some(list) => list.value_length(row).unsigned_abs().into(),
        None => column.slice(row, 1).get_array_memory_size() as u64,
    }
}

impl Passage for Measure {
    const NAME: &'static str = "MeasureExec";

    fn label(&self) -> String {
        format!("most={}", self.most)
    }

    fn start(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let measure = self.clone();
        let batches = input.execute(partition, context)?;
        let batches = batches.map(move |batch| {
            let batch = batch?;
            measure.check(&batch).map(|()| batch)
        });
        Ok(batches.boxed())
    }
}
