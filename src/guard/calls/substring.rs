//! `substring(text from pattern)` under the name of the engine's `substring(text from place)`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::{is_text, regex};

/// `substr` knows places alone.
const NAME: &str = "substring";

/// The function in place of the engine's, where this is the one.
pub(in crate::guard) fn by_pattern(
    name: &str,
    of_places: &Arc<ScalarUDF>,
) -> Option<Arc<ScalarUDF>> {
    let function = regex::FUNCTIONS.iter().find(|function| function.name == regex::PART)?;
    (name == NAME).then(|| {
        let of_pattern = Arc::new(super::udf(function));
        let signature = Signature::user_defined(Volatility::Immutable);
        let of_places = Arc::clone(of_places);
        Arc::new(ScalarUDF::from(Substring { of_places, of_pattern, signature }))
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Substring {
    of_places: Arc<ScalarUDF>,
    of_pattern: Arc<ScalarUDF>,
    signature: Signature,
}

impl Substring {
    fn meant(&self, arguments: &[DataType]) -> &ScalarUDF {
        match arguments {
            [text, pattern] if is_text(text) && is_text(pattern) => &self.of_pattern,
            _ => &self.of_places,
        }
    }
}

fn types(fields: &[FieldRef]) -> Vec<DataType> {
    fields.iter().map(|field| field.data_type().clone()).collect()
}

impl ScalarUDFImpl for Substring {
    fn name(&self) -> &str {
        NAME
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
