//! Dates and times in the words of a pattern.

use std::convert::Infallible;
use std::fmt::Write as _;

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::pattern::{Field, Letters, Part};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Writes a moment. `zoned` tells whether it is one of a time zone, which is always UTC here.
pub(super) fn write(parts: &[Part], moment: NaiveDateTime, zoned: bool) -> String {
    let written = joined(parts, |field, bare| Ok::<_, Infallible>(one(field, moment, zoned, bare)));
    match written {
        Ok(text) => text,
        Err(never) => match never {},
    }
}

/// The parts of a pattern one after the other, each as it is written; a number as an ordinal one
/// where the pattern says so.
///
/// # Errors
/// Those of `one`.
pub(super) fn joined<E>(
    parts: &[Part],
    one: impl Fn(Field, bool) -> Result<String, E>,
) -> Result<String, E> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(literal) => text.push_str(literal),
            Part::Field { field, bare, ordinal } => {
                let written = one(*field, *bare)?;
                text.push_str(&written);
                if let (Some(letters), Some(last)) = (ordinal, written.chars().last())
                    && last.is_ascii_digit()
                {
                    text.push_str(&lettered(ending(&written), *letters));
                }
            }
        }
    }
    Ok(text)
}

fn one(field: Field, moment: NaiveDateTime, zoned: bool, bare: bool) -> String {
    let number = |value: i64, width: usize| {
        if bare { value.to_string() } else { format!("{value:0width$}") }
    };
    let name = |name: &str, letters: Letters| {
        let name = lettered(name, letters);
        if bare { name } else { format!("{name:<9}") }
    };
    // The year before 1 is 1 BC, which no number says.
    let shown = |year: i64| if year > 0 { year } else { 1 - year };
    let counted = i64::from(moment.year());
    let year = shown(counted);
    let (hour, second) = (i64::from(moment.hour()), i64::from(moment.second()));
    let micros = i64::from(moment.nanosecond() / 1_000);
    let weekday = moment.weekday().num_days_from_sunday();
    match field {
        Field::Year(4) => number(year, 4),
        Field::Year(digits) => number(year % 10_i64.pow(digits.into()), digits.into()),
        Field::IsoYear => number(shown(moment.iso_week().year().into()), 4),
        Field::Century if counted > 0 => number((counted + 99) / 100, 2),
        Field::Century => number(counted / 100 - 1, 3),
        Field::Quarter => (moment.month0() / 3 + 1).to_string(),
        Field::Month => number(moment.month().into(), 2),
        Field::MonthName(letters) => name(month(moment), letters),
        Field::MonthShort(letters) => lettered(short(month(moment)), letters),
        Field::Day => number(moment.day().into(), 2),
        Field::DayOfYear => number(moment.ordinal().into(), 3),
        Field::DayOfWeek => (weekday + 1).to_string(),
        Field::IsoDayOfWeek => moment.weekday().number_from_monday().to_string(),
        Field::DayName(letters) => name(day(weekday), letters),
        Field::DayShort(letters) => lettered(short(day(weekday)), letters),
        Field::Week => number(i64::from(moment.ordinal0() / 7) + 1, 2),
        Field::WeekOfMonth => (moment.day0() / 7 + 1).to_string(),
        Field::IsoWeek => number(moment.iso_week().week().into(), 2),
        Field::Hour24 => number(hour, 2),
        Field::Hour12 => number(if hour % 12 == 0 { 12 } else { hour % 12 }, 2),
        Field::Minute => number(moment.minute().into(), 2),
        Field::Second => number(second, 2),
        // Of a fraction no zero is left out.
        Field::Fraction(digits) => {
            let width = usize::from(digits);
            format!("{:0width$}", micros / 10_i64.pow(6 - u32::from(digits.min(6))))
        }
        Field::SecondOfDay => (hour * 3_600 + i64::from(moment.minute()) * 60 + second).to_string(),
        Field::HalfDay(letters) => lettered(if hour < 12 { "AM" } else { "PM" }, letters),
        Field::ZoneName(letters) if zoned => lettered("UTC", letters),
        Field::ZoneName(_) => String::new(),
        Field::ZoneHours | Field::ZoneOffset => "+00".to_owned(),
        Field::ZoneMinutes => "00".to_owned(),
    }
}

fn month(moment: NaiveDateTime) -> &'static str {
    usize::try_from(moment.month0()).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or("")
}

fn day(weekday: u32) -> &'static str {
    usize::try_from(weekday).ok().and_then(|at| DAYS.get(at)).copied().unwrap_or("")
}

fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

/// The number of the month with this name, or with these first three letters; and the name's
/// length.
pub(super) fn month_named(text: &str, whole: bool) -> Option<(u32, usize)> {
    MONTHS.iter().zip(1..).find_map(|(name, number)| {
        let name = if whole { name } else { short(name) };
        let start = text.get(..name.len())?;
        start.eq_ignore_ascii_case(name).then_some((number, name.len()))
    })
}

/// The length of the day's name that a text begins with.
pub(super) fn day_named(text: &str, whole: bool) -> Option<usize> {
    DAYS.iter().find_map(|name| {
        let name = if whole { name } else { short(name) };
        text.get(..name.len())?.eq_ignore_ascii_case(name).then_some(name.len())
    })
}

pub(super) fn lettered(name: &str, letters: Letters) -> String {
    match letters {
        Letters::Upper => name.to_ascii_uppercase(),
        Letters::Lower => name.to_ascii_lowercase(),
        Letters::First => name.to_owned(),
    }
}

/// What makes a number an ordinal one.
fn ending(number: &str) -> &'static str {
    let mut digits = String::new();
    let _ = write!(digits, "{number:0>2}");
    let mut last = digits.chars().rev();
    match (last.next(), last.next()) {
        (_, Some('1')) => "th",
        (Some('1'), _) => "st",
        (Some('2'), _) => "nd",
        (Some('3'), _) => "rd",
        _ => "th",
    }
}
