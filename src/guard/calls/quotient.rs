//! `div`: the whole part of a quotient of numeric values.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, i256};

use super::{Function, Outcome, Types, internal, is_text};
use crate::error::{ClientError, SqlState};

pub(super) const FUNCTIONS: &[Function] =
    &[Function { name: "div", types, body: |arguments, _| quotients(arguments) }];

const WHOLE: DataType = DataType::Decimal128(38, 0);

/// Whole numbers become numeric values, floats do not.
fn types(arguments: &[DataType]) -> Option<Types> {
    let taken = arguments.iter().map(|of| match of {
        DataType::Decimal128(..) => Some(of.clone()),
        of if of.is_integer() => Some(DataType::Decimal128(20, 0)),
        of if is_text(of) => Some(DataType::Decimal128(38, 10)),
        _ => None,
    });
    (arguments.len() == 2)
        .then(|| taken.collect::<Option<Vec<_>>>())
        .flatten()
        .map(|of| (of, WHOLE))
}

fn quotients(arguments: &[ArrayRef]) -> Outcome {
    let [left, right] = arguments else { return Err(internal("div has two arguments")) };
    let (DataType::Decimal128(_, places), DataType::Decimal128(_, others)) =
        (left.data_type(), right.data_type())
    else {
        return Err(internal("an argument is no number"));
    };
    // Both get as many places.
    let unit = |missing: i8| {
        let missing = u32::try_from(missing.max(0)).unwrap_or(0);
        (0..missing).fold(i256::from_i128(1), |unit, _| unit.wrapping_mul(i256::from_i128(10)))
    };
    let (left_unit, right_unit) = (unit(others - places), unit(places - others));
    let left = left.as_primitive::<Decimal128Type>();
    let right = right.as_primitive::<Decimal128Type>();
    let quotient = |(left, right): (Option<i128>, Option<i128>)| {
        let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
        let left = i256::from_i128(left).wrapping_mul(left_unit);
        let right = i256::from_i128(right).wrapping_mul(right_unit);
        let quotient = left
            .checked_div(right)
            .ok_or_else(|| ClientError::new(SqlState::DIVISION_BY_ZERO, "division by zero"))?;
        let fits = quotient.to_i128().filter(|whole| whole.unsigned_abs() < LIMIT);
        fits.map(Some).ok_or_else(|| {
            ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow")
        })
    };
    let quotients = left.iter().zip(right.iter()).map(quotient);
    let quotients = quotients.collect::<Result<Decimal128Array, ClientError>>()?;
    Ok(Arc::new(quotients.with_data_type(WHOLE)))
}

/// The first number of more than 38 digits.
const LIMIT: u128 = 10_u128.pow(38);
