//! `now()`: a moment in microseconds, the same wherever it stands in a statement. What a clock shows
//! at that moment is known once the session's time zone is.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

static NOW: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| function("now", moment()));

/// The functions, each under its name.
pub(super) fn functions() -> impl Iterator<Item = (&'static str, Arc<ScalarUDF>)> {
    let moments = ["now", "current_timestamp"].map(|name| (name, Arc::clone(&NOW)));
    let time = DataType::Time64(TimeUnit::Microsecond);
    let shown = [
        ("current_date", DataType::Date32),
        ("current_time", time.clone()),
        ("localtime", time),
        ("localtimestamp", DataType::Timestamp(TimeUnit::Microsecond, None)),
    ];
    let shown = shown.map(|(name, gives)| (name, function(name, gives)));
    moments.into_iter().chain(shown)
}

/// The moment of a statement, where the function of this name tells what a clock shows then.
pub(in crate::guard) fn moment_shown_by(function: &str) -> Option<Expr> {
    let is_shown =
        matches!(function, "current_date" | "current_time" | "localtime" | "localtimestamp");
    is_shown.then(|| NOW.call(Vec::new()))
}

fn function(name: &'static str, gives: DataType) -> Arc<ScalarUDF> {
    let signature = Signature::nullary(Volatility::Stable);
    Arc::new(ScalarUDF::from(Now { name, gives, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Now {
    name: &'static str,
    gives: DataType,
    signature: Signature,
}

fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl ScalarUDFImpl for Now {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.gives.clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name, self.gives.clone(), false)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("{} is a constant when a statement runs", self.name)
    }

    fn simplify(&self, arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let begun = info.query_execution_start_time().filter(|_| self.gives == moment());
        let Some(begun) = begun else { return Ok(ExprSimplifyResult::Original(arguments)) };
        let now =
            ScalarValue::TimestampMicrosecond(Some(begun.timestamp_micros()), Some("UTC".into()));
        Ok(ExprSimplifyResult::Simplified(Expr::Literal(now, None)))
    }
}
