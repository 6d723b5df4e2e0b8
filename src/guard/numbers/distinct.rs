//! `avg(DISTINCT …)` of whole and numeric values.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, i256};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::Accumulator;

use super::decimal::{rounded, within};
use super::fault::told;
use super::types::DIGITS;

/// Digits behind the point, of the values and of their average.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finisher {
    pub scale: i8,
    pub result_scale: i8,
}

/// The values seen so far.
#[derive(Debug)]
pub(super) struct Average {
    seen: HashSet<i128>,
    of: Finisher,
}

impl Average {
    pub fn new(of: Finisher) -> Self {
        Self { seen: HashSet::new(), of }
    }

    fn take(&mut self, values: &ArrayRef) -> Result<()> {
        let values = cast(values, &DataType::Decimal128(DIGITS, self.of.scale))?;
        self.seen.extend(values.as_primitive::<Decimal128Type>().iter().flatten());
        Ok(())
    }

    fn result(&self) -> DataType {
        DataType::Decimal128(DIGITS, self.of.result_scale)
    }
}

impl Accumulator for Average {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else { return internal_err!("an average is of one column") };
        self.take(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let Ok(count @ 1..) = i64::try_from(self.seen.len()) else {
            return ScalarValue::try_from(&self.result());
        };
        let total = self
            .seen
            .iter()
            .fold(i256::ZERO, |total, value| total.wrapping_add(i256::from_i128(*value)));
        let shift = u32::try_from(self.of.result_scale - self.of.scale).unwrap_or(0);
        let unit = i256::from_i128(10).checked_pow(shift);
        let average = unit
            .and_then(|unit| total.checked_mul(unit))
            .and_then(|total| rounded(total, i256::from_i128(count.into())).to_i128())
            .unwrap_or(i128::MAX);
        let average = within(average).map_err(|error| told(error.into(), &self.result()))?;
        Ok(ScalarValue::Decimal128(Some(average), DIGITS, self.of.result_scale))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.seen.capacity() * size_of::<i128>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = Decimal128Array::from_iter_values(self.seen.iter().copied())
            .with_precision_and_scale(DIGITS, self.of.result_scale)?;
        let list = datafusion::common::utils::SingleRowListArrayBuilder::new(Arc::new(values));
        Ok(vec![list.build_list_scalar()])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [states] = states else { return internal_err!("an average keeps one state") };
        // The state is unscaled numbers; what they are labelled with is that of the result.
        for values in states.as_list::<i32>().iter().flatten() {
            self.seen.extend(values.as_primitive::<Decimal128Type>().iter().flatten());
        }
        Ok(())
    }
}
