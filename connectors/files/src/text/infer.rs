//! The types of columns, judged by their first cells.

use portcullis_connector_api::SqlType;
use portcullis_connector_api::decode::text;

use crate::text::json;

/// What the cells of a column have been so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guess {
    /// Nothing but NULL.
    #[default]
    Unknown,
    /// `true` and `false`
    Bool,
    /// Whole numbers that fit `int8`.
    Int,
    /// Plain decimal numbers: the most digits before and behind the point.
    Decimal {
        /// Before the point.
        whole: u8,
        /// Behind the point.
        scale: u8,
    },
    /// Numbers with exponents, or with too many digits.
    Float,
    /// Dates.
    Date,
    /// Dates and times without an offset.
    Timestamp,
    /// Dates and times with an offset.
    Timestamptz,
    /// UUIDs.
    Uuid,
    /// Objects or arrays among the values of a JSON column.
    Json,
    /// Anything else.
    Text,
}

/// More digits behind the point than this are the noise of binary fractions, not money.
const MAX_SCALE: u8 = 10;

/// Digits of the largest numeric.
const MAX_DIGITS: u8 = 38;

impl Guess {
    /// Judges a cell that knows no types (CSV).
    pub fn of_cell(text: &str) -> Self {
        let number = Self::of_number(text);
        if number != Self::Text {
            number
        } else if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
            Self::Bool
        } else {
            Self::of_string(text)
        }
    }

    /// Judges a cell that was written as a string, and so is no number, whatever it looks like.
    pub fn of_string(text: &str) -> Self {
        if text.len() == 36 && text::uuid(text).is_some() {
            Self::Uuid
        } else if !text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            Self::Text
        } else if text::date(text).is_some() {
            Self::Date
        } else if text::has_offset(text) {
            Self::Timestamptz
        } else if text::timestamp(text).is_some() {
            Self::Timestamp
        } else {
            Self::Text
        }
    }

    /// Judges a JSON value, as written.
    pub fn of_json(value: &str) -> Self {
        match value.as_bytes().first() {
            Some(b'"') => json::string(value).map_or(Self::Text, |text| Self::of_string(&text)),
            Some(b'{' | b'[') => Self::Json,
            Some(b'n') => Self::Unknown,
            Some(b't' | b'f') => Self::Bool,
            _ => Self::of_number(value),
        }
    }

    /// Judges a number, written as JSON writes them. What is not (`007`, `+1`, `1.`) is text, so
    /// that codes and telephone numbers keep their zeros.
    pub fn of_number(text: &str) -> Self {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match digits.find(['e', 'E']) {
            Some(at) => (digits.get(..at).unwrap_or_default(), digits.get(at + 1..)),
            None => (digits, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let all_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = all_digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_none_or(all_digits)
            && exponent.is_none_or(|text| all_digits(text.trim_start_matches(['+', '-'])));
        if !canonical {
            return Self::Text;
        }
        if exponent.is_some() {
            return Self::Float;
        }
        if fraction.is_none() && text::integer(text).is_some() {
            return Self::Int;
        }
        let count = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
        Self::Decimal { whole: count(whole), scale: fraction.map_or(0, count) }.bounded()
    }

    /// What covers both.
    pub fn and(self, other: Self) -> Self {
        use Guess::{Date, Decimal, Float, Int, Json, Text, Timestamp, Unknown};
        match (self, other) {
            (same, other) if same == other => same,
            (Unknown, known) | (known, Unknown) => known,
            (Json, _) | (_, Json) => Json,
            (Int, Decimal { whole, scale }) | (Decimal { whole, scale }, Int) => {
                // An int8 has up to 19 digits.
                Decimal { whole: whole.max(19), scale }.bounded()
            }
            (Decimal { whole, scale }, Decimal { whole: other, scale: finer }) => {
                Decimal { whole: whole.max(other), scale: scale.max(finer) }.bounded()
            }
            (Float, Int | Decimal { .. }) | (Int | Decimal { .. }, Float) => Float,
            (Date, Timestamp) | (Timestamp, Date) => Timestamp,
            _ => Text,
        }
    }

    /// A decimal, or a float where it has too many digits.
    fn bounded(self) -> Self {
        match self {
            Self::Decimal { whole, scale }
                if scale > MAX_SCALE || whole.saturating_add(scale) > MAX_DIGITS =>
            {
                Self::Float
            }
            other => other,
        }
    }

    /// The type of a column of such cells.
    pub fn sql_type(self) -> SqlType {
        match self {
            Self::Bool => SqlType::Bool,
            Self::Int => SqlType::Int8,
            Self::Decimal { scale, .. } => {
                SqlType::Numeric { precision: MAX_DIGITS, scale: i8::try_from(scale).unwrap_or(0) }
            }
            Self::Float => SqlType::Float8,
            Self::Date => SqlType::Date,
            Self::Timestamp => SqlType::Timestamp,
            Self::Timestamptz => SqlType::Timestamptz,
            Self::Uuid => SqlType::Uuid,
            Self::Json => SqlType::Json,
            Self::Unknown | Self::Text => SqlType::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns() {
        let cases: &[(&[&str], &str)] = &[
            (&[], "text"),
            (&["1", "-20", "0"], "int8"),
            (&["9223372036854775807", "9223372036854775808"], "numeric(38,0)"),
            (&["12.50", "3", "0.125"], "numeric(38,3)"),
            (&["1", "1e5"], "float8"),
            (&["0.30000000000000004"], "float8"),
            (&["1.5", "1.5e300"], "float8"),
            (&["007"], "text"),
            (&["0", "007"], "text"),
            (&["+49 30 123"], "text"),
            (&["1."], "text"),
            (&["-"], "text"),
            (&["true", "FALSE"], "bool"),
            (&["true", "1"], "text"),
            (&["2024-02-29"], "date"),
            (&["2023-02-29"], "text"),
            (&["2024-02-29", "2024-02-29 12:00:00"], "timestamp"),
            (&["2024-02-29T12:00:00.5"], "timestamp"),
            (&["2024-02-29T12:00:00Z"], "timestamptz"),
            (&["2024-02-29T12:00:00+02:00", "2024-02-29T12:00:00Z"], "timestamptz"),
            (&["2024-02-29T12:00:00Z", "2024-02-29T12:00:00"], "text"),
            (&["550E8400-E29B-41D4-A716-446655440000"], "uuid"),
            (&["550e8400-e29b-41d4-a716-446655440000", "x"], "text"),
            (&["2024"], "int8"),
            (&["192.168.0.1"], "text"),
            (&[" 1"], "text"),
            (&["", "1"], "text"),
        ];
        for (cells, expected) in cases {
            let forwards =
                cells.iter().fold(Guess::Unknown, |guess, cell| guess.and(Guess::of_cell(cell)));
            let backwards = cells
                .iter()
                .rev()
                .fold(Guess::Unknown, |guess, cell| guess.and(Guess::of_cell(cell)));
            assert_eq!(forwards.sql_type().to_string(), *expected, "{cells:?}");
            assert_eq!(backwards.sql_type().to_string(), *expected, "{cells:?} backwards");
        }
    }

    #[test]
    fn json_strings_are_no_numbers() {
        let cases: &[(&[&str], &str)] = &[
            (&["1", "null", "2.5"], "numeric(38,1)"),
            (&["\"10115\""], "text"),
            (&["\"10115\"", "10115"], "text"),
            (&["\"true\""], "text"),
            (&["true", "null"], "bool"),
            (&["\"2024-02-29\""], "date"),
            (&["\"\\u0032024-02-29\""], "date"),
            (&["1", "{}"], "json"),
            (&["null"], "text"),
        ];
        for (values, expected) in cases {
            let guess =
                values.iter().fold(Guess::Unknown, |guess, value| guess.and(Guess::of_json(value)));
            assert_eq!(guess.sql_type().to_string(), *expected, "{values:?}");
        }
    }
}
