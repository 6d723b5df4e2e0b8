//! `coalesce` that takes a literal beside what is no text, as in `coalesce(names, '{}')`.

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::functions::core::coalesce::CoalesceFunc;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// The function, for whoever lists functions.
pub fn coalesce() -> ScalarUDF {
    ScalarUDF::from(OpenCoalesce::default())
}

/// Stands for DataFusion's own function until the plan is lowered.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct OpenCoalesce(CoalesceFunc);

impl ScalarUDFImpl for OpenCoalesce {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.0.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.0.return_field_from_args(args)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let is_text = |of: &&DataType| matches!(of, DataType::Utf8 | DataType::Utf8View);
        let list = arguments.iter().find(|argument| matches!(argument, DataType::List(_)));
        let other = || arguments.iter().find(|of| !is_text(of) && **of != DataType::Null);
        let texts = arguments.iter().filter(is_text).count();
        match list.or_else(|| if texts > 0 { other() } else { None }) {
            // Whether a text among them is a literal, which becomes the other type, is seen later.
            Some(known) => Ok(arguments.iter().map(|_| known.clone()).collect()),
            None => self.0.coerce_types(arguments),
        }
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("coalesce was not lowered")
    }
}
