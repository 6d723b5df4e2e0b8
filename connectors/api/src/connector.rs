//! The trait that each kind of source implements.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::physical_plan::ExecutionPlan;

use crate::catalog::{SourceCatalog, Table};
use crate::error::ConnectorError;
use crate::name::ColumnName;
use crate::predicate::Predicate;
use crate::subplan::Subplan;

/// A source of tables.
///
/// Implementations hold the credentials and never show them: not in `Debug`, not in an error's
/// client text, not in a plan's display.
///
/// Scans run on the threads of their statement. What outlives a statement, such as a connection that
/// is kept, belongs to the runtime that the connector was made on.
#[async_trait]
pub trait Connector: Debug + Send + Sync {
    /// The `kind` of the configuration, such as `postgres`.
    fn kind(&self) -> &'static str;

    /// Reads what the source holds. Called at start and at reload.
    ///
    /// # Errors
    /// Where the source cannot be reached or refuses.
    async fn catalog(&self) -> Result<SourceCatalog, ConnectorError>;

    /// Whether the source can be reached now; asked for by whoever watches the gateway, every few
    /// seconds at most. Cheaper than the catalog where the source has a way.
    ///
    /// # Errors
    /// Where it cannot be reached or refuses.
    async fn reach(&self) -> Result<(), ConnectorError> {
        self.catalog().await.map(drop)
    }

    /// How many scans and subplans of the source may run at once, all partitions of one counted
    /// once: it has a connection or a thread for each. Whoever runs them sees to it that there are
    /// never more, and shares them out.
    fn max_scans(&self) -> usize {
        64
    }

    /// How much of one conjunct the source can take for this table.
    fn pushdown(&self, table: &Table, conjunct: &Predicate) -> Pushdown;

    /// Whether the source means by this conjunct of a query what PostgreSQL means by it, of every
    /// cell that the source can hold: of one that cannot be decoded here too (`NaN`, `infinity`).
    /// Such a conjunct may be among [`ScanRequest::conditions`].
    fn decides(&self, table: &Table, conjunct: &Predicate) -> bool {
        let _ = (table, conjunct);
        false
    }

    /// Prepares a scan of one table. Reads no rows yet.
    ///
    /// # Errors
    /// Where the request names what the source has not, or the source cannot be reached.
    async fn scan(&self, request: ScanRequest) -> Result<Scan, ConnectorError>;

    /// Whether the source would run this subplan as a whole, with the same meaning as here.
    ///
    /// The guard of a scan is over cells as they are decoded here. Above it the source works with
    /// cells as it holds them, and must mean by every operator what PostgreSQL means; only a
    /// result that cannot be decoded is an error, which names its output.
    fn accepts(&self, subplan: &Subplan) -> bool {
        let _ = subplan;
        false
    }

    /// Prepares a whole subplan. Reads no rows yet. Called only where [`Connector::accepts`].
    ///
    /// # Errors
    /// Where the source cannot be reached, or does not accept the subplan.
    async fn run(&self, subplan: Subplan) -> Result<Scan, ConnectorError> {
        let _ = subplan;
        Err(ConnectorError::Unsupported("this source takes no subplans".to_owned()))
    }
}

/// How a source can take a conjunct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushdown {
    /// It admits exactly the rows that the predicate admits here (same type, text by bytes).
    Exact,
    /// It admits those and perhaps more, so it must be applied again here.
    Superset,
    /// It cannot take it.
    No,
}

/// What a scan is asked for.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// The table, as the connector's own catalog described it.
    pub table: Arc<Table>,
    /// The columns wanted, without repetition; may be empty (only the number of rows counts).
    pub columns: Vec<ColumnName>,
    /// The conjuncts that [`Connector::pushdown`] answered with `Exact` or `Superset`. They may
    /// name columns that are not wanted. A cell that cannot be decoded satisfies none of them.
    pub predicate: Predicate,
    /// What the query asks of the rows that `predicate` admits: conjuncts that
    /// [the source decides](Connector::decides), over cells as it holds them. They may name
    /// columns that are not wanted.
    pub conditions: Predicate,
    /// At most this many rows are needed; given only where every conjunct is `Exact` or decided.
    pub limit: Option<u64>,
}

impl ScanRequest {
    /// For a source that decides nothing.
    ///
    /// # Errors
    /// Where it was asked to.
    pub fn leaves_nothing_to_decide(&self) -> Result<(), ConnectorError> {
        match self.conditions {
            Predicate::True => Ok(()),
            _ => Err(ConnectorError::Unsupported("a condition for the source to decide".into())),
        }
    }
}

/// A scan or subplan that is ready to run.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Gives the batches. Of a table scan the schema is [`crate::cells::scan_schema`] of the
    /// wanted columns; of a subplan it is [`Subplan::schema`].
    pub plan: Arc<dyn ExecutionPlan>,
    /// What the source is sent, for the audit record: text with placeholders, or the files read.
    /// Holds no credentials, no addresses and no bound values.
    pub sent: String,
}
