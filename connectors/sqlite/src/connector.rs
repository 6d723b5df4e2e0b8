//! The connector over a database file.

use std::fmt;
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use portcullis_connector_api::cells::scan_schema;
use portcullis_connector_api::exec::StreamExec;
use portcullis_connector_api::{
    Column, ColumnName, Connector, ConnectorError, Predicate, Pushdown, Scan, ScanRequest,
    SourceCatalog, Table, TableName,
};
use portcullis_connector_sql::{Sqlite, Statement, pushdown};
use tokio::sync::Semaphore;

use crate::catalog::{self, Ask, Askable};
use crate::options::SqliteOptions;
use crate::stream::{Query, run};

/// A database file.
pub struct SqliteConnector {
    options: Arc<SqliteOptions>,
    slots: Arc<Semaphore>,
    /// What SQLite may be asked, by the catalog that was read last.
    askable: RwLock<Askable>,
}

impl SqliteConnector {
    /// A source over this file; opens nothing yet.
    pub fn new(options: SqliteOptions) -> Self {
        let slots = Arc::new(Semaphore::new(options.max_scans.max(1)));
        Self { options: Arc::new(options), slots, askable: RwLock::default() }
    }

    fn ask(&self, table: &TableName, column: &ColumnName) -> Option<Ask> {
        self.askable.read().ok()?.get(table)?.get(column).copied()
    }

    fn is_native(&self, table: &TableName, column: &ColumnName) -> bool {
        self.ask(table, column) == Some(Ask::Value)
    }

    /// Whether SQLite may be asked all of this. What asks for NULL alone depends on no class.
    fn may_ask(&self, table: &TableName, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::IsNull(column) | Predicate::IsNotNull(column) => {
                self.ask(table, column).is_some()
            }
            Predicate::And(parts) | Predicate::Or(parts) => {
                parts.iter().all(|part| self.may_ask(table, part))
            }
            leaf => {
                let mut all = true;
                leaf.for_each_column(&mut |column| all &= self.is_native(table, column));
                all
            }
        }
    }
}

/// Without the path: what a source is called is the configuration's business.
impl fmt::Debug for SqliteConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteConnector").finish_non_exhaustive()
    }
}

#[async_trait]
impl Connector for SqliteConnector {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    async fn catalog(&self) -> Result<SourceCatalog, ConnectorError> {
        let options = self.options.clone();
        let reading = tokio::task::spawn_blocking(move || catalog::read(&options));
        let (catalog, askable) =
            reading.await.map_err(|error| ConnectorError::Failed(error.to_string()))??;
        if let Ok(mut known) = self.askable.write() {
            *known = askable;
        }
        Ok(catalog)
    }

    async fn reach(&self) -> Result<(), ConnectorError> {
        let options = self.options.clone();
        let reading = tokio::task::spawn_blocking(move || catalog::touch(&options));
        reading.await.map_err(|error| ConnectorError::Failed(error.to_string()))?
    }

    fn max_scans(&self) -> usize {
        self.options.max_scans
    }

    fn pushdown(&self, table: &Table, conjunct: &Predicate) -> Pushdown {
        if self.may_ask(&table.name, conjunct) {
            pushdown(&Sqlite, table, conjunct)
        } else {
            Pushdown::No
        }
    }

    async fn scan(&self, request: ScanRequest) -> Result<Scan, ConnectorError> {
        request.leaves_nothing_to_decide()?;
        let statement = Statement::scan(&Sqlite, &request)?;
        let sent = statement.text().to_owned();
        let table = &request.table;
        let columns: Vec<(Column, bool)> = request
            .columns
            .iter()
            .filter_map(|name| table.column(name.as_str()))
            .map(|column| (column.clone(), self.is_native(&table.name, &column.name)))
            .collect();
        if columns.len() != request.columns.len() {
            return Err(ConnectorError::Unsupported(format!(
                "table \"{}\" has not all of these columns",
                table.name
            )));
        }
        let schema = scan_schema(&columns.iter().map(|(column, _)| column).collect::<Vec<_>>());
        let options = self.options.clone();
        let query = Arc::new(Query { options, statement, columns, schema: schema.clone() });
        let slots = self.slots.clone();
        let open = move |_| Ok(run(query.clone(), slots.clone()));
        let plan = StreamExec::new(format!("sqlite: {sent}"), schema, Arc::new(open));
        Ok(Scan { plan: Arc::new(plan), sent })
    }
}
