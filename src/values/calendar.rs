//! The proleptic Gregorian calendar over the whole range of PostgreSQL's dates, which is wider
//! than that of the usual libraries: 4714 BC to 294276 AD for times, to 5874897 AD for dates.

use chrono::{DateTime, Offset, TimeZone as _};
use chrono_tz::Tz;

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// Days from 1970-01-01 to 2000-01-01, the day from which PostgreSQL counts.
pub(crate) const PG_EPOCH_DAYS: i32 = 10_957;

/// Microseconds from 1970-01-01 to 2000-01-01.
pub(crate) const PG_EPOCH_US: i64 = PG_EPOCH_DAYS as i64 * DAY_US;

/// The first day: 4714-11-24 BC, Julian day 0.
pub(crate) const FIRST_DAY: i64 = -2_440_588;

/// The first day that is no longer a date: 5874898-01-01.
pub(crate) const END_OF_DATES: i64 = 2_145_042_906;

/// The first timestamp, in microseconds since 1970. What 64 bits can hold ends before
/// PostgreSQL's last one does.
pub(crate) const FIRST_TIMESTAMP: i64 = FIRST_DAY * DAY_US;

/// Year (astronomical: 0 is 1 BC), month and day of a day counted from 1970-01-01.
pub(crate) fn civil(days: i64) -> (i64, u8, u8) {
    // Years are counted from March, so that the leap day is the last one.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u8, day as u8)
}

/// The day counted from 1970-01-01; `None` where the month has no such day.
pub(crate) fn days(year: i64, month: u8, day: u8) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || day > month_length(year, month) {
        return None;
    }
    let (month, day) = (i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn month_length(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

/// How far local time is ahead of UTC, in seconds, at this moment (microseconds since 1970).
pub(crate) fn offset_s(zone: Tz, micros: i64) -> i32 {
    let seconds = same_rules_s(micros.div_euclid(1_000_000));
    match DateTime::from_timestamp(seconds, 0) {
        Some(moment) => zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc(),
        None => 0,
    }
}

/// Microseconds since 1970 of a local time. A time that occurs twice is taken as standard time,
/// one that is skipped as if the clock had not been put forward, as PostgreSQL does.
pub(crate) fn utc_us(zone: Tz, local: i64) -> i64 {
    let at = |offset: i32| local - i64::from(offset) * 1_000_000;
    // The offset of this local time is one of those that hold a day before and a day after.
    let before = offset_s(zone, local - DAY_US);
    let after = offset_s(zone, local + DAY_US);
    let holds = |offset: i32| offset_s(zone, at(offset)) == offset;
    match (holds(before), holds(after)) {
        (true, true) => at(before.min(after)),
        (false, true) => at(after),
        _ => at(before),
    }
}

/// A moment within the years that the zone tables cover, at which the same rules hold: past 2096
/// a year of the same shape (leap or not, same first weekday) before it, since the tables end
/// while the rules do not.
fn same_rules_s(seconds: i64) -> i64 {
    const LAST_YEAR: i64 = 2096;
    const DAY_S: i64 = 86_400;
    let day = seconds.div_euclid(DAY_S);
    let (year, ..) = civil(day);
    // Before the first tables: the zone's local mean time holds from the beginning.
    if year < -9_999 {
        return -300_000_000_000;
    }
    if year <= LAST_YEAR {
        return seconds;
    }
    let first = |year| days(year, 1, 1).unwrap_or_default();
    let shape = |year| (is_leap(year), first(year).rem_euclid(7));
    let like = (LAST_YEAR - 27..=LAST_YEAR).find(|&other| shape(other) == shape(year));
    seconds - (first(year) - first(like.unwrap_or(LAST_YEAR))) * DAY_S
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_and_days_are_inverse() {
        for day in (FIRST_DAY..END_OF_DATES).step_by(99_991) {
            let (year, month, in_month) = civil(day);
            assert_eq!(days(year, month, in_month), Some(day));
        }
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(FIRST_DAY), (-4713, 11, 24));
        assert_eq!(civil(END_OF_DATES), (5_874_898, 1, 1));
        assert_eq!(civil(i64::from(PG_EPOCH_DAYS)), (2000, 1, 1));
        assert_eq!(days(2023, 2, 29), None);
        assert_eq!(days(1900, 2, 29), None);
        assert!(days(2000, 2, 29).is_some());
        assert_eq!(days(2000, 13, 1), None);
    }

    #[test]
    fn local_times_that_occur_twice_or_never() {
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        let at = |month, day, hour: i64, minute: i64| {
            days(2024, month, day).unwrap() * DAY_US + (hour * 60 + minute) * 60_000_000
        };
        // Clocks went back on October 27 at 3:00 and forward on March 31 at 2:00.
        assert_eq!(utc_us(zone, at(10, 27, 2, 30)), at(10, 27, 1, 30));
        assert_eq!(utc_us(zone, at(3, 31, 2, 30)), at(3, 31, 1, 30));
        assert_eq!(utc_us(zone, at(7, 1, 12, 0)), at(7, 1, 10, 0));
        assert_eq!(utc_us(zone, at(1, 1, 12, 0)), at(1, 1, 11, 0));
    }

    #[test]
    fn summer_time_goes_on_after_the_tables_end() {
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        for year in [2097, 2150, 9999, 290_000] {
            let july = days(year, 7, 1).unwrap() * DAY_US;
            let january = days(year, 1, 5).unwrap() * DAY_US;
            assert_eq!((offset_s(zone, july), offset_s(zone, january)), (7200, 3600), "{year}");
        }
    }
}
