//! The one value that a subquery may give.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, UInt64Type};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility,
};

use crate::error::{ClientError, SqlState};
use crate::guard::numbers::external;

/// The value of the only row, NULL without rows; 21000 where there are several.
pub(super) fn only(value: Expr) -> AggregateFunction {
    static ONLY: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
        let signature = Signature::any(1, Volatility::Immutable);
        Arc::new(AggregateUDF::from(Only { signature }))
    });
    AggregateFunction::new_udf(Arc::clone(&ONLY), vec![value], false, None, Vec::new(), None)
}

#[derive(Debug)]
struct Only {
    signature: Signature,
}

impl PartialEq for Only {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Only {}

impl Hash for Only {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl AggregateUDFImpl for Only {
    fn name(&self) -> &'static str {
        "only"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [argument] => Ok(argument.clone()),
            _ => internal_err!("one value is of one column"),
        }
    }

    // With what its type is called.
    fn return_field(&self, arguments: &[FieldRef]) -> Result<FieldRef> {
        match arguments {
            [argument] => {
                Ok(Arc::new(argument.as_ref().clone().with_name(self.name()).with_nullable(true)))
            }
            _ => internal_err!("one value is of one column"),
        }
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let value = ScalarValue::try_from(arguments.return_field.data_type())?;
        Ok(Box::new(Value { value, rows: 0 }))
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let of = arguments.return_field.data_type().clone();
        Ok(vec![
            Arc::new(Field::new(format!("{}[value]", arguments.name), of, true)),
            Arc::new(Field::new(format!("{}[rows]", arguments.name), DataType::UInt64, false)),
        ])
    }
}

#[derive(Debug)]
struct Value {
    value: ScalarValue,
    rows: u64,
}

impl Value {
    fn take(&mut self, values: &ArrayRef, at: usize, rows: u64) -> Result<()> {
        self.rows = self.rows.saturating_add(rows);
        if self.rows > 1 {
            let message = "more than one row returned by a subquery used as an expression";
            return Err(external(ClientError::new(SqlState::CARDINALITY_VIOLATION, message)));
        }
        if rows > 0 {
            self.value = ScalarValue::try_from_array(values, at)?;
            // Else the value would keep the whole batch.
            self.value.compact();
        }
        Ok(())
    }
}

impl Accumulator for Value {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else { return internal_err!("one value is of one column") };
        match values.len() as u64 {
            0 => Ok(()),
            rows => self.take(values, 0, rows),
        }
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.value.clone())
    }

    fn size(&self) -> usize {
        size_of_val(self) - size_of_val(&self.value) + self.value.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.value.clone(), ScalarValue::UInt64(Some(self.rows))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, rows] = states else { return internal_err!("its state has two columns") };
        let rows = rows.as_primitive::<UInt64Type>();
        (0..values.len()).try_for_each(|at| self.take(values, at, rows.value(at)))
    }
}
