//! Values as text, the way PostgreSQL and ISO 8601 write them.

use chrono::{DateTime, NaiveDate, TimeDelta};

/// Cents as `1234.50`.
pub fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// Days since 1970-01-01 as `2025-03-01`.
pub fn date(days: i32) -> String {
    let date = NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(days)));
    date.map(|date| date.to_string()).unwrap_or_default()
}

/// Microseconds since 1970-01-01 (UTC) as `2025-03-01T09:30:00Z`, with milliseconds where there
/// are any.
pub fn instant(micros: i64) -> String {
    let instant = DateTime::from_timestamp_micros(micros);
    instant
        .map(|instant| instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
        .unwrap_or_default()
}

/// Microseconds since 1970-01-01 (UTC) as PostgreSQL writes a `timestamptz` under `TimeZone` UTC:
/// `2025-03-01 09:30:00+00`.
pub fn postgres_instant(micros: i64) -> String {
    let text = instant(micros).replace('T', " ");
    let whole = text.strip_suffix('Z').unwrap_or(&text);
    // PostgreSQL drops zeros at the end of a fraction.
    let short = if whole.contains('.') { whole.trim_end_matches('0') } else { whole };
    format!("{short}+00")
}

/// A count with a comma at the thousands, `120,000`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        assert_eq!(money(123_450), "1234.50");
        assert_eq!(money(-5), "-0.05");
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(-1), "1969-12-31");
        assert_eq!(date(20_454), "2026-01-01");
        assert_eq!(instant(1_740_821_400_000_000), "2025-03-01T09:30:00Z");
        assert_eq!(instant(1_740_821_400_250_000), "2025-03-01T09:30:00.250Z");
        assert_eq!(postgres_instant(1_740_821_400_000_000), "2025-03-01 09:30:00+00");
        assert_eq!(postgres_instant(1_740_821_400_250_000), "2025-03-01 09:30:00.25+00");
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(120_000), "120,000");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
