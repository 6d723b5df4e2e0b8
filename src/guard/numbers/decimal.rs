//! Numeric values: exact, or an error. What is past the digits that a result keeps is rounded
//! half away from zero, as PostgreSQL rounds.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowNativeTypeOp, AsArray};
use arrow::compute::try_binary;
use arrow::datatypes::{DataType, Decimal128Type, i256};
use arrow::error::ArrowError;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::Operator;

use super::fault::{raise, too_many_digits};
use super::types::DIGITS;

pub(super) fn compute(
    op: Operator,
    left: &ArrayRef,
    right: &ArrayRef,
    result: &DataType,
) -> Result<ArrayRef> {
    let (
        DataType::Decimal128(_, left_scale),
        DataType::Decimal128(_, right_scale),
        DataType::Decimal128(precision, scale),
    ) = (left.data_type(), right.data_type(), result)
    else {
        return internal_err!("an operand is no numeric value");
    };
    let of = Scales { left: *left_scale, right: *right_scale, result: *scale };
    let values = try_binary::<_, _, _, Decimal128Type>(
        left.as_primitive::<Decimal128Type>(),
        right.as_primitive::<Decimal128Type>(),
        |left, right| of.compute(op, left, right),
    )?;
    Ok(Arc::new(values.with_precision_and_scale(*precision, *scale)?))
}

/// Digits behind the point, of the operands and of what comes out.
#[derive(Clone, Copy)]
struct Scales {
    left: i8,
    right: i8,
    result: i8,
}

impl Scales {
    fn compute(self, op: Operator, left: i128, right: i128) -> Result<i128, ArrowError> {
        let wide = (i256::from_i128(left), i256::from_i128(right));
        let value = match op {
            Operator::Plus | Operator::Minus => {
                let (left, right) = self.aligned(wide)?;
                if op == Operator::Plus {
                    left.add_checked(right)?
                } else {
                    left.sub_checked(right)?
                }
            }
            Operator::Multiply => {
                if let (Some(product), 0) = (left.checked_mul(right), self.surplus()) {
                    return within(product);
                }
                rounded(wide.0.mul_checked(wide.1)?, power(self.surplus())?)
            }
            Operator::Divide => {
                if right == 0 {
                    return Err(ArrowError::DivideByZero);
                }
                let shift = i16::from(self.result) + i16::from(self.right) - i16::from(self.left);
                let dividend =
                    wide.0.mul_checked(power(shift)?).map_err(|_| raise(too_many_digits()))?;
                rounded(dividend, wide.1)
            }
            _ => {
                if right == 0 {
                    return Err(ArrowError::DivideByZero);
                }
                let (left, right) = self.aligned(wide)?;
                left.mod_wrapping(right)
            }
        };
        within(value.to_i128().ok_or_else(|| raise(too_many_digits()))?)
    }

    /// How many digits of an exact product are not kept.
    fn surplus(self) -> i16 {
        i16::from(self.left) + i16::from(self.right) - i16::from(self.result)
    }

    fn aligned(self, (left, right): (i256, i256)) -> Result<(i256, i256), ArrowError> {
        let shift = |scale: i8| power(i16::from(self.result) - i16::from(scale));
        Ok((left.mul_checked(shift(self.left)?)?, right.mul_checked(shift(self.right)?)?))
    }
}

fn power(exponent: i16) -> Result<i256, ArrowError> {
    let exponent = u32::try_from(exponent).map_err(|_| raise(too_many_digits()))?;
    i256::from_i128(10).pow_checked(exponent).map_err(|_| raise(too_many_digits()))
}

/// A quotient, rounded half away from zero.
pub(super) fn rounded(dividend: i256, divisor: i256) -> i256 {
    let quotient = dividend.div_wrapping(divisor);
    let rest = dividend.mod_wrapping(divisor);
    let twice = rest.add_wrapping(rest).wrapping_abs();
    if twice < divisor.wrapping_abs() {
        return quotient;
    }
    let away =
        if dividend.is_negative() == divisor.is_negative() { i256::ONE } else { i256::MINUS_ONE };
    quotient.add_wrapping(away)
}

/// A value of at most 38 digits.
pub(super) fn within(value: i128) -> Result<i128, ArrowError> {
    let most = 10_i128.pow(u32::from(DIGITS));
    if value.unsigned_abs() < most.unsigned_abs() {
        Ok(value)
    } else {
        Err(raise(too_many_digits()))
    }
}
