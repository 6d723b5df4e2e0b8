//! The expressions of a guard's projection: what a caller sees of each column.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::{DataFusionError, Result, ScalarValue, internal_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, case, lit};
use portcullis_connector_api::cells::mark_name;
use portcullis_connector_api::{ConnectorError, Table};

use super::lower::lower;
use super::mask::Mask;
use super::table::{Shown, VisibleColumn};

/// The expression that shows `column`, over the batches of a scan of `table`.
pub(in crate::guard) fn shown(
    column: &VisibleColumn,
    table: &Table,
    schema: &Schema,
) -> Result<Arc<dyn PhysicalExpr>> {
    let arm = |shown: &Shown| one_way(shown, column, schema);
    let inner = match column.arms.as_slice() {
        [(portcullis_connector_api::Predicate::True, shown)] => arm(shown)?,
        arms => {
            let arms = arms
                .iter()
                .map(|(condition, shown)| Ok((lower(condition, table, schema)?, arm(shown)?)))
                .collect::<Result<Vec<_>>>()?;
            let nothing = lit(ScalarValue::try_from(column.field.data_type())?);
            case(None, arms, Some(nothing))?
        }
    };
    Ok(Arc::new(ShownExpr {
        step: Step::As,
        inputs: vec![inner],
        field: Arc::clone(&column.field),
    }))
}

fn one_way(
    shown: &Shown,
    column: &VisibleColumn,
    schema: &Schema,
) -> Result<Arc<dyn PhysicalExpr>> {
    // Nothing of a masked cell may be learned, not even whether it decodes: NULL either way.
    if let Shown::Masked(Mask::Null) = shown {
        return Ok(lit(ScalarValue::try_from(column.field.data_type())?));
    }
    let name = column.stored.name.as_str();
    let stored: Arc<dyn PhysicalExpr> = Arc::new(Column::new_with_schema(name, schema)?);
    let step = match shown {
        Shown::Plain if column.stored.fallible => {
            let mark = Arc::new(Column::new_with_schema(&mark_name(name), schema)?);
            let sql_type = column.stored.sql_type.to_string();
            return Ok(Arc::new(ShownExpr {
                step: Step::Checked { sql_type },
                inputs: vec![stored, mark],
                field: Arc::clone(&column.field),
            }));
        }
        Shown::Plain => return Ok(stored),
        Shown::Masked(mask) => Step::Masked(mask.clone()),
    };
    Ok(Arc::new(ShownExpr { step, inputs: vec![stored], field: Arc::clone(&column.field) }))
}

/// One step from a stored value to a shown one.
#[derive(Debug)]
struct ShownExpr {
    step: Step,
    /// The value; for a checked one its mark too.
    inputs: Vec<Arc<dyn PhysicalExpr>>,
    field: FieldRef,
}

#[derive(Clone, Debug)]
enum Step {
    /// The value itself, under the name and type that the caller sees.
    As,
    /// The value itself; a cell of a visible row that could not be decoded is an error.
    Checked { sql_type: String },
    /// The masked value.
    Masked(Mask),
}

impl PhysicalExpr for ShownExpr {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(self.field.data_type().clone())
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(self.field.is_nullable())
    }

    fn return_field(&self, _: &Schema) -> Result<FieldRef> {
        Ok(Arc::clone(&self.field))
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let Some(value) = self.inputs.first() else {
            return internal_err!("a shown column has an input");
        };
        let value = value.evaluate(batch)?;
        match &self.step {
            Step::As => Ok(value),
            Step::Checked { sql_type } => {
                let Some(mark) = self.inputs.get(1) else {
                    return internal_err!("a checked column has a mark");
                };
                let marks = mark.evaluate(batch)?.into_array(batch.num_rows())?;
                if marks.as_boolean().true_count() > 0 {
                    return Err(DataFusionError::from(ConnectorError::BadCell {
                        column: self.field.name().clone(),
                        sql_type: sql_type.clone(),
                    }));
                }
                Ok(value)
            }
            Step::Masked(mask) => {
                let values = value.into_array(batch.num_rows())?;
                Ok(ColumnarValue::Array(mask.apply(&values)?))
            }
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.inputs.iter().collect()
    }

    fn with_new_children(
        self: Arc<Self>,
        inputs: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        if inputs.len() != self.inputs.len() {
            return internal_err!("a shown column keeps the number of its inputs");
        }
        Ok(Arc::new(Self { step: self.step.clone(), inputs, field: Arc::clone(&self.field) }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ShownExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.step, self.inputs.first()) {
            (Step::As, Some(value)) => write!(f, "{value}"),
            (Step::Checked { .. }, Some(value)) => write!(f, "checked({value})"),
            (Step::Masked(mask), Some(value)) => write!(f, "{}({value})", mask.describe()),
            (_, None) => Ok(()),
        }
    }
}

// Two of them are never taken for one: an equal description may hide different keys.
impl PartialEq for ShownExpr {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for ShownExpr {}

impl Hash for ShownExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.field.name().hash(state);
    }
}
