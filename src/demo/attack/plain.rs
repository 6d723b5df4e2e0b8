//! What Portcullis is compared with: a filter that is only a condition among others.
//!
//! The same data in plain DataFusion, every function and statement of which stays as it is; to
//! the WHERE of each SELECT that reads a table of a tenant, `org_id = '…'` is added. There are no
//! masks. This is how row filters are usually begun, and it is really run here.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::options::{CsvReadOptions, JsonReadOptions, ParquetReadOptions};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, Expr, Ident, Query, Select, SetExpr, TableFactor, Value,
};
use datafusion::sql::unparser::plan_to_sql;

use super::tables;
use crate::demo::DemoError;
use crate::demo::answer::Answer;
use crate::demo::company::{Company, Tenant};

/// Tables that hold rows of tenants.
const OWNED: [&str; 4] = ["customers", "orders", "events", "tickets"];

/// The plain filter, for one tenant.
pub struct PlainFilter {
    context: SessionContext,
    store: std::path::PathBuf,
    tenant: Tenant,
}

impl PlainFilter {
    /// Opens the company's data for somebody of this tenant.
    ///
    /// # Errors
    /// Where the data cannot be read.
    pub async fn open(company: &Company, tenant: Tenant) -> Result<Self, DemoError> {
        let context =
            SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
        for schema in ["crm", "lake"] {
            context.sql(&format!("CREATE SCHEMA {schema}")).await?;
        }
        for (table, batch) in tables::of(company)? {
            let table_data = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
            context.register_table(TableReference::partial("crm", table), Arc::new(table_data))?;
        }
        let lake = |name: &str| company.dir().join("lake").join(name).display().to_string();
        let table = |name: &'static str| TableReference::partial("lake", name);
        context
            .register_parquet(table("orders"), lake("orders"), ParquetReadOptions::default())
            .await?;
        context
            .register_json(table("events"), lake("events.json"), JsonReadOptions::default())
            .await?;
        context.register_csv(table("tickets"), lake("tickets.csv"), CsvReadOptions::new()).await?;
        Ok(Self { context, store: company.dir().join("crm.db"), tenant })
    }

    /// Runs the statements of a text, one after the other, and gives the last one's answer.
    pub async fn run(&self, sql: &str) -> Answer {
        self.try_run(sql).await.unwrap_or_else(refused)
    }

    async fn try_run(&self, sql: &str) -> Result<Answer, DataFusionError> {
        let mut answer = Answer::Done;
        for mut statement in DFParser::parse_sql(sql)? {
            self.restrict(&mut statement);
            let plan = self.context.state().statement_to_plan(statement).await?;
            let frame = self.context.execute_logical_plan(plan).await?;
            let columns: Vec<String> =
                frame.schema().fields().iter().map(|field| field.name().clone()).collect();
            let batches = frame.collect().await?;
            answer = if columns.is_empty() { Answer::Done } else { rows(columns, &batches)? };
        }
        Ok(answer)
    }

    /// Runs a query by handing it on to SQLite, as DataFusion writes it down for other engines.
    pub async fn run_at_source(&self, sql: &str) -> Answer {
        match self.handed_on(sql).await {
            Ok(text) => at_source(&self.store, &text).unwrap_or_else(Answer::failed),
            Err(error) => refused(error),
        }
    }

    async fn handed_on(&self, sql: &str) -> Result<String, DataFusionError> {
        let mut text = String::new();
        for mut statement in DFParser::parse_sql(sql)? {
            self.restrict(&mut statement);
            let plan = self.context.state().statement_to_plan(statement).await?;
            text = plan_to_sql(&plan)?.to_string();
        }
        Ok(text)
    }

    /// Adds the tenant's condition to the statement.
    fn restrict(&self, statement: &mut Statement) {
        if let Statement::Statement(statement) = statement {
            match statement.as_mut() {
                ast::Statement::Query(query) => self.restrict_query(query),
                ast::Statement::Explain { statement, .. } => {
                    if let ast::Statement::Query(query) = statement.as_mut() {
                        self.restrict_query(query);
                    }
                }
                _ => {}
            }
        }
    }

    fn restrict_query(&self, query: &mut Query) {
        self.restrict_body(&mut query.body);
    }

    fn restrict_body(&self, body: &mut SetExpr) {
        match body {
            SetExpr::Select(select) => self.restrict_select(select),
            SetExpr::SetOperation { left, right, .. } => {
                self.restrict_body(left);
                self.restrict_body(right);
            }
            _ => {}
        }
    }

    fn restrict_select(&self, select: &mut Select) {
        let factors = select.from.iter().flat_map(|table| {
            std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
        });
        let conditions: Vec<Expr> =
            factors.filter_map(owned).map(|table| equals(table, self.tenant.id())).collect();
        for condition in conditions {
            select.selection = Some(match select.selection.take() {
                None => condition,
                Some(asked) => Expr::BinaryOp {
                    left: Box::new(Expr::Nested(Box::new(asked))),
                    op: BinaryOperator::And,
                    right: Box::new(condition),
                },
            });
        }
    }
}

/// How the query calls a table of a tenant: by its alias, or its name.
fn owned(factor: &TableFactor) -> Option<Vec<Ident>> {
    let TableFactor::Table { name, alias, .. } = factor else { return None };
    let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
    let last = parts.last()?;
    if !OWNED.contains(&last.value.as_str()) {
        return None;
    }
    Some(alias.as_ref().map_or(parts, |alias| vec![alias.name.clone()]))
}

fn equals(mut table: Vec<Ident>, tenant: &str) -> Expr {
    table.push(Ident::new("org_id"));
    Expr::BinaryOp {
        left: Box::new(Expr::CompoundIdentifier(table)),
        op: BinaryOperator::Eq,
        right: Box::new(Expr::Value(Value::SingleQuotedString(tenant.to_owned()).into())),
    }
}

fn refused(error: DataFusionError) -> Answer {
    Answer::failed(error.strip_backtrace())
}

fn rows(columns: Vec<String>, batches: &[RecordBatch]) -> Result<Answer, DataFusionError> {
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in batches {
        let formatters = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<Vec<_>, _>>()?;
        for at in 0..batch.num_rows() {
            let cells = batch.columns().iter().zip(&formatters).map(|(column, formatter)| {
                column.is_valid(at).then(|| formatter.value(at).to_string())
            });
            rows.push(cells.collect());
        }
    }
    Ok(Answer::Rows { columns, rows })
}

/// Runs what was handed on. The database is attached under the name of its schema.
fn at_source(store: &Path, sql: &str) -> Result<Answer, rusqlite::Error> {
    let memory = rusqlite::Connection::open_in_memory()?;
    memory.execute("ATTACH ?1 AS crm", [store.display().to_string()])?;
    let mut statement = memory.prepare(sql)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let count = columns.len();
    let rows = statement.query_map([], |row| {
        (0..count)
            .map(|at| {
                Ok(match row.get_ref(at)? {
                    rusqlite::types::ValueRef::Null => None,
                    rusqlite::types::ValueRef::Integer(number) => Some(number.to_string()),
                    rusqlite::types::ValueRef::Real(number) => Some(number.to_string()),
                    rusqlite::types::ValueRef::Text(text)
                    | rusqlite::types::ValueRef::Blob(text) => {
                        Some(String::from_utf8_lossy(text).into_owned())
                    }
                })
            })
            .collect()
    })?;
    Ok(Answer::Rows { columns, rows: rows.collect::<Result<_, _>>()? })
}
