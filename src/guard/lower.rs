//! A [`Predicate`] as an expression over the batches of a scan.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, LikeExpr, NotExpr, in_list, is_not_null, is_null, lit,
};
use portcullis_connector_api::cells::mark_name;
use portcullis_connector_api::{CompareOp, Predicate, Table, Value};

/// Lowers `predicate` over `schema`, the schema of a scan of `table`. A row that it reads a bad
/// cell of is not admitted, whatever the rest of the condition says.
pub(in crate::guard) fn lower(
    predicate: &Predicate,
    table: &Table,
    schema: &Schema,
) -> Result<Arc<dyn PhysicalExpr>> {
    let condition = Lowering { table, schema }.lower(predicate)?;
    let mut marks = Vec::new();
    predicate.for_each_column(&mut |column| {
        let mark = mark_name(column.as_str());
        if schema.index_of(&mark).is_ok() && !marks.contains(&mark) {
            marks.push(mark);
        }
    });
    marks.into_iter().try_fold(condition, |condition, mark| {
        let good: Arc<dyn PhysicalExpr> =
            Arc::new(NotExpr::new(Arc::new(Column::new_with_schema(&mark, schema)?)));
        Ok(binary(good, Operator::And, condition))
    })
}

struct Lowering<'a> {
    table: &'a Table,
    schema: &'a Schema,
}

impl Lowering<'_> {
    fn lower(&self, predicate: &Predicate) -> Result<Arc<dyn PhysicalExpr>> {
        match predicate {
            Predicate::True => Ok(lit(true)),
            Predicate::False => Ok(lit(false)),
            Predicate::Compare { column, op, value } => {
                self.compare(column.as_str(), operator(*op), value)
            }
            Predicate::CompareColumns { left, op, right } => Ok(binary(
                self.column(left.as_str())?,
                operator(*op),
                self.column(right.as_str())?,
            )),
            Predicate::In { column, values } => self.list(column.as_str(), values, false),
            Predicate::NotIn { column, values } => self.list(column.as_str(), values, true),
            Predicate::IsNull(column) => is_null(self.column(column.as_str())?),
            Predicate::IsNotNull(column) => is_not_null(self.column(column.as_str())?),
            Predicate::Like { column, pattern, negated } => {
                let column = self.column(column.as_str())?;
                let pattern = text(&column.data_type(self.schema)?, &pattern.to_sql_pattern());
                Ok(Arc::new(LikeExpr::new(*negated, false, column, lit(pattern))))
            }
            Predicate::And(parts) => self.join(parts, Operator::And, true),
            Predicate::Or(parts) => self.join(parts, Operator::Or, false),
        }
    }

    fn join(
        &self,
        parts: &[Predicate],
        operator: Operator,
        of_none: bool,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let mut lowered = parts.iter().map(|part| self.lower(part));
        let Some(first) = lowered.next() else { return Ok(lit(of_none)) };
        lowered.try_fold(first?, |joined, part| Ok(binary(joined, operator, part?)))
    }

    fn compare(
        &self,
        column: &str,
        operator: Operator,
        value: &Value,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let (column, mut values) = self.alike(column, std::slice::from_ref(value))?;
        let value = values.pop().ok_or_else(|| mismatch(self.table))?;
        Ok(binary(column, operator, value))
    }

    fn list(
        &self,
        column: &str,
        values: &[Value],
        negated: bool,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        if values.is_empty() {
            let column = self.column(column)?;
            return if negated { is_not_null(column) } else { Ok(lit(false)) };
        }
        let (column, values) = self.alike(column, values)?;
        in_list(column, values, &negated, self.schema)
    }

    /// The column and the constants in one type; the column is widened where a constant does
    /// not fit its type, which cannot fail.
    fn alike(
        &self,
        column: &str,
        values: &[Value],
    ) -> Result<(Arc<dyn PhysicalExpr>, Vec<Arc<dyn PhysicalExpr>>)> {
        let column = self.column(column)?;
        let stored = column.data_type(self.schema)?;
        let widest = widest(&stored, values);
        let values = values
            .iter()
            .map(|value| scalar(value, &widest).map(lit).ok_or_else(|| mismatch(self.table)))
            .collect::<Result<Vec<_>>>()?;
        let column = if widest == stored {
            column
        } else {
            Arc::new(CastExpr::new(column, widest, None)) as Arc<dyn PhysicalExpr>
        };
        Ok((column, values))
    }

    fn column(&self, name: &str) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Column::new_with_schema(name, self.schema)?))
    }
}

fn binary(
    left: Arc<dyn PhysicalExpr>,
    operator: Operator,
    right: Arc<dyn PhysicalExpr>,
) -> Arc<dyn PhysicalExpr> {
    Arc::new(BinaryExpr::new(left, operator, right))
}

fn mismatch(table: &Table) -> DataFusionError {
    DataFusionError::Internal(format!("a constant does not fit its column in {}", table.name))
}

fn operator(op: CompareOp) -> Operator {
    match op {
        CompareOp::Eq => Operator::Eq,
        CompareOp::NotEq => Operator::NotEq,
        CompareOp::Lt => Operator::Lt,
        CompareOp::LtEq => Operator::LtEq,
        CompareOp::Gt => Operator::Gt,
        CompareOp::GtEq => Operator::GtEq,
    }
}

fn text(stored: &DataType, text: &str) -> ScalarValue {
    match stored {
        DataType::Utf8 => ScalarValue::Utf8(Some(text.to_owned())),
        DataType::LargeUtf8 => ScalarValue::LargeUtf8(Some(text.to_owned())),
        _ => ScalarValue::Utf8View(Some(text.to_owned())),
    }
}

/// The type in which the column and all constants can be compared.
fn widest(stored: &DataType, values: &[Value]) -> DataType {
    if values.iter().all(|value| scalar(value, stored).is_some()) {
        return stored.clone();
    }
    match stored {
        DataType::Int16 | DataType::Int32 => DataType::Int64,
        // 38 digits widened by the scale of any constant stay within 76.
        DataType::Decimal128(_, scale) => {
            let scales = values.iter().filter_map(|value| match value {
                Value::Decimal { scale, .. } => Some(*scale),
                _ => None,
            });
            DataType::Decimal256(76, scales.fold(*scale, i8::max))
        }
        other => other.clone(),
    }
}

/// The constant in this very type; `None` where it does not fit.
fn scalar(value: &Value, data_type: &DataType) -> Option<ScalarValue> {
    Some(match (value, data_type) {
        (Value::Bool(value), DataType::Boolean) => ScalarValue::Boolean(Some(*value)),
        (Value::Int(value), DataType::Int16) => ScalarValue::Int16(Some((*value).try_into().ok()?)),
        (Value::Int(value), DataType::Int32) => ScalarValue::Int32(Some((*value).try_into().ok()?)),
        (Value::Int(value), DataType::Int64) => ScalarValue::Int64(Some(*value)),
        (Value::Float(value), DataType::Float64) => ScalarValue::Float64(Some(*value)),
        (Value::Decimal { unscaled, scale }, DataType::Decimal128(precision, to)) => {
            let steps = u32::try_from(to.checked_sub(*scale)?).ok()?;
            let value = unscaled.checked_mul(10_i128.checked_pow(steps)?)?;
            let fits = value.unsigned_abs() < 10_u128.checked_pow((*precision).into())?;
            fits.then_some(ScalarValue::Decimal128(Some(value), *precision, *to))?
        }
        (Value::Decimal { unscaled, scale }, DataType::Decimal256(precision, to)) => {
            let steps = u32::try_from(to.checked_sub(*scale)?).ok()?;
            let ten = datafusion::arrow::datatypes::i256::from_i128(10);
            let value = datafusion::arrow::datatypes::i256::from_i128(*unscaled)
                .checked_mul(ten.checked_pow(steps)?)?;
            ScalarValue::Decimal256(Some(value), *precision, *to)
        }
        (Value::Text(value), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {
            text(data_type, value)
        }
        (Value::Date(days), DataType::Date32) => ScalarValue::Date32(Some(*days)),
        (Value::Timestamp(micros), DataType::Timestamp(_, None)) => {
            ScalarValue::TimestampMicrosecond(Some(*micros), None)
        }
        (Value::Timestamptz(micros), DataType::Timestamp(_, Some(zone))) => {
            ScalarValue::TimestampMicrosecond(Some(*micros), Some(zone.clone()))
        }
        _ => return None,
    })
}
