//! A value between its bytes and its Arrow type.

use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeListArray, LargeListArray, ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, FieldRef, IntervalMonthDayNano, IntervalUnit, TimeUnit, i256};
use datafusion::common::ScalarValue;

use super::error::DecodeError;
use super::numeric::Decimal;
use crate::values::calendar::DAY_US;
use crate::values::types::BaseType;

/// What the formats are read into.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum {
    Bool(bool),
    Int(i64),
    Float(f64),
    Decimal(Decimal),
    Text(String),
    Bytes(Vec<u8>),
    Uuid([u8; 16]),
    /// Days since 1970.
    Date(i64),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970.
    Timestamp(i64),
    Interval {
        months: i32,
        days: i32,
        micros: i64,
    },
    Array(Vec<Option<Datum>>),
}

/// NULL of an Arrow type.
pub(super) fn null(data_type: &DataType) -> Result<ScalarValue, DecodeError> {
    ScalarValue::try_new_null(data_type).map_err(|_| DecodeError::Unsupported("this type"))
}

impl Datum {
    /// The value as a scalar of exactly this Arrow type.
    ///
    /// # Errors
    /// Where the Arrow type cannot hold the value.
    pub(super) fn into_scalar(
        self,
        base: &'static BaseType,
        data_type: &DataType,
    ) -> Result<ScalarValue, DecodeError> {
        match self {
            Self::Bool(value) if *data_type == DataType::Boolean => {
                Ok(ScalarValue::Boolean(Some(value)))
            }
            Self::Int(value) => integer(value, base, data_type),
            Self::Float(value) => float(value, data_type),
            Self::Decimal(value) => decimal(value, base, data_type),
            Self::Text(value) => text(value, data_type),
            Self::Bytes(value) => bytes(value, data_type),
            Self::Uuid(value) => match data_type {
                DataType::FixedSizeBinary(16) => bytes(value.to_vec(), data_type),
                _ => text(uuid::Uuid::from_bytes(value).hyphenated().to_string(), data_type),
            },
            Self::Date(days) => date(days, data_type),
            Self::Time(micros) => time(micros, data_type),
            Self::Timestamp(micros) => timestamp(micros, data_type),
            Self::Interval { months, days, micros } => interval(months, days, micros, data_type),
            Self::Array(items) => list(items, base, data_type),
            Self::Bool(_) => Err(mismatch()),
        }
    }
}

/// The field's Arrow type is none of those that carry its PostgreSQL type.
fn mismatch() -> DecodeError {
    DecodeError::Unsupported("this type")
}

fn integer(
    value: i64,
    base: &'static BaseType,
    data_type: &DataType,
) -> Result<ScalarValue, DecodeError> {
    let range = || DecodeError::Range { spoken: base.spoken, value: value.to_string() };
    macro_rules! narrow {
        ($variant:ident) => {
            ScalarValue::$variant(Some(value.try_into().map_err(|_| range())?))
        };
    }
    Ok(match data_type {
        DataType::Int8 => narrow!(Int8),
        DataType::Int16 => narrow!(Int16),
        DataType::Int32 => narrow!(Int32),
        DataType::Int64 => ScalarValue::Int64(Some(value)),
        DataType::UInt8 => narrow!(UInt8),
        DataType::UInt16 => narrow!(UInt16),
        DataType::UInt32 => narrow!(UInt32),
        DataType::UInt64 => narrow!(UInt64),
        // An OID that is carried as a name.
        _ => return text(value.to_string(), data_type),
    })
}

fn float(value: f64, data_type: &DataType) -> Result<ScalarValue, DecodeError> {
    match data_type {
        // A float4 was read as one, so this loses nothing.
        DataType::Float32 => Ok(ScalarValue::Float32(Some(value as f32))),
        DataType::Float64 => Ok(ScalarValue::Float64(Some(value))),
        _ => Err(mismatch()),
    }
}

fn decimal(
    value: Decimal,
    base: &'static BaseType,
    data_type: &DataType,
) -> Result<ScalarValue, DecodeError> {
    let range = || DecodeError::Range { spoken: base.spoken, value: value.to_string() };
    let fit = |precision, scale| {
        value.unscaled(precision, scale).ok_or(DecodeError::NumericRange { precision, scale })
    };
    let narrow = |wide: i256| wide.to_i128().ok_or_else(range);
    Ok(match *data_type {
        DataType::Decimal32(p, s) => {
            let value = narrow(fit(p, s)?)?.try_into().map_err(|_| range())?;
            ScalarValue::Decimal32(Some(value), p, s)
        }
        DataType::Decimal64(p, s) => {
            let value = narrow(fit(p, s)?)?.try_into().map_err(|_| range())?;
            ScalarValue::Decimal64(Some(value), p, s)
        }
        DataType::Decimal128(p, s) => ScalarValue::Decimal128(Some(narrow(fit(p, s)?)?), p, s),
        DataType::Decimal256(p, s) => ScalarValue::Decimal256(Some(fit(p, s)?), p, s),
        DataType::UInt64 => {
            let value = narrow(fit(20, 0)?)?.try_into().map_err(|_| range())?;
            ScalarValue::UInt64(Some(value))
        }
        _ => return Err(mismatch()),
    })
}

fn text(value: String, data_type: &DataType) -> Result<ScalarValue, DecodeError> {
    match data_type {
        DataType::Utf8 => Ok(ScalarValue::Utf8(Some(value))),
        DataType::LargeUtf8 => Ok(ScalarValue::LargeUtf8(Some(value))),
        DataType::Utf8View => Ok(ScalarValue::Utf8View(Some(value))),
        // Nothing is known of the parameter, so it is text.
        DataType::Null => Ok(ScalarValue::Utf8(Some(value))),
        _ => Err(mismatch()),
    }
}

fn bytes(value: Vec<u8>, data_type: &DataType) -> Result<ScalarValue, DecodeError> {
    match *data_type {
        DataType::Binary => Ok(ScalarValue::Binary(Some(value))),
        DataType::LargeBinary => Ok(ScalarValue::LargeBinary(Some(value))),
        DataType::BinaryView => Ok(ScalarValue::BinaryView(Some(value))),
        DataType::FixedSizeBinary(size) if usize::try_from(size) == Ok(value.len()) => {
            Ok(ScalarValue::FixedSizeBinary(size, Some(value)))
        }
        _ => Err(mismatch()),
    }
}

fn date(days: i64, data_type: &DataType) -> Result<ScalarValue, DecodeError> {
    let range = || DecodeError::DateTimeRange { spoken: "date", value: days.to_string() };
    match data_type {
        DataType::Date32 => Ok(ScalarValue::Date32(Some(days.try_into().map_err(|_| range())?))),
        DataType::Date64 => Ok(ScalarValue::Date64(Some(days * (DAY_US / 1_000)))),
        _ => Err(mismatch()),
    }
}

fn time(micros: i64, data_type: &DataType) -> Result<ScalarValue, DecodeError> {
    // At most a day, so 32 bits hold its milliseconds.
    match data_type {
        DataType::Time32(TimeUnit::Second) => {
            Ok(ScalarValue::Time32Second(Some(exactly(micros, 1_000_000)? as i32)))
        }
        DataType::Time32(_) => {
            Ok(ScalarValue::Time32Millisecond(Some(exactly(micros, 1_000)? as i32)))
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            Ok(ScalarValue::Time64Nanosecond(Some(micros * 1_000)))
        }
        DataType::Time64(_) => Ok(ScalarValue::Time64Microsecond(Some(micros))),
        _ => Err(mismatch()),
    }
}

fn timestamp(micros: i64, data_type: &DataType) -> Result<ScalarValue, DecodeError> {
    let DataType::Timestamp(unit, zone) = data_type else { return Err(mismatch()) };
    let zone = zone.clone();
    let range = || DecodeError::DateTimeRange { spoken: "timestamp", value: micros.to_string() };
    Ok(match unit {
        TimeUnit::Second => ScalarValue::TimestampSecond(Some(exactly(micros, 1_000_000)?), zone),
        TimeUnit::Millisecond => {
            ScalarValue::TimestampMillisecond(Some(exactly(micros, 1_000)?), zone)
        }
        TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(Some(micros), zone),
        TimeUnit::Nanosecond => {
            let nanos = micros.checked_mul(1_000).ok_or_else(range)?;
            ScalarValue::TimestampNanosecond(Some(nanos), zone)
        }
    })
}

/// A coarser unit, where nothing is lost.
fn exactly(micros: i64, unit_us: i64) -> Result<i64, DecodeError> {
    if micros.rem_euclid(unit_us) == 0 {
        return Ok(micros.div_euclid(unit_us));
    }
    Err(DecodeError::Unsupported("a time finer than that of the column it is compared with"))
}

fn interval(
    months: i32,
    days: i32,
    micros: i64,
    data_type: &DataType,
) -> Result<ScalarValue, DecodeError> {
    let range = || DecodeError::IntervalRange { value: format!("{micros} microseconds") };
    match data_type {
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let nanos = micros.checked_mul(1_000).ok_or_else(range)?;
            let value = IntervalMonthDayNano::new(months, days, nanos);
            Ok(ScalarValue::IntervalMonthDayNano(Some(value)))
        }
        DataType::Interval(IntervalUnit::YearMonth) if days == 0 && micros == 0 => {
            Ok(ScalarValue::IntervalYearMonth(Some(months)))
        }
        DataType::Duration(unit) if months == 0 => {
            let micros = (i64::from(days) * DAY_US).checked_add(micros).ok_or_else(range)?;
            let value = match unit {
                TimeUnit::Second => ScalarValue::DurationSecond(Some(exactly(micros, 1_000_000)?)),
                TimeUnit::Millisecond => {
                    ScalarValue::DurationMillisecond(Some(exactly(micros, 1_000)?))
                }
                TimeUnit::Microsecond => ScalarValue::DurationMicrosecond(Some(micros)),
                TimeUnit::Nanosecond => ScalarValue::DurationNanosecond(Some(
                    micros.checked_mul(1_000).ok_or_else(range)?,
                )),
            };
            Ok(value)
        }
        _ => Err(mismatch()),
    }
}

fn list(
    items: Vec<Option<Datum>>,
    base: &'static BaseType,
    data_type: &DataType,
) -> Result<ScalarValue, DecodeError> {
    let values = |field: &FieldRef| -> Result<ArrayRef, DecodeError> {
        if items.is_empty() {
            return Ok(new_empty_array(field.data_type()));
        }
        let one = |item: &Option<Datum>| match item {
            Some(item) => item.clone().into_scalar(base, field.data_type()),
            None => null(field.data_type()),
        };
        let scalars = items.iter().map(one).collect::<Result<Vec<_>, _>>()?;
        ScalarValue::iter_to_array(scalars).map_err(|_| mismatch())
    };
    match data_type {
        DataType::List(field) => {
            let offsets = OffsetBuffer::from_lengths([items.len()]);
            ListArray::try_new(field.clone(), offsets, values(field)?, None)
                .map(|list| ScalarValue::List(Arc::new(list)))
        }
        DataType::LargeList(field) => {
            let offsets = OffsetBuffer::from_lengths([items.len()]);
            LargeListArray::try_new(field.clone(), offsets, values(field)?, None)
                .map(|list| ScalarValue::LargeList(Arc::new(list)))
        }
        DataType::FixedSizeList(field, size) => {
            FixedSizeListArray::try_new(field.clone(), *size, values(field)?, None)
                .map(|list| ScalarValue::FixedSizeList(Arc::new(list)))
        }
        _ => return Err(mismatch()),
    }
    .map_err(|_| mismatch())
}
