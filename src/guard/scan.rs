//! From a guarded table to a physical plan: scan, row filter, masks, barrier, in this order.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::TableScan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExecBuilder;
use portcullis_connector_api::cells::scan_schema;
use portcullis_connector_api::{Column, ColumnName, Predicate, Pushdown, ScanRequest};

use super::barrier::{BarrierExec, Passing, Show};
use super::error::source_error;
use super::lower::lower;
use super::shown::shown;
use super::table::{Crossing, GuardedTable, VisibleColumn};

/// A guarded scan, and what its source is sent.
pub struct GuardedScan {
    /// Ends in a barrier.
    pub plan: Arc<dyn ExecutionPlan>,
    /// For the audit record.
    pub sent: String,
}

/// A scan that was planned as far as it can be without its source.
pub struct WantedScan<'a> {
    table: &'a GuardedTable,
    visible: Vec<&'a VisibleColumn>,
    columns: Vec<&'a Column>,
    here: Predicate,
    request: ScanRequest,
    fetch: Option<usize>,
}

/// Plans one scan of a guarded table. The rest needs nothing of the query, so that no task holds it.
///
/// # Errors
/// Where a condition came here that may not cross.
pub fn want_scan<'a>(table: &'a GuardedTable, scan: &TableScan) -> Result<WantedScan<'a>> {
    let visible = visible_columns(table, scan.projection.as_deref())?;
    let (mut conditions, mut decided) = (Vec::new(), Vec::new());
    for filter in &scan.filters {
        match table.lift(filter) {
            Some(Crossing::Exact(predicate)) => conditions.push(predicate),
            Some(Crossing::Decided(predicate)) => decided.push(predicate),
            None => return internal_err!("a condition reached the guard that may not cross it"),
        }
    }
    let stored = &table.table().table;
    let connector = &table.source().connector;
    let admitted = table.filter().clone().and(Predicate::all(conditions));
    let (mut sent, mut here) = (Vec::new(), Vec::new());
    for conjunct in admitted.conjuncts() {
        let pushdown = connector.pushdown(stored, conjunct);
        if pushdown != Pushdown::No {
            sent.push(conjunct.clone());
        }
        if pushdown != Pushdown::Exact {
            here.push(conjunct.clone());
        }
    }
    let limit = scan.fetch.and_then(|fetch| u64::try_from(fetch).ok());
    let limit = limit.filter(|_| here.is_empty());
    let here = Predicate::all(here);
    let columns = columns_read(stored, &visible, &here);
    let request = ScanRequest {
        table: Arc::clone(stored),
        columns: columns.iter().map(|column| column.name.clone()).collect(),
        predicate: Predicate::all(sent),
        conditions: Predicate::all(decided),
        limit,
    };
    Ok(WantedScan { table, visible, columns, here, request, fetch: scan.fetch })
}

impl WantedScan<'_> {
    /// Asks the source for it, and guards what comes.
    ///
    /// # Errors
    /// Where the source cannot be reached.
    pub async fn plan(self) -> Result<GuardedScan> {
        let Self { table, visible, columns, here, request, fetch } = self;
        let (source, stored) = (&table.source().name, &table.table().table);
        let asked = table.source().connector.scan(request).await;
        let raw = asked.map_err(|error| source_error(source, error.into()))?;
        let expected = scan_schema(&columns);
        if raw.plan.schema().fields() != expected.fields() {
            return internal_err!("a source gave other columns than it was asked for");
        }
        let mut plan = raw.plan;
        if here != Predicate::True {
            let filter = FilterExecBuilder::new(lower(&here, stored, &expected)?, plan);
            plan = Arc::new(filter.with_fetch(fetch).build()?);
        }
        let columns = visible
            .iter()
            .map(|column| Ok((Arc::clone(&column.field), shown(column, stored, &expected)?)))
            .collect::<Result<Vec<_>>>()?;
        let passing = Passing {
            source: source.clone(),
            label: format!("{}.{}", table.table().schema, table.table().name),
            show: Show::columns(columns),
            fetch,
        };
        Ok(GuardedScan { plan: Arc::new(BarrierExec::new(passing, plan)), sent: raw.sent })
    }
}

fn visible_columns<'a>(
    table: &'a GuardedTable,
    projection: Option<&[usize]>,
) -> Result<Vec<&'a VisibleColumn>> {
    let Some(positions) = projection else { return Ok(table.columns().iter().collect()) };
    let chosen: Option<Vec<_>> = positions.iter().map(|at| table.columns().get(*at)).collect();
    match chosen {
        Some(chosen) => Ok(chosen),
        None => internal_err!("a projection names a column that the table has not"),
    }
}

/// The stored columns that the filter and the projection read, in the table's order.
fn columns_read<'a>(
    stored: &'a portcullis_connector_api::Table,
    visible: &[&VisibleColumn],
    here: &Predicate,
) -> Vec<&'a Column> {
    let mut names: BTreeSet<&ColumnName> = visible
        .iter()
        .filter(|column| column.reads_value())
        .map(|column| &column.stored.name)
        .collect();
    here.for_each_column(&mut |column| {
        names.insert(column);
    });
    for (condition, _) in visible.iter().flat_map(|column| &column.arms) {
        condition.for_each_column(&mut |column| {
            names.insert(column);
        });
    }
    stored.columns.iter().filter(|column| names.contains(&column.name)).collect()
}
