//! Dates and times: what stands on a clock elsewhere, and a date of its parts.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Date32Array, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{
    DataType, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit, TimestampMicrosecondType,
};

use super::{Function, Outcome, Types, internal, is_text};
use crate::error::{ClientError, SqlState};
use crate::values::{Zone, days};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "timezone", types: zoned, body: |a, of| moved(a, of) },
    Function { name: "make_date", types: dated, body: |a, _| dates(a) },
];

fn timestamp(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into))
}

/// A moment becomes what a clock shows there, and the other way round.
fn zoned(arguments: &[DataType]) -> Option<Types> {
    let [zone, of] = arguments else { return None };
    let zone = match zone {
        DataType::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        zone if is_text(zone) => DataType::Utf8,
        _ => return None,
    };
    Some(match of {
        DataType::Timestamp(_, None) => (vec![zone, timestamp(None)], timestamp(Some("UTC"))),
        DataType::Timestamp(_, Some(_)) | DataType::Date32 | DataType::Null => {
            (vec![zone, timestamp(Some("UTC"))], timestamp(None))
        }
        of if of.is_string() => (vec![zone, timestamp(Some("UTC"))], timestamp(None)),
        _ => return None,
    })
}

fn moved(arguments: &[ArrayRef], of: &DataType) -> Outcome {
    let [zones, times] = arguments else { return Err(internal("timezone has two arguments")) };
    let times = times.as_primitive::<TimestampMicrosecondType>();
    let to_moment = matches!(of, DataType::Timestamp(_, Some(_)));
    let mut last: Option<(String, Zone)> = None;
    let results = (0..times.len()).map(|row| {
        if zones.is_null(row) || times.is_null(row) {
            return Ok(None);
        }
        let zone = match zones.as_string_opt::<i32>() {
            Some(names) => {
                let name = names.value(row);
                match &last {
                    Some((known, zone)) if known == name => *zone,
                    _ => {
                        let zone = named(name)?;
                        last = Some((name.to_owned(), zone));
                        zone
                    }
                }
            }
            None => ahead(zones, row)?,
        };
        let time = times.value(row);
        let moved = if to_moment { zone.moment_us(time) } else { zone.local_us(time) };
        let out_of_range =
            || ClientError::new(SqlState::DATETIME_FIELD_OVERFLOW, "timestamp out of range");
        moved.map(Some).ok_or_else(out_of_range)
    });
    let results = results.collect::<Result<TimestampMicrosecondArray, ClientError>>()?;
    let zone = if to_moment { Some("UTC") } else { None };
    Ok(Arc::new(results.with_timezone_opt(zone)))
}

/// Hours with a sign mean the opposite here of what they mean in a timestamp, so they are better
/// said as an interval.
fn named(name: &str) -> Result<Zone, ClientError> {
    Zone::named(name.trim()).ok_or_else(|| {
        if name.contains(['+', '-']) && name.contains(|letter: char| letter.is_ascii_digit()) {
            let message = "a time zone in hours is not supported as a text";
            return ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
                .hint("Write it as an interval: AT TIME ZONE INTERVAL '2 hours'.");
        }
        let message = format!("time zone \"{name}\" not recognized");
        ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message)
    })
}

fn ahead(zones: &ArrayRef, row: usize) -> Result<Zone, ClientError> {
    let interval = zones.as_primitive::<IntervalMonthDayNanoType>().value(row);
    if interval.months != 0 || interval.days != 0 {
        let message = "interval time zone must not include months or days";
        return Err(ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message));
    }
    let seconds = interval.nanoseconds / 1_000_000_000;
    i32::try_from(seconds).map(Zone::Offset).map_err(|_| {
        let message = "time zone displacement out of range";
        ClientError::new(SqlState::INVALID_TIME_ZONE_DISPLACEMENT, message)
    })
}

fn dated(arguments: &[DataType]) -> Option<Types> {
    let known = |of: &DataType| {
        matches!(of, DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Null)
            || of.is_string()
    };
    (arguments.len() == 3 && arguments.iter().all(known))
        .then(|| (vec![DataType::Int64; 3], DataType::Date32))
}

/// There is no year 0; a year before 1 counts backwards from Christ.
fn dates(arguments: &[ArrayRef]) -> Outcome {
    let [years, months, in_month] = arguments else {
        return Err(internal("make_date has three arguments"));
    };
    let number = |values: &ArrayRef, row: usize| {
        let values = values.as_primitive::<Int64Type>();
        values.is_valid(row).then(|| values.value(row))
    };
    let date = |row: usize| {
        let (Some(year), Some(month), Some(day)) =
            (number(years, row), number(months, row), number(in_month, row))
        else {
            return Ok(None);
        };
        let counted = if year < 0 { year.saturating_add(1) } else { year };
        // Further than any date.
        let found = (year != 0 && year.abs() < 10_000_000)
            .then(|| days(counted, month.try_into().ok()?, day.try_into().ok()?))
            .flatten()
            // Julian day 0, the first day that there is.
            .filter(|day| *day >= -2_440_588)
            .and_then(|day| i32::try_from(day).ok());
        found.map(Some).ok_or_else(|| {
            let message = "date field value out of range";
            ClientError::new(SqlState::DATETIME_FIELD_OVERFLOW, message)
        })
    };
    Ok(Arc::new((0..years.len()).map(date).collect::<Result<Date32Array, _>>()?))
}
