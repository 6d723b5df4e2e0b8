//! Casts between numbers: rounded as PostgreSQL rounds, and an error where a value does not fit.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, i256,
};
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::decimal::rounded;
use super::fault::{out_of_range, raise, told, too_many_digits};
use super::types::SqlNumber;
use crate::error::{ClientError, SqlState};

/// Whether a cast can fail, or give another number than it was given.
pub(super) fn changes(from: SqlNumber, to: SqlNumber) -> bool {
    match (from.digits(), to) {
        (_, SqlNumber::Float8) => false,
        (Some(_), SqlNumber::Float4) => false,
        (None, SqlNumber::Float4) => from == SqlNumber::Float8,
        (Some((digits, places)), SqlNumber::Numeric(precision, scale)) => {
            let whole = |precision: u8, scale: i8| i16::from(precision) - i16::from(scale);
            places > scale || whole(digits, places) > whole(precision, scale)
        }
        (Some(_), to) => from > to,
        (None, _) => true,
    }
}

/// A cast of a number to another numeric type.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct NumberCast {
    to: DataType,
    signature: Signature,
}

impl NumberCast {
    pub fn to(number: SqlNumber) -> ScalarUDF {
        let signature = Signature::user_defined(Volatility::Immutable);
        ScalarUDF::from(Self { to: number.arrow(), signature })
    }
}

impl ScalarUDFImpl for NumberCast {
    fn name(&self) -> &str {
        "number cast"
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        let of = arguments.first().map(ToString::to_string).unwrap_or_default();
        Ok(format!("CAST({of} AS {})", self.to))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let of = arguments.first().map(|of| of.schema_name().to_string()).unwrap_or_default();
        Ok(format!("CAST({of} AS {})", self.to))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [DataType::Null] => Ok(vec![self.to.clone()]),
            [of] => match SqlNumber::of(of) {
                Some(number) => Ok(vec![number.arrow()]),
                None => plan_err!("Cannot coerce {of} to a number"),
            },
            _ => internal_err!("a cast has one operand"),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [operand] = arguments.args.as_slice() else {
            return internal_err!("a cast has one operand");
        };
        let changed = |values: &ArrayRef| {
            number(values, &self.to).map_err(|error| told(error.into(), &self.to))
        };
        Ok(match operand {
            ColumnarValue::Array(values) => ColumnarValue::Array(changed(values)?),
            ColumnarValue::Scalar(value) => {
                let values = changed(&value.to_array()?)?;
                ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?)
            }
        })
    }
}

fn number(values: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    match to {
        DataType::Int16 => integers::<Int16Type>(values, to),
        DataType::Int32 => integers::<Int32Type>(values, to),
        DataType::Int64 => integers::<Int64Type>(values, to),
        DataType::Decimal128(precision, scale) => {
            let numbers = decimals(values, *precision, *scale)?;
            Ok(Arc::new(numbers.with_precision_and_scale(*precision, *scale)?))
        }
        DataType::Float32 => {
            let narrow = cast(values, to)?;
            let wide = values.as_primitive_opt::<Float64Type>();
            for at in 0..narrow.len() {
                let value = narrow.as_primitive::<Float32Type>().value(at);
                let before = wide.map(|wide| wide.value(at));
                if value.is_infinite() && before.is_some_and(f64::is_finite) && narrow.is_valid(at)
                {
                    return Err(raise(out_of_range(to)));
                }
            }
            Ok(narrow)
        }
        _ => cast(values, to),
    }
}

fn integers<T: ArrowPrimitiveType>(values: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError>
where
    T::Native: TryFrom<i128>,
{
    let fit = |value: i128| T::Native::try_from(value).map_err(|_| raise(out_of_range(to)));
    let numbers: PrimitiveArray<T> = match values.data_type() {
        DataType::Decimal128(_, scale) => {
            let unit = unit(*scale)?;
            values.as_primitive::<Decimal128Type>().try_unary(|value| {
                let whole = rounded(i256::from_i128(value), unit);
                whole.to_i128().ok_or_else(|| raise(out_of_range(to))).and_then(fit)
            })?
        }
        DataType::Float32 | DataType::Float64 => {
            let wide = cast(values, &DataType::Float64)?;
            wide.as_primitive::<Float64Type>().try_unary(|value| fit(nearest(value, to)?))?
        }
        _ => {
            let wide = cast(values, &DataType::Int64)?;
            wide.as_primitive::<Int64Type>().try_unary(|value| fit(value.into()))?
        }
    };
    Ok(Arc::new(numbers))
}

/// Halves go to the even neighbour.
fn nearest(value: f64, to: &DataType) -> Result<i128, ArrowError> {
    let whole = value.round_ties_even();
    if whole.is_finite() && whole.abs() < 1e20 {
        Ok(whole as i128)
    } else {
        Err(raise(out_of_range(to)))
    }
}

fn decimals(
    values: &ArrayRef,
    precision: u8,
    scale: i8,
) -> Result<PrimitiveArray<Decimal128Type>, ArrowError> {
    let most = 10_i128.checked_pow(u32::from(precision)).unwrap_or(i128::MAX);
    let fit = |value: Option<i128>| {
        value
            .filter(|value| value.unsigned_abs() < most.unsigned_abs())
            .ok_or_else(|| raise(field_overflow(precision, scale)))
    };
    match values.data_type() {
        DataType::Decimal128(_, from) => {
            let (up, down) = (
                unit(scale.saturating_sub(*from).max(0))?,
                unit(from.saturating_sub(scale).max(0))?,
            );
            values.as_primitive::<Decimal128Type>().try_unary(|value| {
                let product = i256::from_i128(value).checked_mul(up);
                fit(product.and_then(|product| rounded(product, down).to_i128()))
            })
        }
        DataType::Float32 | DataType::Float64 => {
            let digits = if *values.data_type() == DataType::Float32 { 6 } else { 15 };
            let wide = cast(values, &DataType::Float64)?;
            wide.as_primitive::<Float64Type>().try_unary(|value| {
                if !value.is_finite() {
                    return Err(raise(no_such_number(value)));
                }
                fit(of_float(value, digits, scale))
            })
        }
        _ => {
            let wide = cast(values, &DataType::Int64)?;
            let up = unit(scale)?;
            wide.as_primitive::<Int64Type>().try_unary(|value| {
                fit(i256::from_i128(value.into()).checked_mul(up).and_then(i256::to_i128))
            })
        }
    }
}

/// A float to as many digits as its type surely holds, and then to this scale.
fn of_float(value: f64, digits: usize, scale: i8) -> Option<i128> {
    let text = format!("{value:.*e}", digits - 1);
    let (digits, exponent) = text.split_once('e')?;
    let places = digits.split_once('.').map_or(0, |(_, places)| places.len());
    let unscaled: i128 = digits.replace('.', "").parse().ok()?;
    let shift = exponent.parse::<i32>().ok()? - i32::try_from(places).ok()? + i32::from(scale);
    let power = |exponent: i32| i256::from_i128(10).checked_pow(u32::try_from(exponent).ok()?);
    let unscaled = i256::from_i128(unscaled);
    if shift >= 0 {
        unscaled.checked_mul(power(shift)?)?.to_i128()
    } else {
        power(-shift).map_or(Some(0), |unit| rounded(unscaled, unit).to_i128())
    }
}

fn unit(scale: i8) -> Result<i256, ArrowError> {
    let exponent = u32::try_from(scale).unwrap_or(0);
    i256::from_i128(10).checked_pow(exponent).ok_or_else(|| raise(too_many_digits()))
}

fn field_overflow(precision: u8, scale: i8) -> ClientError {
    let bound = i16::from(precision) - i16::from(scale);
    let detail = format!(
        "A field with precision {precision}, scale {scale} must round to an absolute value less \
         than {}.",
        if bound == 0 { "1".to_owned() } else { format!("10^{bound}") }
    );
    ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow").detail(detail)
}

fn no_such_number(value: f64) -> ClientError {
    let name = if value.is_nan() { "NaN" } else { "infinity" };
    let message = format!("a numeric value cannot be {name} here");
    ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
}

/// A text as a numeric value with the digits that it shows; `None` where it is no such text.
pub(in crate::guard) fn numeric_literal(text: &str) -> Option<ScalarValue> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, exponent) = match digits.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{places}");
    if all.is_empty() || all.len() > 38 || !all.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let value: i128 = all.parse().ok()?;
    let scale = i32::try_from(places.len()).ok()?.checked_sub(exponent)?;
    // A power of ten shifts the point, and past the last digit it adds zeros.
    let zeros = u32::try_from(-scale.min(0)).ok()?;
    let value = value.checked_mul(10_i128.checked_pow(zeros)?)?;
    let scale = i8::try_from(scale.max(0)).ok()?;
    let length = all.len() + usize::try_from(zeros).ok()?;
    let length = length.max(usize::try_from(scale).ok()?);
    (length <= 38).then(|| {
        ScalarValue::Decimal128(Some(sign * value), u8::try_from(length).unwrap_or(38), scale)
    })
}
