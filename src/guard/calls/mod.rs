//! Functions of PostgreSQL that the engine has not, or computes otherwise or in more than linear
//! time. Each is a row of a table: its name, the types that it takes and gives, and a body over the
//! columns of its arguments.

mod arrays;
mod bytes;
mod clock;
mod extract;
mod integers;
mod intervals;
mod like;
mod narrow;
mod now;
mod quotient;
mod regex;
mod series;
mod similar;
mod substring;
mod texts;
mod trim;
mod truncate;
mod wide;
mod wildcards;
mod windows;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::numbers::external;
use crate::error::{ClientError, SqlState};

pub(in crate::guard) use arrays::SUBSCRIPT;
pub(in crate::guard) use extract::{function_of as extract_of, is_of_clock};
pub(in crate::guard) use integers::{bitwise_not, shift};
pub(in crate::guard) use like::{ends_with_escape, has_many_wildcards, like};
pub(in crate::guard) use narrow::narrowed;
pub(in crate::guard) use now::moment_shown_by;
pub(in crate::guard) use similar::SIMILAR;
pub(in crate::guard) use substring::substring;
pub(in crate::guard) use texts::{CHARACTERS, FOLDED, in_lower_case};
pub(in crate::guard) use trim::without_spaces;
pub(in crate::guard) use wide::{WIDE, is_wide, wide};
pub(in crate::guard) use windows::positive;

/// What a function takes, after coercion, and gives.
type Types = (Vec<DataType>, DataType);

/// What a body gives.
type Outcome = Result<ArrayRef, ClientError>;

/// A function over columns of equal length.
pub(super) struct Function {
    name: &'static str,
    /// `None` where there is no such function for these types.
    types: fn(&[DataType]) -> Option<Types>,
    /// Takes the arguments, and the type of the result.
    body: fn(&[ArrayRef], &DataType) -> Outcome,
}

const TABLES: [&[Function]; 15] = [
    arrays::FUNCTIONS,
    bytes::FUNCTIONS,
    clock::FUNCTIONS,
    extract::FUNCTIONS,
    integers::FUNCTIONS,
    intervals::FUNCTIONS,
    quotient::FUNCTIONS,
    regex::FUNCTIONS,
    like::FUNCTIONS,
    series::FUNCTIONS,
    similar::FUNCTIONS,
    texts::FUNCTIONS,
    trim::FUNCTIONS,
    truncate::FUNCTIONS,
    wide::FUNCTIONS,
];

/// All of them, by name.
pub(in crate::guard) fn all() -> impl Iterator<Item = (&'static str, Arc<ScalarUDF>)> {
    let functions = TABLES.into_iter().flatten();
    let functions = functions.map(|function| (function.name, Arc::new(udf(function))));
    functions.chain(now::functions())
}

fn udf(function: &'static Function) -> ScalarUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::from(Call { function, signature })
}

struct Call {
    function: &'static Function,
    signature: Signature,
}

impl Call {
    fn types(&self, arguments: &[DataType]) -> Result<Types> {
        match (self.function.types)(arguments) {
            Some(types) => Ok(types),
            None => plan_err!("No function matches the given name and argument types"),
        }
    }
}

impl ScalarUDFImpl for Call {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.types(arguments).map(|(_, result)| result)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<_> =
            arguments.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, true)))
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.types(arguments).map(|(taken, _)| taken)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = arguments.args.iter().all(|one| matches!(one, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { arguments.number_rows };
        let columns = arguments.args.iter().map(|one| one.to_array(rows));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let result = arguments.return_field.data_type();
        let values = (self.function.body)(&columns, result).map_err(external)?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?));
        }
        Ok(ColumnarValue::Array(values))
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.function.name)
    }
}

// The tables have one function of each name.
impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name
    }
}

impl Eq for Call {}

impl Hash for Call {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

/// Text, or what a literal of an open type could be.
fn is_text(data_type: &DataType) -> bool {
    data_type.is_string() || *data_type == DataType::Null
}

/// As many texts as there are arguments.
fn all_texts(arguments: &[DataType], result: DataType) -> Option<Types> {
    let known = arguments.iter().all(is_text);
    known.then(|| (vec![DataType::Utf8; arguments.len()], result))
}

/// A fault of the gateway: a body was given what its types do not let through.
fn internal(detail: impl std::fmt::Display) -> ClientError {
    ClientError::new(SqlState::INTERNAL_ERROR, "internal error").internal(detail)
}

/// A column in another type that holds all its values.
fn widened(values: &ArrayRef, to: &DataType) -> Outcome {
    cast(values, to).map_err(internal)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_stands_twice() {
        let names: Vec<_> = all().map(|(name, _)| name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}
