//! Functions of the engine that count in wider types than PostgreSQL does.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// Those whose results are an `int4`, or lists of them.
const NARROWED: [&str; 2] = ["array_position", "array_positions"];

/// The function with PostgreSQL's type, where it is one of these.
pub(in crate::guard) fn narrowed(name: &str, function: &Arc<ScalarUDF>) -> Option<Arc<ScalarUDF>> {
    let known = NARROWED.contains(&name);
    known.then(|| Arc::new(ScalarUDF::from(Narrowed { function: Arc::clone(function) })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Narrowed {
    function: Arc<ScalarUDF>,
}

fn narrow(wide: &DataType) -> DataType {
    match wide {
        DataType::List(item) => {
            let item = Field::new(item.name(), narrow(item.data_type()), item.is_nullable());
            DataType::List(item.into())
        }
        _ => DataType::Int32,
    }
}

impl ScalarUDFImpl for Narrowed {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.function.return_type(arguments).map(|wide| narrow(&wide))
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.function.coerce_types(arguments)
    }

    fn invoke_with_args(&self, mut arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let fields: Vec<_> =
            arguments.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let wide = self.function.return_type(&fields)?;
        let result = arguments.return_field.data_type().clone();
        arguments.return_field = Arc::new(Field::new(self.name(), wide, true));
        let exact = CastOptions { safe: false, ..CastOptions::default() };
        let cast = |values: &ArrayRef| cast_with_options(values, &result, &exact);
        Ok(match self.function.invoke_with_args(arguments)? {
            ColumnarValue::Array(values) => ColumnarValue::Array(cast(&values)?),
            ColumnarValue::Scalar(value) => {
                let values = cast(&value.to_array()?)?;
                ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?)
            }
        })
    }
}
