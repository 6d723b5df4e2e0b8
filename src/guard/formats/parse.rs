//! Reading a date or a moment in the words of a pattern.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::pattern::{Field, Part, unknown};
use super::write::{day_named, month_named};
use crate::error::{ClientError, SqlState};

/// What was read so far.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    hour: u32,
    twelve: bool,
    afternoon: Option<bool>,
    minute: u32,
    second: u32,
    micros: u32,
}

/// Reads a text by a pattern, as loosely as PostgreSQL does: separators stand for each other, and
/// what is left over is passed by.
///
/// # Errors
/// 22007 where it does not fit, 22008 where there is no such day or time, 0A000 for a part that is
/// only written.
pub(super) fn read(parts: &[Part], text: &str) -> Result<NaiveDateTime, ClientError> {
    let mut found = Read::default();
    let mut rest = text.trim_start();
    for (at, part) in parts.iter().enumerate() {
        if rest.is_empty() {
            break;
        }
        match part {
            Part::Text(literal) => rest = passed(literal, rest),
            Part::Field { field, bare, .. } => {
                let touching = !bare && parts.get(at + 1).is_some_and(begins_with_digits);
                rest = take(*field, rest.trim_start(), touching, &mut found)?;
            }
        }
    }
    found.moment(text)
}

/// Whether a part could not be told from the digits before it, which then have to be as many as
/// their field has.
fn begins_with_digits(part: &Part) -> bool {
    match part {
        Part::Text(text) => text.starts_with(|letter: char| letter.is_ascii_digit()),
        Part::Field { field, .. } => !matches!(
            field,
            Field::MonthName(_)
                | Field::MonthShort(_)
                | Field::DayName(_)
                | Field::DayShort(_)
                | Field::HalfDay(_)
                | Field::ZoneName(_)
        ),
    }
}

/// Far more digits than any field has.
const MOST_DIGITS: usize = 32;

/// Each separator of the pattern stands for any one of the text; other characters for one.
fn passed<'a>(literal: &str, text: &'a str) -> &'a str {
    let mut rest = text;
    for wanted in literal.chars() {
        let mut characters = rest.chars();
        match characters.next() {
            Some(found) if !wanted.is_alphanumeric() => {
                if !found.is_alphanumeric() && !matches!(found, '+' | '-' if wanted == ' ') {
                    rest = characters.as_str();
                }
            }
            Some(_) => rest = characters.as_str(),
            None => break,
        }
    }
    rest
}

fn take<'a>(
    field: Field,
    text: &'a str,
    touching: bool,
    found: &mut Read,
) -> Result<&'a str, ClientError> {
    let digits = |most: usize| -> Result<(u32, usize, &'a str), ClientError> {
        let most = if touching { most } else { MOST_DIGITS };
        let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if length == 0 || touching && length < most {
            return Err(malformed(text));
        }
        let (number, rest) = text.split_at_checked(length).unwrap_or((text, ""));
        number.parse().map(|value| (value, length, rest)).map_err(|_| out_of_range(text))
    };
    let cut = |length: usize| text.get(length..).unwrap_or_default();
    let rest = match field {
        Field::Year(width) => {
            let (value, length, rest) = digits(width.into())?;
            let value = i32::try_from(value).map_err(|_| out_of_range(text))?;
            found.year = Some(match length {
                // The years around 2020.
                1 | 2 if width < 4 && value < 70 => value + 2000,
                1 | 2 if width < 4 => value + 1900,
                3 if width < 4 => value + if value < 520 { 2000 } else { 1000 },
                _ => value,
            });
            rest
        }
        Field::Month => {
            let (value, _, rest) = digits(2)?;
            found.month = Some(value);
            rest
        }
        Field::MonthName(_) | Field::MonthShort(_) => {
            let whole = matches!(field, Field::MonthName(_));
            let (value, length) = month_named(text, whole).ok_or_else(|| malformed(text))?;
            found.month = Some(value);
            cut(length)
        }
        Field::DayName(_) | Field::DayShort(_) => {
            let whole = matches!(field, Field::DayName(_));
            cut(day_named(text, whole).ok_or_else(|| malformed(text))?)
        }
        Field::Day => {
            let (value, _, rest) = digits(2)?;
            found.day = Some(value);
            rest
        }
        Field::DayOfYear => {
            let (value, _, rest) = digits(3)?;
            found.day_of_year = Some(value);
            rest
        }
        Field::Hour24 | Field::Hour12 => {
            let (value, _, rest) = digits(2)?;
            found.hour = value;
            found.twelve = field == Field::Hour12;
            rest
        }
        Field::HalfDay(_) => {
            let half = text.get(..2).map(str::to_ascii_lowercase);
            found.afternoon = Some(match half.as_deref() {
                Some("am") => false,
                Some("pm") => true,
                _ => return Err(malformed(text)),
            });
            cut(2)
        }
        Field::Minute => {
            let (value, _, rest) = digits(2)?;
            found.minute = value;
            rest
        }
        Field::Second => {
            let (value, _, rest) = digits(2)?;
            found.second = value;
            rest
        }
        Field::Fraction(most) => {
            let (value, length, rest) = digits(most.into())?;
            // Thousandths are a number of their own, which is no second.
            if length > 6 || most == 3 && length > 3 {
                return Err(out_of_range(text));
            }
            let missing = u32::try_from(6_usize.saturating_sub(length)).unwrap_or(0);
            found.micros = value * 10_u32.pow(missing);
            rest
        }
        _ => return Err(unknown(&format!("{field:?}"))),
    };
    Ok(rest)
}

impl Read {
    fn moment(self, text: &str) -> Result<NaiveDateTime, ClientError> {
        if self.year.is_none() && self.month.is_none() && self.day_of_year.is_some() {
            let message = "cannot calculate day of year without year information";
            return Err(ClientError::new(SqlState::INVALID_DATETIME_FORMAT, message));
        }
        // The year before 1.
        let year = self.year.unwrap_or(0);
        let date = match (self.day_of_year, self.month) {
            (Some(day), None) => NaiveDate::from_yo_opt(year, day),
            (_, month) => NaiveDate::from_ymd_opt(year, month.unwrap_or(1), self.day.unwrap_or(1)),
        };
        if self.twelve && !(1..=12).contains(&self.hour) {
            let message = format!("hour \"{}\" is invalid for the 12-hour clock", self.hour);
            return Err(ClientError::new(SqlState::INVALID_DATETIME_FORMAT, message)
                .hint("Use the 24-hour clock, or give an hour between 1 and 12."));
        }
        let hour = match (self.twelve || self.afternoon.is_some(), self.afternoon) {
            (true, Some(true)) if self.hour < 12 => self.hour + 12,
            (true, Some(false)) | (true, None) if self.hour == 12 && self.twelve => 0,
            _ => self.hour,
        };
        let time = NaiveTime::from_hms_micro_opt(hour, self.minute, self.second, self.micros);
        match (date, time) {
            (Some(date), Some(time)) => Ok(date.and_time(time)),
            _ => Err(out_of_range(text)),
        }
    }
}

fn malformed(_: &str) -> ClientError {
    ClientError::new(SqlState::INVALID_DATETIME_FORMAT, "a value does not fit its format pattern")
}

fn out_of_range(_: &str) -> ClientError {
    ClientError::new(SqlState::DATETIME_FIELD_OVERFLOW, "date/time field value out of range")
}
