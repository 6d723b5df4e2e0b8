//! Parameters in binary format, as the types' receive functions read them.

use super::datum::Datum;
use super::error::DecodeError;
use super::numeric::Decimal;
use super::utf8;
use crate::values::calendar::{DAY_US, PG_EPOCH_DAYS, PG_EPOCH_US};
use crate::values::types::{BaseType, Kind, WireType, describe_oid, vector_item};

/// Reads a value, or an array of them.
///
/// # Errors
/// 22P03 for the wrong length or form, 42804 for an array of another type, 22021 for bad text.
pub(super) fn value(wire_type: WireType, bytes: &[u8]) -> Result<Datum, DecodeError> {
    if wire_type.array { array(wire_type.base, bytes) } else { one(wire_type.base, bytes) }
}

fn one(base: &'static BaseType, bytes: &[u8]) -> Result<Datum, DecodeError> {
    Ok(match base.kind {
        Kind::Bool => Datum::Bool(u8::from_be_bytes(exactly(bytes)?) != 0),
        Kind::Int2 => Datum::Int(i16::from_be_bytes(exactly(bytes)?).into()),
        Kind::Int4 => Datum::Int(i32::from_be_bytes(exactly(bytes)?).into()),
        Kind::Int8 => Datum::Int(i64::from_be_bytes(exactly(bytes)?)),
        Kind::Oid => Datum::Int(u32::from_be_bytes(exactly(bytes)?).into()),
        Kind::Float4 => Datum::Float(f32::from_be_bytes(exactly(bytes)?).into()),
        Kind::Float8 => Datum::Float(f64::from_be_bytes(exactly(bytes)?)),
        Kind::Numeric => Datum::Decimal(Decimal::receive(bytes)?),
        Kind::Text if matches!(base.name, "json") => json(base, bytes)?,
        Kind::Jsonb => match bytes.split_first() {
            Some((1, text)) => json(base, text)?,
            _ => return Err(DecodeError::Binary),
        },
        Kind::Text => Datum::Text(utf8(bytes)?.to_owned()),
        Kind::Shown => return Err(DecodeError::Unsupported("a binary value of this type")),
        Kind::Char => Datum::Text(char::from(u8::from_be_bytes(exactly(bytes)?)).to_string()),
        Kind::Bytea => Datum::Bytes(bytes.to_vec()),
        Kind::Date => {
            let days = i32::from_be_bytes(exactly(bytes)?);
            if matches!(days, i32::MIN | i32::MAX) {
                return Err(DecodeError::Unsupported("an infinite date"));
            }
            Datum::Date(i64::from(days) + i64::from(PG_EPOCH_DAYS))
        }
        Kind::Time => {
            let micros = i64::from_be_bytes(exactly(bytes)?);
            if !(0..=DAY_US).contains(&micros) {
                return Err(DecodeError::Binary);
            }
            Datum::Time(micros)
        }
        Kind::Timestamp | Kind::Timestamptz => {
            let micros = i64::from_be_bytes(exactly(bytes)?);
            if matches!(micros, i64::MIN | i64::MAX) {
                return Err(DecodeError::Unsupported("an infinite timestamp"));
            }
            let since_1970 = micros.checked_add(PG_EPOCH_US);
            Datum::Timestamp(since_1970.ok_or_else(|| DecodeError::DateTimeRange {
                spoken: base.spoken,
                value: format!("{micros} microseconds"),
            })?)
        }
        Kind::Interval => {
            let mut fields = Fields(bytes);
            let interval = Datum::Interval {
                micros: i64::from_be_bytes(fields.next()?),
                days: i32::from_be_bytes(fields.next()?),
                months: i32::from_be_bytes(fields.next()?),
            };
            fields.end()?;
            interval
        }
        Kind::Uuid => Datum::Uuid(exactly(bytes)?),
        Kind::Vector => array(vector_item(base), bytes)?,
    })
}

fn json(base: &'static BaseType, bytes: &[u8]) -> Result<Datum, DecodeError> {
    let text = utf8(bytes)?;
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|_| DecodeError::LongSyntax(base.spoken))?;
    Ok(Datum::Text(text.to_owned()))
}

/// The form of `array_send`: dimensions, whether there are NULLs, the type of the elements, for
/// each dimension its length and first index, the elements.
fn array(base: &'static BaseType, bytes: &[u8]) -> Result<Datum, DecodeError> {
    let mut fields = Fields(bytes);
    let dimensions = i32::from_be_bytes(fields.next()?);
    let _has_nulls = i32::from_be_bytes(fields.next()?);
    let found = u32::from_be_bytes(fields.next()?);
    if found != base.oid {
        let (found, expected) = (describe_oid(found), describe_oid(base.oid));
        return Err(DecodeError::ItemType { found, expected });
    }
    let length = match dimensions {
        0 => 0,
        1 => {
            let length = i32::from_be_bytes(fields.next()?);
            let _first = i32::from_be_bytes(fields.next()?);
            usize::try_from(length).map_err(|_| DecodeError::Binary)?
        }
        2..=6 => return Err(DecodeError::Unsupported("an array of several dimensions")),
        _ => return Err(DecodeError::Binary),
    };
    // Not allocated ahead: the length is only a claim until the elements are there.
    let mut items = Vec::new();
    for _ in 0..length {
        let item = match i32::from_be_bytes(fields.next()?) {
            -1 => None,
            size => {
                let size = usize::try_from(size).map_err(|_| DecodeError::Binary)?;
                Some(one(base, fields.take(size)?)?)
            }
        };
        items.push(item);
    }
    fields.end()?;
    Ok(Datum::Array(items))
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], DecodeError> {
    bytes.try_into().map_err(|_| DecodeError::Binary)
}

/// Fields that follow each other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        exactly(self.take(N)?)
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(size).ok_or(DecodeError::Binary)?;
        self.0 = rest;
        Ok(taken)
    }

    fn end(&self) -> Result<(), DecodeError> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError::Binary) }
    }
}
