//! Two tables that have the same visible rows, and of which one has hidden rows in which anything
//! stands: nothing may tell them apart.

use crate::catalog::{SourceCatalog, SqlType};
use crate::conformance::data::{samples, table};
use crate::conformance::scans::Rows;
use crate::conformance::{Cell, DataTable, Profile, Suite};
use crate::connector::Pushdown;
use crate::name::ColumnName;
use crate::predicate::{CompareOp, Predicate};
use crate::value::Value;

const QUIET: &str = "world_quiet";
const WILD: &str = "world_wild";

/// Whose rows are visible.
const OWNER: &str = "acme";

const VISIBLE_ROWS: usize = 6;

/// Both tables: a column for each cell that cannot be decoded, good cells in the visible rows, and
/// in the wild one before, between and behind them rows of those cells.
pub(super) fn tables(profile: &Profile) -> [DataTable; 2] {
    let org = |org: &str| Cell::Text(org.to_owned());
    let visible = |row: usize| -> Vec<Cell> {
        let cells = profile.undecodable.iter().map(|(sql_type, _)| {
            let samples = samples(sql_type);
            samples.get(row % samples.len().max(1)).cloned().unwrap_or(Cell::Null)
        });
        std::iter::once(org(OWNER)).chain(cells).collect()
    };
    let hidden = |owner: Cell| -> Vec<Cell> {
        let cells = profile.undecodable.iter().map(|(_, raw)| Cell::Bad(raw.clone()));
        std::iter::once(owner).chain(cells).collect()
    };
    let quiet = (0..VISIBLE_ROWS).map(visible).collect();
    let mut wild = Vec::new();
    for row in 0..VISIBLE_ROWS {
        wild.extend([hidden(org("ember")), visible(row), hidden(org("ACME")), hidden(Cell::Null)]);
    }
    let columns = || {
        let bad = profile.undecodable.iter().enumerate();
        let bad = bad.map(|(at, (sql_type, _))| (format!("cell{at}"), sql_type.clone()));
        std::iter::once(("org".to_owned(), SqlType::Text)).chain(bad)
    };
    [table(QUIET, columns(), quiet), table(WILD, columns(), wild)]
}

impl Suite<'_> {
    /// Compares what the catalog says of the two, and what a scan of the visible rows gives.
    pub(super) async fn worlds(&mut self, catalog: &SourceCatalog) {
        let find = |name: &str| {
            let mut tables = catalog.tables.iter();
            tables.find(|table| table.name.as_str() == name).cloned().map(std::sync::Arc::new)
        };
        let (Some(quiet), Some(wild)) = (find(QUIET), find(WILD)) else { return };
        if quiet.columns != wild.columns {
            self.fail(format!(
                "hidden rows change the columns: {:?} and {:?}",
                quiet.columns, wild.columns
            ));
        }
        let visible = Predicate::Compare {
            column: "org".into(),
            op: CompareOp::Eq,
            value: Value::text(OWNER),
        };
        // The number of a row is not the same in both.
        let columns: Vec<ColumnName> =
            quiet.columns.iter().skip(1).map(|column| column.name.clone()).collect();
        let mut found = Vec::new();
        for table in [quiet, wild] {
            let predicate = match self.loaded.connector.pushdown(&table, &visible) {
                Pushdown::No => Predicate::True,
                Pushdown::Exact | Pushdown::Superset => visible.clone(),
            };
            match self.rows(&table, columns.clone(), predicate, Predicate::True, None).await {
                // The guard applies the filter again.
                Ok(rows) => found.push(of_owner(rows)),
                Err(error) => self.fail(format!("scan of {:?}: {error}", table.name)),
            }
        }
        if let [quiet, wild] = &found[..] {
            self.same("the visible rows among hidden ones", quiet, wild);
        }
    }
}

fn of_owner(mut rows: Rows) -> Rows {
    let begin = format!("{:?}", Cell::Text(OWNER.to_owned()));
    rows.retain(|row, _| row.split(" | ").next() == Some(begin.as_str()));
    rows
}
