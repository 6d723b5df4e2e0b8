//! Dates, times and intervals, where PostgreSQL means other than the engine: the difference of two
//! dates is a number of days, of two timestamps an interval, and a part of a month is days.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::try_binary;
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int32Type, IntervalMonthDayNano, IntervalMonthDayNanoType,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::Operator;

use super::fault::{out_of_range, raise};
use super::types::Kernel;

const MICROS_A_DAY: i64 = 86_400_000_000;
const NANOS_A_MICRO: i64 = 1_000;
const NANOS_A_DAY: f64 = 86_400e9;
const DAYS_A_MONTH: f64 = 30.0;

pub(super) fn compute(
    kernel: Kernel,
    op: Operator,
    left: &ArrayRef,
    right: &ArrayRef,
) -> Result<ArrayRef> {
    Ok(match kernel {
        Kernel::DateAndDays => dates(left, right, op),
        Kernel::DaysAndDate => dates(right, left, op),
        Kernel::DateFromDate => try_binary::<_, _, _, Int32Type>(
            left.as_primitive::<Date32Type>(),
            right.as_primitive::<Date32Type>(),
            |left, right| left.checked_sub(right).ok_or_else(|| too_far(&DataType::Int32)),
        )
        .map(|days| Arc::new(days) as ArrayRef),
        Kernel::TimestampFromTimestamp => try_binary::<_, _, _, IntervalMonthDayNanoType>(
            left.as_primitive::<TimestampMicrosecondType>(),
            right.as_primitive::<TimestampMicrosecondType>(),
            |left, right| left.checked_sub(right).and_then(of_micros).ok_or_else(interval),
        )
        .map(|passed| Arc::new(passed) as ArrayRef),
        Kernel::TimeFromTime => try_binary::<_, _, _, IntervalMonthDayNanoType>(
            left.as_primitive::<Time64MicrosecondType>(),
            right.as_primitive::<Time64MicrosecondType>(),
            |left, right| {
                Ok(IntervalMonthDayNano::new(0, 0, (left - right).saturating_mul(NANOS_A_MICRO)))
            },
        )
        .map(|passed| Arc::new(passed) as ArrayRef),
        Kernel::DateAndTime => try_binary::<_, _, _, TimestampMicrosecondType>(
            left.as_primitive::<Date32Type>(),
            right.as_primitive::<Time64MicrosecondType>(),
            |days, time| {
                let midnight = i64::from(days).checked_mul(MICROS_A_DAY);
                midnight.and_then(|midnight| midnight.checked_add(time)).ok_or_else(|| {
                    too_far(&DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None))
                })
            },
        )
        .map(|moment| Arc::new(moment) as ArrayRef),
        Kernel::IntervalByNumber => scaled(left, right, op),
        Kernel::NumberByInterval => scaled(right, left, op),
        other => return internal_err!("{other:?} is computed elsewhere"),
    }?)
}

fn dates(dates: &ArrayRef, days: &ArrayRef, op: Operator) -> Result<ArrayRef, ArrowError> {
    let moved = try_binary::<_, _, _, Date32Type>(
        dates.as_primitive::<Date32Type>(),
        days.as_primitive::<Int32Type>(),
        |date, days| {
            let moved =
                if op == Operator::Plus { date.checked_add(days) } else { date.checked_sub(days) };
            moved.ok_or_else(|| too_far(&DataType::Date32))
        },
    )?;
    Ok(Arc::new(moved))
}

/// Whole days, and the rest.
fn of_micros(micros: i64) -> Option<IntervalMonthDayNano> {
    let days = i32::try_from(micros / MICROS_A_DAY).ok()?;
    Some(IntervalMonthDayNano::new(0, days, (micros % MICROS_A_DAY) * NANOS_A_MICRO))
}

fn scaled(intervals: &ArrayRef, by: &ArrayRef, op: Operator) -> Result<ArrayRef, ArrowError> {
    let scaled = try_binary::<_, _, _, IntervalMonthDayNanoType>(
        intervals.as_primitive::<IntervalMonthDayNanoType>(),
        by.as_primitive::<Float64Type>(),
        |interval, by| match op {
            Operator::Divide if by == 0.0 => Err(ArrowError::DivideByZero),
            Operator::Divide => scale(interval, |part| part / by),
            _ => scale(interval, |part| part * by),
        },
    )?;
    Ok(Arc::new(scaled))
}

/// What is left of a month becomes days of 30, what is left of a day becomes time.
fn scale(
    of: IntervalMonthDayNano,
    by: impl Fn(f64) -> f64,
) -> Result<IntervalMonthDayNano, ArrowError> {
    let whole = |value: f64| {
        let fits = value.is_finite() && value.abs() <= f64::from(i32::MAX);
        if fits { Ok(value.trunc() as i32) } else { Err(interval()) }
    };
    let months = by(f64::from(of.months));
    let whole_months = whole(months)?;
    let spilled = to_micros((months - f64::from(whole_months)) * DAYS_A_MONTH);
    let days = by(f64::from(of.days));
    let whole_days = whole(days)?;
    let mut part = to_micros(days - f64::from(whole_days) + spilled - spilled.trunc());
    let mut carried = whole_days.checked_add(whole(spilled)?).ok_or_else(interval)?;
    if part.abs() >= 1.0 {
        carried = carried.checked_add(whole(part)?).ok_or_else(interval)?;
        part -= part.trunc();
    }
    let nanos = by(of.nanoseconds as f64) + part * NANOS_A_DAY;
    let micros = (nanos / 1_000.0).round_ties_even();
    // 2^63 nanoseconds
    if !micros.is_finite() || micros.abs() >= 9.2e15 {
        return Err(interval());
    }
    Ok(IntervalMonthDayNano::new(whole_months, carried, micros as i64 * NANOS_A_MICRO))
}

/// A number of days, to the microsecond.
fn to_micros(days: f64) -> f64 {
    (days * 1e6).round_ties_even() / 1e6
}

fn interval() -> ArrowError {
    raise(out_of_range(&DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano)))
}

fn too_far(of: &DataType) -> ArrowError {
    raise(out_of_range(of))
}
