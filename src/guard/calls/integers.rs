//! Functions and operators of whole numbers that stay in the type of their operands.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, StringArray};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, DataType, Int16Type, Int32Type, Int64Type};
use datafusion::logical_expr::{Operator, ScalarUDF};

use super::{Function, Outcome, Types, internal, udf, widened};
use crate::error::{ClientError, SqlState};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "gcd", types: both, body: |a, of| two(a, of, gcd) },
    Function { name: "lcm", types: both, body: |a, of| two(a, of, lcm) },
    Function { name: "to_hex", types: hexadecimal, body: |a, _| hex(a) },
    LEFT,
    RIGHT,
    NOT,
];

const LEFT: Function = Function {
    name: "<<",
    types: shifted,
    body: |a, of| shifts(a, of, Operator::BitwiseShiftLeft),
};
const RIGHT: Function = Function {
    name: ">>",
    types: shifted,
    body: |a, of| shifts(a, of, Operator::BitwiseShiftRight),
};
const NOT: Function = Function { name: "~", types: alone, body: |a, of| inverted(a, of) };

static SHIFTS: [Function; 2] = [LEFT, RIGHT];

/// The function that shifts, of a shift operator.
pub(in crate::guard) fn shift(op: Operator) -> Option<ScalarUDF> {
    let [left, right] = &SHIFTS;
    match op {
        Operator::BitwiseShiftLeft => Some(udf(left)),
        Operator::BitwiseShiftRight => Some(udf(right)),
        _ => None,
    }
}

/// The name of the function that turns every bit around.
pub(in crate::guard) const fn bitwise_not() -> &'static str {
    NOT.name
}

/// A whole number of PostgreSQL; a literal of an open type is an `int4`.
fn integer(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Int16 => DataType::Int16,
        DataType::Int32 | DataType::Null => DataType::Int32,
        DataType::Int64 => DataType::Int64,
        _ => return None,
    })
}

fn rank(data_type: &DataType) -> usize {
    match data_type {
        DataType::Int16 => 2,
        DataType::Int32 => 4,
        _ => 8,
    }
}

/// Two numbers of the wider type, at least `int4`.
fn both(arguments: &[DataType]) -> Option<Types> {
    let [left, right] = arguments else { return None };
    let (left, right) = (integer(left)?, integer(right)?);
    let wide = if rank(&left).max(rank(&right)) == 8 { DataType::Int64 } else { DataType::Int32 };
    Some((vec![wide.clone(), wide.clone()], wide))
}

fn hexadecimal(arguments: &[DataType]) -> Option<Types> {
    let [of] = arguments else { return None };
    let wide = if integer(of)? == DataType::Int64 { DataType::Int64 } else { DataType::Int32 };
    Some((vec![wide], DataType::Utf8))
}

fn shifted(arguments: &[DataType]) -> Option<Types> {
    let [of, by] = arguments else { return None };
    // There is no shift by an int8.
    let (of, by) = (integer(of)?, integer(by)?);
    (by != DataType::Int64).then(|| (vec![of.clone(), DataType::Int32], of))
}

fn alone(arguments: &[DataType]) -> Option<Types> {
    let [of] = arguments else { return None };
    let of = integer(of)?;
    Some((vec![of.clone()], of))
}

/// The values as 64 bits each.
fn numbers(arguments: &[ArrayRef], at: usize) -> Result<Vec<Option<i64>>, ClientError> {
    let values = arguments.get(at).ok_or_else(|| internal("an argument is missing"))?;
    let wide = widened(values, &DataType::Int64)?;
    Ok(wide.as_primitive::<Int64Type>().iter().collect())
}

/// Numbers in a type; 22003 where one does not fit.
fn narrow(values: Vec<Option<i64>>, of: &DataType) -> Outcome {
    fn column<T: ArrowPrimitiveType>(
        values: Vec<Option<i64>>,
        message: &'static str,
    ) -> Result<PrimitiveArray<T>, ClientError>
    where
        T::Native: TryFrom<i64>,
    {
        let fit = |value: i64| {
            T::Native::try_from(value)
                .map_err(|_| ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, message))
        };
        values.into_iter().map(|value| value.map(fit).transpose()).collect()
    }
    Ok(match of {
        DataType::Int16 => Arc::new(column::<Int16Type>(values, "smallint out of range")?),
        DataType::Int32 => Arc::new(column::<Int32Type>(values, "integer out of range")?),
        _ => Arc::new(column::<Int64Type>(values, "bigint out of range")?),
    })
}

fn two(arguments: &[ArrayRef], of: &DataType, function: fn(i64, i64) -> Option<i64>) -> Outcome {
    let pairs = numbers(arguments, 0)?.into_iter().zip(numbers(arguments, 1)?);
    let results = pairs.map(|(left, right)| match (left, right) {
        (Some(left), Some(right)) => function(left, right).map(Some).ok_or_else(|| {
            ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")
        }),
        _ => Ok(None),
    });
    narrow(results.collect::<Result<_, _>>()?, of)
}

/// `None` where the result does not fit.
fn gcd(left: i64, right: i64) -> Option<i64> {
    i64::try_from(unsigned_gcd(left, right)).ok()
}

fn unsigned_gcd(left: i64, right: i64) -> u64 {
    let (mut a, mut b) = (left.unsigned_abs(), right.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn lcm(left: i64, right: i64) -> Option<i64> {
    if left == 0 || right == 0 {
        return Some(0);
    }
    let parts = left.unsigned_abs() / unsigned_gcd(left, right);
    i64::try_from(parts.checked_mul(right.unsigned_abs())?).ok()
}

fn hex(arguments: &[ArrayRef]) -> Outcome {
    let narrow = arguments.first().is_some_and(|values| *values.data_type() == DataType::Int32);
    let digits = |value: i64| {
        let bits = if narrow { value as u64 & u64::from(u32::MAX) } else { value as u64 };
        format!("{bits:x}")
    };
    let digits = numbers(arguments, 0)?.into_iter().map(|value| value.map(digits));
    Ok(Arc::new(digits.collect::<StringArray>()))
}

/// Bits that are shifted out are lost, and of the count those that the type's width has. An `int2`
/// is shifted as an `int4` and cut.
fn shifts(arguments: &[ArrayRef], of: &DataType, op: Operator) -> Outcome {
    let left = op == Operator::BitwiseShiftLeft;
    let pairs = numbers(arguments, 0)?.into_iter().zip(numbers(arguments, 1)?);
    let results = pairs.map(|(value, by)| {
        let (value, by) = (value?, by? as u32);
        Some(if *of == DataType::Int64 {
            if left { value.wrapping_shl(by) } else { value.wrapping_shr(by) }
        } else {
            let value = value as i32;
            let shifted = if left { value.wrapping_shl(by) } else { value.wrapping_shr(by) };
            if *of == DataType::Int16 { i64::from(shifted as i16) } else { i64::from(shifted) }
        })
    });
    narrow(results.collect(), of)
}

fn inverted(arguments: &[ArrayRef], of: &DataType) -> Outcome {
    narrow(numbers(arguments, 0)?.into_iter().map(|value| value.map(|value| !value)).collect(), of)
}
