//! Dates and times in text: the forms of ISO 8601 and those that PostgreSQL itself writes.
//! Month names and forms whose meaning hangs on the setting DateStyle are not read.

use chrono_tz::Tz;

use super::error::DecodeError;
use crate::values::Zone;
use crate::values::calendar::{DAY_US, END_OF_DATES, FIRST_DAY, FIRST_TIMESTAMP, days};

/// Days since 1970. A time that follows is left out.
pub(super) fn date(value: &str) -> Result<i64, DecodeError> {
    let parts = Parts::read("date", value)?;
    let day = parts.day()?.ok_or_else(|| parts.syntax())?;
    if (FIRST_DAY..END_OF_DATES).contains(&day) { Ok(day) } else { Err(parts.out_of_range()) }
}

/// Microseconds since midnight. A date before it, and a zone after it, are left out.
pub(super) fn time(value: &str) -> Result<i64, DecodeError> {
    let parts = Parts::read("time", value)?;
    parts.time_us.ok_or_else(|| parts.syntax())
}

/// Microseconds since 1970. A zone that follows is left out.
pub(super) fn timestamp(value: &str) -> Result<i64, DecodeError> {
    let parts = Parts::read("timestamp", value)?;
    parts.in_range(parts.local_us()?)
}

/// Microseconds since 1970 in UTC; in the session's zone where the text names none.
pub(super) fn timestamptz(value: &str, session: Tz) -> Result<i64, DecodeError> {
    let parts = Parts::read("timestamp with time zone", value)?;
    let local = parts.local_us()?;
    let zone = parts.zone.unwrap_or(Zone::Named(session));
    parts.in_range(zone.moment_us(local).ok_or_else(|| parts.out_of_range())?)
}

/// Words that PostgreSQL reads: what is not carried here, and what depends on when it is read.
const UNSUPPORTED: [&str; 7] =
    ["infinity", "-infinity", "now", "today", "tomorrow", "yesterday", "allballs"];

/// What a text says.
struct Parts<'a> {
    spoken: &'static str,
    whole: &'a str,
    date: Option<(i64, u8, u8)>,
    time_us: Option<i64>,
    zone: Option<Zone>,
}

impl<'a> Parts<'a> {
    fn read(spoken: &'static str, whole: &'a str) -> Result<Self, DecodeError> {
        let mut parts = Self { spoken, whole, date: None, time_us: None, zone: None };
        let mut rest = whole.trim_ascii();
        if UNSUPPORTED.iter().any(|word| rest.eq_ignore_ascii_case(word)) {
            return Err(DecodeError::Unsupported("such a word for a date or time"));
        }
        if rest.eq_ignore_ascii_case("epoch") && spoken != "time" {
            parts.date = Some((1970, 1, 1));
            parts.zone = Some(Zone::Offset(0));
            return Ok(parts);
        }
        let before_christ = match rest.split_at_checked(rest.len().saturating_sub(3)) {
            Some((before, era)) if era.eq_ignore_ascii_case(" bc") => {
                rest = before.trim_ascii_end();
                true
            }
            Some((before, era)) if era.eq_ignore_ascii_case(" ad") => {
                rest = before.trim_ascii_end();
                false
            }
            _ => false,
        };
        // A date ends where its digits do, and no colon follows, as it does after the hours of a time.
        let date_end = rest.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(rest.len());
        let (first, after) = rest.split_at_checked(date_end).unwrap_or((rest, ""));
        if !after.starts_with(':') {
            let (year, month, day) = calendar_date(first).ok_or_else(|| parts.syntax())?;
            if year == 0 {
                return Err(parts.field());
            }
            parts.date = Some((if before_christ { 1 - year } else { year }, month, day));
            let behind = after.strip_prefix(['T', 't']).unwrap_or(after).trim_ascii_start();
            let timed = behind.starts_with(|c: char| c.is_ascii_digit());
            rest = if timed { behind } else { after.trim_ascii_start() };
        }
        if rest.is_empty() {
            return Ok(parts);
        }
        if parts.date.is_some() && !rest.starts_with(|c: char| c.is_ascii_digit()) {
            parts.zone = Some(parts.zone(rest)?);
            return Ok(parts);
        }
        let time_end = rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.')))
            .unwrap_or(rest.len());
        let (clock, zone) = rest.split_at_checked(time_end).unwrap_or((rest, ""));
        parts.time_us = Some(parts.clock(clock)?);
        parts.zone = match zone.trim_ascii() {
            "" => None,
            zone => Some(parts.zone(zone)?),
        };
        Ok(parts)
    }

    /// `HH:MM`, `HH:MM:SS`, `HH:MM:SS.ffffff`
    fn clock(&self, clock: &str) -> Result<i64, DecodeError> {
        let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let fields: Vec<&str> = whole.split(':').collect();
        let two = |field: &str| match field.len() {
            1 | 2 => field.parse::<i64>().map_err(|_| self.syntax()),
            _ => Err(self.syntax()),
        };
        let (hours, minutes, seconds) = match *fields.as_slice() {
            [hours, minutes] if fraction.is_empty() => (two(hours)?, two(minutes)?, 0),
            [hours, minutes, seconds] => (two(hours)?, two(minutes)?, two(seconds)?),
            _ => return Err(self.syntax()),
        };
        let micros = fraction_us(fraction).ok_or_else(|| self.syntax())?;
        let sum = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros;
        if hours > 24 || minutes > 59 || seconds > 60 || sum > DAY_US {
            return Err(self.field());
        }
        Ok(sum)
    }

    /// `Z`, `+02`, `-05:30`, `+0530`, `Europe/Berlin`
    fn zone(&self, zone: &str) -> Result<Zone, DecodeError> {
        let Some(sign) = zone.bytes().next().filter(|sign| matches!(sign, b'+' | b'-')) else {
            // A word alone might have been anything.
            return Zone::named(zone).ok_or_else(|| match zone.contains('/') {
                true => DecodeError::TimeZone { zone: zone.to_lowercase() },
                false => self.syntax(),
            });
        };
        let digits = zone.get(1..).unwrap_or_default();
        let fields: Vec<&str> = match digits.len() {
            4 if !digits.contains(':') => {
                [digits.get(..2), digits.get(2..)].into_iter().flatten().collect()
            }
            _ => digits.split(':').collect(),
        };
        if fields.len() > 3 {
            return Err(self.syntax());
        }
        let mut seconds = 0;
        for (field, unit) in fields.iter().zip([3_600, 60, 1]) {
            let known = matches!(field.len(), 1 | 2) && field.bytes().all(|b| b.is_ascii_digit());
            let amount =
                field.parse::<i32>().ok().filter(|_| known).ok_or_else(|| self.syntax())?;
            if amount > if unit == 3_600 { 15 } else { 59 } {
                return Err(DecodeError::Displacement { value: self.whole.to_owned() });
            }
            seconds += amount * unit;
        }
        Ok(Zone::Offset(if sign == b'-' { -seconds } else { seconds }))
    }

    fn day(&self) -> Result<Option<i64>, DecodeError> {
        let day = |(year, month, day)| days(year, month, day).ok_or_else(|| self.field());
        self.date.map(day).transpose()
    }

    fn local_us(&self) -> Result<i64, DecodeError> {
        let day = self.day()?.ok_or_else(|| self.syntax())?;
        day.checked_mul(DAY_US)
            .and_then(|midnight| midnight.checked_add(self.time_us.unwrap_or_default()))
            .ok_or_else(|| self.out_of_range())
    }

    fn in_range(&self, micros: i64) -> Result<i64, DecodeError> {
        if micros >= FIRST_TIMESTAMP { Ok(micros) } else { Err(self.out_of_range()) }
    }

    fn syntax(&self) -> DecodeError {
        DecodeError::DateTimeSyntax { spoken: self.spoken, value: self.whole.to_owned() }
    }

    fn field(&self) -> DecodeError {
        DecodeError::DateTimeField { value: self.whole.to_owned() }
    }

    fn out_of_range(&self) -> DecodeError {
        let spoken = if self.spoken == "date" { "date" } else { "timestamp" };
        DecodeError::DateTimeRange { spoken, value: self.whole.to_owned() }
    }
}

/// `YYYY-MM-DD` or `YYYYMMDD`; a year may have more digits.
fn calendar_date(text: &str) -> Option<(i64, u8, u8)> {
    let number = |digits: &str| {
        let known = !digits.is_empty() && digits.len() <= 7;
        let digits = digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)?;
        digits.parse::<i64>().ok().filter(|_| known)
    };
    let fields: Vec<&str> = text.split('-').collect();
    let (year, month, day) = match *fields.as_slice() {
        [year, month, day] if year.len() >= 4 => (year, month, day),
        [all] if all.len() == 8 => (all.get(..4)?, all.get(4..6)?, all.get(6..)?),
        _ => return None,
    };
    let small = |digits: &str| number(digits)?.try_into().ok().filter(|_| digits.len() <= 2);
    Some((number(year)?, small(month)?, small(day)?))
}

/// Digits behind a point as microseconds, rounded to the nearest.
pub(super) fn fraction_us(digits: &str) -> Option<i64> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut micros = 0;
    let mut unit = 100_000;
    for digit in digits.bytes().take(6).map(|byte| i64::from(byte - b'0')) {
        micros += digit * unit;
        unit /= 10;
    }
    let round_up = digits.as_bytes().get(6).is_some_and(|&digit| digit >= b'5');
    Some(micros + i64::from(round_up))
}
