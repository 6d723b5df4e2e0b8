//! From raw rows to those that a caller sees: each column in part, as a token or as it is, all of them
//! from raw values and at once, so that nothing above can name one.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;

/// How rows are shown.
#[derive(Clone, Debug)]
pub(in crate::guard) enum Show {
    /// As they come: the source was told to give nothing else.
    AsTheyCome,
    /// By these columns.
    Columns { columns: Arc<[Arc<dyn PhysicalExpr>]>, schema: SchemaRef },
}

impl Show {
    /// By these columns; each expression is over the raw rows.
    pub fn columns(columns: Vec<(FieldRef, Arc<dyn PhysicalExpr>)>) -> Self {
        let (fields, columns): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        Self::Columns { columns: columns.into(), schema: Arc::new(Schema::new(fields)) }
    }

    /// The schema of what is shown of this plan's rows.
    pub(super) fn schema(&self, raw: &Arc<dyn ExecutionPlan>) -> SchemaRef {
        match self {
            Self::AsTheyCome => raw.schema(),
            Self::Columns { schema, .. } => Arc::clone(schema),
        }
    }

    /// The rows as they are shown. Where one cannot be, those before it and the reason: a batch is no
    /// unit that a caller should notice.
    pub(super) fn rows(&self, raw: &RecordBatch) -> (Option<RecordBatch>, Option<DataFusionError>) {
        let mut error = match self.batch(raw) {
            Ok(shown) => return (Some(shown), None),
            Err(error) => error,
        };
        let (mut good, mut failing) = (0, raw.num_rows());
        while failing - good > 1 {
            let middle = good + (failing - good) / 2;
            match self.batch(&raw.slice(0, middle)) {
                Ok(_) => good = middle,
                Err(earlier) => (failing, error) = (middle, earlier),
            }
        }
        (self.batch(&raw.slice(0, good)).ok(), Some(error))
    }

    fn batch(&self, raw: &RecordBatch) -> Result<RecordBatch> {
        let Self::Columns { columns, schema } = self else { return Ok(raw.clone()) };
        let rows = raw.num_rows();
        let shown = columns.iter().map(|column| column.evaluate(raw)?.into_array(rows));
        let shown = shown.collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(schema), shown, &options)?)
    }

    pub(super) fn display(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Columns { columns, schema } = self else { return Ok(()) };
        for (at, (column, field)) in columns.iter().zip(schema.fields()).enumerate() {
            let before = if at == 0 { ", show=[" } else { ", " };
            write!(f, "{before}{column} as {}", field.name())?;
        }
        if columns.is_empty() { Ok(()) } else { write!(f, "]") }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{AsArray as _, Int64Array};
    use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
    use datafusion::logical_expr::Operator;
    use datafusion::physical_expr::expressions::{BinaryExpr, Column, lit};

    use super::*;

    fn show(raw: &[i64]) -> (Vec<i64>, Option<String>) {
        let raw: Int64Array = raw.iter().copied().collect();
        let raw = RecordBatch::try_from_iter([("n", Arc::new(raw) as _)]).unwrap();
        // Fails where there is a zero.
        let n = Arc::new(Column::new("n", 0));
        let inverse = Arc::new(BinaryExpr::new(lit(100_i64), Operator::Divide, n));
        let field = Arc::new(Field::new("inverse", DataType::Int64, true));
        let (shown, failed) = Show::columns(vec![(field, inverse)]).rows(&raw);
        let shown =
            shown.map(|shown| shown.column(0).as_primitive::<Int64Type>().values().to_vec());
        (shown.unwrap_or_default(), failed.map(|error| error.to_string()))
    }

    #[test]
    fn rows_before_the_first_that_fails_are_shown() {
        assert_eq!(show(&[1, 2, 4]), (vec![100, 50, 25], None));
        for (raw, shown) in [
            (&[1, 2, 0, 4][..], &[100, 50][..]),
            (&[0, 1], &[]),
            (&[0], &[]),
            (&[5, 0], &[20]),
            (&[5, 0, 0, 0, 0, 0, 1], &[20]),
            (&[1, 1, 1, 1, 1, 1, 0], &[100; 6]),
        ] {
            let (rows, failed) = show(raw);
            assert_eq!(rows, shown, "{raw:?}");
            assert!(failed.is_some(), "{raw:?}");
        }
    }
}
