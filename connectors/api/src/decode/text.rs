//! Reading values from text.
//!
//! What is accepted follows PostgreSQL 15's input functions where they are unambiguous: dates in
//! ISO 8601 alone, seconds rounded to the microsecond, and no number rounded to make it fit.
//! `None` means that the text is no value of the type.

use chrono::NaiveDate;
use serde::de::IgnoredAny;

const DAY_MICROS: i64 = 86_400_000_000;

/// `bool`: the words that PostgreSQL takes, with their abbreviations, whatever the case.
pub fn boolean(text: &str) -> Option<bool> {
    match text.trim_ascii().to_ascii_lowercase().as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Some(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// `int8`; the caller checks the range of the smaller types.
pub fn integer(text: &str) -> Option<i64> {
    text.trim_ascii().parse().ok()
}

/// `float8`. A finite number that overflows is none.
pub fn float8(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    let value: f64 = text.parse().ok()?;
    (value.is_finite() || spells_no_number(text)).then_some(value)
}

/// `float4`. A finite number that overflows is none.
pub fn float4(text: &str) -> Option<f32> {
    let text = text.trim_ascii();
    let value: f32 = text.parse().ok()?;
    (value.is_finite() || spells_no_number(text)).then_some(value)
}

/// Whether this is one of the words for infinity and NaN, once it is known to be a float.
fn spells_no_number(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_digit())
}

/// `numeric(precision, scale)`: the digits, as `value × 10^scale`. A value with more digits
/// behind the point than `scale` is none: nothing is rounded away.
pub fn numeric(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let text = text.trim_ascii();
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => {
            let (mantissa, exponent) = text.split_at(at);
            (mantissa, exponent.get(1..)?.parse::<i32>().ok()?)
        }
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.as_bytes().first()? {
        b'-' => (true, mantissa.get(1..)?),
        b'+' => (false, mantissa.get(1..)?),
        _ => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut unscaled: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = (byte as char).to_digit(10)?;
        unscaled = unscaled.checked_mul(10)?.checked_add(digit.into())?;
    }
    let shift =
        i32::from(scale).checked_add(exponent)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let unscaled = shifted(unscaled, shift)?;
    let unscaled = if negative { -unscaled } else { unscaled };
    fits(unscaled, precision).then_some(unscaled)
}

/// `value × 10^shift`, where that is a whole number.
fn shifted(value: i128, shift: i32) -> Option<i128> {
    if value == 0 {
        return Some(0);
    }
    let factor = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 {
        return value.checked_mul(factor);
    }
    (value.checked_rem(factor)? == 0).then_some(value.checked_div(factor)?)
}

/// Whether `unscaled` has at most `precision` digits.
pub fn fits(unscaled: i128, precision: u8) -> bool {
    10_u128.checked_pow(precision.into()).is_some_and(|limit| unscaled.unsigned_abs() < limit)
}

/// `date`, in days since 1970-01-01: `YYYY-MM-DD`, years 0001 to 9999.
pub fn date(text: &str) -> Option<i32> {
    let mut rest = Cursor(text.trim_ascii());
    let days = rest.date()?;
    rest.end().then_some(days)
}

/// `time`, in microseconds since midnight: `HH:MM[:SS[.ffffff]]`.
pub fn time(text: &str) -> Option<i64> {
    let mut rest = Cursor(text.trim_ascii());
    let micros = rest.time()?;
    (rest.end() && micros < DAY_MICROS).then_some(micros)
}

/// `timestamp`, in microseconds since 1970-01-01 00:00: a date, and after a space or `T` a time.
/// An offset is accepted only where it is zero: PostgreSQL would ignore any other in silence.
pub fn timestamp(text: &str) -> Option<i64> {
    let (micros, offset) = moment(text)?;
    (offset.unwrap_or(0) == 0).then_some(micros)
}

/// `timestamptz`, in microseconds since 1970-01-01 00:00 UTC; UTC where no offset is given.
pub fn timestamptz(text: &str) -> Option<i64> {
    let (micros, offset) = moment(text)?;
    micros.checked_sub(offset.unwrap_or(0))
}

/// Whether the text is a date and time that names its offset from UTC.
pub fn has_offset(text: &str) -> bool {
    moment(text).is_some_and(|(_, offset)| offset.is_some())
}

/// A date and time, and the offset behind it, both in microseconds.
fn moment(text: &str) -> Option<(i64, Option<i64>)> {
    let mut rest = Cursor(text.trim_ascii());
    let mut micros = i64::from(rest.date()?) * DAY_MICROS;
    let mut offset = None;
    if rest.take(b'T') || rest.take(b't') || rest.take(b' ') {
        micros = micros.checked_add(rest.time()?)?;
        offset = if rest.end() { None } else { Some(rest.offset()?) };
    }
    rest.end().then_some((micros, offset))
}

/// `uuid`, in canonical lower-case form; hyphens may be missing altogether.
pub fn uuid(text: &str) -> Option<String> {
    let text = text.trim_ascii();
    let hyphens = match text.len() {
        36 => true,
        32 => false,
        _ => return None,
    };
    let mut canonical = String::with_capacity(36);
    for (at, character) in text.chars().enumerate() {
        if hyphens && matches!(at, 8 | 13 | 18 | 23) {
            if character != '-' {
                return None;
            }
        } else if !character.is_ascii_hexdigit() {
            return None;
        } else {
            if matches!(canonical.len(), 8 | 13 | 18 | 23) {
                canonical.push('-');
            }
            canonical.push(character.to_ascii_lowercase());
        }
    }
    Some(canonical)
}

/// `bytea` in PostgreSQL's hexadecimal form: `\x` and two digits for each byte.
pub fn bytea(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let digit = |byte: &u8| (*byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

/// Whether the text is one JSON value (RFC 8259).
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// What is still to be read.
struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn end(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.0.as_bytes().first() == Some(&byte);
        if found {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        found
    }

    /// Exactly `count` digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.0.get(..count)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.0 = self.0.get(count..)?;
        digits.parse().ok()
    }

    fn date(&mut self) -> Option<i32> {
        let year = self.digits(4)?;
        let month = self.take(b'-').then(|| self.digits(2))??;
        let day = self.take(b'-').then(|| self.digits(2))??;
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        (year > 0).then(|| date.to_epoch_days())
    }

    fn time(&mut self) -> Option<i64> {
        let hours = self.digits(2)?;
        let minutes = self.take(b':').then(|| self.digits(2))??;
        let seconds = if self.take(b':') { self.digits(2)? } else { 0 };
        let fraction = if self.take(b'.') { self.fraction()? } else { 0 };
        let whole = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
        (hours < 24 && minutes < 60 && seconds < 60).then_some(whole * 1_000_000 + fraction)
    }

    /// Digits behind the point of a second, rounded to microseconds.
    fn fraction(&mut self) -> Option<i64> {
        let count = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        let (kept, beyond) = digits.split_at(count.min(6));
        let micros: i64 =
            if kept.is_empty() { return None } else { format!("{kept:0<6}").parse().ok()? };
        Some(if beyond.as_bytes().first() >= Some(&b'5') { micros + 1 } else { micros })
    }

    /// `Z`, `±HH`, `±HHMM` or `±HH:MM`, in microseconds.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0.trim_ascii_start().as_bytes().first()? {
            b'Z' | b'z' => 0,
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.0 = self.0.trim_ascii_start().get(1..)?;
        if sign == 0 {
            return Some(0);
        }
        let hours = self.digits(2)?;
        let minutes = match (self.take(b':'), self.end()) {
            (false, true) => 0,
            _ => self.digits(2)?,
        };
        let inside = hours < 16 && minutes < 60;
        inside.then(|| sign * (i64::from(hours) * 60 + i64::from(minutes)) * 60_000_000)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// One case a line: the type, the text, and the value; `-` where the text is no value.
    const CASES: &str = include_str!("text.cases");

    #[test]
    fn cases() {
        for line in CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut parts = line.split('|').map(str::trim);
            let (kind, text, expected) =
                (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
            let text = text.trim_matches('`');
            let got = match kind {
                "bool" => boolean(text).map(|value| value.to_string()),
                "int" => integer(text).map(|value| value.to_string()),
                "float8" => float8(text).map(|value| value.to_string()),
                "float4" => float4(text).map(|value| value.to_string()),
                "numeric(10,2)" => numeric(text, 10, 2).map(|value| value.to_string()),
                "numeric(38,0)" => numeric(text, 38, 0).map(|value| value.to_string()),
                "date" => date(text).map(|value| value.to_string()),
                "time" => time(text).map(|value| value.to_string()),
                "timestamp" => timestamp(text).map(|value| value.to_string()),
                "timestamptz" => timestamptz(text).map(|value| value.to_string()),
                "uuid" => uuid(text),
                "bytea" => bytea(text).map(|bytes| format!("{bytes:?}")),
                "json" => is_json(text).then(|| "ok".to_owned()),
                other => panic!("unknown type {other}"),
            };
            assert_eq!(got.as_deref().unwrap_or("-"), expected, "{line}");
        }
    }
}
