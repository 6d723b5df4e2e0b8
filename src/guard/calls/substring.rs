//! `substring(text from pattern)` and `substring(bytea from place)` under the name of the engine's
//! `substring(text from place)`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::{bytes, is_text, regex};

/// The function in place of the engine's, where this is one. `substr` knows places alone.
pub(in crate::guard) fn substring(
    name: &'static str,
    of_places: &Arc<ScalarUDF>,
) -> Option<Arc<ScalarUDF>> {
    if !matches!(name, "substr" | "substring") {
        return None;
    }
    let function = regex::FUNCTIONS.iter().find(|function| function.name == regex::PART);
    let function = function.filter(|_| name == "substring");
    let of_pattern = function.map(|function| Arc::new(super::udf(function)));
    let of_bytes = Arc::new(super::udf(&bytes::SUBSTRING));
    let signature = Signature::user_defined(Volatility::Immutable);
    let of_places = Arc::clone(of_places);
    Some(Arc::new(ScalarUDF::from(Substring { name, of_places, of_pattern, of_bytes, signature })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Substring {
    name: &'static str,
    of_places: Arc<ScalarUDF>,
    of_pattern: Option<Arc<ScalarUDF>>,
    of_bytes: Arc<ScalarUDF>,
    signature: Signature,
}

impl Substring {
    fn meant(&self, arguments: &[DataType]) -> &ScalarUDF {
        match (arguments, &self.of_pattern) {
            ([text, pattern], Some(of_pattern)) if is_text(text) && is_text(pattern) => of_pattern,
            ([bytes, ..], _) if bytes.is_binary() => &self.of_bytes,
            _ => &self.of_places,
        }
    }
}

fn types(fields: &[FieldRef]) -> Vec<DataType> {
    fields.iter().map(|field| field.data_type().clone()).collect()
}

impl ScalarUDFImpl for Substring {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.meant(arguments).return_type(arguments)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        self.meant(&types(arguments.arg_fields)).return_field_from_args(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let fields: Vec<_> = arguments
            .iter()
            .map(|of| Arc::new(datafusion::arrow::datatypes::Field::new("", of.clone(), true)))
            .collect();
        Ok(types(&fields_with_udf(&fields, self.meant(arguments))?))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.meant(&types(&arguments.arg_fields)).invoke_with_args(arguments)
    }
}
