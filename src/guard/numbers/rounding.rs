//! `round`, `trunc`, `ceil`, `floor`, `sign` and `abs`, each of the type that PostgreSQL gives it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray};
use arrow::datatypes::{
    DataType, Decimal128Type, Field, FieldRef, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, i256,
};
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::decimal::{rounded, within};
use super::fault::{raise, told, too_many_digits};
use super::types::{DIGITS, SqlNumber};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Abs,
    Ceil,
    Floor,
    Round,
    Sign,
    Trunc,
}

const NAMES: [(&str, Kind); 8] = [
    ("abs", Kind::Abs),
    ("ceil", Kind::Ceil),
    ("ceiling", Kind::Ceil),
    ("floor", Kind::Floor),
    ("round", Kind::Round),
    ("sign", Kind::Sign),
    ("signum", Kind::Sign),
    ("trunc", Kind::Trunc),
];

/// One of the functions.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::guard) struct Rounding {
    name: &'static str,
    kind: Kind,
    signature: Signature,
}

impl Rounding {
    /// The function in place of the engine's, where there is one.
    pub fn of(name: &str) -> Option<Arc<ScalarUDF>> {
        let (name, kind) = *NAMES.iter().find(|(known, _)| *known == name)?;
        let signature = Signature::user_defined(Volatility::Immutable);
        Some(Arc::new(ScalarUDF::from(Self { name, kind, signature })))
    }

    fn operand(&self, of: &DataType, to_places: bool) -> Option<SqlNumber> {
        let known = match SqlNumber::of(of) {
            Some(known) => known,
            None if *of == DataType::Null || of.is_string() => SqlNumber::Float8,
            None => return None,
        };
        Some(match (known, self.kind) {
            (known, Kind::Abs) => known,
            // `round(2.5::float8, 1)` is no function of PostgreSQL.
            (SqlNumber::Float4 | SqlNumber::Float8, _) if to_places => return None,
            (known, _) if to_places => {
                let (precision, scale) = known.digits()?;
                SqlNumber::Numeric(precision, scale)
            }
            (SqlNumber::Numeric(..), _) => known,
            _ => SqlNumber::Float8,
        })
    }

    /// The type of the result, where it goes to so many places.
    fn result(&self, of: &DataType, places: i8) -> DataType {
        match (self.kind, of) {
            (Kind::Abs, of) => of.clone(),
            (Kind::Sign, DataType::Decimal128(..)) => DataType::Decimal128(1, 0),
            (_, DataType::Decimal128(precision, scale)) => {
                let whole = i16::from(*precision) - i16::from(*scale) + 1;
                let digits = (whole + i16::from(places)).clamp(1, i16::from(DIGITS));
                DataType::Decimal128(u8::try_from(digits).unwrap_or(DIGITS), places)
            }
            (_, other) => other.clone(),
        }
    }
}

/// How many places a result shows: as many as it is asked to, or as many as its operand has where
/// that differs by row.
fn places(of: &DataType, asked: Option<&ScalarValue>, given: bool) -> i8 {
    let asked = asked.and_then(|asked| asked.cast_to(&DataType::Int64).ok());
    match (asked, given, of) {
        (Some(ScalarValue::Int64(Some(asked))), ..) => {
            i8::try_from(asked.clamp(0, DIGITS.into())).unwrap_or(0)
        }
        (_, true, DataType::Decimal128(_, scale)) => *scale,
        _ => 0,
    }
}

impl ScalarUDFImpl for Rounding {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the type depends on the arguments")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let Some(of) = args.arg_fields.first().map(|field| field.data_type()) else {
            return internal_err!("{} has arguments", self.name);
        };
        let asked = args.scalar_arguments.get(1).copied().flatten();
        let result = self.result(of, places(of, asked, args.arg_fields.len() > 1));
        Ok(Arc::new(Field::new(self.name, result, true)))
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let to_places = matches!(self.kind, Kind::Round | Kind::Trunc);
        let operand = arguments.first().and_then(|of| self.operand(of, arguments.len() > 1));
        match (operand, arguments) {
            (Some(operand), [_]) => Ok(vec![operand.arrow()]),
            (Some(operand), [_, places])
                if to_places && (places.is_integer() || places.is_null()) =>
            {
                Ok(vec![operand.arrow(), DataType::Int32])
            }
            _ => plan_err!("No function matches the given name and argument types"),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = arguments.args.iter().all(|one| matches!(one, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { arguments.number_rows };
        let arrays = arguments.args.iter().map(|one| one.to_array(rows));
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let result = arguments.return_field.data_type();
        let values = match arrays.as_slice() {
            [values] => self.compute(values, None, result),
            [values, places] => self.compute(values, Some(places), result),
            _ => return internal_err!("{} has arguments", self.name),
        };
        let values = values.map_err(|error| told(error.into(), result))?;
        if scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?));
        }
        Ok(ColumnarValue::Array(values))
    }
}

macro_rules! absolute {
    ($values:expr, $arrow:ty) => {{
        let values = $values.as_primitive::<$arrow>();
        Arc::new(values.try_unary::<_, $arrow, ArrowError>(|value| {
            if value < 0 { value.neg_checked() } else { Ok(value) }
        })?)
    }};
}

impl Rounding {
    fn compute(
        &self,
        values: &ArrayRef,
        places: Option<&ArrayRef>,
        result: &DataType,
    ) -> Result<ArrayRef, ArrowError> {
        Ok(match values.data_type() {
            DataType::Int16 => absolute!(values, Int16Type),
            DataType::Int32 => absolute!(values, Int32Type),
            DataType::Int64 => absolute!(values, Int64Type),
            DataType::Float32 => {
                let values = values.as_primitive::<Float32Type>();
                Arc::new(values.unary::<_, Float32Type>(f32::abs))
            }
            DataType::Float64 => {
                let values = values.as_primitive::<Float64Type>();
                Arc::new(values.unary::<_, Float64Type>(|value| self.float(value)))
            }
            DataType::Decimal128(_, scale) => {
                let DataType::Decimal128(precision, shown) = *result else {
                    return Err(raise(too_many_digits()));
                };
                let numbers = values.as_primitive::<Decimal128Type>();
                let places = places.map(|places| places.as_primitive::<Int32Type>());
                let results = (0..numbers.len()).map(|at| {
                    let asked = match places {
                        Some(places) if places.is_null(at) => return Ok(None),
                        Some(places) => places.value(at),
                        None => 0,
                    };
                    if numbers.is_null(at) {
                        return Ok(None);
                    }
                    self.decimal(numbers.value(at), *scale, asked, shown).map(Some)
                });
                let results =
                    results.collect::<Result<arrow::array::Decimal128Array, ArrowError>>()?;
                Arc::new(results.with_precision_and_scale(precision, shown)?)
            }
            _ => return Err(ArrowError::NotYetImplemented(self.name.to_owned())),
        })
    }

    fn float(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Abs => value.abs(),
            Kind::Ceil => value.ceil(),
            Kind::Floor => value.floor(),
            Kind::Round => value.round_ties_even(),
            Kind::Trunc => value.trunc(),
            Kind::Sign if value == 0.0 || value.is_nan() => value,
            Kind::Sign => value.signum(),
        }
    }

    /// A number of so many places, to `asked` places, written with those `shown`.
    fn decimal(&self, value: i128, scale: i8, asked: i32, shown: i8) -> Result<i128, ArrowError> {
        match self.kind {
            Kind::Abs => return within(value.saturating_abs()),
            Kind::Sign => return Ok(value.signum()),
            _ => {}
        }
        let drop = i32::from(scale) - asked;
        let value = i256::from_i128(value);
        let kept = match u32::try_from(drop) {
            // More than there are.
            Ok(drop @ 1..) if drop > 76 => i256::ZERO,
            Ok(drop @ 1..) => {
                let unit = power(drop)?;
                let whole = match self.kind {
                    Kind::Round => rounded(value, unit),
                    _ => value.div_wrapping(unit),
                };
                let rest = value.mod_wrapping(unit);
                let whole = match self.kind {
                    Kind::Ceil if rest.is_positive() => whole.add_wrapping(i256::ONE),
                    Kind::Floor if rest.is_negative() => whole.sub_wrapping(i256::ONE),
                    _ => whole,
                };
                whole.mul_checked(unit).map_err(|_| raise(too_many_digits()))?
            }
            _ => value,
        };
        let shift = i32::from(shown) - i32::from(scale);
        let factor = power(shift.unsigned_abs())?;
        let shifted = if shift >= 0 {
            kept.mul_checked(factor).map_err(|_| raise(too_many_digits()))?
        } else {
            kept.div_wrapping(factor)
        };
        within(shifted.to_i128().ok_or_else(|| raise(too_many_digits()))?)
    }
}

fn power(exponent: u32) -> Result<i256, ArrowError> {
    i256::from_i128(10).checked_pow(exponent).ok_or_else(|| raise(too_many_digits()))
}
