//! The tables and views of `pg_catalog` and `information_schema`, made when they are first read.
//!
//! Every relation that the data files describe exists with PostgreSQL's own columns. Its rows are
//! those of its data file, where it has one, and those that the visible objects give it. Most
//! relations have neither and are empty, as they would be in a database without such objects.

mod attributes;
mod information_schema;
mod pg_catalog;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Expr, TableSource, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures::future::BoxFuture;

pub(super) use self::attributes::of_table as attributes_of;
use super::SystemCatalog;
use super::cells::{self, Cell};
use super::csv::Rows;
use super::relations::Relation;

/// The rows of a relation, each a list of (column, value); a column that is not named is zero,
/// empty or NULL, as its type allows.
type Named = Vec<Vec<(&'static str, Cell)>>;

/// What every PostgreSQL 15 holds, by relation.
const FACTS: [(&str, &str); 10] = [
    ("pg_am", include_str!("../data/pg_am.csv")),
    ("pg_cast", include_str!("../data/pg_cast.csv")),
    ("pg_collation", include_str!("../data/pg_collation.csv")),
    ("pg_language", include_str!("../data/pg_language.csv")),
    ("pg_operator", include_str!("../data/pg_operator.csv")),
    ("pg_proc", include_str!("../data/pg_proc.csv")),
    ("pg_range", include_str!("../data/pg_range.csv")),
    ("pg_tablespace", include_str!("../data/pg_tablespace.csv")),
    ("pg_type", include_str!("../data/pg_type.csv")),
    ("pg_opclass", include_str!("../data/pg_opclass.csv")),
];

/// The batches that are alike for all sessions.
static SHARED: LazyLock<Mutex<HashMap<&'static str, RecordBatch>>> = LazyLock::new(Mutex::default);

/// The relation with its rows.
///
/// # Errors
/// Where a data file does not fit its relation.
pub fn build(catalog: &SystemCatalog, relation: &'static Relation) -> Result<Arc<SystemTable>> {
    let mut batches = Vec::new();
    if relation.schema == "pg_catalog" {
        batches.extend(facts(relation)?);
        batches.extend(made(relation, pg_catalog::rows(catalog, relation.name))?);
    } else {
        batches.extend(made(relation, information_schema::rows(catalog, relation.name))?);
    }
    let empty = batches.is_empty();
    let rows = Arc::new(MemTable::try_new(relation.arrow.clone(), vec![batches])?);
    Ok(Arc::new(SystemTable { rows, empty }))
}

/// A table or view of the system catalog. Its rows were made from what the session may see, so
/// that a scan of it needs no guard.
#[derive(Debug)]
pub struct SystemTable {
    rows: Arc<dyn TableProvider>,
    empty: bool,
}

impl SystemTable {
    /// Whether a planner's source is a system table, or the rows so far of a recursive query.
    pub fn is_or_recurs(source: &Arc<dyn TableSource>) -> bool {
        source_as_provider(source)
            .is_ok_and(|provider| provider.is::<Self>() || provider.is::<CteWorkTable>())
    }

    /// Whether the source is a system table without rows.
    pub fn is_empty(source: &Arc<dyn TableSource>) -> bool {
        source_as_provider(source)
            .is_ok_and(|provider| provider.downcast_ref::<Self>().is_some_and(|table| table.empty))
    }
}

/// As `async_trait` would have it, but for what the future holds: nothing of the query's plan (see
/// [`crate::shared`]).
impl TableProvider for SystemTable {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn scan<'t, 's, 'p, 'e, 'f>(
        &'t self,
        session: &'s dyn Session,
        projection: Option<&'p Vec<usize>>,
        filters: &'e [Expr],
        limit: Option<usize>,
    ) -> BoxFuture<'f, Result<Arc<dyn ExecutionPlan>>>
    where
        Self: 'f,
        't: 'f,
        's: 'f,
        'p: 'f,
        'e: 'f,
    {
        self.rows.scan(session, projection, filters, limit)
    }
}

fn facts(relation: &'static Relation) -> Result<Option<RecordBatch>> {
    let Some((_, text)) = FACTS.iter().find(|(name, _)| *name == relation.name) else {
        return Ok(None);
    };
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(batch) = shared.get(relation.name) {
        return Ok(Some(batch.clone()));
    }
    let rows = Rows::parse(text);
    let columns = relation.arrow.fields().iter().zip(&relation.columns).map(|(field, column)| {
        let cells = rows
            .iter()
            .map(|row| match row.find(column.name) {
                Some(Some(text)) => Cell::parse(text, field.data_type()),
                Some(None) => Some(Cell::Null),
                None => Some(absent(relation, column.name, field.is_nullable(), field.data_type())),
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| exec_datafusion_err!("bad fact in {}.{}", relation.name, column.name))?;
        cells::array(field, &cells)
    });
    let columns = columns.collect::<Result<_>>()?;
    let batch = RecordBatch::try_new(relation.arrow.clone(), columns)?;
    shared.insert(relation.name, batch.clone());
    Ok(Some(batch))
}

fn made(relation: &'static Relation, rows: Named) -> Result<Option<RecordBatch>> {
    if rows.is_empty() {
        return Ok(None);
    }
    let columns = relation.arrow.fields().iter().map(|field| {
        let cells: Vec<_> = rows
            .iter()
            .map(|row| match row.iter().find(|(name, _)| name == field.name()) {
                Some((_, cell)) => cell.clone(),
                None => absent(relation, field.name(), field.is_nullable(), field.data_type()),
            })
            .collect();
        cells::array(field, &cells)
    });
    let columns = columns.collect::<Result<_>>()?;
    Ok(Some(RecordBatch::try_new(relation.arrow.clone(), columns)?))
}

/// What stands in a column of which nothing is said.
fn absent(relation: &Relation, column: &str, nullable: bool, data_type: &DataType) -> Cell {
    match (data_type, column) {
        _ if nullable => Cell::Null,
        (_, "pronamespace" | "oprnamespace" | "collnamespace" | "opcnamespace") => {
            Cell::Int(super::relations::PG_CATALOG.into())
        }
        (DataType::UInt32, owner) if owner.ends_with("owner") => {
            Cell::Int(super::objects::OWNER.into())
        }
        (_, "typisdefined") => Cell::Bool(true),
        (_, "procost") if relation.name == "pg_proc" => Cell::Float(1.0),
        (DataType::Boolean, _) => Cell::Bool(false),
        (DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::UInt32, _) => Cell::Int(0),
        (DataType::Float32 | DataType::Float64, _) => Cell::Float(0.0),
        (DataType::Utf8, _) => Cell::text(""),
        (DataType::List(_), _) => Cell::List(Vec::new()),
        _ => Cell::Null,
    }
}
