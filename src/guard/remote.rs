//! A subplan that a source runs as a whole, with the guard inside it.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_plan::ExecutionPlan;
use portcullis_connector_api::subplan::Node;
use portcullis_connector_api::{Predicate, Subplan};

use super::barrier::BarrierExec;
use super::error::{GuardError, source_error};
use super::estate::Source;
use super::table::GuardedTable;

/// Plans a subplan after checking, apart from whoever made it, that each of its scans carries
/// the whole filter of a guarded table and reads only columns that are shown as they are stored.
///
/// # Errors
/// Where one does not, or the source cannot be reached.
pub async fn plan_subplan(
    source: &Source,
    subplan: &Subplan,
    tables: &[Arc<GuardedTable>],
) -> Result<(Arc<dyn ExecutionPlan>, String)> {
    check(source, &subplan.root, tables)?;
    let scan = source
        .connector
        .run(subplan.clone())
        .await
        .map_err(|error| source_error(&source.name, error.into()))?;
    if scan.plan.schema().fields() != subplan.schema().fields() {
        return Err(GuardError::Unguarded("a subplan of other columns".to_owned()).into());
    }
    let label = format!("a subplan of {}", source.name);
    Ok((Arc::new(BarrierExec::new(source.name.clone(), label, scan.plan)), scan.sent))
}

fn check(source: &Source, node: &Node, tables: &[Arc<GuardedTable>]) -> Result<()> {
    match node {
        Node::Scan { table, columns, guard } => {
            let guarded = tables.iter().find(|guarded| {
                guarded.source().name == source.name && guarded.table().table.name == table.name
            });
            let covers = guarded.is_some_and(|guarded| {
                contains(guard, guarded.filter())
                    && columns.iter().all(|column| shows_plainly(guarded, column.as_str()))
            });
            if covers {
                Ok(())
            } else {
                Err(GuardError::Unguarded(format!("a remote scan of {}", table.name)).into())
            }
        }
        Node::Filter { input, .. }
        | Node::Project { input, .. }
        | Node::Aggregate { input, .. }
        | Node::Sort { input, .. }
        | Node::Limit { input, .. } => check(source, input, tables),
        Node::Join { left, right, .. } => {
            check(source, left, tables)?;
            check(source, right, tables)
        }
    }
}

/// Whether every conjunct of `filter` is a conjunct of `guard` (or `guard` admits nothing).
fn contains(guard: &Predicate, filter: &Predicate) -> bool {
    let conjuncts = guard.conjuncts();
    *guard == Predicate::False
        || filter.conjuncts().iter().all(|conjunct| conjuncts.contains(conjunct))
}

fn shows_plainly(table: &GuardedTable, column: &str) -> bool {
    let mut columns = table.columns().iter();
    columns.any(|visible| {
        visible.stored.name.as_str() == column && visible.is_plain() && !visible.stored.fallible
    })
}
