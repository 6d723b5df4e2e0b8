//! The binary formats of the types that we carry, as PostgreSQL's `*_send` functions write them.

use arrow::datatypes::IntervalMonthDayNano;
use portcullis_connector_api::SqlType;
use tokio_postgres::types::{Kind, Type};

use crate::bind::{EPOCH_DAYS, EPOCH_MICROS};

/// A binary format.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wire {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Text,
    Jsonb,
    Uuid,
    Bytea,
    Date,
    Time,
    Timestamp,
    Interval,
    Array(Box<Wire>),
}

/// Microseconds of a day; `time` goes up to and including them.
const DAY_MICROS: i64 = 86_400_000_000;

impl Wire {
    /// The format of a type of the server.
    pub(crate) fn of(sql: &Type) -> Option<Self> {
        if let Kind::Array(item) = sql.kind() {
            return Self::of(item).map(|item| Self::Array(Box::new(item)));
        }
        Some(match *sql {
            Type::BOOL => Self::Bool,
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            Type::INT8 => Self::Int8,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::NUMERIC => Self::Numeric,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON => Self::Text,
            Type::JSONB => Self::Jsonb,
            Type::UUID => Self::Uuid,
            Type::BYTEA => Self::Bytea,
            Type::DATE => Self::Date,
            Type::TIME => Self::Time,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Self::Timestamp,
            Type::INTERVAL => Self::Interval,
            _ => return None,
        })
    }

    /// The format in which a column of this type comes.
    pub(crate) fn of_sql(sql_type: &SqlType) -> Option<Self> {
        Some(match sql_type {
            SqlType::Bool => Self::Bool,
            SqlType::Int2 => Self::Int2,
            SqlType::Int4 => Self::Int4,
            SqlType::Int8 => Self::Int8,
            SqlType::Float4 => Self::Float4,
            SqlType::Float8 => Self::Float8,
            SqlType::Numeric { .. } => Self::Numeric,
            SqlType::Text | SqlType::Varchar | SqlType::Json => Self::Text,
            SqlType::Jsonb => Self::Jsonb,
            SqlType::Uuid => Self::Uuid,
            SqlType::Bytea => Self::Bytea,
            SqlType::Date => Self::Date,
            SqlType::Time => Self::Time,
            SqlType::Timestamp | SqlType::Timestamptz => Self::Timestamp,
            SqlType::Interval => Self::Interval,
            SqlType::Array(item) => Self::Array(Box::new(Self::of_sql(item)?)),
        })
    }

    /// An integer of any width.
    pub(crate) fn integer(&self, cell: &[u8]) -> Option<i64> {
        match self {
            Self::Int2 => Some(i16::from_be_bytes(cell.try_into().ok()?).into()),
            Self::Int4 => Some(i32::from_be_bytes(cell.try_into().ok()?).into()),
            Self::Int8 => Some(i64::from_be_bytes(cell.try_into().ok()?)),
            _ => None,
        }
    }

    /// Text, without the version byte that `jsonb` begins with.
    pub(crate) fn text<'c>(&self, cell: &'c [u8]) -> Option<&'c str> {
        let text = match (self, cell) {
            (Self::Jsonb, [1, text @ ..]) => text,
            (Self::Text, text) => text,
            _ => return None,
        };
        std::str::from_utf8(text).ok()
    }
}

/// Days since 1970-01-01; none for infinity.
pub(crate) fn date(cell: &[u8]) -> Option<i32> {
    match i32::from_be_bytes(cell.try_into().ok()?) {
        i32::MIN | i32::MAX => None,
        days => days.checked_add(EPOCH_DAYS),
    }
}

/// Microseconds since 1970-01-01; none for infinity and what lies beyond 64 bits.
pub(crate) fn timestamp(cell: &[u8]) -> Option<i64> {
    match i64::from_be_bytes(cell.try_into().ok()?) {
        i64::MIN | i64::MAX => None,
        micros => micros.checked_add(EPOCH_MICROS),
    }
}

/// Microseconds of the day; none for 24:00:00, which Arrow has not.
pub(crate) fn time(cell: &[u8]) -> Option<i64> {
    let micros = i64::from_be_bytes(cell.try_into().ok()?);
    (0..DAY_MICROS).contains(&micros).then_some(micros)
}

/// Months, days and nanoseconds; none where the time of day passes 64 bits of nanoseconds.
pub(crate) fn interval(cell: &[u8]) -> Option<IntervalMonthDayNano> {
    let (micros, rest) = cell.split_first_chunk::<8>()?;
    let (days, rest) = rest.split_first_chunk::<4>()?;
    let months = rest.try_into().ok()?;
    Some(IntervalMonthDayNano {
        months: i32::from_be_bytes(months),
        days: i32::from_be_bytes(*days),
        nanoseconds: i64::from_be_bytes(*micros).checked_mul(1000)?,
    })
}

/// The canonical lower-case text.
pub(crate) fn uuid(cell: &[u8]) -> Option<String> {
    let hex = format!("{:032x}", u128::from_be_bytes(cell.try_into().ok()?));
    let part = |range: std::ops::Range<usize>| hex.get(range);
    Some(format!(
        "{}-{}-{}-{}-{}",
        part(0..8)?,
        part(8..12)?,
        part(12..16)?,
        part(16..20)?,
        part(20..32)?
    ))
}

/// The cells of an array of at most one dimension.
pub(crate) fn array(cell: &[u8]) -> Option<Vec<Option<&[u8]>>> {
    let (dimensions, rest) = word(cell)?;
    let (_has_nulls, rest) = word(rest)?;
    let (_item_type, rest) = word(rest)?;
    match dimensions {
        0 => return Some(Vec::new()),
        1 => {}
        _ => return None,
    }
    let (length, rest) = word(rest)?;
    let (_lower_bound, mut rest) = word(rest)?;
    let mut cells = Vec::new();
    for _ in 0..length {
        let (bytes, after) = word(rest)?;
        rest = match usize::try_from(bytes) {
            Ok(bytes) => {
                let (cell, after) = after.split_at_checked(bytes)?;
                cells.push(Some(cell));
                after
            }
            // A length of -1 is NULL.
            Err(_) => {
                cells.push(None);
                after
            }
        };
    }
    Some(cells)
}

fn word(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk::<4>()?;
    Some((i32::from_be_bytes(*word), rest))
}
