//! The system catalog that clients see: `pg_catalog` and `information_schema`.
//!
//! It takes what a session may see (a [`VisibleCatalog`]) and gives tables, functions and the
//! planner's extensions that make PostgreSQL's own catalog queries run over it. A hidden table
//! or column was never put in, so every query, error and lookup here treats it as absent.
//!
//! A query passes in this order: [`rewrite`] turns PostgreSQL's spellings into ones that the
//! planner takes; the planner uses [`CatalogTypes`], [`OpenLiterals`] and the functions; numbers get
//! their meaning; [`lower`] replaces in the plan what DataFusion cannot run,
//! and [`dependent_planner`] plans what that leaves behind; [`label`] gives the name of a result's column.

mod cells;
mod csv;
mod functions;
mod lower;
mod objects;
mod planners;
mod relations;
mod rewrite;
mod tables;
#[cfg(test)]
mod tests;
pub mod types;
mod visible;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

pub use self::functions::{coalesce, quote_ident};
pub(in crate::guard) use self::lower::refresh;
pub use self::lower::{Dependent, dependent_planner, free, is_lateral, lower, subquery_of};
pub use self::planners::{CatalogTypes, OpenLiterals, field_of};
pub use self::rewrite::{SECOND_TERM, SERIES_OF, label, rewrite};
pub use self::tables::SystemTable;
pub use self::visible::{
    SessionFacts, Setting, Settings, VisibleCatalog, VisibleSchema, VisibleTable,
};

use self::objects::Objects;
use crate::values::Rendering;

/// Where a session's catalog comes from. It is asked only when a query needs it, since numbering
/// all that is visible takes longer than planning most queries.
pub type Catalog<'a> = &'a dyn Fn() -> Arc<SystemCatalog>;

/// The schemas that are made here.
pub const SCHEMAS: [&str; 2] = ["pg_catalog", "information_schema"];

/// The system catalog of one session.
#[derive(Debug)]
pub struct SystemCatalog {
    visible: VisibleCatalog,
    facts: SessionFacts,
    objects: Objects,
    built: Mutex<HashMap<u32, Arc<dyn TableProvider>>>,
}

impl SystemCatalog {
    /// Numbers what is visible. No table is made yet.
    pub fn new(visible: VisibleCatalog, facts: SessionFacts) -> Arc<Self> {
        let objects = Objects::new(&visible);
        Arc::new(Self { visible, facts, objects, built: Mutex::default() })
    }

    /// Whether there is such a table or view.
    pub fn contains(&self, schema: &str, name: &str) -> bool {
        relations::find(schema, name).is_some()
    }

    /// The names of the tables and views of `pg_catalog` or `information_schema`.
    pub fn names(&self, schema: &str) -> Vec<&'static str> {
        relations::all().filter(|known| known.schema == schema).map(|known| known.name).collect()
    }

    /// A table or view of `pg_catalog` or `information_schema`, with its rows; `None` where there
    /// is none. It is made at the first call and kept, but for `pg_settings`, which changes.
    ///
    /// # Errors
    /// Where the catalog's data contradict each other, which is a fault of the gateway.
    pub fn table(&self, schema: &str, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(relation) = relations::find(schema, name) else {
            return Ok(None);
        };
        if relation.name == "pg_settings" {
            return Ok(Some(tables::build(self, relation)?));
        }
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = built.get(&relation.oid) {
            return Ok(Some(table.clone()));
        }
        let table: Arc<dyn TableProvider> = tables::build(self, relation)?;
        built.insert(relation.oid, table.clone());
        Ok(Some(table))
    }

    /// The functions that clients ask the catalog with, bound to this session.
    pub fn functions(self: &Arc<Self>) -> Vec<ScalarUDF> {
        functions::all(self)
    }

    /// What the session may see.
    pub fn visible(&self) -> &VisibleCatalog {
        &self.visible
    }

    /// How the session wants to see values.
    pub fn rendering(&self) -> Rendering {
        self.facts.rendering()
    }

    /// The settings of the session. A `search_path` that nobody has set is that of all schemas which
    /// the session may see.
    pub fn settings(&self) -> Vec<Setting> {
        let mut all = self.facts.settings.all();
        for setting in all.iter_mut().filter(|setting| setting.name == "search_path") {
            for path in [&mut setting.value, &mut setting.default] {
                if path.is_empty() {
                    let names = self.visible.schemas.iter().map(|schema| quote_ident(&schema.name));
                    *path = names.collect::<Vec<_>>().join(", ");
                }
            }
        }
        all
    }

    /// The present value of a setting; names are compared without case.
    fn setting(&self, name: &str) -> Option<String> {
        let mut all = self.settings().into_iter();
        all.find(|setting| setting.name.eq_ignore_ascii_case(name)).map(|setting| setting.value)
    }

    fn facts(&self) -> &SessionFacts {
        &self.facts
    }

    fn objects(&self) -> &Objects {
        &self.objects
    }
}
