//! Functions of floats: an error outside of their domain, and where the result does not fit.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::try_binary;
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::fault::{out_of_range, raise, told, underflow};
use super::types::SqlNumber;
use crate::error::{ClientError, SqlState};

type One = fn(f64) -> Result<f64, ClientError>;
type Two = fn(f64, f64) -> Result<f64, ClientError>;

/// Functions of one number, under PostgreSQL's names.
const ONE: [(&str, One); 22] = [
    ("sqrt", |x| if x < 0.0 { Err(negative_root()) } else { Ok(x.sqrt()) }),
    ("cbrt", |x| Ok(x.cbrt())),
    ("exp", exp),
    ("ln", |x| logarithm(x, f64::ln)),
    ("log", |x| logarithm(x, f64::log10)),
    ("log10", |x| logarithm(x, f64::log10)),
    ("log2", |x| logarithm(x, f64::log2)),
    ("sin", |x| periodic(x, f64::sin)),
    ("cos", |x| periodic(x, f64::cos)),
    ("tan", |x| periodic(x, f64::tan)),
    ("cot", |x| periodic(x, |x| 1.0 / x.tan())),
    ("asin", |x| inside(x, x.abs() <= 1.0, f64::asin)),
    ("acos", |x| inside(x, x.abs() <= 1.0, f64::acos)),
    ("atan", |x| Ok(x.atan())),
    ("sinh", |x| Ok(x.sinh())),
    ("cosh", |x| Ok(x.cosh())),
    ("tanh", |x| Ok(x.tanh())),
    ("asinh", |x| Ok(x.asinh())),
    ("acosh", |x| inside(x, x >= 1.0, f64::acosh)),
    ("atanh", |x| inside(x, x.abs() <= 1.0, f64::atanh)),
    ("degrees", |x| finite(x, x.to_degrees())),
    ("radians", |x| Ok(x.to_radians())),
];

const TWO: [(&str, Two); 4] = [
    ("power", power),
    ("pow", power),
    ("atan2", |y, x| Ok(y.atan2(x))),
    ("log", |base, x| Ok(logarithm(x, f64::ln)? / logarithm(base, f64::ln)?)),
];

/// A function of one or two floats.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::guard) struct Real {
    name: &'static str,
    signature: Signature,
}

impl Real {
    /// The function in place of the engine's, where there is one.
    pub fn of(name: &str) -> Option<Arc<ScalarUDF>> {
        let one = ONE.iter().map(|(name, _)| *name);
        let two = TWO.iter().map(|(name, _)| *name);
        let name = one.chain(two).find(|known| *known == name)?;
        let signature = Signature::user_defined(Volatility::Immutable);
        Some(Arc::new(ScalarUDF::from(Self { name, signature })))
    }
}

impl ScalarUDFImpl for Real {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let known = match arguments.len() {
            1 => ONE.iter().any(|(name, _)| *name == self.name),
            2 => TWO.iter().any(|(name, _)| *name == self.name),
            _ => false,
        };
        let numbers =
            |of: &DataType| *of == DataType::Null || of.is_string() || SqlNumber::of(of).is_some();
        if !known || !arguments.iter().all(numbers) {
            return plan_err!("No function matches the given name and argument types");
        }
        Ok(vec![DataType::Float64; arguments.len()])
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = arguments.args.iter().all(|one| matches!(one, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { arguments.number_rows };
        let arrays = arguments.args.iter().map(|one| one.to_array(rows));
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let values = self.compute(&arrays).map_err(|error| told(error, &DataType::Float64))?;
        if scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?));
        }
        Ok(ColumnarValue::Array(values))
    }
}

impl Real {
    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        let one = ONE.iter().find(|(name, _)| *name == self.name);
        let two = TWO.iter().find(|(name, _)| *name == self.name);
        Ok(match (arguments, one, two) {
            ([values], Some((_, function)), _) => {
                let values = values.as_primitive::<Float64Type>();
                let results: Result<_, ArrowError> =
                    values.try_unary::<_, Float64Type, _>(|x| function(x).map_err(raise));
                Arc::new(results?)
            }
            ([left, right], _, Some((_, function))) => {
                Arc::new(try_binary::<_, _, _, Float64Type>(
                    left.as_primitive::<Float64Type>(),
                    right.as_primitive::<Float64Type>(),
                    |left, right| function(left, right).map_err(raise),
                )?)
            }
            _ => return internal_err!("{} has other arguments", self.name),
        })
    }
}

fn exp(x: f64) -> Result<f64, ClientError> {
    finite(x, x.exp()).and_then(|result| {
        if result == 0.0 && x.is_finite() { Err(underflow()) } else { Ok(result) }
    })
}

fn logarithm(x: f64, of: fn(f64) -> f64) -> Result<f64, ClientError> {
    let refused = |message: &'static str| {
        Err(ClientError::new(SqlState::INVALID_ARGUMENT_FOR_LOGARITHM, message))
    };
    if x == 0.0 {
        return refused("cannot take logarithm of zero");
    }
    if x < 0.0 {
        return refused("cannot take logarithm of a negative number");
    }
    Ok(of(x))
}

fn periodic(x: f64, of: fn(f64) -> f64) -> Result<f64, ClientError> {
    inside(x, !x.is_infinite(), of)
}

fn inside(x: f64, domain: bool, of: fn(f64) -> f64) -> Result<f64, ClientError> {
    if domain || x.is_nan() { Ok(of(x)) } else { Err(out_of_domain()) }
}

fn finite(of: f64, result: f64) -> Result<f64, ClientError> {
    if result.is_infinite() && !of.is_infinite() {
        return Err(out_of_range(&DataType::Float64));
    }
    Ok(result)
}

fn power(base: f64, exponent: f64) -> Result<f64, ClientError> {
    let refused = |message: &'static str| {
        Err(ClientError::new(SqlState::INVALID_ARGUMENT_FOR_POWER, message))
    };
    if base == 0.0 && exponent < 0.0 {
        return refused("zero raised to a negative power is undefined");
    }
    if base < 0.0 && exponent.is_finite() && exponent.fract() != 0.0 {
        return refused("a negative number raised to a non-integer power yields a complex result");
    }
    let result = base.powf(exponent);
    let (finite, vanishes) = (base.is_finite() && exponent.is_finite(), base != 0.0);
    if finite && result.is_infinite() {
        return Err(out_of_range(&DataType::Float64));
    }
    if finite && vanishes && result == 0.0 {
        return Err(underflow());
    }
    Ok(result)
}

fn negative_root() -> ClientError {
    let message = "cannot take square root of a negative number";
    ClientError::new(SqlState::INVALID_ARGUMENT_FOR_POWER, message)
}

fn out_of_domain() -> ClientError {
    ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range")
}
