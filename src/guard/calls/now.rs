//! `now()`: a moment in microseconds, the same wherever it stands in a statement.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

/// The function, under each of its names.
pub(super) fn functions() -> impl Iterator<Item = (&'static str, Arc<ScalarUDF>)> {
    let function =
        Arc::new(ScalarUDF::from(Now { signature: Signature::nullary(Volatility::Stable) }));
    ["now", "current_timestamp"].into_iter().map(move |name| (name, Arc::clone(&function)))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Now {
    signature: Signature,
}

fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl ScalarUDFImpl for Now {
    fn name(&self) -> &str {
        "now"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(moment())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), moment(), false)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("now() is a constant when a statement runs")
    }

    fn simplify(&self, arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let Some(begun) = info.query_execution_start_time() else {
            return Ok(ExprSimplifyResult::Original(arguments));
        };
        let now =
            ScalarValue::TimestampMicrosecond(Some(begun.timestamp_micros()), Some("UTC".into()));
        Ok(ExprSimplifyResult::Simplified(Expr::Literal(now, None)))
    }
}
