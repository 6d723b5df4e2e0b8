//! Functions that make much out of little: `repeat('x', 100000000)`. What they would make of a
//! batch is added up before they make it.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use crate::error::{ClientError, SqlState};

/// The functions: text, number, and for two of them what to fill with.
pub(in crate::guard) const GROWING: [&str; 3] = ["lpad", "repeat", "rpad"];

/// The most that one call may make of one batch: two kilobytes for each of 8192 rows.
const MAX_BYTES: u64 = 16 << 20;

/// The most bytes of one character in UTF-8.
const MAX_CHARACTER_BYTES: u64 = 4;

/// A function within that bound.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::guard) struct Bounded(Arc<ScalarUDF>);

impl Bounded {
    pub fn of(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::from(Self(function)))
    }

    fn bytes(&self, texts: &dyn Array, counts: &dyn Array) -> Result<u64> {
        let counts = cast(counts, &DataType::Int64)?;
        let counts = counts.as_primitive::<Int64Type>();
        let texts = cast(texts, &DataType::Utf8View)?;
        let repeats = self.0.name() == "repeat";
        let each = texts.as_string_view().iter().zip(counts).map(|(text, count)| {
            let count = count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
            let unit = if repeats { text.map_or(0, str::len) as u64 } else { MAX_CHARACTER_BYTES };
            count.saturating_mul(unit)
        });
        Ok(each.fold(0, u64::saturating_add))
    }
}

fn too_large(name: &str) -> DataFusionError {
    let message = format!("the results of \"{name}\" are too large");
    let error = ClientError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message)
        .hint(format!("A batch of rows may make {} MiB of them.", MAX_BYTES >> 20));
    DataFusionError::External(Box::new(error))
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.0.return_type(arguments)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        self.0.return_field_from_args(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.0.coerce_types(arguments)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if let [text, count, ..] = arguments.args.as_slice() {
            // Two constants stand for one row, whatever the number of rows.
            let constant =
                matches!((text, count), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
            let rows = if constant { 1 } else { arguments.number_rows };
            let (text, count) = (text.to_array(rows)?, count.to_array(rows)?);
            if self.bytes(&text, &count)? > MAX_BYTES {
                return Err(too_large(self.name()));
            }
        }
        self.0.invoke_with_args(arguments)
    }
}
