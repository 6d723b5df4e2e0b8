//! Whole numbers: what does not fit is an error, division truncates.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray};
use arrow::compute::kernels::numeric::{add, div, mul, sub};
use arrow::compute::try_binary;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Int16Type, Int32Type, Int64Type};
use arrow::error::ArrowError;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::Operator;

pub(super) fn compute(op: Operator, left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef> {
    Ok(match op {
        Operator::Plus => add(left, right)?,
        Operator::Minus => sub(left, right)?,
        Operator::Multiply => mul(left, right)?,
        Operator::Divide => div(left, right)?,
        Operator::Modulo => match left.data_type() {
            DataType::Int16 => remainder::<Int16Type>(left, right)?,
            DataType::Int32 => remainder::<Int32Type>(left, right)?,
            DataType::Int64 => remainder::<Int64Type>(left, right)?,
            other => return internal_err!("{other} is no integer"),
        },
        other => return internal_err!("{other} is no arithmetic"),
    })
}

/// The least number `% -1` is 0, whatever becomes of the quotient.
fn remainder<T: ArrowPrimitiveType>(
    left: &ArrayRef,
    right: &ArrayRef,
) -> Result<ArrayRef, ArrowError>
where
    T::Native: ArrowNativeTypeOp,
{
    let values = try_binary::<_, _, _, T>(
        left.as_primitive::<T>(),
        right.as_primitive::<T>(),
        |left, right| match right.is_zero() {
            true => Err(ArrowError::DivideByZero),
            false => Ok(left.mod_wrapping(right)),
        },
    )?;
    Ok(Arc::new(values))
}
