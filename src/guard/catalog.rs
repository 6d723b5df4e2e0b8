//! The catalog of one session: what its caller may see, and nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use datafusion::common::TableReference;
use datafusion::logical_expr::ScalarUDF;
use portcullis_connector_api::{SourceName, TableName};

use super::error::GuardError;
use super::estate::{Absence, AbsentSource, Estate, GovernedTable, Source};
use super::system::{
    self, SessionFacts, Setting, SystemCatalog, VisibleCatalog, VisibleSchema, VisibleTable,
};
use super::table::GuardedTable;
use super::tenancy::TenantScope;
use super::token::TokenSecret;
use crate::identity::Principal;
use crate::policy::{Policies, RequestFacts};
use crate::values::Rendering;

/// What decides for a session: who it is, and under which policies.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Every table there is.
    pub estate: Arc<Estate>,
    /// The policies in force when the statement began.
    pub policies: Arc<Policies>,
    /// The caller.
    pub principal: Arc<Principal>,
    /// What the gateway knows of the request.
    pub facts: RequestFacts,
    /// The caller's tenant.
    pub scope: TenantScope,
    /// For `mask_token`.
    pub token_secret: Option<TokenSecret>,
}

/// Names as one caller finds them. Made anew for each statement, so that a policy that changed
/// is in force at once.
#[derive(Debug)]
pub struct SessionCatalog {
    authority: Authority,
    database: String,
    search_path: Vec<String>,
    session: SessionFacts,
    guarded: Mutex<HashMap<Name, Option<Arc<GuardedTable>>>>,
    system: OnceLock<Arc<SystemCatalog>>,
    system_functions: OnceLock<HashMap<String, Arc<ScalarUDF>>>,
}

/// Schema and table.
type Name = (String, String);

/// What a name in FROM stands for.
pub(in crate::guard) enum Found {
    /// A table of a source, guarded.
    Guarded(Arc<GuardedTable>),
    /// A table of the system catalog.
    System(Arc<dyn datafusion::catalog::TableProvider>),
}

impl SessionCatalog {
    /// A catalog for one statement. An empty `search_path` means all visible schemas, in the
    /// order of the configuration.
    pub fn new(
        authority: Authority,
        database: &str,
        search_path: &[String],
        session: SessionFacts,
    ) -> Self {
        Self {
            authority,
            database: database.to_owned(),
            search_path: search_path.to_vec(),
            session,
            guarded: Mutex::default(),
            system: OnceLock::new(),
            system_functions: OnceLock::new(),
        }
    }

    /// What decides here.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The settings as the caller is told them.
    pub fn settings(&self) -> Vec<Setting> {
        self.system().settings()
    }

    /// How the session wants to see values.
    pub(in crate::guard) fn rendering(&self) -> Rendering {
        self.session.rendering()
    }

    /// The one place where a name becomes a table.
    pub(in crate::guard) fn resolve(&self, name: &TableReference) -> Result<Found, GuardError> {
        if let Some(database) = name.catalog()
            && database != self.database
        {
            return Err(GuardError::OtherDatabase(name.to_string()));
        }
        let table = name.table();
        let path = match name.schema() {
            Some(schema) => vec![schema.to_owned()],
            None => self.lookup_path(),
        };
        if let Some(found) = path.iter().find_map(|schema| self.find(schema, table)) {
            return Ok(found);
        }
        if let Some(source) = path.iter().find_map(|schema| self.damaged(schema, table)) {
            return Err(GuardError::Damaged(source));
        }
        if let Some(source) = name.schema().and_then(|schema| self.awaited(schema)) {
            let name = source.name.clone();
            return Err(match source.absence {
                Absence::Unreachable => GuardError::Unreachable(name),
                Absence::LeftOut => GuardError::LeftOut(name),
            });
        }
        Err(GuardError::UndefinedTable(match name.schema() {
            Some(schema) => format!("{schema}.{table}"),
            None => table.to_owned(),
        }))
    }

    /// The source of this schema, where it is not in force and the caller may be told so.
    /// For everybody else a name in it is one that does not exist.
    fn awaited(&self, schema: &str) -> Option<&AbsentSource> {
        let source = self.authority.estate.absent_with(schema)?;
        self.may_show(&source.name, None).then_some(source)
    }

    /// The source of a table that cannot be read, where the caller may be told so.
    fn damaged(&self, schema: &str, name: &str) -> Option<SourceName> {
        let table = self.authority.estate.damaged_as(schema, name)?;
        self.may_show(&table.source, Some(&table.table)).then(|| table.source.clone())
    }

    fn may_show(&self, source: &SourceName, table: Option<&TableName>) -> bool {
        self.authority.policies.may_show(&self.authority.principal, source, table)
    }

    /// `pg_catalog` comes first unless the path names it elsewhere, as in PostgreSQL.
    fn lookup_path(&self) -> Vec<String> {
        let mut path = if self.search_path.is_empty() {
            self.schemas_in_order()
        } else {
            self.search_path.clone()
        };
        if !path.iter().any(|schema| schema == "pg_catalog") {
            path.insert(0, "pg_catalog".to_owned());
        }
        path
    }

    fn find(&self, schema: &str, name: &str) -> Option<Found> {
        if system::SCHEMAS.contains(&schema) {
            let table = self.system().table(schema, name).ok()??;
            return Some(Found::System(table));
        }
        self.guarded(schema, name).map(Found::Guarded)
    }

    fn guarded(&self, schema: &str, name: &str) -> Option<Arc<GuardedTable>> {
        let (source, table) = self.authority.estate.find(schema, name)?;
        let key = (schema.to_owned(), name.to_owned());
        let mut known = self.guarded.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(key).or_insert_with(|| self.authority.guard(source, table)).clone()
    }

    /// Every table of a source that the caller may see something of.
    fn visible_tables(&self) -> impl Iterator<Item = Arc<GuardedTable>> {
        let tables = self.authority.estate.tables();
        tables.filter_map(|(_, table)| self.guarded(&table.schema, &table.name))
    }

    fn schemas_in_order(&self) -> Vec<String> {
        let mut schemas: Vec<String> = Vec::new();
        for table in self.visible_tables() {
            if !schemas.contains(&table.table().schema) {
                schemas.push(table.table().schema.clone());
            }
        }
        schemas
    }

    /// A function of the system catalog, such as `pg_table_is_visible`.
    pub(in crate::guard) fn system_function(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.system_functions
            .get_or_init(|| {
                let functions = self.system().functions();
                functions.into_iter().map(|f| (f.name().to_owned(), Arc::new(f))).collect()
            })
            .get(name)
            .cloned()
    }

    /// The system catalog over what is visible; made when a statement first asks for it.
    pub(in crate::guard) fn system(&self) -> &Arc<SystemCatalog> {
        self.system.get_or_init(|| {
            let schemas = self.schemas_in_order();
            let search_path = if self.search_path.is_empty() {
                schemas.clone()
            } else {
                self.search_path.clone()
            };
            let visible: Vec<_> = self.visible_tables().collect();
            let schemas = schemas.into_iter().map(|name| VisibleSchema {
                tables: visible
                    .iter()
                    .filter(|table| table.table().schema == name)
                    .map(|table| VisibleTable {
                        name: table.table().name.clone(),
                        columns: table.told_columns(),
                    })
                    .collect(),
                name,
            });
            let visible = VisibleCatalog {
                database: self.database.clone(),
                user: self.authority.principal.person.user.clone(),
                search_path,
                schemas: schemas.collect(),
            };
            SystemCatalog::new(visible, self.session.clone())
        })
    }
}

impl Authority {
    /// Asks for a permit and makes the table readable with it. A denial and a permit that shows
    /// nothing are the same: the table does not exist.
    fn guard(&self, source: &Arc<Source>, table: &Arc<GovernedTable>) -> Option<Arc<GuardedTable>> {
        let permit = self
            .policies
            .permit(&self.principal, &self.facts, &source.name, &table.table.name)
            .ok()?;
        GuardedTable::new(
            Arc::clone(source),
            Arc::clone(table),
            permit,
            &self.scope,
            self.token_secret.as_ref(),
        )
        .map(Arc::new)
    }
}
