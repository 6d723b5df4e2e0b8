//! From a query's tree to a plan that may be run.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{TableFunction, TableFunctionArgs};
use datafusion::common::alias::AliasGenerator;
use datafusion::common::config::ConfigOptions;
use datafusion::common::metadata::{FieldMetadata, ScalarAndMetadata};
use datafusion::common::{DFSchema, ParamValues, Result, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::execution::{FunctionRegistry, SessionStateDefaults};
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, LogicalPlan, TableSource, cast};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::optimizer::{OptimizerConfig, OptimizerContext};
use datafusion::prelude::SessionConfig;
use datafusion::sql::planner::{ParserOptions, PlannerContext, SqlToRel};

use super::catalog::SessionCatalog;
use super::check;
use super::context::Context;
use super::error::GuardError;
use super::functions::{Functions, TABLE};
use super::system::{self, CatalogTypes, OpenLiterals};
use super::touched::{Touched, touched};
use super::typing::{Rows, counted};
use super::{
    ambiguous, correlated, grown, nested, numbers, patterns, shadowed, texts, using, watched,
};
use crate::shared::Shared;
use crate::sql::Query;

/// What planning needs and all sessions share.
#[derive(Debug)]
pub struct Guard {
    state: Shared<SessionState>,
    functions: Functions,
    table_functions: HashMap<String, Arc<TableFunction>>,
}

/// A plan whose every table went through a permit. There is no other way to get one than
/// [`Guard::plan`], and nothing else can be run. Another plan cannot be put into it:
///
/// ```
/// use datafusion::logical_expr::LogicalPlan;
/// use portcullis::guard::GuardedPlan;
///
/// fn forge(guarded: GuardedPlan, plan: LogicalPlan) -> GuardedPlan {
///     drop(plan);
///     guarded
/// }
/// ```
///
/// ```compile_fail,E0451
/// use datafusion::logical_expr::LogicalPlan;
/// use portcullis::guard::GuardedPlan;
///
/// fn forge(guarded: GuardedPlan, plan: LogicalPlan) -> GuardedPlan {
///     GuardedPlan { plan, ..guarded }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct GuardedPlan {
    plan: Shared<LogicalPlan>,
    touched: Vec<Touched>,
}

impl GuardedPlan {
    /// The plan. Its scans are of [`super::GuardedTable`]s.
    pub fn logical(&self) -> &LogicalPlan {
        &self.plan
    }

    /// The tables of sources that it reads, and what of them.
    pub fn touched(&self) -> &[Touched] {
        &self.touched
    }

    /// The columns of the result.
    pub fn schema(&self) -> SchemaRef {
        labelled(self.plan.schema().inner())
    }
}

/// What is known of a query before it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// Its parameters, `$1` first.
    pub parameters: Vec<FieldRef>,
    /// The columns of its result.
    pub columns: SchemaRef,
}

impl Default for Guard {
    fn default() -> Self {
        let mut config = SessionConfig::new().with_information_schema(false);
        let options = config.options_mut();
        options.sql_parser.parse_float_as_decimal = true;
        options.sql_parser.collect_spans = true;
        options.execution.parquet.pushdown_filters = true;
        options.execution.collect_statistics = false;
        // Rows that are dealt out to threads come back in the order in which these are done, and so
        // do the last digits of sums and the first of several errors. Parts of a table are read side
        // by side, beneath the barrier.
        options.execution.target_partitions = 1;
        let state = SessionStateBuilder::new().with_config(config).with_default_features().build();
        let analyzing = watched::analyzing(&state.analyzer().rules);
        let optimizing = watched::optimizing(&state.optimizer().rules);
        let state = SessionStateBuilder::new_from_existing(state)
            .with_analyzer_rules(analyzing)
            .with_optimizer_rules(optimizing)
            .build();
        let table_functions = SessionStateDefaults::default_table_functions()
            .into_iter()
            .filter(|function| TABLE.contains(&function.name()))
            .map(|function| (function.name().to_owned(), function))
            .collect();
        Self { state: Shared::new(state), functions: Functions::default(), table_functions }
    }
}

impl Guard {
    /// The engine's settings and rules, for physical planning. Its catalog is empty.
    pub fn engine(&self) -> &SessionState {
        &self.state
    }

    pub(in crate::guard) fn functions(&self) -> &Functions {
        &self.functions
    }

    pub(in crate::guard) fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    pub(in crate::guard) fn table_function(&self, name: &str) -> Option<Arc<TableFunction>> {
        self.table_functions.get(name).cloned()
    }

    pub(in crate::guard) fn call_table_function(
        &self,
        function: &TableFunction,
        arguments: Vec<Expr>,
        catalog: &SessionCatalog,
    ) -> Result<Arc<dyn TableSource>> {
        let simplifier = self.simplifier();
        let nothing = DFSchema::empty();
        let arguments = arguments
            .into_iter()
            .map(|argument| {
                let argument = numbers::expression(argument, &nothing)?;
                let argument = simplifier.coerce(argument, &nothing)?;
                let argument = texts::expression(argument, &nothing, &|| catalog.rendering())?;
                let argument = grown::bound_expr(argument)?;
                simplifier.simplify(argument).map(numbers::widened)
            })
            .collect::<Result<Vec<_>>>()?;
        let arguments = TableFunctionArgs::new(&arguments, &*self.state);
        Ok(provider_as_source(function.create_table_provider_with_args(arguments)?))
    }

    /// Tells the parameters and columns of a query. `declared` holds the types that the client
    /// gave, by position.
    ///
    /// # Errors
    /// As [`Guard::plan`].
    pub fn describe(
        &self,
        catalog: &SessionCatalog,
        query: &Query,
        declared: &[Option<FieldRef>],
    ) -> Result<Described> {
        let asked = Instant::now();
        let described = self.described(catalog, query, declared)?;
        tracing::debug!(
            parameters = described.parameters.len(),
            columns = described.columns.fields().len(),
            duration_us = asked.elapsed().as_micros(),
            "described"
        );
        Ok(described)
    }

    fn described(
        &self,
        catalog: &SessionCatalog,
        query: &Query,
        declared: &[Option<FieldRef>],
    ) -> Result<Described> {
        let first = self.analyze(self.bind_names(catalog, query, declared)?)?;
        let parameters = parameters(&first, declared)?;
        let all_known = parameters.len() == declared.len() && declared.iter().all(Option::is_some);
        if all_known || parameters.is_empty() {
            return Ok(Described { columns: labelled(first.schema().inner()), parameters });
        }
        let declared: Vec<_> = parameters.iter().cloned().map(Some).collect();
        let second = self.analyze(self.bind_names(catalog, query, &declared)?)?;
        Ok(Described { columns: labelled(second.schema().inner()), parameters })
    }

    /// Plans a query for the caller behind `catalog`.
    ///
    /// # Errors
    /// Where a name does not exist for the caller, types do not fit, or the finished plan holds
    /// anything that did not pass the guard.
    pub fn plan(
        &self,
        catalog: &SessionCatalog,
        query: &Query,
        parameters: &[FieldRef],
        values: Vec<ScalarValue>,
        now: DateTime<Utc>,
    ) -> Result<GuardedPlan> {
        let asked = Instant::now();
        let declared: Vec<_> = parameters.iter().cloned().map(Some).collect();
        let mut plan = self.bind_names(catalog, query, &declared)?;
        if !values.is_empty() {
            // A `uuid` is a text that says so.
            let hints = parameters.iter().map(|field| {
                (!field.metadata().is_empty()).then(|| FieldMetadata::new_from_field(field))
            });
            let hints = hints.chain(std::iter::repeat(None));
            let values = values.into_iter().zip(hints);
            let values = values.map(|(value, hint)| ScalarAndMetadata::new(value, hint)).collect();
            plan = plan.replace_params_with_values(&ParamValues::List(values))?;
        }
        let plan = texts::meant(self.analyze(plan)?, &|| catalog.rendering())?;
        let plan = counted(grown::bound(plan)?)?;
        let options = grown::within_budget(self.options());
        let plan = patterns::settled(plan, &simplifier(Arc::clone(&options), now))?;
        let context =
            OptimizerContext::new_with_config_options(options).with_query_execution_start_time(now);
        let optimizing = Optimizing { context, engine: &self.state };
        let plan = self.state.optimizer().optimize(plan, &optimizing, |_, _| {})?;
        check::logical(&plan)?;
        let touched = touched(&plan)?;
        let duration_us = asked.elapsed().as_micros();
        tracing::debug!(tables = touched.len(), duration_us, "planned");
        Ok(GuardedPlan { plan: Shared::new(plan), touched })
    }

    /// The values of expressions that read no table, each as the type of its field: the arguments
    /// of `EXECUTE`.
    ///
    /// # Errors
    /// Where an expression reads a column, is not constant, or does not fit its type.
    pub fn constants(
        &self,
        catalog: &SessionCatalog,
        expressions: &[sqlparser::ast::Expr],
        fields: &[FieldRef],
    ) -> Result<Vec<ScalarValue>> {
        let context = self.context(catalog);
        let options = ParserOptions::from(&self.options().sql_parser);
        let planner = SqlToRel::new_with_options(&context, options);
        let nothing = DFSchema::empty();
        let simplifier = self.simplifier();
        let constant = |(expression, field): (&sqlparser::ast::Expr, &FieldRef)| {
            let mut planner_context = PlannerContext::new();
            let expr = planner.sql_to_expr(expression.clone(), &nothing, &mut planner_context)?;
            let expr = cast(expr, field.data_type().clone());
            let expr = numbers::expression(expr, &nothing)?;
            let expr = simplifier.coerce(expr, &nothing)?;
            let expr = texts::expression(expr, &nothing, &|| catalog.rendering())?;
            let expr = patterns::settled_expr(grown::bound_expr(expr)?, &simplifier)?;
            match simplifier.simplify(expr)? {
                Expr::Literal(value, _) => Ok(value),
                _ => {
                    Err(GuardError::Unsupported("an argument that is not constant".to_owned())
                        .into())
                }
            }
        };
        expressions.iter().zip(fields).map(constant).collect()
    }

    fn simplifier(&self) -> ExprSimplifier {
        simplifier(grown::within_budget(self.options()), Utc::now())
    }

    fn context<'a>(&'a self, catalog: &'a SessionCatalog) -> Context<'a> {
        Context {
            guard: self,
            catalog,
            expr_planners: std::iter::once(Arc::new(OpenLiterals) as Arc<dyn ExprPlanner>)
                .chain(self.state.expr_planners().iter().cloned())
                .collect(),
            type_planner: Arc::new(CatalogTypes),
            relation_planners: vec![Arc::new(Rows)],
        }
    }

    fn bind_names(
        &self,
        catalog: &SessionCatalog,
        query: &Query,
        declared: &[Option<FieldRef>],
    ) -> Result<LogicalPlan> {
        let mut tree = query.ast().clone();
        let system = || Arc::clone(catalog.system());
        system::rewrite(&system, &mut tree)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        shadowed::rename(&mut tree);
        correlated::rename(&mut tree);
        let plan = using::planned(&tree, |tree, relations| {
            let mut context = self.context(catalog);
            context.relation_planners.insert(0, relations);
            let options = ParserOptions::from(&self.options().sql_parser);
            let mut planner_context =
                PlannerContext::new().with_prepare_param_data_types(declared.to_vec());
            let statement = sqlparser::ast::Statement::Query(Box::new(tree));
            SqlToRel::new_with_options(&context, options)
                .sql_statement_to_plan_with_context(statement, &mut planner_context)
        })?;
        ambiguous::check(&tree, &plan)?;
        nested::joined(system::lower(&system, numbers::meant(plan)?)?)
    }

    fn analyze(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        self.state.analyzer().execute_and_check(plan, self.options(), |_, _| {})
    }
}

fn simplifier(options: Arc<ConfigOptions>, now: DateTime<Utc>) -> ExprSimplifier {
    ExprSimplifier::new(
        SimplifyContext::builder()
            .with_config_options(options)
            .with_query_execution_start_time(Some(now))
            .build(),
    )
}

/// What the optimizer works with. Some of its rules write in functions of the engine, which they
/// look up; none of them comes from the query.
struct Optimizing<'a> {
    context: OptimizerContext,
    engine: &'a SessionState,
}

impl OptimizerConfig for Optimizing<'_> {
    fn query_execution_start_time(&self) -> Option<DateTime<Utc>> {
        self.context.query_execution_start_time()
    }

    fn alias_generator(&self) -> &Arc<AliasGenerator> {
        self.context.alias_generator()
    }

    fn options(&self) -> Arc<ConfigOptions> {
        self.context.options()
    }

    fn function_registry(&self) -> Option<&dyn FunctionRegistry> {
        Some(self.engine)
    }
}

/// The columns under the names that a client is told.
fn labelled(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter();
    let label = |field: &FieldRef| field.as_ref().clone().with_name(system::label(field.name()));
    Schema::new(fields.map(label).collect::<Vec<_>>()).into()
}

/// The parameters by number. One whose type nothing tells is text, as PostgreSQL takes it.
fn parameters(plan: &LogicalPlan, declared: &[Option<FieldRef>]) -> Result<Vec<FieldRef>> {
    let mut inferred = BTreeMap::new();
    for (name, field) in plan.get_parameter_fields()? {
        let number = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
        match number {
            Some(number @ 1..=65_535) => inferred.insert(number, field),
            _ => return Err(GuardError::Unsupported(format!("parameter {name}")).into()),
        };
    }
    let count = inferred.keys().max().copied().unwrap_or(0).max(declared.len());
    Ok((1..=count)
        .map(|number| {
            let declared = declared.get(number - 1).cloned().flatten();
            let inferred = inferred.get(&number).cloned().flatten();
            declared
                .or(inferred)
                .filter(|field| *field.data_type() != DataType::Null)
                .unwrap_or_else(|| Arc::new(Field::new("", DataType::Utf8, true)))
        })
        .collect())
}
