//! Dates and times, as text in the style `ISO` of the setting DateStyle, and as binary.

use std::fmt::Write as _;

use bytes::{BufMut, BytesMut};
use chrono_tz::Tz;

use super::cells::Written;
use super::error::EncodeError;
use crate::values::calendar::{
    DAY_US, END_OF_DATES, FIRST_DAY, FIRST_TIMESTAMP, PG_EPOCH_DAYS, PG_EPOCH_US, civil, offset_s,
};

/// The day counted from 1970.
pub(super) fn date_text(days: i64, out: &mut BytesMut) -> Written {
    check_date(days)?;
    let year = put_date(days, out);
    put_era(year, out);
    Ok(())
}

pub(super) fn date_binary(days: i64, out: &mut BytesMut) -> Written {
    check_date(days)?;
    out.put_i32((days - i64::from(PG_EPOCH_DAYS)) as i32);
    Ok(())
}

/// Microseconds since midnight.
pub(super) fn time_text(micros: i64, out: &mut BytesMut) -> Written {
    put_time(micros.unsigned_abs(), out);
    Ok(())
}

pub(super) fn time_binary(micros: i64, out: &mut BytesMut) -> Written {
    out.put_i64(micros);
    Ok(())
}

/// Microseconds since 1970, of no zone.
pub(super) fn timestamp_text(micros: i64, out: &mut BytesMut) -> Written {
    check_timestamp(micros)?;
    let year = put_timestamp(micros, out);
    put_era(year, out);
    Ok(())
}

/// Microseconds since 1970 in UTC, shown in a zone with its offset.
pub(super) fn timestamptz_text(micros: i64, zone: Tz, out: &mut BytesMut) -> Written {
    check_timestamp(micros)?;
    let offset = offset_s(zone, micros);
    let local = micros.saturating_add(i64::from(offset) * 1_000_000);
    let year = put_timestamp(local, out);
    put_offset(offset, out);
    put_era(year, out);
    Ok(())
}

/// Both kinds of timestamps.
pub(super) fn timestamp_binary(micros: i64, out: &mut BytesMut) -> Written {
    check_timestamp(micros)?;
    let since_2000 = micros.checked_sub(PG_EPOCH_US);
    out.put_i64(since_2000.ok_or(EncodeError::OutOfCalendar("timestamp"))?);
    Ok(())
}

fn check_date(days: i64) -> Written {
    let known = (FIRST_DAY..END_OF_DATES).contains(&days);
    if known { Ok(()) } else { Err(EncodeError::OutOfCalendar("date")) }
}

fn check_timestamp(micros: i64) -> Written {
    let known = micros >= FIRST_TIMESTAMP;
    if known { Ok(()) } else { Err(EncodeError::OutOfCalendar("timestamp")) }
}

/// Year, month and day, without the era. Gives the year, 0 for 1 BC.
fn put_date(days: i64, out: &mut BytesMut) -> i64 {
    let (year, month, day) = civil(days);
    let shown = if year > 0 { year } else { 1 - year };
    match u64::try_from(shown) {
        Ok(shown) if shown < 10_000 => {
            two(shown / 100, out);
            two(shown % 100, out);
        }
        _ => {
            let _ = write!(out, "{shown}");
        }
    }
    out.put_u8(b'-');
    two(month.into(), out);
    out.put_u8(b'-');
    two(day.into(), out);
    year
}

fn put_timestamp(micros: i64, out: &mut BytesMut) -> i64 {
    let year = put_date(micros.div_euclid(DAY_US), out);
    out.put_u8(b' ');
    put_time(micros.rem_euclid(DAY_US).unsigned_abs(), out);
    year
}

fn put_time(micros: u64, out: &mut BytesMut) {
    two(micros / 3_600_000_000, out);
    out.put_u8(b':');
    two(micros / 60_000_000 % 60, out);
    out.put_u8(b':');
    two(micros / 1_000_000 % 60, out);
    fraction(micros % 1_000_000, out);
}

/// `+02`, `+05:30`, and with seconds for the local mean times of old.
fn put_offset(offset: i32, out: &mut BytesMut) {
    out.put_u8(if offset < 0 { b'-' } else { b'+' });
    let seconds = u64::from(offset.unsigned_abs());
    two(seconds / 3_600, out);
    if seconds % 3_600 != 0 {
        out.put_u8(b':');
        two(seconds / 60 % 60, out);
    }
    if seconds % 60 != 0 {
        out.put_u8(b':');
        two(seconds % 60, out);
    }
}

fn put_era(year: i64, out: &mut BytesMut) {
    if year <= 0 {
        out.put_slice(b" BC");
    }
}

/// Two digits of a number below 100.
pub(super) fn two(value: u64, out: &mut BytesMut) {
    let digit = |value: u64| b'0' + (value % 10) as u8;
    out.put_slice(&[digit(value / 10), digit(value)]);
}

/// A point and up to six digits, without the zeros at the end; nothing for 0.
pub(super) fn fraction(micros: u64, out: &mut BytesMut) {
    let mut rest = micros;
    let mut place = 100_000;
    if rest > 0 {
        out.put_u8(b'.');
    }
    while rest > 0 {
        out.put_u8(b'0' + (rest / place) as u8);
        rest %= place;
        place /= 10;
    }
}
