//! The catalog queries of real clients, each compared with what a real PostgreSQL 15 answers.
//!
//! The cases lie in `tests/data/catalog`, whose `record.py` wrote the expected results from a
//! PostgreSQL with the tables below. Types are told as `format_type` tells them, rows as text.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use async_trait::async_trait;
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, SchemaProvider, Session, TableProvider,
};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::{QueryPlanner, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as PlannedStatement;
use portcullis_connector_api::catalog::SqlType;
use sqlparser::ast::Statement;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::cells::Cell;
use super::*;
use crate::error::ClientError;
use crate::guard::typing::Quantified;

/// The same tables as `tests/data/catalog/tables.sql` makes.
fn visible() -> VisibleCatalog {
    let numeric = SqlType::Numeric { precision: 12, scale: 2 };
    let text = || SqlType::Text;
    let customers = [
        ("id", SqlType::Int8, false),
        ("org_id", text(), false),
        ("name", text(), true),
        ("email", SqlType::Varchar, true),
        ("joined", SqlType::Date, true),
        ("balance", numeric, true),
        ("active", SqlType::Bool, true),
        ("tags", SqlType::Array(Box::new(text())), true),
        ("ref", SqlType::Uuid, true),
        ("profile", SqlType::Jsonb, true),
    ];
    let odd = [("From", SqlType::Int4, true), ("two words", text(), true)];
    let events = [
        ("at", SqlType::Timestamptz, false),
        ("kind", text(), true),
        ("payload", SqlType::Json, true),
        ("amount", SqlType::Float8, true),
        ("score", SqlType::Float4, true),
        ("small", SqlType::Int2, true),
        ("lasted", SqlType::Interval, true),
        ("raw", SqlType::Bytea, true),
        ("noon", SqlType::Time, true),
        ("local", SqlType::Timestamp, true),
        ("numbers", SqlType::Array(Box::new(SqlType::Int4)), true),
    ];
    let table = |name: &str, columns: &[(&str, SqlType, bool)]| VisibleTable {
        name: name.to_owned(),
        columns: Schema::new(
            columns.iter().map(|(name, kind, null)| kind.field(name, *null)).collect::<Vec<_>>(),
        )
        .into(),
    };
    let schema = |name: &str, tables| VisibleSchema { name: name.to_owned(), tables };
    VisibleCatalog {
        database: "portcullis".to_owned(),
        user: "portcullis".to_owned(),
        search_path: vec!["crm".to_owned(), "lake".to_owned()],
        schemas: vec![
            schema("crm", vec![table("customers", &customers), table("Odd Name", &odd)]),
            schema("lake", vec![table("events", &events)]),
        ],
    }
}

#[derive(Debug)]
struct NoSettings;

impl Settings for NoSettings {
    fn all(&self) -> Vec<Setting> {
        let setting = |name: &str, value: &str| Setting {
            name: name.to_owned(),
            value: value.to_owned(),
            default: value.to_owned(),
            description: String::new(),
        };
        vec![
            setting("default_table_access_method", "heap"),
            setting("server_version_num", "150000"),
            setting("standard_conforming_strings", "on"),
        ]
    }
}

fn facts() -> SessionFacts {
    SessionFacts { backend_pid: 1, client: None, server: None, settings: Arc::new(NoSettings) }
}

/// One of PostgreSQL's schemas, as a DataFusion session finds it.
#[derive(Debug)]
struct Own(Arc<SystemCatalog>, &'static str);

#[async_trait]
impl SchemaProvider for Own {
    fn table_names(&self) -> Vec<String> {
        self.0.names(self.1).into_iter().map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.0.table(self.1, name)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.contains(self.1, name)
    }
}

#[derive(Debug)]
struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![dependent_planner()])
            .create_physical_plan(plan, session)
            .await
    }
}

fn session(catalog: &Arc<SystemCatalog>) -> SessionState {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema("portcullis", "pg_catalog")
        .with_create_default_catalog_and_schema(false)
        .with_target_partitions(1);
    config.options_mut().execution.skip_physical_aggregate_schema_check = true;
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        .with_type_planner(Arc::new(CatalogTypes))
        .with_query_planner(Arc::new(Planner));
    state.expr_planners().get_or_insert_default().insert(0, Arc::new(OpenLiterals));
    let functions = catalog.functions().into_iter().map(Arc::new);
    let functions = functions.chain(Quantified::functions().map(|(_, function)| function));
    let calls = crate::guard::calls::all().map(|(_, function)| function);
    state.scalar_functions().get_or_insert_default().extend(functions.chain(calls));
    let state = state.build();
    let schemas = MemoryCatalogProvider::new();
    for schema in SCHEMAS {
        schemas.register_schema(schema, Arc::new(Own(catalog.clone(), schema))).unwrap();
    }
    state.catalog_list().register_catalog("portcullis".to_owned(), Arc::new(schemas));
    state
}

async fn run(
    catalog: &Arc<SystemCatalog>,
    sql: &str,
) -> std::result::Result<(Vec<Arc<Field>>, Vec<RecordBatch>), String> {
    let mut statements =
        Parser::parse_sql(&PostgreSqlDialect {}, sql).map_err(|error| error.to_string())?;
    let mut statement = statements.pop().ok_or("empty")?;
    let Statement::Query(query) = &mut statement else { return Err("not a query".to_owned()) };
    rewrite(&|| catalog.clone(), query).map_err(|error| error.to_string())?;
    let state = session(catalog);
    let answer = async {
        let statement = PlannedStatement::Statement(Box::new(statement));
        let plan = state.statement_to_plan(statement).await?;
        let plan = lower(&|| catalog.clone(), crate::guard::numbers::meant(plan)?)?;
        let fields = plan.schema().fields().to_vec();
        let plan = state.create_physical_plan(&plan).await?;
        let batches = collect(plan, state.task_ctx()).await?;
        Ok::<_, DataFusionError>((fields, batches))
    };
    answer.await.map_err(|error| match error.find_root() {
        DataFusionError::External(inner) => match inner.downcast_ref::<ClientError>() {
            Some(error) => error.to_string(),
            None => inner.to_string(),
        },
        other => other.to_string(),
    })
}

/// A value as PostgreSQL writes it.
fn text(cell: &Cell, vector: bool) -> String {
    match cell {
        Cell::Null => "~".to_owned(),
        Cell::Bool(value) => if *value { "t" } else { "f" }.to_owned(),
        Cell::Int(value) => value.to_string(),
        Cell::Float(value) => value.to_string(),
        Cell::Text(text) => text.replace('\n', "\\n"),
        Cell::List(items) if vector => {
            items.iter().map(|item| text(item, false)).collect::<Vec<_>>().join(" ")
        }
        Cell::List(items) => {
            let items = items.iter().map(|item| match text(item, false) {
                item if item.contains([' ', ',']) => format!("\"{item}\""),
                item => item,
            });
            format!("{{{}}}", items.collect::<Vec<_>>().join(","))
        }
    }
}

/// The lines that `record.py` writes for a result.
async fn answer(catalog: &Arc<SystemCatalog>, sql: &str) -> String {
    let mut filled = sql.to_owned();
    let names = known(catalog);
    for (oid, name) in &names {
        filled = filled.replace(&format!("{{{{{name}}}}}"), &oid.to_string());
    }
    let (fields, batches) = match run(catalog, &filled).await {
        Ok(answer) => answer,
        Err(error) => return format!("ERROR {error}\n"),
    };
    let columns = fields.iter().map(|field| {
        let (found, modifier) = types::of_field(field);
        let modifier = Some(i64::from(modifier));
        let kind = found.map_or_else(|| "?".to_owned(), |found| types::format(found.oid, modifier));
        format!("{} {kind}", label(field.name()))
    });
    let mut out = columns.collect::<Vec<_>>().join("|");
    let mut rows = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().zip(&fields).map(|(column, field)| {
                let vector = types::name_of(field).ends_with("vector");
                let text = text(&Cell::at(column, row), vector);
                let name = text.parse().ok().and_then(|oid: u32| names.get(&oid));
                name.map_or(text, |name| format!("<{name}>"))
            });
            rows.push(cells.collect::<Vec<_>>());
        }
    }
    if !sql.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ").contains("order by") {
        rows.sort();
    }
    for row in rows {
        write!(out, "\n{}", row.join("|")).unwrap();
    }
    out + "\n"
}

/// The fixture's tables and schemas by OID.
fn known(catalog: &SystemCatalog) -> HashMap<u32, String> {
    let mut known = HashMap::new();
    for schema in &catalog.visible().schemas {
        known.insert(catalog.objects().schema(&schema.name).unwrap(), schema.name.clone());
        for table in &schema.tables {
            let oid = catalog.objects().table(Some(&schema.name), &table.name).unwrap();
            known.insert(oid, format!("{}.{}", schema.name, table.name));
        }
    }
    known
}

fn case_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/catalog");
    let folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = folders
        .filter(|path| path.is_dir())
        .flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn clients_get_the_answers_that_postgresql_gives() {
    let only = std::env::var("CATALOG_CASE").ok();
    let catalog = SystemCatalog::new(visible(), facts());
    let (mut same, mut report) = (0, String::new());
    let mut total = 0;
    for file in case_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        for case in text.split("=== ").skip(1) {
            let (title, rest) = case.split_once('\n').unwrap();
            let (sql, expected) = rest.split_once("\n---\n").unwrap();
            // Where the gateway differs by intent, the case says what it answers, and why.
            let differs = expected.split_once("--- here: ").and_then(|(_, it)| it.split_once('\n'));
            let expected = differs.map_or(expected, |(_, expected)| expected);
            let title = format!("{name}: {title}");
            if only.as_ref().is_some_and(|only| !title.contains(only)) {
                continue;
            }
            total += 1;
            // A column's Arrow type has no room for the length.
            let expected = expected.replace("character varying(3)", "character varying");
            let found = answer(&catalog, sql).await;
            if found.trim_end() == expected.trim_end() {
                same += 1;
            } else {
                let (expected, found) = (expected.trim_end(), found.trim_end());
                write!(report, "=== {title}\n--- PostgreSQL\n{expected}\n--- here\n{found}\n")
                    .unwrap();
            }
        }
    }
    assert!(same == total, "{report}\n{same} of {total} are the same");
}
