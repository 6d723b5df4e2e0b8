//! `chr`: a character by its number, which must be one of UTF-8 and not 0.

use std::sync::Arc;

use arrow::array::{AsArray, StringBuilder};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::numbers::external;
use crate::error::{ClientError, SqlState};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::guard) struct Chr {
    signature: Signature,
}

impl Chr {
    pub fn function() -> Arc<ScalarUDF> {
        let signature = Signature::uniform(1, vec![DataType::Int64], Volatility::Immutable);
        Arc::new(ScalarUDF::from(Self { signature }))
    }
}

impl ScalarUDFImpl for Chr {
    fn name(&self) -> &str {
        "chr"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [numbers] = arguments.args.as_slice() else {
            return internal_err!("chr has one argument");
        };
        let scalar = matches!(numbers, ColumnarValue::Scalar(_));
        let numbers = numbers.to_array(if scalar { 1 } else { arguments.number_rows })?;
        let mut out = StringBuilder::new();
        for number in numbers.as_primitive::<Int64Type>() {
            match number {
                Some(number) => out.append_value(character(number)?.to_string()),
                None => out.append_null(),
            }
        }
        let texts = out.finish();
        if scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&texts, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
}

fn character(number: i64) -> Result<char> {
    let message = match u32::try_from(number).ok().and_then(char::from_u32) {
        Some('\0') => "null character not permitted",
        Some(character) => return Ok(character),
        None if number < 0 => {
            let message = "character number must be positive";
            let error = ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message);
            return Err(external(error));
        }
        None => "requested character not valid for encoding",
    };
    Err(external(ClientError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message)))
}
