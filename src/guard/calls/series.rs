//! `generate_series` as a list, where its bounds are no constants or are times. Longer series of
//! constants are left to the table function, which needs no memory for them.

use std::sync::Arc;

use chrono::{DateTime, Months};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int64Builder, ListBuilder, TimestampMicrosecondBuilder,
};
use datafusion::arrow::datatypes::{
    DataType, Field, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
    TimeUnit, TimestampMicrosecondType,
};

use super::{Function, Outcome, Types, internal};
use crate::error::{ClientError, SqlState};
use crate::guard::system::SERIES_OF;
use crate::values::DAY_US;

pub(super) const FUNCTIONS: &[Function] =
    &[Function { name: SERIES_OF, types: bounds, body: |a, of| series(a, of) }];

/// The most values of a list.
const LONGEST: usize = 100_000;

/// The most values of all lists of a batch: 32 MiB of them.
const MOST: usize = 4 << 20;

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

fn bounds(arguments: &[DataType]) -> Option<Types> {
    let whole = |of: &DataType| of.is_integer() || of.is_null();
    if (2..=3).contains(&arguments.len()) && arguments.iter().all(whole) {
        let taken = vec![DataType::Int64; arguments.len()];
        return Some((taken, list_of(DataType::Int64)));
    }
    let [first, last, step] = arguments else { return None };
    let timely = |of: &DataType| {
        matches!(of, DataType::Timestamp(..) | DataType::Date32) || of.is_string() || of.is_null()
    };
    if !timely(first)
        || !timely(last)
        || !(matches!(step, DataType::Interval(_)) || step.is_string())
    {
        return None;
    }
    // Dates are counted as moments, unless they stand beside a timestamp without a zone.
    let zone = match (first, last) {
        (DataType::Timestamp(_, None), other) | (other, DataType::Timestamp(_, None))
            if !matches!(other, DataType::Timestamp(_, Some(_))) =>
        {
            None
        }
        (DataType::Timestamp(..) | DataType::Date32, _)
        | (_, DataType::Timestamp(..) | DataType::Date32) => Some("UTC".into()),
        _ => return None,
    };
    let moment = DataType::Timestamp(TimeUnit::Microsecond, zone);
    Some((vec![moment.clone(), moment.clone(), INTERVAL], list_of(moment)))
}

fn series(arguments: &[ArrayRef], of: &DataType) -> Outcome {
    match of {
        DataType::List(item) if *item.data_type() == DataType::Int64 => numbers(arguments),
        DataType::List(item) => times(arguments, item.data_type()),
        other => Err(internal(other)),
    }
}

fn too_long() -> ClientError {
    let message = format!("a series beside a table is limited to {LONGEST} values");
    ClientError::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message)
        .hint(format!("All series of a batch of rows have {MOST} values at most."))
}

fn no_step() -> ClientError {
    ClientError::new(SqlState::INVALID_PARAMETER_VALUE, "step size cannot equal zero")
}

fn numbers(arguments: &[ArrayRef]) -> Outcome {
    let columns: Vec<_> =
        arguments.iter().map(|column| column.as_primitive::<Int64Type>()).collect();
    let rows = columns.first().map_or(0, |column| column.len());
    let mut out = ListBuilder::new(Int64Builder::new());
    let mut all = 0;
    for row in 0..rows {
        let row_of = columns.iter().map(|column| column.is_valid(row).then(|| column.value(row)));
        let Some(values) = row_of.collect::<Option<Vec<_>>>() else {
            out.append(true);
            continue;
        };
        let (first, last, step) = match *values.as_slice() {
            [first, last] => (first, last, 1),
            [first, last, step] => (first, last, step),
            _ => return Err(internal("a series has two bounds")),
        };
        if step == 0 {
            return Err(no_step());
        }
        let more = |value: &i64| if step > 0 { *value <= last } else { *value >= last };
        let values = std::iter::successors(Some(first).filter(more), |value| {
            value.checked_add(step).filter(more)
        });
        for (count, value) in values.enumerate() {
            all += 1;
            if count >= LONGEST || all > MOST {
                return Err(too_long());
            }
            out.values().append_value(value);
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

fn times(arguments: &[ArrayRef], item: &DataType) -> Outcome {
    let [firsts, lasts, steps] = arguments else { return Err(internal("a series has a step")) };
    let firsts = firsts.as_primitive::<TimestampMicrosecondType>();
    let lasts = lasts.as_primitive::<TimestampMicrosecondType>();
    let steps = steps.as_primitive::<IntervalMonthDayNanoType>();
    let values = TimestampMicrosecondBuilder::new().with_data_type(item.clone());
    let mut out = ListBuilder::new(values);
    let mut all = 0;
    for row in 0..firsts.len() {
        if firsts.is_null(row) || lasts.is_null(row) || steps.is_null(row) {
            out.append(true);
            continue;
        }
        let (first, last, step) = (firsts.value(row), lasts.value(row), steps.value(row));
        // As PostgreSQL compares it with no time at all.
        let length = (i128::from(step.months) * 30 + i128::from(step.days)) * i128::from(DAY_US)
            + i128::from(step.nanoseconds / 1_000);
        if length == 0 {
            return Err(no_step());
        }
        let more = |time: &i64| if length > 0 { *time <= last } else { *time >= last };
        let mut next = Some(first).filter(more);
        let mut count = 0;
        while let Some(time) = next {
            all += 1;
            if count >= LONGEST || all > MOST {
                return Err(too_long());
            }
            count += 1;
            out.values().append_value(time);
            next = Some(after(time, step)?).filter(more);
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

/// A time later by an interval: months first, the last day of a month where it has no such day.
fn after(time: i64, step: IntervalMonthDayNano) -> Result<i64, ClientError> {
    let months = Months::new(step.months.unsigned_abs());
    let moved = DateTime::from_timestamp_micros(time).and_then(|moment| {
        if step.months < 0 {
            moment.checked_sub_months(months)
        } else {
            moment.checked_add_months(months)
        }
    });
    let days = i64::from(step.days).saturating_mul(DAY_US);
    moved
        .and_then(|moment| moment.timestamp_micros().checked_add(days))
        .and_then(|time| time.checked_add(step.nanoseconds / 1_000))
        .ok_or_else(|| {
            ClientError::new(SqlState::DATETIME_FIELD_OVERFLOW, "timestamp out of range")
        })
}
