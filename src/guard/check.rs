//! The last look at a plan: whatever planning and optimizing did, nothing is read but through a
//! barrier.

use std::sync::Arc;

use datafusion::arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::source_as_provider;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::functions_table::generate_series::GenerateSeriesTable;
use datafusion::logical_expr::{Expr, LogicalPlan, TableSource};
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::memory::LazyMemoryExec;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::work_table::WorkTableExec;
use datafusion::physical_plan::{ExecutionPlan, displayable, execute_stream};

use super::barrier::BarrierExec;
use super::error::GuardError;
use super::numbers::is_arithmetic;
use super::plan::GuardedPlan;
use super::system::{Dependent, SystemTable};
use super::table::GuardedTable;

/// Looks at every node, those of subqueries included. What is not known to be harmless is
/// refused.
pub(in crate::guard) fn logical(plan: &LogicalPlan) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::TableScan(scan) if is_guarded_or_made_here(&scan.source) => {}
            LogicalPlan::TableScan(scan) => {
                return Err(GuardError::Unguarded(format!("a scan of {}", scan.table_name)).into());
            }
            LogicalPlan::Projection(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Aggregate(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Join(_)
            | LogicalPlan::Repartition(_)
            | LogicalPlan::Union(_)
            | LogicalPlan::EmptyRelation(_)
            | LogicalPlan::Subquery(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Values(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::Unnest(_)
            | LogicalPlan::RecursiveQuery(_) => {}
            LogicalPlan::Extension(extension) => match extension.node.as_any().downcast_ref() {
                Some(dependent) => system_only(dependent)?,
                None => return Err(GuardError::Unguarded(extension.node.name().to_owned()).into()),
            },
            other => {
                let name = other.display().to_string();
                let name = name.split([':', ' ']).next().unwrap_or_default().to_owned();
                return Err(GuardError::Unguarded(name).into());
            }
        }
        node.apply_expressions(|expr| expr.apply(meant))
    })?;
    Ok(())
}

/// The engine's own arithmetic wraps where a number does not fit; none of it is to be left.
fn meant(expr: &Expr) -> Result<TreeNodeRecursion> {
    match expr {
        Expr::BinaryExpr(binary) if is_arithmetic(binary.op) => {
            Err(GuardError::Unguarded(format!("the engine's own {}", binary.op)).into())
        }
        Expr::Negative(_) => Err(GuardError::Unguarded("the engine's own -".to_owned()).into()),
        _ => Ok(TreeNodeRecursion::Continue),
    }
}

/// What a [`Dependent`] runs for each row is planned while it runs, so all of it must be known
/// here to read the system catalog alone.
fn system_only(dependent: &Dependent) -> Result<()> {
    for plan in dependent.plans() {
        logical(plan)?;
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node
                && !SystemTable::is_or_recurs(&scan.source)
            {
                let scan = format!("a dependent scan of {}", scan.table_name);
                return Err(GuardError::Unguarded(scan).into());
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    Ok(())
}

fn is_guarded_or_made_here(source: &Arc<dyn TableSource>) -> bool {
    if source.is::<GuardedTable>() {
        return true;
    }
    source_as_provider(source).is_ok_and(|provider| {
        provider.is::<SystemTable>()
            || provider.is::<CteWorkTable>()
            || provider.is::<GenerateSeriesTable>()
    })
}

/// A physical plan that was looked at: the only thing that can be executed. It can be handed on,
/// but another plan cannot be put into it:
///
/// ```
/// use std::sync::Arc;
///
/// use datafusion::physical_plan::ExecutionPlan;
/// use portcullis::guard::SealedPlan;
///
/// fn forge(sealed: SealedPlan, plan: Arc<dyn ExecutionPlan>) -> SealedPlan {
///     drop(plan);
///     sealed
/// }
/// ```
///
/// ```compile_fail,E0451
/// use std::sync::Arc;
///
/// use datafusion::physical_plan::ExecutionPlan;
/// use portcullis::guard::SealedPlan;
///
/// fn forge(sealed: SealedPlan, plan: Arc<dyn ExecutionPlan>) -> SealedPlan {
///     SealedPlan { plan, ..sealed }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SealedPlan {
    plan: Arc<dyn ExecutionPlan>,
}

impl SealedPlan {
    /// Looks at the physical plan that was made of `guarded`: every leaf must stand beneath a
    /// barrier, or hold nothing of a source, and it must give the columns that were guarded.
    ///
    /// # Errors
    /// Where it does not.
    pub fn seal(guarded: &GuardedPlan, plan: Arc<dyn ExecutionPlan>) -> Result<Self> {
        physical(&plan)?;
        if !same_columns(&plan.schema(), guarded.logical().schema().as_arrow()) {
            return Err(GuardError::Unguarded("other columns".to_owned()).into());
        }
        Ok(Self { plan })
    }

    /// Starts it. Nothing is read before the stream is polled.
    ///
    /// # Errors
    /// Where an operator cannot start.
    pub fn execute(&self, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        execute_stream(Arc::clone(&self.plan), context)
    }

    /// The columns of the result.
    pub fn schema(&self) -> SchemaRef {
        self.plan.schema()
    }

    /// For those who may see how a plan is guarded.
    pub fn display(&self) -> String {
        displayable(self.plan.as_ref()).indent(false).to_string()
    }

    /// The same, with the rows that each step has given. Beneath a barrier nothing is told: those are
    /// counts of rows that the caller may not see.
    pub fn measured(&self) -> String {
        let mut lines = String::new();
        measured(&self.plan, 0, false, &mut lines);
        lines
    }
}

fn measured(plan: &Arc<dyn ExecutionPlan>, depth: usize, beneath: bool, lines: &mut String) {
    let line = displayable(plan.as_ref()).one_line().to_string();
    lines.push_str(&"  ".repeat(depth));
    lines.push_str(line.trim_end());
    let rows = plan.metrics().filter(|_| !beneath).and_then(|metrics| metrics.output_rows());
    if let Some(rows) = rows {
        lines.push_str(&format!(" (actual rows={rows})"));
    }
    lines.push('\n');
    let beneath = beneath || plan.is::<BarrierExec>();
    plan.children().into_iter().for_each(|child| measured(child, depth + 1, beneath, lines));
}

/// By name and type. Whether there can be NULLs is told more exactly before optimizing than after.
fn same_columns(made: &Schema, guarded: &Schema) -> bool {
    let column = |field: &FieldRef| (field.name().clone(), field.data_type().clone());
    made.fields().iter().map(column).eq(guarded.fields().iter().map(column))
}

fn physical(plan: &Arc<dyn ExecutionPlan>) -> Result<()> {
    if plan.is::<BarrierExec>() {
        return Ok(());
    }
    let children = plan.children();
    if children.is_empty() && !holds_nothing_of_a_source(plan) {
        return Err(GuardError::Unguarded(format!("a {}", plan.name())).into());
    }
    children.into_iter().try_for_each(physical)
}

fn holds_nothing_of_a_source(leaf: &Arc<dyn ExecutionPlan>) -> bool {
    let in_memory = leaf
        .downcast_ref::<DataSourceExec>()
        .is_some_and(|exec| exec.data_source().downcast_ref::<MemorySourceConfig>().is_some());
    in_memory
        || leaf.is::<EmptyExec>()
        || leaf.is::<PlaceholderRowExec>()
        || leaf.is::<WorkTableExec>()
        || leaf.is::<LazyMemoryExec>()
}

#[cfg(test)]
mod tests;
