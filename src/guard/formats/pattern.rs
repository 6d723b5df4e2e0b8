//! Reading a pattern of dates and times.

use crate::error::{ClientError, SqlState};

/// Letters as the pattern has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    Upper,
    Lower,
    First,
}

/// What a part of a pattern stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// So many last digits of the year; all of it for 4.
    Year(u8),
    IsoYear,
    Century,
    Quarter,
    Month,
    MonthName(Letters),
    MonthShort(Letters),
    Day,
    DayOfYear,
    /// Sunday is 1.
    DayOfWeek,
    /// Monday is 1.
    IsoDayOfWeek,
    DayName(Letters),
    DayShort(Letters),
    Week,
    WeekOfMonth,
    IsoWeek,
    Hour24,
    Hour12,
    Minute,
    Second,
    /// So many digits of the fraction.
    Fraction(u8),
    SecondOfDay,
    HalfDay(Letters),
    ZoneName(Letters),
    ZoneHours,
    ZoneMinutes,
    ZoneOffset,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Stands for itself, in quotes or not a letter of the language.
    Text(String),
    Field {
        field: Field,
        /// `FM` or `TM`: without blanks and leading zeros.
        bare: bool,
        /// `TH` or `th`
        ordinal: Option<Letters>,
    },
}

use Field as F;
use Letters::{First, Lower, Upper};

/// What is known, the longer before what it begins with.
const FIELDS: &[(&str, Field)] = &[
    ("AM", F::HalfDay(Upper)),
    ("am", F::HalfDay(Lower)),
    ("PM", F::HalfDay(Upper)),
    ("pm", F::HalfDay(Lower)),
    ("CC", F::Century),
    ("cc", F::Century),
    ("DAY", F::DayName(Upper)),
    ("Day", F::DayName(First)),
    ("day", F::DayName(Lower)),
    ("DDD", F::DayOfYear),
    ("ddd", F::DayOfYear),
    ("DD", F::Day),
    ("dd", F::Day),
    ("DY", F::DayShort(Upper)),
    ("Dy", F::DayShort(First)),
    ("dy", F::DayShort(Lower)),
    ("D", F::DayOfWeek),
    ("d", F::DayOfWeek),
    ("FF1", F::Fraction(1)),
    ("FF2", F::Fraction(2)),
    ("FF3", F::Fraction(3)),
    ("FF4", F::Fraction(4)),
    ("FF5", F::Fraction(5)),
    ("FF6", F::Fraction(6)),
    ("HH24", F::Hour24),
    ("hh24", F::Hour24),
    ("HH12", F::Hour12),
    ("hh12", F::Hour12),
    ("HH", F::Hour12),
    ("hh", F::Hour12),
    ("ID", F::IsoDayOfWeek),
    ("id", F::IsoDayOfWeek),
    ("IW", F::IsoWeek),
    ("iw", F::IsoWeek),
    ("IYYY", F::IsoYear),
    ("iyyy", F::IsoYear),
    ("MI", F::Minute),
    ("mi", F::Minute),
    ("MM", F::Month),
    ("mm", F::Month),
    ("MONTH", F::MonthName(Upper)),
    ("Month", F::MonthName(First)),
    ("month", F::MonthName(Lower)),
    ("MON", F::MonthShort(Upper)),
    ("Mon", F::MonthShort(First)),
    ("mon", F::MonthShort(Lower)),
    ("MS", F::Fraction(3)),
    ("ms", F::Fraction(3)),
    ("OF", F::ZoneOffset),
    ("of", F::ZoneOffset),
    ("Q", F::Quarter),
    ("q", F::Quarter),
    ("SSSSS", F::SecondOfDay),
    ("sssss", F::SecondOfDay),
    ("SSSS", F::SecondOfDay),
    ("ssss", F::SecondOfDay),
    ("SS", F::Second),
    ("ss", F::Second),
    ("TZH", F::ZoneHours),
    ("tzh", F::ZoneHours),
    ("TZM", F::ZoneMinutes),
    ("tzm", F::ZoneMinutes),
    ("TZ", F::ZoneName(Upper)),
    ("tz", F::ZoneName(Lower)),
    ("US", F::Fraction(6)),
    ("us", F::Fraction(6)),
    ("WW", F::Week),
    ("ww", F::Week),
    ("W", F::WeekOfMonth),
    ("w", F::WeekOfMonth),
    ("YYYY", F::Year(4)),
    ("yyyy", F::Year(4)),
    ("YYY", F::Year(3)),
    ("yyy", F::Year(3)),
    ("YY", F::Year(2)),
    ("yy", F::Year(2)),
    ("Y", F::Year(1)),
    ("y", F::Year(1)),
];

/// What means something in PostgreSQL and nothing here.
const REFUSED: &[&str] = &[
    "A.D.", "a.d.", "A.M.", "a.m.", "AD", "ad", "B.C.", "b.c.", "BC", "bc", "FX", "fx", "IDDD",
    "iddd", "IYY", "iyy", "IY", "iy", "I", "i", "J", "j", "P.M.", "p.m.", "RM", "rm", "Y,YYY",
    "y,yyy",
];

/// Reads a pattern.
///
/// # Errors
/// 0A000 where it holds what is not known here.
pub(super) fn read(pattern: &str) -> Result<Vec<Part>, ClientError> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        let after =
            |prefixes: [&str; 4]| prefixes.iter().find_map(|prefix| rest.strip_prefix(prefix));
        let unprefixed = after(["FM", "fm", "TM", "tm"]);
        let body = unprefixed.unwrap_or(rest);
        let known = longest(FIELDS.iter().map(|(name, _)| *name), body);
        let refused = longest(REFUSED.iter().copied(), body);
        if refused.map(str::len) > known.map(str::len) {
            return Err(unknown(refused.unwrap_or_default()));
        }
        let found = FIELDS.iter().find(|(name, _)| Some(*name) == known);
        if let Some((name, field)) = found {
            rest = body.get(name.len()..).unwrap_or_default();
            let ordinal = if let Some(after) = rest.strip_prefix("TH") {
                rest = after;
                Some(Upper)
            } else if let Some(after) = rest.strip_prefix("th") {
                rest = after;
                Some(Lower)
            } else {
                None
            };
            if rest.starts_with("SP") || rest.starts_with("sp") {
                return Err(unknown("SP"));
            }
            parts.push(Part::Field { field: *field, bare: unprefixed.is_some(), ordinal });
            continue;
        }
        if unprefixed.is_some() {
            rest = body;
            continue;
        }
        let (text, after) = literal(rest);
        rest = after;
        match parts.last_mut() {
            Some(Part::Text(before)) => before.push_str(&text),
            _ => parts.push(Part::Text(text)),
        }
    }
    Ok(parts)
}

fn longest<'a>(names: impl Iterator<Item = &'a str>, text: &str) -> Option<&'a str> {
    names.filter(|name| text.starts_with(name)).max_by_key(|name| name.len())
}

/// One character, an escaped one, or what stands in quotes; and what follows.
fn literal(text: &str) -> (String, &str) {
    let mut characters = text.chars();
    match characters.next() {
        Some('"') => {
            let mut quoted = String::new();
            while let Some(character) = characters.next() {
                match character {
                    '"' => break,
                    '\\' => quoted.extend(characters.next()),
                    other => quoted.push(other),
                }
            }
            (quoted, characters.as_str())
        }
        Some('\\') if characters.as_str().starts_with('"') => {
            characters.next();
            ("\"".to_owned(), characters.as_str())
        }
        Some(other) => (other.to_string(), characters.as_str()),
        None => (String::new(), ""),
    }
}

/// 0A000 for a part of a pattern.
pub(super) fn unknown(part: &str) -> ClientError {
    let message = format!("\"{part}\" in a format pattern is not supported");
    ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
        .hint("docs/sql.md lists the patterns that are understood.")
}
