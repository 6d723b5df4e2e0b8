//! Parameters in text format, as the types' input functions read them.

use super::array;
use super::datetime;
use super::datum::Datum;
use super::error::DecodeError;
use super::interval;
use super::numeric::Decimal;
use crate::values::Rendering;
use crate::values::types::{BaseType, Kind, WireType, vector_item};

/// Reads a value, or an array of them.
///
/// # Errors
/// As PostgreSQL's input functions.
pub(super) fn value(
    wire_type: WireType,
    value: &str,
    rendering: Rendering,
) -> Result<Datum, DecodeError> {
    if !wire_type.array {
        return one(wire_type.base, value, rendering);
    }
    let items = array::items(value)?;
    let read = |item: &Option<String>| {
        item.as_deref().map(|item| one(wire_type.base, item, rendering)).transpose()
    };
    items.iter().map(read).collect::<Result<_, _>>().map(Datum::Array)
}

fn one(base: &'static BaseType, value: &str, rendering: Rendering) -> Result<Datum, DecodeError> {
    let syntax = || DecodeError::syntax(base.spoken, value);
    Ok(match base.kind {
        Kind::Bool => Datum::Bool(bool(value).ok_or_else(syntax)?),
        Kind::Int2 => Datum::Int(integer(base, value, i16::MIN.into(), i16::MAX.into())?),
        Kind::Int4 => Datum::Int(integer(base, value, i32::MIN.into(), i32::MAX.into())?),
        Kind::Int8 => Datum::Int(integer(base, value, i64::MIN, i64::MAX)?),
        // A `reg*` parameter may be a name; whoever compares it looks it up.
        Kind::Oid if base.name.starts_with("reg") => match value.trim_ascii().parse::<u32>() {
            Ok(oid) => Datum::Int(oid.into()),
            Err(_) => Datum::Text(value.to_owned()),
        },
        // A negative number is taken as the bits of an unsigned one, as in PostgreSQL.
        Kind::Oid => {
            let oid = integer(base, value, i32::MIN.into(), u32::MAX.into())?;
            Datum::Int(oid.rem_euclid(1 << 32))
        }
        Kind::Float4 => Datum::Float(float4(base, value)?.into()),
        Kind::Float8 => Datum::Float(float8(base, value)?),
        Kind::Numeric => Datum::Decimal(Decimal::parse(value)?),
        Kind::Text if matches!(base.name, "json") => json(base, value)?,
        Kind::Jsonb => json(base, value)?,
        Kind::Text | Kind::Shown => Datum::Text(value.to_owned()),
        Kind::Char => Datum::Text(value.chars().take(1).collect()),
        Kind::Bytea => Datum::Bytes(bytea(base, value)?),
        Kind::Date => Datum::Date(datetime::date(value)?),
        Kind::Time => Datum::Time(datetime::time(value)?),
        Kind::Timestamp => Datum::Timestamp(datetime::timestamp(value)?),
        Kind::Timestamptz => Datum::Timestamp(datetime::timestamptz(value, rendering.time_zone)?),
        Kind::Interval => interval::parse(value)?,
        Kind::Uuid => Datum::Uuid(uuid(value).ok_or_else(syntax)?),
        Kind::Vector => {
            let item = vector_item(base);
            let items = value
                .split_ascii_whitespace()
                .map(|item_text| one(item, item_text, rendering).map(Some));
            Datum::Array(items.collect::<Result<_, _>>()?)
        }
    })
}

/// `true`, `yes`, `on`, `1` and their opposites, shortened as far as they stay clear.
fn bool(value: &str) -> Option<bool> {
    let word = value.trim_ascii().to_ascii_lowercase();
    let short_for = |full: &str, least: usize| word.len() >= least && full.starts_with(&word);
    if short_for("true", 1) || short_for("yes", 1) || short_for("on", 2) || word == "1" {
        Some(true)
    } else if short_for("false", 1) || short_for("no", 1) || short_for("off", 2) || word == "0" {
        Some(false)
    } else {
        None
    }
}

fn integer(
    base: &'static BaseType,
    value: &str,
    least: i64,
    most: i64,
) -> Result<i64, DecodeError> {
    let trimmed = value.trim_ascii();
    let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecodeError::syntax(base.spoken, value));
    }
    // Nothing but digits is left, so it can only be out of range.
    let range = || DecodeError::Range { spoken: base.spoken, value: value.to_owned() };
    let number = trimmed.parse::<i64>().map_err(|_| range())?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(range()) }
}

fn float8(base: &'static BaseType, value: &str) -> Result<f64, DecodeError> {
    let number: f64 =
        value.trim_ascii().parse().map_err(|_| DecodeError::syntax(base.spoken, value))?;
    check_float(base, value, number.is_infinite(), number == 0.0)?;
    Ok(number)
}

fn float4(base: &'static BaseType, value: &str) -> Result<f32, DecodeError> {
    let number: f32 =
        value.trim_ascii().parse().map_err(|_| DecodeError::syntax(base.spoken, value))?;
    check_float(base, value, number.is_infinite(), number == 0.0)?;
    Ok(number)
}

/// Refuses what became infinite or zero only because the type is too small.
fn check_float(
    base: &'static BaseType,
    value: &str,
    infinite: bool,
    zero: bool,
) -> Result<(), DecodeError> {
    let mantissa = value.split(['e', 'E']).next().unwrap_or_default();
    let named = value.contains(['f', 'F']);
    let nonzero = mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if (infinite && !named) || (zero && nonzero) {
        return Err(DecodeError::FloatRange { spoken: base.spoken, value: value.to_owned() });
    }
    Ok(())
}

fn json(base: &'static BaseType, value: &str) -> Result<Datum, DecodeError> {
    serde_json::from_str::<serde::de::IgnoredAny>(value)
        .map_err(|_| DecodeError::LongSyntax(base.spoken))?;
    Ok(Datum::Text(value.to_owned()))
}

/// `\x` and pairs of digits; or the older form, where a byte may be `\ooo`.
fn bytea(base: &'static BaseType, value: &str) -> Result<Vec<u8>, DecodeError> {
    if let Some(hex) = value.strip_prefix("\\x") {
        let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        return hex_bytes(&digits).ok_or(DecodeError::Hexadecimal);
    }
    unescaped(value).ok_or(DecodeError::LongSyntax(base.spoken))
}

/// Bytes in the older form, where a byte may be `\ooo`; `None` where it is malformed.
pub(crate) fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                bytes.push(b'\\');
                after
            }
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                bytes.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
                after
            }
            (b'\\', _) => return None,
            (plain, after) => {
                bytes.push(plain);
                after
            }
        };
    }
    Some(bytes)
}

fn hex_bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|value| value as u8);
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some((digit(high)? << 4) | digit(low)?),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}

/// 32 hexadecimal digits, with a hyphen after any group of four, in braces or not.
pub(in crate::values) fn uuid(value: &str) -> Option<[u8; 16]> {
    let inner = match value.strip_prefix('{') {
        Some(inner) => inner.strip_suffix('}')?,
        None => value,
    };
    let mut digits = Vec::with_capacity(32);
    let mut after_hyphen = true;
    for byte in inner.bytes() {
        if byte == b'-' {
            if after_hyphen || digits.len() % 4 != 0 || digits.len() == 32 {
                return None;
            }
            after_hyphen = true;
        } else {
            digits.push(byte);
            after_hyphen = false;
        }
    }
    hex_bytes(&digits)?.try_into().ok()
}
