//! A function that is asked first what it would make.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::MAX_BYTES;
use super::folding;
use super::size::Growth;
use crate::error::{ClientError, SqlState};

/// A function within the bounds.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Bounded {
    function: Arc<ScalarUDF>,
    growth: Growth,
}

impl Bounded {
    pub fn of(function: Arc<ScalarUDF>, growth: Growth) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::from(Self { function, growth }))
    }
}

pub(super) fn too_large(name: &str, of: &str, most: u64) -> DataFusionError {
    let message = format!("the results of \"{name}\" are too large");
    let error = ClientError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message)
        .hint(format!("{of} may make {} MiB of them.", most >> 20));
    DataFusionError::External(Box::new(error))
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn aliases(&self) -> &[String] {
        self.function.aliases()
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.function.return_type(arguments)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        self.function.return_field_from_args(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.function.coerce_types(arguments)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        // Whatever is made of constants is made for each row as soon as something is done with it.
        let bytes = self.growth.bytes(&arguments.args, arguments.number_rows)?;
        if bytes > MAX_BYTES {
            return Err(too_large(self.name(), "A batch of rows", MAX_BYTES));
        }
        folding::charge(&arguments.config_options, bytes)?;
        self.function.invoke_with_args(arguments)
    }
}
