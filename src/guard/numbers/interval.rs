//! The length of an interval, by which PostgreSQL compares it: a month is 30 days, a day 24 hours.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Decimal128Type, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

const DAYS_A_MONTH: i128 = 30;
const NANOS_A_DAY: i128 = 86_400_000_000_000;

/// The length in nanoseconds.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct InDays {
    signature: Signature,
}

impl InDays {
    pub fn function() -> ScalarUDF {
        let interval = DataType::Interval(IntervalUnit::MonthDayNano);
        let signature = Signature::exact(vec![interval], Volatility::Immutable);
        ScalarUDF::from(Self { signature })
    }
}

impl ScalarUDFImpl for InDays {
    fn name(&self) -> &str {
        "length of interval"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(38, 0))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [intervals] = arguments.args.as_slice() else {
            return internal_err!("one interval has a length");
        };
        let values = intervals.to_array(arguments.number_rows)?;
        let lengths = values.as_primitive::<IntervalMonthDayNanoType>().unary::<_, Decimal128Type>(
            |interval| {
                let days = i128::from(interval.months) * DAYS_A_MONTH + i128::from(interval.days);
                days * NANOS_A_DAY + i128::from(interval.nanoseconds)
            },
        );
        Ok(ColumnarValue::Array(Arc::new(lengths.with_precision_and_scale(38, 0)?)))
    }
}
