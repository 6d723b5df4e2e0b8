//! Intervals: between two moments, and with days and months in place of hours and days.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, IntervalMonthDayNanoArray};
use datafusion::arrow::datatypes::{
    DataType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType,
};

use super::{Function, Outcome, Types, internal, is_text};
use crate::error::{ClientError, SqlState};
use crate::values::{DAY_US, civil, days};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "age", types: moments, body: |a, _| ages(a) },
    Function { name: "justify_days", types: one, body: |a, _| each(a, in_months) },
    Function { name: "justify_hours", types: one, body: |a, _| each(a, in_days) },
    Function { name: "justify_interval", types: one, body: |a, _| each(a, in_both) },
];

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

const DAY_NS: i64 = DAY_US * 1_000;

const MONTH_DAYS: i32 = 30;

fn one(arguments: &[DataType]) -> Option<Types> {
    match arguments {
        [DataType::Interval(_)] => Some((vec![INTERVAL], INTERVAL)),
        [of] if is_text(of) => Some((vec![INTERVAL], INTERVAL)),
        _ => None,
    }
}

/// Two of one type, of which the one with a time zone is preferred for literals.
fn moments(arguments: &[DataType]) -> Option<Types> {
    let known = |of: &DataType| matches!(of, DataType::Timestamp(..) | DataType::Date32);
    if arguments.len() != 2 || !arguments.iter().all(|of| known(of) || is_text(of)) {
        return None;
    }
    let zoned = |of: &DataType| matches!(of, DataType::Timestamp(_, Some(_)));
    let clock = !arguments.iter().any(zoned) && arguments.iter().any(known);
    let zone = if clock { None } else { Some("UTC".into()) };
    Some((vec![DataType::Timestamp(TimeUnit::Microsecond, zone); 2], INTERVAL))
}

fn out_of_range() -> ClientError {
    ClientError::new(SqlState::DATETIME_FIELD_OVERFLOW, "interval out of range")
}

fn each(
    arguments: &[ArrayRef],
    change: fn(IntervalMonthDayNano) -> Option<IntervalMonthDayNano>,
) -> Outcome {
    let intervals =
        arguments.first().and_then(|of| of.as_primitive_opt::<IntervalMonthDayNanoType>());
    let intervals = intervals.ok_or_else(|| internal("an argument is no interval"))?;
    let changed =
        intervals.iter().map(|of| of.map(|of| change(of).ok_or_else(out_of_range)).transpose());
    Ok(Arc::new(changed.collect::<Result<IntervalMonthDayNanoArray, _>>()?))
}

/// Days as far as hours make some, of one sign with what is left.
fn in_days(of: IntervalMonthDayNano) -> Option<IntervalMonthDayNano> {
    let whole = i32::try_from(of.nanoseconds / DAY_NS).ok()?;
    let days = of.days.checked_add(whole)?;
    Some(one_sign(IntervalMonthDayNano::new(of.months, days, of.nanoseconds % DAY_NS)))
}

/// Days and hours of one sign.
fn one_sign(of: IntervalMonthDayNano) -> IntervalMonthDayNano {
    let IntervalMonthDayNano { months, days, nanoseconds } = of;
    let step = match (days.signum(), nanoseconds.signum()) {
        (1, -1) => 1,
        (-1, 1) => -1,
        _ => 0,
    };
    IntervalMonthDayNano::new(months, days - step, nanoseconds + i64::from(step) * DAY_NS)
}

/// Months as far as days make some.
fn by_month(of: IntervalMonthDayNano) -> Option<IntervalMonthDayNano> {
    let months = of.months.checked_add(of.days / MONTH_DAYS)?;
    Some(IntervalMonthDayNano::new(months, of.days % MONTH_DAYS, of.nanoseconds))
}

fn in_months(of: IntervalMonthDayNano) -> Option<IntervalMonthDayNano> {
    let IntervalMonthDayNano { months, days, nanoseconds } = by_month(of)?;
    let step = match (months.signum(), days.signum()) {
        (1, -1) => 1,
        (-1, 1) => -1,
        _ => 0,
    };
    Some(IntervalMonthDayNano::new(months - step, days + step * MONTH_DAYS, nanoseconds))
}

/// Days of hours, and months of days, all of one sign.
fn in_both(of: IntervalMonthDayNano) -> Option<IntervalMonthDayNano> {
    // Before hours are added to them, which could be too many.
    let of = by_month(of)?;
    let whole = i32::try_from(of.nanoseconds / DAY_NS).ok()?;
    let days = of.days.checked_add(whole)?;
    let of = by_month(IntervalMonthDayNano::new(of.months, days, of.nanoseconds % DAY_NS))?;
    let rest = i64::from(of.days) * DAY_NS + of.nanoseconds;
    let step = match (of.months.signum(), rest.signum()) {
        (1, -1) => 1,
        (-1, 1) => -1,
        _ => 0,
    };
    let days = of.days + step * MONTH_DAYS;
    Some(one_sign(IntervalMonthDayNano::new(of.months - step, days, of.nanoseconds)))
}

fn ages(arguments: &[ArrayRef]) -> Outcome {
    let [later, earlier] = arguments else { return Err(internal("age has two arguments")) };
    let later = later.as_primitive::<TimestampMicrosecondType>();
    let earlier = earlier.as_primitive::<TimestampMicrosecondType>();
    let age = |(later, earlier): (Option<i64>, Option<i64>)| match (later, earlier) {
        (Some(later), Some(earlier)) => age(later, earlier).map(Some).ok_or_else(out_of_range),
        _ => Ok(None),
    };
    let ages = later.iter().zip(earlier.iter()).map(age);
    Ok(Arc::new(ages.collect::<Result<IntervalMonthDayNanoArray, _>>()?))
}

/// From one moment to another in years, months, days and hours: so many whole months as there are,
/// where a month that is cut has as many days as that of the earlier moment.
fn age(first: i64, second: i64) -> Option<IntervalMonthDayNano> {
    let sign = if first < second { -1 } else { 1 };
    let (later, earlier) = (first.max(second), first.min(second));
    let (later_day, earlier_day) = (later.div_euclid(DAY_US), earlier.div_euclid(DAY_US));
    let mut micros = later.rem_euclid(DAY_US) - earlier.rem_euclid(DAY_US);
    let (to_year, to_month, to_day) = civil(later_day);
    let (from_year, from_month, from_day) = civil(earlier_day);
    let mut months = (to_year - from_year) * 12 + i64::from(to_month) - i64::from(from_month);
    let mut day = i64::from(to_day) - i64::from(from_day);
    if micros < 0 {
        (micros, day) = (micros + DAY_US, day - 1);
    }
    if day < 0 {
        let (year, next) =
            if from_month == 12 { (from_year + 1, 1) } else { (from_year, from_month + 1) };
        let length = days(year, next, 1)? - days(from_year, from_month, 1)?;
        // Twice where a short month holds too few.
        while day < 0 {
            (day, months) = (day + length, months - 1);
        }
    }
    Some(IntervalMonthDayNano::new(
        i32::try_from(months * sign).ok()?,
        i32::try_from(day * sign).ok()?,
        micros * 1_000 * sign,
    ))
}
