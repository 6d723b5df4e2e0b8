//! Floats: infinity only comes of infinity, and zero of zero.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::try_binary;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::Operator;

use super::fault::{out_of_range, raise, underflow};

macro_rules! kernel {
    ($name:ident, $native:ty, $data_type:expr) => {
        fn $name(op: Operator, left: $native, right: $native) -> Result<$native, ArrowError> {
            let result = match op {
                Operator::Plus => left + right,
                Operator::Minus => left - right,
                Operator::Multiply => left * right,
                Operator::Divide if right == 0.0 && !left.is_nan() => {
                    return Err(ArrowError::DivideByZero);
                }
                _ => left / right,
            };
            if result.is_infinite() && !left.is_infinite() && !right.is_infinite() {
                return Err(raise(out_of_range(&$data_type)));
            }
            let vanishes = match op {
                Operator::Multiply => left != 0.0 && right != 0.0,
                Operator::Divide => left != 0.0 && !right.is_infinite(),
                _ => false,
            };
            if result == 0.0 && vanishes {
                return Err(raise(underflow()));
            }
            Ok(result)
        }
    };
}

kernel!(single, f32, DataType::Float32);
kernel!(double, f64, DataType::Float64);

pub(super) fn compute(op: Operator, left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef> {
    Ok(match left.data_type() {
        DataType::Float32 => Arc::new(try_binary::<_, _, _, Float32Type>(
            left.as_primitive::<Float32Type>(),
            right.as_primitive::<Float32Type>(),
            |left, right| single(op, left, right),
        )?),
        DataType::Float64 => Arc::new(try_binary::<_, _, _, Float64Type>(
            left.as_primitive::<Float64Type>(),
            right.as_primitive::<Float64Type>(),
            |left, right| double(op, left, right),
        )?),
        other => return internal_err!("{other} is no float"),
    })
}
