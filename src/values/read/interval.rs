//! Intervals in text: what PostgreSQL writes in its styles `postgres`, `postgres_verbose` and
//! `iso_8601`, and the unit names that it reads.

use super::datetime::fraction_us;
use super::datum::Datum;
use super::error::DecodeError;
use crate::values::calendar::DAY_US;

/// Reads an interval.
///
/// # Errors
/// 22007 where it is none, 22015 where it is too long.
pub(super) fn parse(value: &str) -> Result<Datum, DecodeError> {
    let syntax = || DecodeError::DateTimeSyntax { spoken: "interval", value: value.to_owned() };
    let range = || DecodeError::IntervalRange { value: value.to_owned() };
    let trimmed = value.trim_ascii();
    let sum = match trimmed.strip_prefix(['P', 'p']) {
        Some(iso) => designators(iso).ok_or_else(syntax)?,
        None => words(trimmed).ok_or_else(syntax)?,
    };
    Ok(Datum::Interval {
        months: sum.months.try_into().map_err(|_| range())?,
        days: sum.days.try_into().map_err(|_| range())?,
        micros: sum.micros.try_into().map_err(|_| range())?,
    })
}

/// Wide enough that the parts of any text of sane length can be added up; sums saturate, and
/// what saturates is out of range.
#[derive(Clone, Copy, Default)]
struct Sum {
    months: i128,
    days: i128,
    micros: i128,
}

/// What a unit is made of.
#[derive(Clone, Copy)]
enum Unit {
    Months(i128),
    Days(i128),
    Micros(i128),
}

impl Sum {
    /// Adds a number of units; a fraction of one goes to the smaller ones, as in PostgreSQL:
    /// of months to days (of which a month has 30), of days to the time.
    fn add(&mut self, number: Number, unit: Unit) {
        let Number { whole, millionths } = number;
        match unit {
            Unit::Months(months) => {
                self.months = self.months.saturating_add(whole.saturating_mul(months));
                let rest = millionths * months;
                // Fractions of a year are whole months; only those of a month are days.
                if months == 1 {
                    self.add_days(rest * 30);
                } else {
                    self.months = self.months.saturating_add(rounded(rest, 1_000_000));
                }
            }
            Unit::Days(days) => {
                self.days = self.days.saturating_add(whole.saturating_mul(days));
                self.add_days(millionths * days);
            }
            Unit::Micros(micros) => {
                let rest = rounded(millionths * micros, 1_000_000);
                let sum = whole.saturating_mul(micros).saturating_add(rest);
                self.micros = self.micros.saturating_add(sum);
            }
        }
    }

    fn add_days(&mut self, millionths: i128) {
        self.days = self.days.saturating_add(millionths / 1_000_000);
        let rest = millionths % 1_000_000 * i128::from(DAY_US) / 1_000_000;
        self.micros = self.micros.saturating_add(rest);
    }

    fn negate(&mut self) {
        *self = Self { months: -self.months, days: -self.days, micros: -self.micros };
    }
}

fn rounded(value: i128, unit: i128) -> i128 {
    (value + unit.signum() * value.signum() * unit / 2) / unit
}

/// A decimal number; both parts have its sign.
#[derive(Clone, Copy)]
struct Number {
    whole: i128,
    millionths: i128,
}

impl Number {
    /// `-1`, `+2.5`, `.5`
    fn read(text: &str) -> Option<Self> {
        let (sign, unsigned) = signed(text);
        let (whole, behind) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if (whole.is_empty() && behind.is_empty()) || whole.len() > 20 {
            return None;
        }
        let all_digits = whole.bytes().all(|byte| byte.is_ascii_digit());
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let millionths = i128::from(fraction_us(behind)?);
        all_digits.then_some(Self { whole: sign * whole, millionths: sign * millionths })
    }
}

fn signed(text: &str) -> (i128, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// `1 year 2 mons -3 days +04:05:06.789`, `@ 1 hour ago`, `1 day, 2:00:00`, `1-2`
fn words(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut tokens: Vec<&str> = text
        .split(|c: char| c.is_ascii_whitespace() || c == ',')
        .filter(|token| !token.is_empty() && *token != "@")
        .collect();
    let ago = tokens.last().is_some_and(|last| last.eq_ignore_ascii_case("ago"));
    if ago {
        tokens.pop();
    }
    if tokens.is_empty() {
        return None;
    }
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if token.contains(':') {
            clock(token, &mut sum)?;
            continue;
        }
        let name_at = token.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(token.len());
        let (number, name) = token.split_at_checked(name_at)?;
        let (sign, unsigned) = signed(number);
        if let (Some((years, months)), "") = (unsigned.split_once('-'), name) {
            let (years, months) = (Number::read(years)?, Number::read(months)?);
            sum.add(Number { whole: sign * years.whole, millionths: 0 }, Unit::Months(12));
            sum.add(Number { whole: sign * months.whole, millionths: 0 }, Unit::Months(1));
            continue;
        }
        let number = Number::read(number)?;
        let unit = match name {
            // The unit may be the next word; a last number without one counts seconds.
            "" => {
                match tokens.next_if(|next| next.starts_with(|c: char| c.is_ascii_alphabetic())) {
                    Some(name) => unit(name)?,
                    None if tokens.peek().is_none() => Unit::Micros(1_000_000),
                    // `1 02:03:04` is a day and a time.
                    None if tokens.peek().is_some_and(|next| next.contains(':')) => Unit::Days(1),
                    None => return None,
                }
            }
            name => unit(name)?,
        };
        sum.add(number, unit);
    }
    if ago {
        sum.negate();
    }
    Some(sum)
}

/// `HH:MM`, `HH:MM:SS.ffffff`, with a sign for the whole.
fn clock(token: &str, sum: &mut Sum) -> Option<()> {
    let (sign, unsigned) = signed(token);
    let fields: Vec<&str> = unsigned.split(':').collect();
    let (hours, minutes, seconds) = match *fields.as_slice() {
        [hours, minutes] => (hours, minutes, "0"),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let (hours, minutes) = (Number::read(hours)?, Number::read(minutes)?);
    let seconds = Number::read(seconds)?;
    let plain = fields.iter().all(|field| field.starts_with(|c: char| c.is_ascii_digit()));
    if !plain || minutes.whole > 59 || seconds.whole > 60 {
        return None;
    }
    let micros =
        ((hours.whole * 60 + minutes.whole) * 60 + seconds.whole) * 1_000_000 + seconds.millionths;
    sum.micros = sum.micros.saturating_add(sign * micros);
    Some(())
}

/// What follows the `P` of ISO 8601: `1Y2M3DT4H5M6.7S`, `2W`.
fn designators(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut in_time = false;
    let mut rest = text;
    let mut found = false;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix(['T', 't']) {
            if in_time {
                return None;
            }
            in_time = true;
            rest = time;
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, after) = rest.split_at_checked(end)?;
        let unit = match (after.bytes().next()?.to_ascii_uppercase(), in_time) {
            (b'Y', false) => Unit::Months(12),
            (b'M', false) => Unit::Months(1),
            (b'W', false) => Unit::Days(7),
            (b'D', false) => Unit::Days(1),
            (b'H', true) => Unit::Micros(3_600_000_000),
            (b'M', true) => Unit::Micros(60_000_000),
            (b'S', true) => Unit::Micros(1_000_000),
            _ => return None,
        };
        sum.add(Number::read(number)?, unit);
        found = true;
        rest = after.get(1..)?;
    }
    found.then_some(sum)
}

fn unit(name: &str) -> Option<Unit> {
    Some(match name.to_ascii_lowercase().as_str() {
        "microsecond" | "microseconds" | "us" | "usec" | "usecs" => Unit::Micros(1),
        "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" => Unit::Micros(1_000),
        "second" | "seconds" | "s" | "sec" | "secs" => Unit::Micros(1_000_000),
        "minute" | "minutes" | "m" | "min" | "mins" => Unit::Micros(60_000_000),
        "hour" | "hours" | "h" | "hr" | "hrs" => Unit::Micros(3_600_000_000),
        "day" | "days" | "d" => Unit::Days(1),
        "week" | "weeks" | "w" => Unit::Days(7),
        "month" | "months" | "mon" | "mons" => Unit::Months(1),
        "year" | "years" | "y" | "yr" | "yrs" => Unit::Months(12),
        "decade" | "decades" | "dec" | "decs" => Unit::Months(120),
        "century" | "centuries" | "c" | "cent" => Unit::Months(1_200),
        "millennium" | "millennia" | "mil" | "mils" => Unit::Months(12_000),
        _ => return None,
    })
}
