//! Runs [`Dependent`].

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt64Array, new_empty_array};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, ScalarValue, internal_err};
use datafusion::execution::context::SessionState;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, collect,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;
use futures::StreamExt;

use super::bind::{self, Values};
use super::node::{Branch, Dependent, Kind};
use crate::error::{ClientError, SqlState};
use crate::guard::asked::{self, Answer, Answering, Answers, Asked, answered};
use crate::guard::system::{SystemCatalog, cells};

/// Plans the [`Dependent`] nodes of a query.
pub fn dependent_planner() -> Arc<dyn ExtensionPlanner + Send + Sync> {
    asked::planner(Arc::new(Dependents))
}

struct Dependents;

impl Answers for Dependents {
    fn node<'a>(&'a self, asked: Asked<'a>) -> Answering<'a> {
        answered(plan(&asked))
    }
}

fn plan(asked: &Asked<'_>) -> Result<Answer> {
    let Some(node) = asked.node.as_any().downcast_ref::<Dependent>() else {
        return Ok(None);
    };
    let ([logical], [input]) = (asked.inputs, asked.planned) else {
        return internal_err!("Dependent has one input");
    };
    let schema = logical.schema();
    let physical = |expr| asked.expression(expr, schema);
    let branches = node.branches.iter().map(|branch| {
        Ok(Ready {
            arguments: branch.arguments.iter().map(physical).collect::<Result<_>>()?,
            guard: branch.guard.as_ref().map(physical).transpose()?,
            value: match &branch.kind {
                Kind::In(value) => Some(physical(value)?),
                _ => None,
            },
            branch: branch.clone(),
        })
    });
    let schema: SchemaRef = Arc::new(
        datafusion::logical_expr::UserDefinedLogicalNodeCore::schema(node).as_arrow().clone(),
    );
    let exec = DependentExec {
        properties: properties(input, &schema),
        input: input.clone(),
        branches: branches.collect::<Result<Vec<_>>>()?.into(),
        catalog: node.catalog.clone(),
        schema,
    };
    Ok(Some(Arc::new(exec)))
}

fn properties(input: &Arc<dyn ExecutionPlan>, schema: &SchemaRef) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema.clone()),
        input.output_partitioning().clone(),
        input.pipeline_behavior(),
        input.boundedness(),
    ))
}

/// A branch whose expressions can be evaluated.
#[derive(Debug)]
struct Ready {
    branch: Branch,
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    guard: Option<Arc<dyn PhysicalExpr>>,
    value: Option<Arc<dyn PhysicalExpr>>,
}

#[derive(Debug)]
struct DependentExec {
    input: Arc<dyn ExecutionPlan>,
    branches: Arc<[Ready]>,
    catalog: Arc<SystemCatalog>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for DependentExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DependentExec: branches={}", self.branches.len())
    }
}

impl ExecutionPlan for DependentExec {
    fn name(&self) -> &'static str {
        "DependentExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for ready in self.branches.iter() {
            for expr in ready.arguments.iter().chain(&ready.guard).chain(&ready.value) {
                if f(expr)? == TreeNodeRecursion::Stop {
                    return Ok(TreeNodeRecursion::Stop);
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[_; 1]>::try_from(children) else {
            return internal_err!("DependentExec has one child");
        };
        Ok(Arc::new(Self {
            properties: properties(&input, &self.schema),
            input,
            branches: self.branches.clone(),
            catalog: self.catalog.clone(),
            schema: self.schema.clone(),
        }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context.clone())?;
        let run = Arc::new(Run {
            branches: self.branches.clone(),
            catalog: self.catalog.clone(),
            schema: self.schema.clone(),
            context,
        });
        let batches = input.then(move |batch| {
            let run = run.clone();
            async move { run.batch(batch?).await }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches)))
    }
}

/// One execution.
struct Run {
    branches: Arc<[Ready]>,
    catalog: Arc<SystemCatalog>,
    schema: SchemaRef,
    context: Arc<TaskContext>,
}

impl Run {
    async fn batch(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if let [ready] = self.branches.as_ref()
            && let Kind::Rows { outer } = ready.branch.kind
        {
            return self.rows(batch, ready, outer).await;
        }
        let mut columns = batch.columns().to_vec();
        for ready in self.branches.iter() {
            let Some(field) = self.schema.fields().get(columns.len()).cloned() else {
                return internal_err!("Dependent adds more columns than its schema has");
            };
            columns.push(self.column(&batch, ready, &field).await?);
        }
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    /// The column that a branch adds to a batch.
    async fn column(
        &self,
        batch: &RecordBatch,
        ready: &Ready,
        field: &FieldRef,
    ) -> Result<ArrayRef> {
        let rows = batch.num_rows();
        let arguments = Arguments::of(batch, ready)?;
        let value =
            ready.value.as_ref().map(|v| v.evaluate(batch)?.into_array(rows)).transpose()?;
        let mut known: HashMap<Vec<ScalarValue>, ArrayRef> = HashMap::new();
        let mut cells = Vec::with_capacity(rows);
        for row in 0..rows {
            if !arguments.wanted(row) {
                cells.push(ScalarValue::try_from(field.data_type())?);
                continue;
            }
            let key = arguments.at(row)?;
            let found = match known.get(&key) {
                Some(found) => found.clone(),
                None => {
                    let found = self.values(ready, &key).await?;
                    known.insert(key, found.clone());
                    found
                }
            };
            let value = value.as_ref().map(|v| cells::scalar(v, row)).transpose()?;
            cells.push(cell(&ready.branch.kind, &found, value.as_ref(), field)?);
        }
        if cells.is_empty() {
            return Ok(new_empty_array(field.data_type()));
        }
        ScalarValue::iter_to_array(cells)
    }

    /// The first column of what the plan gives for one row.
    async fn values(&self, ready: &Ready, key: &[ScalarValue]) -> Result<ArrayRef> {
        let batches = self.run(&ready.branch, key).await?;
        let columns: Vec<_> = batches.iter().filter_map(|batch| batch.columns().first()).collect();
        let arrays: Vec<&dyn Array> = columns.iter().map(|column| column.as_ref()).collect();
        let schema = ready.branch.plan.schema();
        match (arrays.is_empty(), schema.fields().first()) {
            (false, _) => Ok(arrow::compute::concat(&arrays)?),
            (true, Some(first)) => Ok(new_empty_array(first.data_type())),
            (true, None) => {
                let rows = batches.iter().map(RecordBatch::num_rows).sum();
                Ok(arrow::array::new_null_array(&DataType::Null, rows))
            }
        }
    }

    /// The batch's rows, each beside the rows that the plan gives for it.
    async fn rows(&self, batch: RecordBatch, ready: &Ready, outer: bool) -> Result<RecordBatch> {
        let arguments = Arguments::of(&batch, ready)?;
        let right_fields = self.schema.fields().iter().skip(batch.num_columns()).cloned();
        let right_schema: SchemaRef =
            Arc::new(arrow::datatypes::Schema::new(right_fields.collect::<Vec<_>>()));
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for row in 0..batch.num_rows() {
            let number = u64::try_from(row).unwrap_or(u64::MAX);
            let mut matched = false;
            for found in self.run(&ready.branch, &arguments.at(row)?).await? {
                matched |= found.num_rows() > 0;
                left.extend(std::iter::repeat_n(number, found.num_rows()));
                right.push(as_schema(&found, &right_schema)?);
            }
            if outer && !matched {
                left.push(number);
                right.push(RecordBatch::try_new(
                    right_schema.clone(),
                    right_schema
                        .fields()
                        .iter()
                        .map(|field| arrow::array::new_null_array(field.data_type(), 1))
                        .collect(),
                )?);
            }
        }
        let left = UInt64Array::from(left);
        let mut columns = batch
            .columns()
            .iter()
            .map(|column| take(column, &left, None))
            .collect::<Result<Vec<_>, _>>()?;
        columns.extend(concat_batches(&right_schema, &right)?.columns().iter().cloned());
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    async fn run(&self, branch: &Branch, key: &[ScalarValue]) -> Result<Vec<RecordBatch>> {
        let values: Values = branch.open.iter().cloned().zip(key.iter().cloned()).collect();
        let plan = bind::bind(branch.plan.as_ref().clone(), &values)?;
        let plan = super::dependent::lower(&|| self.catalog.clone(), plan)?;
        let plan = INNER.optimize(&plan)?;
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![dependent_planner()]);
        let plan = planner.create_physical_plan(&plan, &*INNER).await?;
        collect(plan, self.context.clone()).await
    }
}

/// Plans what runs once for each row: small and without parallelism.
static INNER: LazyLock<SessionState> = LazyLock::new(|| {
    let mut config = SessionConfig::new().with_target_partitions(1);
    // The planner's two layers differ over whether a cast may be NULL.
    config.options_mut().execution.skip_physical_aggregate_schema_check = true;
    SessionStateBuilder::new().with_config(config).with_default_features().build()
});

/// What a branch depends on, for every row of a batch.
struct Arguments {
    columns: Vec<ArrayRef>,
    guard: Option<BooleanArray>,
}

impl Arguments {
    fn of(batch: &RecordBatch, ready: &Ready) -> Result<Self> {
        let rows = batch.num_rows();
        let arguments = ready.arguments.iter();
        let columns = arguments.map(|argument| argument.evaluate(batch)?.into_array(rows));
        let guard = match &ready.guard {
            Some(guard) => {
                let guard = guard.evaluate(batch)?.into_array(rows)?;
                Some(as_boolean_array(&guard)?.clone())
            }
            None => None,
        };
        Ok(Self { columns: columns.collect::<Result<_>>()?, guard })
    }

    fn wanted(&self, row: usize) -> bool {
        self.guard.as_ref().is_none_or(|guard| guard.is_valid(row) && guard.value(row))
    }

    fn at(&self, row: usize) -> Result<Vec<ScalarValue>> {
        self.columns.iter().map(|column| cells::scalar(column, row)).collect()
    }
}

/// What a branch's rows come to for one row of the input.
fn cell(
    kind: &Kind,
    found: &ArrayRef,
    value: Option<&ScalarValue>,
    field: &FieldRef,
) -> Result<ScalarValue> {
    match kind {
        Kind::Exists => Ok(ScalarValue::Boolean(Some(!found.is_empty()))),
        Kind::Scalar => match found.len() {
            0 => ScalarValue::try_from(field.data_type()),
            1 => {
                let cast = arrow::compute::cast(found, field.data_type())?;
                cells::scalar(&cast, 0)
            }
            _ => {
                let message = "more than one row returned by a subquery used as an expression";
                let error = ClientError::new(SqlState::CARDINALITY_VIOLATION, message);
                Err(DataFusionError::External(Box::new(error)))
            }
        },
        Kind::Array => match field.data_type() {
            DataType::List(item) => {
                let values = arrow::compute::cast(found, item.data_type())?;
                let offsets = arrow::buffer::OffsetBuffer::from_lengths([values.len()]);
                let list = arrow::array::ListArray::try_new(item.clone(), offsets, values, None)?;
                Ok(ScalarValue::List(Arc::new(list)))
            }
            other => internal_err!("ARRAY(query) is not of type {other}"),
        },
        Kind::In(_) => {
            let Some(value) = value.filter(|value| !value.is_null() || found.is_empty()) else {
                return Ok(ScalarValue::Boolean(None));
            };
            let (mut equal, mut unknown) = (false, false);
            for row in 0..found.len() {
                let one = cells::scalar(found, row)?;
                unknown |= one.is_null();
                equal |= !one.is_null() && one.cast_to(&value.data_type())? == *value;
            }
            Ok(ScalarValue::Boolean((equal || !unknown).then_some(equal)))
        }
        Kind::Rows { .. } => internal_err!("rows are not a column"),
    }
}

/// The batch with its columns in the types of `schema`.
fn as_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| Ok(arrow::compute::cast(column, field.data_type())?));
    Ok(RecordBatch::try_new(schema.clone(), columns.collect::<Result<_>>()?)?)
}
