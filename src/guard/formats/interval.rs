//! Intervals in the words of a pattern.

use datafusion::arrow::datatypes::IntervalMonthDayNano;

use super::pattern::{Field, Part, unknown};
use super::write::{joined, lettered};
use crate::error::{ClientError, SqlState};

/// Writes an interval.
///
/// # Errors
/// 22007 for what only a date has, 0A000 for what PostgreSQL makes of the weeks of its calendar.
pub(super) fn write(parts: &[Part], of: IntervalMonthDayNano) -> Result<String, ClientError> {
    joined(parts, |field, bare| one(field, &of, bare))
}

fn one(field: Field, of: &IntervalMonthDayNano, bare: bool) -> Result<String, ClientError> {
    let padded = |value: i64, width: usize| {
        if bare { value.to_string() } else { format!("{value:0width$}") }
    };
    // A sign stands before as many digits as there are without it.
    let number = |value: i64, width: usize| padded(value, width + usize::from(value < 0));
    let (months, days) = (i64::from(of.months), i64::from(of.days));
    let (year, month) = (months / 12, months % 12);
    let micros = of.nanoseconds / 1_000;
    let seconds = micros / 1_000_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let fraction = micros % 1_000_000;
    let all_days = months * 30 + days;
    Ok(match field {
        Field::Year(4) => number(year, 4),
        Field::Year(digits) => number(year % 10_i64.pow(digits.into()), digits.into()),
        Field::Century => number(year / 100, 2),
        Field::Quarter if month == 0 => String::new(),
        Field::Quarter => ((month - 1) / 3 + 1).to_string(),
        Field::Month => number(month, 2),
        Field::Day => padded(days, 2),
        Field::DayOfYear => padded(all_days, 3),
        Field::Week => padded((all_days - 1) / 7 + 1, 2),
        Field::WeekOfMonth => ((days - 1) / 7 + 1).to_string(),
        Field::Hour24 => number(hour, 2),
        Field::Hour12 => number(if hour % 12 == 0 { 12 } else { hour % 12 }, 2),
        Field::Minute => number(minute, 2),
        Field::Second => number(second, 2),
        Field::Fraction(digits) => {
            let width = usize::from(digits);
            format!("{:0width$}", fraction / 10_i64.pow(6 - u32::from(digits.min(6))))
        }
        Field::SecondOfDay => seconds.to_string(),
        Field::HalfDay(letters) => lettered(if hour % 24 >= 12 { "PM" } else { "AM" }, letters),
        Field::IsoYear | Field::IsoWeek => return Err(unknown("I")),
        Field::MonthName(_)
        | Field::MonthShort(_)
        | Field::DayName(_)
        | Field::DayShort(_)
        | Field::DayOfWeek
        | Field::IsoDayOfWeek
        | Field::ZoneName(_)
        | Field::ZoneHours
        | Field::ZoneMinutes
        | Field::ZoneOffset => {
            let message = "invalid format specification for an interval value";
            return Err(ClientError::new(SqlState::INVALID_DATETIME_FORMAT, message)
                .hint("Intervals are not tied to specific calendar dates."));
        }
    })
}
