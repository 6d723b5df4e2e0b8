//! The connector itself.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use portcullis_connector_api::cells::scan_schema;
use portcullis_connector_api::exec::StreamExec;
use portcullis_connector_api::{
    Connector, ConnectorError, Predicate, Pushdown, Scan, ScanRequest, SourceCatalog, Subplan,
    Table,
};
use portcullis_connector_sql::{Dialect, Postgres, Statement, decides, pushdown};

use crate::catalog;
use crate::decode::{Layout, Target, decodes};
use crate::options::Options;
use crate::pool::Pool;
use crate::stream;

/// A PostgreSQL server, version 12 or later.
pub struct PostgresConnector {
    options: Options,
    pool: Arc<Pool>,
    /// What the catalog said when it was last read; nothing can be scanned before that.
    dialect: RwLock<Postgres>,
}

impl PostgresConnector {
    /// Takes the options; connects to nothing yet.
    ///
    /// # Errors
    /// [`ConnectorError::Configuration`] where the URL or the file of authorities cannot be read.
    pub fn new(options: Options) -> Result<Self, ConnectorError> {
        let pool = Arc::new(Pool::new(&options)?);
        Ok(Self { options, pool, dialect: RwLock::default() })
    }

    fn dialect(&self) -> Postgres {
        self.dialect.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn prepared(&self, statement: Statement, layout: Layout) -> Scan {
        let sent = statement.text().to_owned();
        let schema = layout.schema.clone();
        let (pool, statement, layout) = (self.pool.clone(), Arc::new(statement), Arc::new(layout));
        let open = move |_| Ok(stream::run(pool.clone(), statement.clone(), layout.clone()));
        let plan = StreamExec::new(format!("postgres: {sent}"), schema, Arc::new(open));
        Scan { plan: Arc::new(plan), sent }
    }
}

impl fmt::Debug for PostgresConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConnector")
            .field("options", &self.options)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Connector for PostgresConnector {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    async fn catalog(&self) -> Result<SourceCatalog, ConnectorError> {
        let found = catalog::read(&self.pool, &self.options).await?;
        let mut dialect = self.dialect.write().unwrap_or_else(PoisonError::into_inner);
        *dialect = Postgres::new(found.relations);
        Ok(found.catalog)
    }

    async fn reach(&self) -> Result<(), ConnectorError> {
        self.pool.reach().await
    }

    fn max_scans(&self) -> usize {
        self.options.connections
    }

    fn pushdown(&self, table: &Table, conjunct: &Predicate) -> Pushdown {
        pushdown(&self.dialect(), table, conjunct)
    }

    fn decides(&self, table: &Table, conjunct: &Predicate) -> bool {
        decides(&self.dialect(), table, conjunct)
    }

    async fn scan(&self, request: ScanRequest) -> Result<Scan, ConnectorError> {
        let statement = Statement::scan(&self.dialect(), &request)?;
        let mut columns = Vec::new();
        for name in &request.columns {
            let column = request.table.column(name.as_str()).ok_or_else(|| {
                ConnectorError::Unsupported(format!("there is no column \"{name}\""))
            })?;
            columns.push(column);
        }
        let targets = columns.iter().map(|column| Target {
            name: column.name.as_str().to_owned(),
            data_type: column.sql_type.arrow_type(),
            sql_type: column.sql_type.clone(),
            marked: column.fallible,
        });
        let layout = Layout { columns: targets.collect(), schema: scan_schema(&columns) };
        Ok(self.prepared(statement, layout))
    }

    fn accepts(&self, subplan: &Subplan) -> bool {
        accepts(&self.dialect(), subplan)
    }

    async fn run(&self, subplan: Subplan) -> Result<Scan, ConnectorError> {
        let dialect = self.dialect();
        if !accepts(&dialect, &subplan) {
            return Err(ConnectorError::Unsupported("such a subplan".to_owned()));
        }
        let statement = Statement::subplan(&dialect, &subplan)?;
        let targets = subplan.output.iter().map(|output| Target {
            name: output.field.name().clone(),
            data_type: output.field.data_type().clone(),
            sql_type: output.sql_type.clone(),
            marked: false,
        });
        let layout = Layout { columns: targets.collect(), schema: subplan.schema() };
        Ok(self.prepared(statement, layout))
    }
}

/// Whether the server says the subplan with the same meaning, in types that decode to what the
/// plan around it expects.
fn accepts(dialect: &dyn Dialect, subplan: &Subplan) -> bool {
    Statement::accepts(dialect, subplan).is_ok_and(|shapes| {
        let mut pairs = shapes.iter().zip(&subplan.output);
        pairs.all(|(shape, output)| decodes(&shape.sql_type, output.field.data_type()))
    })
}
