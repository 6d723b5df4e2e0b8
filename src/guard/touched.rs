//! Which tables a plan reads, and what of them: for the audit record, and for whoever may see
//! how a plan is guarded.

use std::collections::BTreeSet;

use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan, TableSource as _};

use super::table::GuardedTable;

/// One table of a source in a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    /// `schema.table`, as clients see it.
    pub table: String,
    /// The columns that the plan reads, among those that the caller may see; those of conditions that
    /// a source is asked to hold included.
    pub columns: Vec<String>,
    /// Tenancy and policy, as text.
    pub row_filter: String,
    /// What is shown of those columns that are not shown as they are stored.
    pub masks: Vec<String>,
    /// The policies that decided.
    pub policies: Vec<String>,
}

/// Every guarded table of the plan, subqueries included; each different use once.
pub(in crate::guard) fn touched(plan: &LogicalPlan) -> Result<Vec<Touched>> {
    let mut found = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Some(table) = scan.source.downcast_ref::<GuardedTable>()
        {
            found.insert(of_scan(table, scan));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found.into_iter().collect())
}

fn of_scan(table: &GuardedTable, scan: &TableScan) -> Touched {
    let mut positions: BTreeSet<usize> = match &scan.projection {
        Some(projection) => projection.iter().copied().collect(),
        None => (0..table.columns().len()).collect(),
    };
    let schema = table.schema();
    let crossing = scan.filters.iter().flat_map(Expr::column_refs);
    positions.extend(crossing.filter_map(|column| schema.index_of(&column.name).ok()));
    let columns = positions.iter().filter_map(|at| table.columns().get(*at));
    Touched {
        table: format!("{}.{}", table.table().schema, table.table().name),
        columns: columns.map(|column| column.field.name().clone()).collect(),
        row_filter: table.filter().to_string(),
        masks: positions.iter().filter_map(|at| table.describe_mask(*at)).collect(),
        policies: table.permit().decided_by().iter().map(|policy| policy.0.clone()).collect(),
    }
}
