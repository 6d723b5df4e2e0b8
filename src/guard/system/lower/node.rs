//! The operator that runs a plan once for each row beside it.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, DFSchemaRef, Result, TableReference, internal_err};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

use super::bind::Open;
use crate::guard::system::SystemCatalog;

/// A dependent join: for each row of its input it runs plans over the system catalog that depend
/// on that row, and adds what they give.
#[derive(Clone, Debug)]
pub struct Dependent {
    pub(super) input: LogicalPlan,
    pub(super) branches: Vec<Branch>,
    pub(super) catalog: Arc<SystemCatalog>,
    schema: DFSchemaRef,
}

/// One of the plans that a [`Dependent`] runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Branch {
    /// The plan; it refers to outer columns, and to the statement's parameters.
    pub plan: Arc<LogicalPlan>,
    /// What it refers to.
    pub open: Vec<Open>,
    /// The values of these, over the input's row.
    pub arguments: Vec<Expr>,
    /// Where this is not true, the result is not needed.
    pub guard: Option<Expr>,
    /// What becomes of the plan's rows.
    pub kind: Kind,
}

/// What becomes of the rows that a plan gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// The value of the only row, NULL without rows; more rows are an error.
    Scalar,
    /// Whether there are rows.
    Exists,
    /// Whether the value is among the rows, as `IN` says it.
    In(Expr),
    /// All values, as an array.
    Array,
    /// The rows stand beside the input's row, which stays alone where `outer` and there are none.
    Rows { outer: bool },
}

impl Branch {
    /// The column that the branch adds; none for [`Kind::Rows`].
    fn field(&self, name: &str) -> Option<Field> {
        let schema = self.plan.schema();
        let first = schema.fields().first();
        match self.kind {
            Kind::Exists | Kind::In(_) => Some(Field::new(name, DataType::Boolean, true)),
            Kind::Scalar => {
                first.map(|first| first.as_ref().clone().with_name(name).with_nullable(true))
            }
            Kind::Array => first.map(|first| {
                let item = first.as_ref().clone().with_name("item").with_nullable(true);
                Field::new(name, DataType::List(item.into()), true)
            }),
            Kind::Rows { .. } => None,
        }
    }
}

impl Dependent {
    pub(super) fn new(
        input: LogicalPlan,
        branches: Vec<Branch>,
        names: &[String],
        catalog: Arc<SystemCatalog>,
    ) -> Result<Self> {
        let mut fields: Vec<(Option<TableReference>, FieldRef)> = own(input.schema());
        for (branch, name) in branches.iter().zip(names) {
            match branch.kind {
                Kind::Rows { outer } => {
                    fields.extend(own(branch.plan.schema()).into_iter().map(|(relation, field)| {
                        let nullable = outer || field.is_nullable();
                        (relation, field.as_ref().clone().with_nullable(nullable).into())
                    }))
                }
                _ => fields.extend(branch.field(name).map(|field| (None, field.into()))),
            }
        }
        let schema = DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?;
        Ok(Self { input, branches, catalog, schema: schema.into() })
    }

    /// The plans that it runs for each row.
    pub(in crate::guard) fn plans(&self) -> impl Iterator<Item = &LogicalPlan> {
        self.branches.iter().map(|branch| branch.plan.as_ref())
    }

    /// The names of the columns that it adds.
    fn added(&self) -> Vec<String> {
        let added = self.schema.fields().iter().skip(self.input.schema().fields().len());
        added.map(|field| field.name().clone()).collect()
    }
}

fn own(schema: &DFSchema) -> Vec<(Option<TableReference>, FieldRef)> {
    schema.iter().map(|(relation, field)| (relation.cloned(), field.clone())).collect()
}

impl PartialEq for Dependent {
    fn eq(&self, other: &Self) -> bool {
        self.input == other.input
            && self.branches == other.branches
            && Arc::ptr_eq(&self.catalog, &other.catalog)
    }
}

impl Eq for Dependent {}

impl Hash for Dependent {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.branches.hash(state);
    }
}

impl PartialOrd for Dependent {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for Dependent {
    fn name(&self) -> &'static str {
        "Dependent"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        let mut all = Vec::new();
        for branch in &self.branches {
            all.extend(branch.arguments.iter().cloned());
            all.extend(branch.guard.clone());
            if let Kind::In(value) = &branch.kind {
                all.push(value.clone());
            }
        }
        all
    }

    /// A condition on the input's columns alone may be tested before.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.added().into_iter().collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dependent: {}", self.added().join(", "))
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let Ok([input]) = <[LogicalPlan; 1]>::try_from(inputs) else {
            return internal_err!("Dependent has one input");
        };
        let mut exprs = exprs.into_iter();
        let mut branches = self.branches.clone();
        for branch in &mut branches {
            for place in branch.arguments.iter_mut().chain(branch.guard.as_mut()) {
                put(place, exprs.next())?;
            }
            if let Kind::In(place) = &mut branch.kind {
                put(place, exprs.next())?;
            }
        }
        let names: Vec<_> = match branches.as_slice() {
            [Branch { kind: Kind::Rows { .. }, .. }] => vec![String::new()],
            _ => self.added(),
        };
        Self::new(input, branches, &names, self.catalog.clone())
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let schema = self.input.schema();
        let mut needed: BTreeSet<usize> =
            output_columns.iter().copied().filter(|at| *at < schema.fields().len()).collect();
        for expr in self.expressions() {
            for column in expr.column_refs() {
                needed.insert(schema.index_of_column(column).ok()?);
            }
        }
        Some(vec![needed.into_iter().collect()])
    }
}

fn put(place: &mut Expr, expr: Option<Expr>) -> Result<()> {
    match expr {
        Some(expr) => {
            *place = expr;
            Ok(())
        }
        None => internal_err!("Dependent lacks an expression"),
    }
}
