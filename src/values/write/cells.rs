//! From an Arrow array to a function that writes one of its values.

use std::fmt::Debug;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryViewArray, FixedSizeBinaryArray,
    GenericBinaryArray, GenericStringArray, OffsetSizeTrait, StringViewArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Int8Type, Int16Type, Int32Type, Int64Type,
    IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use bytes::BytesMut;

use super::error::EncodeError;
use super::interval::Interval;
use crate::values::calendar::DAY_US;

/// What writing a value gives.
pub(super) type Written = Result<(), EncodeError>;

/// Appends the value of a row that is not NULL.
pub(super) type Writer = Box<dyn Fn(usize, &mut BytesMut) -> Written + Send + Sync>;

/// What turns a value into bytes.
pub(super) trait Write<T>:
    Fn(T, &mut BytesMut) -> Written + Copy + Send + Sync + 'static
{
}
impl<T, F: Fn(T, &mut BytesMut) -> Written + Copy + Send + Sync + 'static> Write<T> for F {}

/// The writer of a column that holds nothing but NULL.
pub(super) fn never() -> Writer {
    Box::new(|_, _| Ok(()))
}

pub(super) fn unsupported(array: &dyn Array, what: impl Debug) -> EncodeError {
    EncodeError::Unsupported(format!("{what:?} in {}", array.data_type()))
}

/// A column whose values stand beside their names (`regclass` and its kin): the OIDs and the names.
pub(super) fn named(array: &ArrayRef) -> Option<(&ArrayRef, &ArrayRef)> {
    match array.as_struct_opt()?.columns() {
        [oids, names] => Some((oids, names)),
        _ => None,
    }
}

/// Each value of a primitive array, after a conversion that may fail.
pub(super) fn primitives<P: ArrowPrimitiveType, T>(
    array: &ArrayRef,
    convert: impl Fn(P::Native) -> Result<T, EncodeError> + Send + Sync + 'static,
    write: impl Write<T>,
) -> Result<Writer, EncodeError> {
    let values = array.as_primitive_opt::<P>().ok_or_else(|| unsupported(array, "a primitive"))?;
    let values = values.clone();
    Ok(Box::new(move |row, out| write(convert(values.value(row))?, out)))
}

/// Booleans.
pub(super) fn booleans(array: &ArrayRef, write: impl Write<bool>) -> Result<Writer, EncodeError> {
    let values = array.as_boolean_opt().ok_or_else(|| unsupported(array, "bool"))?.clone();
    Ok(Box::new(move |row, out| write(values.value(row), out)))
}

/// Integers of any width.
pub(super) fn integers(array: &ArrayRef, write: impl Write<i64>) -> Result<Writer, EncodeError> {
    match array.data_type() {
        DataType::Int8 => primitives::<Int8Type, _>(array, |v| Ok(v.into()), write),
        DataType::Int16 => primitives::<Int16Type, _>(array, |v| Ok(v.into()), write),
        DataType::Int32 => primitives::<Int32Type, _>(array, |v| Ok(v.into()), write),
        DataType::Int64 => primitives::<Int64Type, _>(array, Ok, write),
        DataType::UInt8 => primitives::<UInt8Type, _>(array, |v| Ok(v.into()), write),
        DataType::UInt16 => primitives::<UInt16Type, _>(array, |v| Ok(v.into()), write),
        DataType::UInt32 => primitives::<UInt32Type, _>(array, |v| Ok(v.into()), write),
        DataType::UInt64 => primitives::<UInt64Type, _>(
            array,
            |v| i64::try_from(v).map_err(|_| EncodeError::OutOfRange("bigint")),
            write,
        ),
        _ => Err(unsupported(array, "integer")),
    }
}

/// Text of any layout.
pub(super) fn strings(
    array: &ArrayRef,
    write: impl for<'a> Write<&'a str>,
) -> Result<Writer, EncodeError> {
    fn plain<O: OffsetSizeTrait>(
        values: GenericStringArray<O>,
        write: impl for<'a> Write<&'a str>,
    ) -> Writer {
        Box::new(move |row, out| write(values.value(row), out))
    }
    fn view(values: StringViewArray, write: impl for<'a> Write<&'a str>) -> Writer {
        Box::new(move |row, out| write(values.value(row), out))
    }
    match array.data_type() {
        DataType::Utf8 => Ok(plain(array.as_string::<i32>().clone(), write)),
        DataType::LargeUtf8 => Ok(plain(array.as_string::<i64>().clone(), write)),
        DataType::Utf8View => Ok(view(array.as_string_view().clone(), write)),
        _ => Err(unsupported(array, "text")),
    }
}

/// Bytes of any layout.
pub(super) fn bytes(
    array: &ArrayRef,
    write: impl for<'a> Write<&'a [u8]>,
) -> Result<Writer, EncodeError> {
    fn plain<O: OffsetSizeTrait>(
        values: GenericBinaryArray<O>,
        write: impl for<'a> Write<&'a [u8]>,
    ) -> Writer {
        Box::new(move |row, out| write(values.value(row), out))
    }
    fn view(values: BinaryViewArray, write: impl for<'a> Write<&'a [u8]>) -> Writer {
        Box::new(move |row, out| write(values.value(row), out))
    }
    fn fixed(values: FixedSizeBinaryArray, write: impl for<'a> Write<&'a [u8]>) -> Writer {
        Box::new(move |row, out| write(values.value(row), out))
    }
    match array.data_type() {
        DataType::Binary => Ok(plain(array.as_binary::<i32>().clone(), write)),
        DataType::LargeBinary => Ok(plain(array.as_binary::<i64>().clone(), write)),
        DataType::BinaryView => Ok(view(array.as_binary_view().clone(), write)),
        DataType::FixedSizeBinary(_) => Ok(fixed(array.as_fixed_size_binary().clone(), write)),
        _ => Err(unsupported(array, "bytes")),
    }
}

/// Days since 1970.
pub(super) fn dates(array: &ArrayRef, write: impl Write<i64>) -> Result<Writer, EncodeError> {
    match array.data_type() {
        DataType::Date32 => primitives::<Date32Type, _>(array, |v| Ok(v.into()), write),
        DataType::Date64 => {
            primitives::<Date64Type, _>(array, |v| Ok(v.div_euclid(DAY_US / 1_000)), write)
        }
        _ => Err(unsupported(array, "date")),
    }
}

/// Microseconds since midnight.
pub(super) fn times(array: &ArrayRef, write: impl Write<i64>) -> Result<Writer, EncodeError> {
    let range = |micros: i64| match micros {
        0..=DAY_US => Ok(micros),
        _ => Err(EncodeError::OutOfCalendar("time")),
    };
    match array.data_type() {
        DataType::Time32(TimeUnit::Second) => primitives::<Time32SecondType, _>(
            array,
            move |v| range(i64::from(v) * 1_000_000),
            write,
        ),
        DataType::Time32(_) => primitives::<Time32MillisecondType, _>(
            array,
            move |v| range(i64::from(v) * 1_000),
            write,
        ),
        DataType::Time64(TimeUnit::Nanosecond) => {
            primitives::<Time64NanosecondType, _>(array, move |v| range(from_nanos(v)), write)
        }
        DataType::Time64(_) => primitives::<Time64MicrosecondType, _>(array, range, write),
        _ => Err(unsupported(array, "time")),
    }
}

/// Microseconds since 1970, in PostgreSQL's range.
pub(super) fn timestamps(array: &ArrayRef, write: impl Write<i64>) -> Result<Writer, EncodeError> {
    let out_of_range = || EncodeError::OutOfCalendar("timestamp");
    let times = move |value: i64, factor: i64| value.checked_mul(factor).ok_or_else(out_of_range);
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            primitives::<TimestampSecondType, _>(array, move |v| times(v, 1_000_000), write)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            primitives::<TimestampMillisecondType, _>(array, move |v| times(v, 1_000), write)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            primitives::<TimestampMicrosecondType, _>(array, Ok, write)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            primitives::<TimestampNanosecondType, _>(array, |v| Ok(from_nanos(v)), write)
        }
        _ => Err(unsupported(array, "timestamp")),
    }
}

/// Intervals; durations, too, as the difference of two timestamps is in PostgreSQL.
pub(super) fn intervals(
    array: &ArrayRef,
    write: impl Write<Interval>,
) -> Result<Writer, EncodeError> {
    let long = |value: i64, factor: i64| {
        let micros = value.checked_mul(factor).ok_or(EncodeError::OutOfRange("interval"))?;
        Interval::elapsed(micros).ok_or(EncodeError::OutOfRange("interval"))
    };
    match array.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => primitives::<IntervalYearMonthType, _>(
            array,
            |months| Ok(Interval { months, days: 0, micros: 0 }),
            write,
        ),
        DataType::Interval(IntervalUnit::DayTime) => primitives::<IntervalDayTimeType, _>(
            array,
            |v| Ok(Interval { months: 0, days: v.days, micros: i64::from(v.milliseconds) * 1_000 }),
            write,
        ),
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            primitives::<IntervalMonthDayNanoType, _>(
                array,
                |v| {
                    let micros = from_nanos(v.nanoseconds);
                    Ok(Interval { months: v.months, days: v.days, micros })
                },
                write,
            )
        }
        DataType::Duration(TimeUnit::Second) => {
            primitives::<DurationSecondType, _>(array, move |v| long(v, 1_000_000), write)
        }
        DataType::Duration(TimeUnit::Millisecond) => {
            primitives::<DurationMillisecondType, _>(array, move |v| long(v, 1_000), write)
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            primitives::<DurationMicrosecondType, _>(array, move |v| long(v, 1), write)
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            primitives::<DurationNanosecondType, _>(array, move |v| long(from_nanos(v), 1), write)
        }
        _ => Err(unsupported(array, "interval")),
    }
}

/// Nanoseconds to the nearest microsecond: PostgreSQL keeps no more.
fn from_nanos(nanos: i64) -> i64 {
    nanos.div_euclid(1_000) + i64::from(nanos.rem_euclid(1_000) >= 500)
}
