//! What the planner may know: the only hook through which a name in a statement becomes a table
//! or a function.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef, SchemaRef};
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{Result, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::planner::{
    ContextProvider, ExprPlanner, RelationPlanner, TypePlanner,
};
use datafusion::logical_expr::{
    AggregateUDF, Expr, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF,
};

use super::catalog::{Found, SessionCatalog};
use super::error::GuardError;
use super::plan::Guard;

/// Resolves names for one statement.
pub(in crate::guard) struct Context<'a> {
    pub guard: &'a Guard,
    pub catalog: &'a SessionCatalog,
    pub expr_planners: Vec<Arc<dyn ExprPlanner>>,
    pub type_planner: Arc<dyn TypePlanner>,
    pub relation_planners: Vec<Arc<dyn RelationPlanner>>,
}

impl ContextProvider for Context<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        Ok(match self.catalog.resolve(&name)? {
            Found::Guarded(table) => table,
            Found::System(table) => provider_as_source(table),
        })
    }

    fn get_table_function_source(
        &self,
        name: &str,
        arguments: Vec<Expr>,
    ) -> Result<Arc<dyn TableSource>> {
        match self.guard.table_function(name) {
            Some(function) => self.guard.call_table_function(&function, arguments, self.catalog),
            None => Err(GuardError::UndefinedFunction(format!("{name}(…)")).into()),
        }
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.expr_planners
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relation_planners
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::clone(&self.type_planner))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.guard.functions().scalar(name).or_else(|| self.catalog.system_function(name))
    }

    fn get_higher_order_meta(&self, _: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.guard.functions().aggregate(name)
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.guard.functions().window(name)
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn get_variable_field(&self, _: &[String]) -> Option<FieldRef> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.guard.options()
    }

    // The planner suggests names from these lists, and fails where they are empty: the empty name
    // suggests nothing.

    fn udf_names(&self) -> Vec<String> {
        vec![String::new()]
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        vec![String::new()]
    }

    fn udwf_names(&self) -> Vec<String> {
        vec![String::new()]
    }
}
