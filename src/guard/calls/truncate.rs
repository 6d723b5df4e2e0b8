//! `date_trunc`, over all years that there are.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, IntervalMonthDayNanoArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType,
};

use super::{Function, Outcome, Types, internal, is_text};
use crate::error::{ClientError, SqlState};
use crate::values::{DAY_US, civil, days};

pub(super) const FUNCTIONS: &[Function] =
    &[Function { name: "date_trunc", types, body: |arguments, of| truncated(arguments, of) }];

/// A date is truncated as the moment at which it begins.
fn types(arguments: &[DataType]) -> Option<Types> {
    let [unit, of] = arguments else { return None };
    let subject = match of {
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Null => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        of if of.is_string() => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => return None,
    };
    is_text(unit).then(|| (vec![DataType::Utf8, subject.clone()], subject))
}

/// What is cut off is all that is smaller.
#[derive(Clone, Copy)]
enum Unit {
    Micros(i64),
    Week,
    /// A number of months, the first of which begins a year of its kind.
    Months(i64),
}

impl Unit {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "microsecond" | "microseconds" | "us" => Self::Micros(1),
            "millisecond" | "milliseconds" | "ms" => Self::Micros(1_000),
            "second" | "seconds" | "sec" | "s" => Self::Micros(1_000_000),
            "minute" | "minutes" | "min" | "mins" | "m" => Self::Micros(60_000_000),
            "hour" | "hours" | "hr" | "h" => Self::Micros(3_600_000_000),
            "day" | "days" | "d" => Self::Micros(DAY_US),
            "week" | "weeks" | "w" => Self::Week,
            "month" | "months" | "mon" | "mons" => Self::Months(1),
            "quarter" | "qtr" => Self::Months(3),
            "year" | "years" | "y" | "yr" => Self::Months(12),
            "decade" | "decades" | "dec" => Self::Months(120),
            "century" | "centuries" | "c" => Self::Months(1_200),
            "millennium" | "millennia" | "mil" => Self::Months(12_000),
            _ => return None,
        })
    }

    /// Microseconds since 1970; `None` past what is counted.
    fn of_time(self, time: i64) -> Option<i64> {
        let day = time.div_euclid(DAY_US);
        match self {
            Self::Micros(unit) => Some(time - time.rem_euclid(unit)),
            Self::Week => (day - (day + 3).rem_euclid(7)).checked_mul(DAY_US),
            Self::Months(months) => {
                let (year, month, _) = civil(day);
                let years = months / 12;
                let (year, month) = match years {
                    0 => (year, (i64::from(month) - 1) / months * months + 1),
                    1 | 10 => (year.div_euclid(years) * years, 1),
                    // Centuries and millennia begin with a year 1.
                    _ => ((year - 1).div_euclid(years) * years + 1, 1),
                };
                days(year, u8::try_from(month).ok()?, 1)?.checked_mul(DAY_US)
            }
        }
    }

    /// `None` for a week, which is no part of an interval.
    fn of_interval(self, value: IntervalMonthDayNano) -> Option<IntervalMonthDayNano> {
        let IntervalMonthDayNano { months, days, nanoseconds } = value;
        Some(match self {
            Self::Micros(DAY_US) => IntervalMonthDayNano::new(months, days, 0),
            Self::Micros(unit) => {
                let unit = unit * 1_000;
                IntervalMonthDayNano::new(months, days, nanoseconds / unit * unit)
            }
            Self::Week => return None,
            Self::Months(unit) => {
                let unit = i32::try_from(unit).ok()?;
                IntervalMonthDayNano::new(months / unit * unit, 0, 0)
            }
        })
    }
}

fn truncated(arguments: &[ArrayRef], of: &DataType) -> Outcome {
    let [units, values] = arguments else { return Err(internal("date_trunc has two arguments")) };
    let names = units.as_string::<i32>();
    let unit = |row: usize| {
        let name = names.value(row);
        Unit::named(name).ok_or_else(|| {
            let message = format!("unit \"{name}\" not recognized");
            ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message)
        })
    };
    let rows = 0..values.len();
    let known = |row: usize| values.is_valid(row) && names.is_valid(row);
    if let Some(intervals) = values.as_primitive_opt::<IntervalMonthDayNanoType>() {
        let cut = rows.map(|row| {
            if !known(row) {
                return Ok(None);
            }
            unit(row)?.of_interval(intervals.value(row)).map(Some).ok_or_else(|| {
                let message = "unit \"week\" not supported for type interval";
                ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
                    .detail("Months usually have fractional weeks.")
            })
        });
        return Ok(Arc::new(cut.collect::<Result<IntervalMonthDayNanoArray, _>>()?));
    }
    let times = values.as_primitive::<TimestampMicrosecondType>();
    let cut = rows.map(|row| {
        if !known(row) {
            return Ok(None);
        }
        unit(row)?.of_time(times.value(row)).map(Some).ok_or_else(|| {
            ClientError::new(SqlState::DATETIME_FIELD_OVERFLOW, "timestamp out of range")
        })
    });
    let cut = cut.collect::<Result<TimestampMicrosecondArray, ClientError>>()?;
    Ok(Arc::new(cut.with_data_type(of.clone())))
}
