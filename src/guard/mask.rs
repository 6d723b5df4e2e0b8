//! Masks: what is left of a value when not all of it is shown. A mask never fails and keeps the
//! column's type; a value that does not fit its form becomes NULL.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, NaiveDate};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Date32Array, Decimal128Array, PrimitiveArray,
    StringViewArray, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Int16Type, Int32Type, Int64Type,
    TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::Result;
use portcullis_connector_api::SqlType;

use super::form::PartialForm;
use super::token::TokenKey;

/// One way to show less than the value.
#[derive(Clone, Debug)]
pub(in crate::guard) enum Mask {
    /// NULL.
    Null,
    /// Part of the value.
    Partial(PartialForm),
    /// A stand-in. UUIDs get one that looks like a UUID.
    Token {
        key: TokenKey,
        uuid: bool,
    },
}

impl Mask {
    /// The partial mask of a column without a configured form.
    pub(in crate::guard) fn default_partial(sql_type: &SqlType) -> Self {
        match sql_type {
            SqlType::Text | SqlType::Varchar => Self::Partial(PartialForm::First1),
            _ => Self::Null,
        }
    }

    /// For people: the audit record and the guard's view of a plan.
    pub(in crate::guard) fn describe(&self) -> String {
        match self {
            Self::Null => "mask_null".to_owned(),
            Self::Partial(form) => format!("mask_partial({form})"),
            Self::Token { .. } => "mask_token".to_owned(),
        }
    }

    /// Masks every value; the result has the type of `values`.
    pub(in crate::guard) fn apply(&self, values: &ArrayRef) -> Result<ArrayRef> {
        match self {
            Self::Null => Ok(new_null_array(values.data_type(), values.len())),
            Self::Token { key, uuid } => Ok(tokens(key, *uuid, values)),
            Self::Partial(form) => partial(form, values),
        }
    }
}

fn partial(form: &PartialForm, values: &ArrayRef) -> Result<ArrayRef> {
    let masked = match (form, values.data_type()) {
        (PartialForm::Last4, DataType::Utf8View) => each_text(values, last4),
        (PartialForm::First1, DataType::Utf8View) => each_text(values, first1),
        (PartialForm::Email, DataType::Utf8View) => each_text(values, email),
        (PartialForm::Domain, DataType::Utf8View) => each_text(values, domain),
        (PartialForm::Zip3, DataType::Utf8View) => each_text(values, zip3),
        (PartialForm::Ip24, DataType::Utf8View) => each_text(values, ip24),
        (PartialForm::Year, _) => each_date(values, |date| date.with_day(1)?.with_month(1)),
        (PartialForm::Month, _) => each_date(values, |date| date.with_day(1)),
        (PartialForm::Bucket(size), _) => buckets(*size, values),
        (PartialForm::Constant(text), data_type) => return constant(text, data_type, values),
        _ => None,
    };
    // A form that says nothing of this type leaves nothing.
    Ok(masked.unwrap_or_else(|| new_null_array(values.data_type(), values.len())))
}

fn each_text(
    values: &ArrayRef,
    mask: impl Fn(&str) -> Option<String>,
) -> Option<ArrayRef> {
    let masked: StringViewArray =
        values.as_string_view().iter().map(|value| mask(value?)).collect();
    Some(Arc::new(masked))
}

/// The last four characters alone; nothing of a value under eight, of which they would be half.
fn last4(value: &str) -> Option<String> {
    let length = value.chars().count();
    (length >= 8).then(|| value.chars().skip(length - 4).collect())
}

fn first1(value: &str) -> Option<String> {
    Some(format!("{}***", value.chars().next()?))
}

fn email(value: &str) -> Option<String> {
    let (local, host) = address(value)?;
    Some(format!("{}***@{host}", local.chars().next()?))
}

fn domain(value: &str) -> Option<String> {
    Some(address(value)?.1.to_owned())
}

fn address(value: &str) -> Option<(&str, &str)> {
    let (local, host) = value.rsplit_once('@')?;
    (!local.is_empty() && !host.is_empty()).then_some((local, host))
}

fn zip3(value: &str) -> Option<String> {
    let length = value.chars().count();
    (length >= 4).then(|| value.chars().take(3).chain("**".chars()).collect())
}

fn ip24(value: &str) -> Option<String> {
    let [a, b, c, _] = value.parse::<Ipv4Addr>().ok()?.octets();
    Some(Ipv4Addr::new(a, b, c, 0).to_string())
}

fn each_date(
    values: &ArrayRef,
    mask: impl Fn(NaiveDate) -> Option<NaiveDate>,
) -> Option<ArrayRef> {
    let epoch = NaiveDate::default();
    let days = |date: NaiveDate| i32::try_from((date - epoch).num_days()).ok();
    match values.data_type() {
        DataType::Date32 => {
            let masked: Date32Array = values
                .as_primitive::<Date32Type>()
                .iter()
                .map(|value| {
                    days(mask(epoch.checked_add_signed(chrono::TimeDelta::days(value?.into()))?)?)
                })
                .collect();
            Some(Arc::new(masked))
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let masked: PrimitiveArray<TimestampMicrosecondType> = values
                .as_primitive::<TimestampMicrosecondType>()
                .iter()
                .map(|value| {
                    let date = DateTime::from_timestamp_micros(value?)?.date_naive();
                    Some(i64::from(days(mask(date)?)?) * 86_400_000_000)
                })
                .collect();
            Some(Arc::new(masked.with_timezone_opt(zone.clone())))
        }
        _ => None,
    }
}

/// Rounded down to a multiple of `size`, towards negative infinity.
fn buckets(size: i64, values: &ArrayRef) -> Option<ArrayRef> {
    fn whole<T: ArrowPrimitiveType>(
        values: &ArrayRef,
        floor: impl Fn(T::Native) -> Option<T::Native>,
    ) -> Option<ArrayRef> {
        let masked: PrimitiveArray<T> =
            values.as_primitive::<T>().iter().map(|value| floor(value?)).collect();
        Some(Arc::new(masked))
    }
    let floor = |value: i64| value.checked_sub(value.checked_rem_euclid(size)?);
    match values.data_type() {
        DataType::Int16 => whole::<Int16Type>(values, |v| floor(v.into())?.try_into().ok()),
        DataType::Int32 => whole::<Int32Type>(values, |v| floor(v.into())?.try_into().ok()),
        DataType::Int64 => whole::<Int64Type>(values, floor),
        DataType::Decimal128(precision, scale) => {
            let size = i128::from(size)
                .checked_mul(10_i128.checked_pow(u32::try_from(*scale).ok()?)?)?;
            let masked: Decimal128Array = values
                .as_primitive::<Decimal128Type>()
                .iter()
                .map(|value| value?.checked_sub(value?.checked_rem_euclid(size)?))
                .collect();
            let masked = masked.with_precision_and_scale(*precision, *scale).ok()?;
            Some(Arc::new(masked.null_if_overflow_precision(*precision)))
        }
        _ => None,
    }
}

/// The text read as the column's type, in every row; NULL where the text is no such value.
fn constant(text: &str, data_type: &DataType, values: &ArrayRef) -> Result<ArrayRef> {
    let one: ArrayRef = Arc::new(StringViewArray::from(vec![text]));
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let one = cast_with_options(&one, data_type, &options)?;
    let rows = datafusion::arrow::array::UInt64Array::from(vec![0; values.len()]);
    Ok(datafusion::arrow::compute::take(&one, &rows, None)?)
}

/// Text gets `tok_` and 22 characters, whole numbers a number of their width, bytes 16 bytes.
/// Other types have no stand-in and become NULL.
fn tokens(key: &TokenKey, uuid: bool, values: &ArrayRef) -> ArrayRef {
    let number = |value: i64| u64::from_be_bytes(first8(key.token(&value.to_be_bytes())));
    match values.data_type() {
        DataType::Utf8View => {
            let masked: StringViewArray = values
                .as_string_view()
                .iter()
                .map(|value| {
                    let token = key.token(value?.as_bytes());
                    Some(if uuid { uuid_text(token) } else { text_token(token) })
                })
                .collect();
            Arc::new(masked)
        }
        DataType::Binary => {
            let stored = values.as_binary::<i32>();
            let tokens: Vec<_> = stored.iter().map(|value| Some(key.token(value?))).collect();
            let masked: BinaryArray =
                tokens.iter().map(|token| token.as_ref().map(|token| token.as_slice())).collect();
            Arc::new(masked)
        }
        DataType::Int16 => {
            let masked: PrimitiveArray<Int16Type> = values
                .as_primitive::<Int16Type>()
                .iter()
                .map(|value| i16::try_from(number(value?.into()) >> 49).ok())
                .collect();
            Arc::new(masked)
        }
        DataType::Int32 => {
            let masked: PrimitiveArray<Int32Type> = values
                .as_primitive::<Int32Type>()
                .iter()
                .map(|value| i32::try_from(number(value?.into()) >> 33).ok())
                .collect();
            Arc::new(masked)
        }
        DataType::Int64 => {
            let masked: PrimitiveArray<Int64Type> = values
                .as_primitive::<Int64Type>()
                .iter()
                .map(|value| i64::try_from(number(value?) >> 1).ok())
                .collect();
            Arc::new(masked)
        }
        other => new_null_array(other, values.len()),
    }
}

fn first8(token: [u8; 16]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = token;
    [a, b, c, d, e, f, g, h]
}

fn text_token(token: [u8; 16]) -> String {
    format!("tok_{}", URL_SAFE_NO_PAD.encode(token))
}

/// Version 8 of RFC 9562: a layout of one's own.
fn uuid_text(token: [u8; 16]) -> String {
    uuid::Builder::from_custom_bytes(token).into_uuid().to_string()
}
