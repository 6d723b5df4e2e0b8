//! The functions themselves.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal128Type, Float32Type, Float64Type, IntervalMonthDayNanoType, IntervalUnit,
    TimeUnit, TimestampMicrosecondType,
};
use chrono::{DateTime, NaiveDateTime};
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::number::Pattern;
use super::{interval, parse, pattern, write};
use crate::error::{ClientError, SqlState};
use crate::guard::numbers::external;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Text,
    Date,
    Timestamp,
}

/// One of the functions.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::guard) struct Format {
    kind: Kind,
    signature: Signature,
}

const MICROS_A_SECOND: f64 = 1e6;
const DAYS_TO_EPOCH: i64 = 719_163;

fn timestamp(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into))
}

impl Format {
    /// The function in place of the engine's, where there is one.
    pub fn of(name: &str) -> Option<Arc<ScalarUDF>> {
        let kind = match name {
            "to_char" => Kind::Text,
            "to_date" => Kind::Date,
            "to_timestamp" => Kind::Timestamp,
            _ => return None,
        };
        let signature = Signature::user_defined(Volatility::Immutable);
        Some(Arc::new(ScalarUDF::from(Self { kind, signature })))
    }

    /// What a value is brought to; `None` where there is no such function.
    fn subject(&self, of: &DataType) -> Option<DataType> {
        let text = of.is_string() || *of == DataType::Null;
        Some(match (self.kind, of) {
            (Kind::Date | Kind::Timestamp, _) if text => DataType::Utf8,
            (Kind::Text, DataType::Timestamp(_, Some(_))) => timestamp(Some("UTC")),
            (Kind::Text, DataType::Timestamp(_, None) | DataType::Date32) => timestamp(None),
            (Kind::Text, DataType::Decimal128(..)) => of.clone(),
            (Kind::Text, DataType::Float32) => DataType::Float32,
            (Kind::Text, DataType::Interval(_)) => DataType::Interval(IntervalUnit::MonthDayNano),
            (Kind::Text, of) if of.is_floating() => DataType::Float64,
            (Kind::Text, of) if of.is_integer() => DataType::Decimal128(20, 0),
            (Kind::Text, DataType::Null) => timestamp(None),
            _ => return None,
        })
    }
}

impl ScalarUDFImpl for Format {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Text => "to_char",
            Kind::Date => "to_date",
            Kind::Timestamp => "to_timestamp",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            Kind::Text => DataType::Utf8,
            Kind::Date => DataType::Date32,
            Kind::Timestamp => timestamp(Some("UTC")),
        })
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [of, pattern] if pattern.is_string() || *pattern == DataType::Null => {
                if let Some(subject) = self.subject(of) {
                    return Ok(vec![subject, DataType::Utf8]);
                }
            }
            [of] if self.kind == Kind::Timestamp && (of.is_numeric() || of.is_null()) => {
                return Ok(vec![DataType::Float64]);
            }
            _ => {}
        }
        plan_err!("No function matches the given name and argument types")
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = arguments.args.iter().all(|one| matches!(one, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { arguments.number_rows };
        let values = match arguments.args.as_slice() {
            [seconds] => from_seconds(&seconds.to_array(rows)?)?,
            [subject, pattern] => {
                let (subject, pattern) = (subject.to_array(rows)?, pattern.to_array(rows)?);
                match self.kind {
                    Kind::Text => written(&subject, &pattern)?,
                    Kind::Date => dates(&subject, &pattern)?,
                    Kind::Timestamp => moments(&subject, &pattern)?,
                }
            }
            _ => return internal_err!("{} has other arguments", self.name()),
        };
        if scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?));
        }
        Ok(ColumnarValue::Array(values))
    }
}

/// Patterns by row; the last one is kept, since it is the same in most rows.
struct Patterns<'a, P> {
    texts: &'a ArrayRef,
    last: Option<(String, P)>,
    read: fn(&str) -> Result<P, ClientError>,
}

impl<'a, P> Patterns<'a, P> {
    fn new(texts: &'a ArrayRef, read: fn(&str) -> Result<P, ClientError>) -> Self {
        Self { texts, last: None, read }
    }

    fn at(&mut self, row: usize) -> Result<Option<&P>> {
        if self.texts.is_null(row) {
            return Ok(None);
        }
        let text = self.texts.as_string::<i32>().value(row);
        if self.last.as_ref().is_none_or(|(known, _)| known != text) {
            let pattern = (self.read)(text).map_err(external)?;
            self.last = Some((text.to_owned(), pattern));
        }
        Ok(self.last.as_ref().map(|(_, pattern)| pattern))
    }
}

fn written(subject: &ArrayRef, texts: &ArrayRef) -> Result<ArrayRef> {
    let mut out = StringBuilder::new();
    if let DataType::Timestamp(_, zone) = subject.data_type() {
        let mut patterns = Patterns::new(texts, pattern::read);
        let moments = subject.as_primitive::<TimestampMicrosecondType>();
        for row in 0..moments.len() {
            let moment = moments.is_valid(row).then(|| moment(moments.value(row))).flatten();
            let text = match (moment, patterns.at(row)?) {
                (Some(moment), Some(parts)) => Some(write::write(parts, moment, zone.is_some())),
                _ => None,
            };
            out.append_option(text);
        }
        return Ok(Arc::new(out.finish()));
    }
    if let Some(intervals) = subject.as_primitive_opt::<IntervalMonthDayNanoType>() {
        let mut patterns = Patterns::new(texts, pattern::read);
        for row in 0..intervals.len() {
            let text = match (intervals.is_valid(row), patterns.at(row)?) {
                (true, Some(parts)) => {
                    Some(interval::write(parts, intervals.value(row)).map_err(external)?)
                }
                _ => None,
            };
            out.append_option(text);
        }
        return Ok(Arc::new(out.finish()));
    }
    let mut patterns = Patterns::new(texts, Pattern::read);
    for row in 0..subject.len() {
        let text = match (subject.is_valid(row), patterns.at(row)?) {
            (true, Some(pattern)) => Some(number(subject, row, pattern)?),
            _ => None,
        };
        out.append_option(text);
    }
    Ok(Arc::new(out.finish()))
}

/// A number with as many digits behind the point as its pattern shows.
fn number(subject: &ArrayRef, row: usize, pattern: &Pattern) -> Result<String> {
    let places = pattern.behind();
    let text = match subject.data_type() {
        DataType::Decimal128(_, scale) => {
            let value = subject.as_primitive::<Decimal128Type>().value(row);
            decimal(value, *scale, places)
        }
        DataType::Float32 => {
            float(subject.as_primitive::<Float32Type>().value(row).into(), REAL_DIGITS, places)?
        }
        _ => float(subject.as_primitive::<Float64Type>().value(row), DOUBLE_DIGITS, places)?,
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    Ok(pattern.write(negative, whole, fraction))
}

/// Digits that a `real` and a `double precision` can be relied on for.
const REAL_DIGITS: usize = 6;
const DOUBLE_DIGITS: usize = 15;

/// A float with no more digits in all than can be relied on.
fn float(value: f64, most: usize, places: usize) -> Result<String> {
    if !value.is_finite() {
        let message = "to_char of NaN or infinity is not supported";
        return Err(external(ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)));
    }
    let whole = format!("{:.0}", value.abs()).len();
    let places = places.min(most.saturating_sub(whole));
    Ok(format!("{value:.places$}"))
}

/// A decimal as text, rounded half away from zero to so many places.
fn decimal(value: i128, scale: i8, places: usize) -> String {
    let scale = usize::try_from(scale).unwrap_or(0);
    let mut digits = value.unsigned_abs();
    let mut shown = scale;
    if scale > places {
        let unit = 10_u128.saturating_pow(u32::try_from(scale - places).unwrap_or(u32::MAX));
        digits = digits.saturating_add(unit / 2) / unit;
        shown = places;
    }
    let width = shown + 1;
    let text = format!("{digits:0>width$}");
    let (whole, fraction) = text.split_at_checked(text.len() - shown).unwrap_or((&text, ""));
    let sign = if value < 0 && digits != 0 { "-" } else { "" };
    format!("{sign}{whole}.{fraction}{}", "0".repeat(places - shown))
}

fn moment(micros: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros).map(|moment| moment.naive_utc())
}

fn parsed(
    texts: &ArrayRef,
    patterns: &ArrayRef,
    mut take: impl FnMut(Option<NaiveDateTime>),
) -> Result<()> {
    let mut patterns = Patterns::new(patterns, pattern::read);
    for row in 0..texts.len() {
        let text = texts.is_valid(row).then(|| texts.as_string::<i32>().value(row));
        take(match (text, patterns.at(row)?) {
            (Some(text), Some(parts)) => Some(parse::read(parts, text).map_err(external)?),
            _ => None,
        });
    }
    Ok(())
}

fn dates(texts: &ArrayRef, patterns: &ArrayRef) -> Result<ArrayRef> {
    let mut out = Date32Builder::new();
    parsed(texts, patterns, |moment| {
        let days = moment.map(|moment| {
            use chrono::Datelike;
            i64::from(moment.num_days_from_ce()) - DAYS_TO_EPOCH
        });
        out.append_option(days.and_then(|days| i32::try_from(days).ok()));
    })?;
    Ok(Arc::new(out.finish()))
}

fn moments(texts: &ArrayRef, patterns: &ArrayRef) -> Result<ArrayRef> {
    let mut out = TimestampMicrosecondBuilder::new().with_timezone("UTC");
    parsed(texts, patterns, |moment| {
        out.append_option(moment.map(|moment| moment.and_utc().timestamp_micros()));
    })?;
    Ok(Arc::new(out.finish()))
}

/// Seconds since 1970.
fn from_seconds(seconds: &ArrayRef) -> Result<ArrayRef> {
    let seconds = cast(seconds, &DataType::Float64)?;
    let mut out = TimestampMicrosecondBuilder::new().with_timezone("UTC");
    for value in seconds.as_primitive::<Float64Type>() {
        let micros = value.map(|value| (value * MICROS_A_SECOND).round_ties_even());
        if micros.is_some_and(|micros| !micros.is_finite() || micros.abs() > 9.2e18) {
            let message = "timestamp out of range";
            let error = ClientError::new(SqlState::DATETIME_FIELD_OVERFLOW, message);
            return Err(external(error));
        }
        out.append_option(micros.map(|micros| micros as i64));
    }
    Ok(Arc::new(out.finish()))
}
