//! `x BETWEEN low AND high` as one function, for an `x` that is too large to stand there twice: the
//! engine would write it so, and what is nested would double with each level.

use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column};

#[derive(Debug, PartialEq, Eq, Hash)]
struct Within {
    signature: Signature,
}

/// Whether a value is within two others, both included.
pub(super) fn within(value: Expr, low: Expr, high: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::from(Within { signature }))
    });
    FUNCTION.call(vec![value, low, high])
}

impl ScalarUDFImpl for Within {
    fn name(&self) -> &'static str {
        "between and"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [value, low, high] = arguments else {
            return internal_err!("BETWEEN has three operands");
        };
        let (with_low, _) =
            BinaryTypeCoercer::new(value, &Operator::GtEq, low).get_input_types()?;
        let (all, _) =
            BinaryTypeCoercer::new(&with_low, &Operator::LtEq, high).get_input_types()?;
        Ok(vec![all; 3])
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let columns = arguments.args.iter().map(|column| column.to_array(rows));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let fields: Vec<_> = columns
            .iter()
            .map(|column| Field::new("operand", column.data_type().clone(), true))
            .collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        let operand = |at| Arc::new(Column::new("operand", at)) as Arc<dyn PhysicalExpr>;
        let compared = |op, bound| {
            Arc::new(BinaryExpr::new(operand(0), op, operand(bound))) as Arc<dyn PhysicalExpr>
        };
        let above = compared(Operator::GtEq, 1);
        BinaryExpr::new(above, Operator::And, compared(Operator::LtEq, 2)).evaluate(&batch)
    }
}
