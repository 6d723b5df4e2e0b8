//! What a scan may use, and what it must give back: limits, early ends, neighbours, refusals.

use std::sync::Arc;

use datafusion::execution::TaskContext;
use futures::StreamExt;
use futures::future::join_all;

use crate::catalog::{SourceCatalog, Table};
use crate::conformance::scans::{collect, rows_of};
use crate::conformance::{DataTable, Suite};
use crate::connector::{Pushdown, ScanRequest};
use crate::name::ColumnName;
use crate::predicate::{CompareOp, Predicate};
use crate::value::Value;

/// More than any pool of connections or threads should be able to lose unnoticed.
const DROPS: usize = 24;

const NEIGHBOURS: usize = 8;

impl<'a> Suite<'a> {
    /// A limit gives that many rows of those that are meant, or all where there are fewer.
    pub(super) async fn limits(&mut self, catalog: &SourceCatalog) {
        let equal = Predicate::Compare {
            column: "org".into(),
            op: CompareOp::Eq,
            value: Value::text("org-3"),
        };
        for (data, table) in self.pairs(catalog) {
            let mut predicates = vec![Predicate::True];
            let exact = table.column("org").is_some()
                && self.loaded.connector.pushdown(&table, &equal) == Pushdown::Exact;
            predicates.extend(exact.then(|| equal.clone()));
            for predicate in predicates {
                for limit in [0, 1, 10, 9_000, 1_000_000] {
                    let columns: Vec<ColumnName> = vec!["id".into()];
                    let meant = rows_of(data, &table, &columns, |row| {
                        super::admits(&predicate, &table, row)
                    });
                    let what = format!("{:?} where {predicate} limit {limit}", table.name);
                    let found = self
                        .rows(&table, columns, predicate.clone(), Predicate::True, Some(limit))
                        .await;
                    match found {
                        Err(error) => self.fail(format!("{what}: {error}")),
                        Ok(found) => {
                            self.differences(&what, "that are not meant", &found, &meant);
                            let least = meant.len().min(usize::try_from(limit).unwrap_or(0));
                            if found.len() < least {
                                self.fail(format!("{what}: {} rows, not {least}", found.len()));
                            }
                        }
                    }
                }
            }
        }
    }

    /// The first batch comes before all rows are read, and a stream may end at any time.
    pub(super) async fn early_drop(&mut self, catalog: &SourceCatalog) {
        let Some((data, table)) = self.stream_table(catalog) else { return };
        let columns: Vec<ColumnName> = vec!["id".into(), "note".into()];
        let total = data.rows.len();
        for round in 0..DROPS {
            let scan = match self
                .prepare(&table, columns.clone(), Predicate::True, Predicate::True, None)
                .await
            {
                Ok(scan) => scan,
                Err(error) => return self.fail(format!("scan {round} after drops: {error}")),
            };
            let mut stream = match scan.plan.execute(0, Arc::new(TaskContext::default())) {
                Ok(stream) => stream,
                Err(error) => return self.fail(format!("scan {round} after drops: {error}")),
            };
            // Every fourth is dropped before it is polled at all.
            if round % 4 == 0 {
                continue;
            }
            match stream.next().await {
                Some(Ok(batch)) if batch.num_rows() < total => {}
                Some(Ok(_)) => return self.fail("the first batch holds the whole table"),
                Some(Err(error)) => {
                    return self.fail(format!("scan {round} after drops: {error}"));
                }
                None => return self.fail(format!("scan {round} after drops: no rows")),
            }
        }
        match self.rows(&table, columns, Predicate::True, Predicate::True, None).await {
            Ok(rows) if rows.values().sum::<usize>() == total => {}
            Ok(rows) => self.fail(format!("{} of {total} rows after drops", rows.len())),
            Err(error) => self.fail(format!("after drops: {error}")),
        }
    }

    /// Scans side by side do not disturb each other, and a plan may run more than once.
    pub(super) async fn concurrency(&mut self, catalog: &SourceCatalog) {
        let Some((data, table)) = self.stream_table(catalog) else { return };
        let columns: Vec<ColumnName> =
            table.columns.iter().map(|column| column.name.clone()).collect();
        let expected = rows_of(data, &table, &columns, |_| true);
        let mut scans = Vec::new();
        for _ in 0..NEIGHBOURS / 2 {
            match self
                .prepare(&table, columns.clone(), Predicate::True, Predicate::True, None)
                .await
            {
                Ok(scan) => scans.extend([scan.clone(), scan]),
                Err(error) => return self.fail(format!("concurrent scan: {error}")),
            }
        }
        let all = join_all(scans.iter().map(|scan| collect(scan, &table, &columns))).await;
        for found in all {
            match found {
                Ok(found) => self.same("concurrent scan", &expected, &found),
                Err(error) => self.fail(format!("concurrent scan: {error}")),
            }
        }
    }

    /// What is not there is refused, without a panic and without secrets.
    pub(super) async fn refusals(&mut self, catalog: &SourceCatalog) {
        let Some((_, table)) = self.stream_table(catalog) else { return };
        let mut unknown = Table::clone(&table);
        unknown.name = "no such table".into();
        let cases = [
            ("an unknown table", Arc::new(unknown), "id"),
            ("an unknown column", table, "no such column"),
        ];
        for (what, table, column) in cases {
            let columns: Vec<ColumnName> = vec![column.into()];
            let predicate = Predicate::True;
            let request = ScanRequest {
                table: table.clone(),
                columns: columns.clone(),
                predicate,
                conditions: Predicate::True,
                limit: None,
            };
            let outcome = match self.loaded.connector.scan(request).await {
                Err(error) => Err(error.to_string()),
                Ok(scan) => collect(&scan, &table, &columns).await.map(drop),
            };
            match outcome {
                Err(error) => self.keeps_secrets(what, &error),
                Ok(()) => self.fail(format!("{what} can be scanned")),
            }
        }
    }

    /// The table with several batches.
    fn stream_table(&self, catalog: &SourceCatalog) -> Option<(&'a DataTable, Arc<Table>)> {
        self.pairs(catalog).into_iter().find(|(data, _)| data.table.name.as_str() == "stream")
    }
}
