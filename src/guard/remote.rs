//! A subplan that a source runs as a whole, with the guard inside it.
//!
//! Above its guard the source works with cells as it holds them and means what PostgreSQL means,
//! so a cell that cannot be decoded here is an error only where it is part of the result.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_plan::ExecutionPlan;
use portcullis_connector_api::subplan::Node;
use portcullis_connector_api::{Column, ColumnName, Predicate, Subplan};

use super::barrier::{BarrierExec, Passing, Show};
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
    let passing = Passing {
        source: source.name.clone(),
        label: format!("a subplan of {}", source.name),
        show: Show::AsTheyCome,
        fetch: None,
    };
    Ok((Arc::new(BarrierExec::new(passing, scan.plan)), scan.sent))
}

fn check(source: &Source, node: &Node, tables: &[Arc<GuardedTable>]) -> Result<()> {
    match node {
        Node::Scan { table, columns, guard } => {
            let guarded = tables.iter().find(|guarded| {
                guarded.source().name == source.name && guarded.table().table.name == table.name
            });
            let covers = guarded.is_some_and(|guarded| {
                contains(guard, guarded.filter())
                    && adds_what_is_shown(guard, guarded)
                    && columns.iter().all(|column| plain(guarded, column).is_some())
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

/// Whether what `guard` asks beyond the table's own filter reads only what is shown as it is
/// stored. Nor may it read cells that might not decode: in a scan they satisfy nothing, so a
/// visible row would be lost in silence.
fn adds_what_is_shown(guard: &Predicate, table: &GuardedTable) -> bool {
    let own = table.filter().conjuncts();
    let added = guard.conjuncts().into_iter().filter(|conjunct| !own.contains(conjunct));
    let mut shown = true;
    added.for_each(|conjunct| {
        conjunct.for_each_column(&mut |column| {
            shown &= plain(table, column).is_some_and(|stored| !stored.fallible);
        });
    });
    shown
}

/// The column, where it is shown as it is stored.
fn plain<'a>(table: &'a GuardedTable, column: &ColumnName) -> Option<&'a Column> {
    let mut columns = table.columns().iter();
    let visible = columns.find(|visible| visible.stored.name == *column)?;
    visible.is_plain().then_some(&visible.stored)
}
