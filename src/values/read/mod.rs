//! Values to Arrow: takes texts and bytes, gives scalars of exactly the Arrow type that is asked for.

mod array;
mod binary;
mod datetime;
mod datum;
mod error;
mod interval;
mod numeric;
mod text;

use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;

use crate::error::ClientError;
use crate::values::{DAY_US, Format, Rendering, WireType};
use datum::Datum;

pub(in crate::values) use array::items as array_items;
use error::DecodeError;
pub(crate) use text::unescaped;
pub(in crate::values) use text::uuid;

/// Reads a value of a type in one of the formats.
///
/// # Errors
/// As PostgreSQL's input functions.
pub(crate) fn scalar(
    wire_type: WireType,
    data_type: &DataType,
    format: Format,
    value: Option<&[u8]>,
    rendering: Rendering,
) -> Result<ScalarValue, DecodeError> {
    if let DataType::Dictionary(keys, values) = data_type {
        let scalar = scalar(wire_type, values, format, value, rendering)?;
        return Ok(ScalarValue::Dictionary(keys.clone(), Box::new(scalar)));
    }
    let Some(value) = value else {
        return datum::null(data_type);
    };
    let datum = match format {
        Format::Text => text::value(wire_type, utf8(value)?, rendering)?,
        Format::Binary => binary::value(wire_type, value)?,
    };
    datum.into_scalar(wire_type.base, data_type)
}

/// The months, days and nanoseconds of an interval in text.
///
/// # Errors
/// 22007 where it is none, 22015 where it is too long.
pub(crate) fn interval(text: &str) -> Result<(i32, i32, i64), ClientError> {
    match interval::parse(text).map_err(|error| error.told())? {
        Datum::Interval { months, days, micros } => {
            let nanos = micros
                .checked_mul(1_000)
                .ok_or_else(|| DecodeError::IntervalRange { value: text.to_owned() }.told())?;
            Ok((months, days, nanos))
        }
        _ => Err(DecodeError::Unsupported("this interval").told()),
    }
}

/// What reads texts as values of one type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reader {
    wire_type: WireType,
    data_type: DataType,
    rendering: Rendering,
}

impl Reader {
    /// For the type of this field; `None` where PostgreSQL has nothing like it.
    pub(crate) fn of(field: &Field, rendering: Rendering) -> Option<Self> {
        let wire_type = WireType::of(field)?;
        Some(Self { wire_type, data_type: field.data_type().clone(), rendering })
    }

    /// The value that a text says.
    ///
    /// # Errors
    /// As PostgreSQL's input functions.
    pub(crate) fn read(&self, text: &str) -> Result<ScalarValue, DecodeError> {
        let datum = text::value(self.wire_type, text, self.rendering)?;
        let datum = cast(datum, &self.data_type)?;
        datum.into_scalar(self.wire_type.base, &self.data_type)
    }
}

/// What a cast makes of a value that a type holds in part: a numeric value is rounded.
fn cast(datum: Datum, data_type: &DataType) -> Result<Datum, DecodeError> {
    Ok(match (datum, data_type) {
        (Datum::Decimal(value), DataType::Decimal128(_, places)) => {
            Datum::Decimal(value.rounded(*places))
        }
        // The engine's times end before it.
        (Datum::Time(DAY_US), _) => return Err(DecodeError::Unsupported("the time 24:00")),
        (Datum::Array(items), DataType::List(item)) => {
            let items = items
                .into_iter()
                .map(|value| value.map(|value| cast(value, item.data_type())).transpose());
            Datum::Array(items.collect::<Result<_, _>>()?)
        }
        (other, _) => other,
    })
}

/// Text, as strictly as PostgreSQL takes it: valid UTF-8 without NUL.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, DecodeError> {
    let shown = |bytes: &[u8]| {
        let shown: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
        DecodeError::Encoding(shown.join(" "))
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let rest = bytes.get(error.valid_up_to()..).unwrap_or_default();
        let length = error.error_len().unwrap_or(rest.len());
        shown(rest.get(..length).unwrap_or_default())
    })?;
    if text.contains('\0') { Err(shown(&[0])) } else { Ok(text) }
}
