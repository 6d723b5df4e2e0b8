//! The functions that clients ask the catalog with.
//!
//! Each is a row of a table: names, how many arguments, PostgreSQL's type of the result, and a
//! body over one row of arguments. They run on the visible objects and the session's facts alone.

mod coalesce;
mod definitions;
mod names;
mod privileges;
mod session;
mod text;

use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TypeSignature, Volatility,
};

use super::SystemCatalog;
use super::cells::{self, Cell};
use super::types;
use crate::error::{ClientError, SqlState};

pub use self::text::{like_escape, quote_ident};
pub use coalesce::{OpenCoalesce, coalesce};
pub use names::{NAME_OF_REG, REG_BY_NAME, Shown, reg_by_name};

/// What a body gives.
type Outcome = std::result::Result<Cell, ClientError>;

/// A function over one row of arguments.
pub(super) struct Function {
    name: &'static str,
    arguments: RangeInclusive<usize>,
    /// PostgreSQL's internal name of the result's type.
    result: &'static str,
    /// Whether NULL among the arguments makes the result NULL without asking the body.
    strict: bool,
    body: fn(&SystemCatalog, &Args<'_>) -> Outcome,
}

impl Function {
    const fn new(
        name: &'static str,
        arguments: RangeInclusive<usize>,
        result: &'static str,
        body: fn(&SystemCatalog, &Args<'_>) -> Outcome,
    ) -> Self {
        Self { name, arguments, result, strict: true, body }
    }

    /// A function that wants to see NULL among its arguments.
    const fn taking_null(mut self) -> Self {
        self.strict = false;
        self
    }
}

/// The functions, for one session.
pub fn all(catalog: &Arc<SystemCatalog>) -> Vec<ScalarUDF> {
    let tables = [
        session::FUNCTIONS,
        names::FUNCTIONS,
        definitions::FUNCTIONS,
        privileges::FUNCTIONS,
        text::FUNCTIONS,
    ];
    let plain = tables.into_iter().flatten().map(|function| udf(catalog, function));
    let others = [
        ScalarUDF::from(names::TypeOf::default()),
        ScalarUDF::from(names::ArrayOf::default()),
        coalesce(),
    ];
    plain.chain(others).collect()
}

/// The function of this name, for one session.
pub fn named(catalog: &Arc<SystemCatalog>, name: &str) -> Option<ScalarUDF> {
    let tables = [names::FUNCTIONS, text::FUNCTIONS];
    let function = tables.into_iter().flatten().find(|function| function.name == name)?;
    Some(udf(catalog, function))
}

fn udf(catalog: &Arc<SystemCatalog>, function: &'static Function) -> ScalarUDF {
    let counts = function.arguments.clone().map(|count| match count {
        0 => TypeSignature::Nullary,
        count => TypeSignature::Any(count),
    });
    ScalarUDF::from(Bound {
        catalog: catalog.clone(),
        function,
        signature: Signature::one_of(counts.collect(), Volatility::Stable),
    })
}

/// The arguments of one call.
pub(super) struct Args<'a> {
    function: &'static str,
    cells: &'a [Cell],
}

impl Args<'_> {
    fn len(&self) -> usize {
        self.cells.len()
    }

    fn get(&self, at: usize) -> &Cell {
        self.cells.get(at).unwrap_or(&Cell::Null)
    }

    /// Text; numbers and booleans as PostgreSQL writes them.
    fn text(&self, at: usize) -> Option<String> {
        match self.get(at) {
            Cell::Text(text) => Some(text.clone()),
            Cell::Int(value) => Some(value.to_string()),
            Cell::Float(value) => Some(value.to_string()),
            Cell::Bool(value) => Some(if *value { "t" } else { "f" }.to_owned()),
            Cell::Null | Cell::List(_) => None,
        }
    }

    /// An integer; text is read as one, as PostgreSQL reads a literal whose type is open.
    fn int(&self, at: usize) -> std::result::Result<i64, ClientError> {
        match self.get(at) {
            Cell::Int(value) => Ok(*value),
            Cell::Text(text) => text.trim().parse().map_err(|_| {
                let message = format!("invalid input syntax for type oid: \"{text}\"");
                ClientError::new(SqlState::INVALID_TEXT_REPRESENTATION, message)
            }),
            _ => Err(self.mismatch()),
        }
    }

    /// An OID; a number that cannot be one is 0, which names nothing.
    fn oid(&self, at: usize) -> std::result::Result<u32, ClientError> {
        self.int(at).map(|value| u32::try_from(value).unwrap_or(0))
    }

    fn mismatch(&self) -> ClientError {
        let message = format!("function {} does not take arguments of these types", self.function);
        ClientError::new(SqlState::UNDEFINED_FUNCTION, message)
    }
}

/// A function with the catalog that it asks.
#[derive(Clone)]
struct Bound {
    catalog: Arc<SystemCatalog>,
    function: &'static Function,
    signature: Signature,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.function.name)
    }
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.catalog, &other.catalog) && self.function.name == other.function.name
    }
}

impl Eq for Bound {}

impl Hash for Bound {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl ScalarUDFImpl for Bound {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(types::unnamed(self.function.result).data_type().clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(types::field(self.function.name, self.function.result, true).into())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let field: FieldRef = types::field(self.function.name, self.function.result, true).into();
        evaluate(&args, &field, |cells| {
            if self.function.strict && cells.contains(&Cell::Null) {
                return Ok(Cell::Null);
            }
            let args = Args { function: self.function.name, cells };
            (self.function.body)(&self.catalog, &args)
        })
    }
}

/// Runs a body over every row of the arguments, or once where they are constants.
fn evaluate(
    args: &ScalarFunctionArgs,
    field: &FieldRef,
    mut body: impl FnMut(&[Cell]) -> Outcome,
) -> Result<ColumnarValue> {
    let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let rows = if constant { 1 } else { args.number_rows };
    let arrays: Vec<ArrayRef> =
        args.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<_>>()?;
    let mut results = Vec::with_capacity(rows);
    for row in 0..rows {
        let cells: Vec<_> = arrays.iter().map(|array| Cell::at(array, row)).collect();
        results.push(body(&cells).map_err(|error| DataFusionError::External(Box::new(error)))?);
    }
    let array = cells::array(field, &results)?;
    if constant {
        return Ok(ColumnarValue::Scalar(cells::scalar(&array, 0)?));
    }
    Ok(ColumnarValue::Array(array))
}
