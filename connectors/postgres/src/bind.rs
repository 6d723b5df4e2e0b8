//! Values become binary parameters.

use std::error::Error;

use bytes::BytesMut;
use portcullis_connector_api::{SqlType, Value};
use portcullis_connector_sql::Bind;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// 2000-01-01, the day from which PostgreSQL counts, in days since 1970-01-01.
pub(crate) const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
pub(crate) const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// A value with the type it is bound under.
#[derive(Debug)]
pub(crate) struct Parameter<'a>(pub &'a Bind);

impl Parameter<'_> {
    /// The server's name for the type. A statement binds only types of this list.
    pub(crate) fn wire_type(&self) -> Type {
        match self.0.sql_type {
            SqlType::Bool => Type::BOOL,
            SqlType::Int8 => Type::INT8,
            SqlType::Float8 => Type::FLOAT8,
            SqlType::Numeric { .. } => Type::NUMERIC,
            SqlType::Uuid => Type::UUID,
            SqlType::Date => Type::DATE,
            SqlType::Timestamp => Type::TIMESTAMP,
            SqlType::Timestamptz => Type::TIMESTAMPTZ,
            _ => Type::TEXT,
        }
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (&self.0.value, &self.0.sql_type) {
            (Value::Bool(value), SqlType::Bool) => out.extend_from_slice(&[u8::from(*value)]),
            (Value::Int(value), SqlType::Int8) => out.extend_from_slice(&value.to_be_bytes()),
            (Value::Float(value), SqlType::Float8) => out.extend_from_slice(&value.to_be_bytes()),
            (Value::Decimal { unscaled, scale }, SqlType::Numeric { .. }) => {
                out.extend_from_slice(&numeric(*unscaled, usize::try_from(*scale)?)?);
            }
            (Value::Text(text), SqlType::Uuid) => {
                let digits = text.replace('-', "");
                out.extend_from_slice(&u128::from_str_radix(&digits, 16)?.to_be_bytes());
            }
            (Value::Text(text), SqlType::Text) => out.extend_from_slice(text.as_bytes()),
            (Value::Date(days), SqlType::Date) => {
                let days = days.checked_sub(EPOCH_DAYS).ok_or("a date out of range")?;
                out.extend_from_slice(&days.to_be_bytes());
            }
            (Value::Timestamp(micros), SqlType::Timestamp)
            | (Value::Timestamptz(micros), SqlType::Timestamptz) => {
                let micros = micros.checked_sub(EPOCH_MICROS).ok_or("a timestamp out of range")?;
                out.extend_from_slice(&micros.to_be_bytes());
            }
            _ => return Err("a value bound under another type".into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The binary form of `numeric`: groups of four decimal digits, with the weight of the first.
fn numeric(unscaled: i128, scale: usize) -> Result<Vec<u8>, Box<dyn Error + Sync + Send>> {
    let digits = unscaled.unsigned_abs().to_string();
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let whole = format!("{whole:0>width$}", width = whole.len().next_multiple_of(4));
    let fraction = format!("{fraction:0<width$}", width = fraction.len().next_multiple_of(4));
    let mut weight = i16::try_from(whole.len() / 4)? - 1;
    let all = whole + &fraction;
    let mut groups = Vec::new();
    for group in all.as_bytes().chunks(4) {
        let group: u16 = std::str::from_utf8(group)?.parse()?;
        if group == 0 && groups.is_empty() {
            weight -= 1;
        } else {
            groups.push(group);
        }
    }
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    let sign: u16 = if unscaled < 0 { 0x4000 } else { 0 };
    let mut bytes = Vec::with_capacity(8 + 2 * groups.len());
    bytes.extend_from_slice(&u16::try_from(groups.len())?.to_be_bytes());
    bytes.extend_from_slice(&weight.to_be_bytes());
    bytes.extend_from_slice(&sign.to_be_bytes());
    bytes.extend_from_slice(&u16::try_from(scale)?.to_be_bytes());
    for group in groups {
        bytes.extend_from_slice(&group.to_be_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::numeric;
    use crate::decode::numeric::decimal;

    #[test]
    fn a_numeric_survives_the_way_there_and_back() {
        let most = 10_i128.pow(38) - 1;
        for unscaled in [0, 1, -1, 9_999, 10_000, -10_001, 123_456_789, most, -most] {
            for scale in [0_i8, 1, 2, 3, 4, 5, 10, 37, 38] {
                let bytes = numeric(unscaled, usize::try_from(scale).unwrap()).unwrap();
                assert_eq!(decimal(&bytes, 38, scale), Some(unscaled), "{unscaled} / {scale}");
            }
        }
    }
}
