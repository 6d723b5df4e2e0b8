//! The connector.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_connector_api::cells::scan_schema;
use portcullis_connector_api::exec::{StreamExec, blocking_stream};
use portcullis_connector_api::{
    Column, ColumnName, Connector, ConnectorError, Predicate, Pushdown, Scan, ScanRequest,
    SourceCatalog, SqlType, Table, TableFault, TableName,
};

use crate::rows::LogRows;

/// What the configuration says of the source. A log does not tell its columns, so somebody must.
#[derive(Clone, Debug, Default)]
pub struct LogsOptions {
    /// The folder.
    pub folder: PathBuf,
    /// The tables, and the columns of each in their order.
    pub tables: BTreeMap<TableName, Vec<(ColumnName, SqlType)>>,
}

/// A folder of logs.
pub struct Logs {
    options: LogsOptions,
}

impl Logs {
    /// A source over this folder; looks at nothing yet.
    pub fn new(options: LogsOptions) -> Self {
        Self { options }
    }

    fn path(&self, table: &TableName) -> PathBuf {
        self.options.folder.join(format!("{table}.log"))
    }
}

/// Shows nothing of where the source lies. One that holds a password shows none either.
impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").finish_non_exhaustive()
    }
}

#[async_trait]
impl Connector for Logs {
    fn kind(&self) -> &'static str {
        "logs"
    }

    async fn catalog(&self) -> Result<SourceCatalog, ConnectorError> {
        let mut catalog = SourceCatalog::default();
        for (name, columns) in &self.options.tables {
            if !tokio::fs::try_exists(self.path(name)).await.unwrap_or(false) {
                // The other tables can be used all the same.
                let error = ConnectorError::Damaged(format!("table \"{name}\" has no file"));
                catalog.faults.push(TableFault { table: name.clone(), error });
                continue;
            }
            let columns = columns.iter().map(|(name, sql_type)| Column {
                name: name.clone(),
                sql_type: sql_type.clone(),
                nullable: true,
                // Text can always turn out to be no number.
                fallible: true,
            });
            catalog.tables.push(Table { name: name.clone(), columns: columns.collect() });
        }
        Ok(catalog)
    }

    /// Nothing is evaluated here. `No` is always right; `Exact` and `Superset` are for sources
    /// that can skip rows faster than the gateway.
    fn pushdown(&self, _: &Table, _: &Predicate) -> Pushdown {
        Pushdown::No
    }

    async fn scan(&self, request: ScanRequest) -> Result<Scan, ConnectorError> {
        request.leaves_nothing_to_decide()?;
        let table = request.table.name.clone();
        let absent =
            |what: String| ConnectorError::Unsupported(format!("table \"{table}\" has no {what}"));
        if !self.options.tables.contains_key(&table) {
            return Err(absent("file".to_owned()));
        }
        let columns = request
            .columns
            .iter()
            .map(|name| {
                let column = request.table.column(name.as_str()).cloned();
                column.ok_or_else(|| absent(format!("column \"{name}\"")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let schema = scan_schema(&columns.iter().collect::<Vec<_>>());
        let sent = format!("{table}.log");
        let path = self.path(&table);
        let limit = request.limit;
        let of_stream = schema.clone();
        let plan = StreamExec::new(
            sent.clone(),
            schema,
            Arc::new(move |_| {
                let rows = LogRows::new(path.clone(), table.clone(), columns.clone(), limit)?;
                Ok(blocking_stream(of_stream.clone(), rows))
            }),
        );
        Ok(Scan { plan: Arc::new(plan), sent })
    }
}
