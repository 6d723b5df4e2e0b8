//! `EXTRACT`, a function of its own for each of its fields, and `date_part`, whose field is a text.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, IntervalMonthDayNanoType, IntervalUnit, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};

use super::{Function, Outcome, Types, internal, is_text};
use crate::error::{ClientError, SqlState};
use crate::guard::system::types;
use crate::values::{DAY_US, civil, days};

macro_rules! fields {
    ($($variant:ident = $name:literal $function:literal $scale:literal;)*) => {
        /// A part of a time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Part {
            $($variant,)*
        }

        const PARTS: &[(Part, &str, &str, i8)] = &[$((Part::$variant, $name, $function, $scale),)*];

        pub(super) const FUNCTIONS: &[Function] = &[
            DATE_PART,
            $(Function {
                name: $function,
                types: |arguments| extracted(arguments, Part::$variant),
                body: |arguments, of| numeric(arguments, of, Part::$variant),
            },)*
        ];
    };
}

// The field, the function, and the digits behind the point.
fields! {
    Century = "century" "extract century" 0;
    Day = "day" "extract day" 0;
    Decade = "decade" "extract decade" 0;
    DayOfWeek = "dow" "extract dow" 0;
    DayOfYear = "doy" "extract doy" 0;
    Epoch = "epoch" "extract epoch" 6;
    Hour = "hour" "extract hour" 0;
    IsoDayOfWeek = "isodow" "extract isodow" 0;
    IsoYear = "isoyear" "extract isoyear" 0;
    Julian = "julian" "extract julian" 0;
    Microseconds = "microseconds" "extract microseconds" 0;
    Millennium = "millennium" "extract millennium" 0;
    Milliseconds = "milliseconds" "extract milliseconds" 3;
    Minute = "minute" "extract minute" 0;
    Month = "month" "extract month" 0;
    Quarter = "quarter" "extract quarter" 0;
    Second = "second" "extract second" 6;
    Week = "week" "extract week" 0;
    Year = "year" "extract year" 0;
}

/// The function that extracts a field of this name, without case.
pub(in crate::guard) fn function_of(field: &str) -> Option<&'static str> {
    part(field).map(|(_, _, function, _)| *function)
}

/// Whether a function extracts what a clock shows.
pub(in crate::guard) fn is_of_clock(function: &str) -> bool {
    PARTS.iter().any(|(part, _, name, _)| *name == function && *part != Part::Epoch)
}

fn part(field: &str) -> Option<&'static (Part, &'static str, &'static str, i8)> {
    let field = field.to_ascii_lowercase();
    let whole = match field.as_str() {
        "centuries" | "c" | "cent" => "century",
        "days" | "d" => "day",
        "decades" | "decs" | "dec" => "decade",
        "hours" | "h" | "hr" | "hrs" => "hour",
        "microsecond" | "us" | "usec" | "usecs" | "useconds" | "microsecon" => "microseconds",
        "millennia" | "mil" | "mils" => "millennium",
        "millisecond" | "ms" | "msec" | "msecs" | "mseconds" | "millisecon" => "milliseconds",
        "minutes" | "m" | "min" | "mins" => "minute",
        "months" | "mon" | "mons" => "month",
        "qtr" => "quarter",
        "seconds" | "s" | "sec" | "secs" => "second",
        "weeks" | "w" => "week",
        "years" | "y" | "yr" | "yrs" => "year",
        other => other,
    };
    PARTS.iter().find(|(_, name, ..)| *name == whole)
}

const DATE_PART: Function =
    Function { name: "date_part", types: parted, body: |arguments, _| date_part(arguments) };

const CLOCK: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// What a value is brought to.
fn subject(of: &DataType) -> Option<DataType> {
    Some(match of {
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Date32 => DataType::Date32,
        DataType::Time64(_) | DataType::Time32(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::Null => CLOCK,
        _ => return None,
    })
}

fn extracted(arguments: &[DataType], part: Part) -> Option<Types> {
    let [of] = arguments else { return None };
    let subject = subject(of)?;
    let known = PARTS.iter().find(|(known, ..)| *known == part);
    let scale = match (&subject, known) {
        (DataType::Date32, _) | (_, None) => 0,
        (_, Some((.., scale))) => *scale,
    };
    Some((vec![subject], DataType::Decimal128(24, scale)))
}

/// A date has the parts of its midnight.
fn parted(arguments: &[DataType]) -> Option<Types> {
    let [field, of] = arguments else { return None };
    let subject = match subject(of)? {
        DataType::Date32 => CLOCK,
        other => other,
    };
    is_text(field).then(|| (vec![DataType::Utf8, subject], DataType::Float64))
}

fn numeric(arguments: &[ArrayRef], of: &DataType, part: Part) -> Outcome {
    let [values] = arguments else { return Err(internal("extract has one argument")) };
    let DataType::Decimal128(precision, scale) = *of else {
        return Err(internal("extract gives a numeric value"));
    };
    let subjects = Subjects::of(values)?;
    let down = 10_i128.pow(u32::try_from(6 - scale).unwrap_or(0));
    let numbers = (0..values.len()).map(|row| {
        let micros = subjects.at(row).map(|subject| millionths(part, subject)).transpose()?;
        Ok(micros.map(|micros| micros / down))
    });
    let numbers = numbers.collect::<Result<Decimal128Array, ClientError>>()?;
    let numbers = numbers.with_precision_and_scale(precision, scale).map_err(internal)?;
    Ok(Arc::new(numbers))
}

fn date_part(arguments: &[ArrayRef]) -> Outcome {
    let [fields, values] = arguments else { return Err(internal("date_part has two arguments")) };
    let subjects = Subjects::of(values)?;
    let fields = fields.as_string::<i32>();
    let numbers = (0..values.len()).map(|row| {
        let (Some(subject), true) = (subjects.at(row), fields.is_valid(row)) else {
            return Ok(None);
        };
        let field = fields.value(row);
        let Some((part, ..)) = part(field) else {
            return Err(unrecognized(field, values.data_type()));
        };
        let millionths = millionths(*part, subject)?;
        Ok(Some(millionths as f64 / 1e6))
    });
    Ok(Arc::new(numbers.collect::<Result<Float64Array, ClientError>>()?))
}

fn unrecognized(field: &str, of: &DataType) -> ClientError {
    let message = format!("unit \"{field}\" not recognized for type {}", spoken(of));
    ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message)
}

fn unsupported(part: Part, of: &str) -> ClientError {
    let name = PARTS.iter().find(|(known, ..)| *known == part).map_or("", |(_, name, ..)| *name);
    let message = format!("unit \"{name}\" not supported for type {of}");
    ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
}

fn spoken(of: &DataType) -> String {
    types::spoken(&datafusion::arrow::datatypes::Field::new("", of.clone(), true))
}

/// What parts are asked of.
#[derive(Clone, Copy)]
enum Subject {
    /// Days since 1970.
    Date(i64),
    /// Microseconds since 1970.
    Moment(i64),
    /// Microseconds since midnight.
    Time(i64),
    Interval {
        months: i64,
        days: i64,
        micros: i64,
    },
}

enum Subjects<'a> {
    Dates(&'a datafusion::arrow::array::Date32Array),
    Moments(&'a datafusion::arrow::array::TimestampMicrosecondArray),
    Times(&'a datafusion::arrow::array::Time64MicrosecondArray),
    Intervals(&'a datafusion::arrow::array::IntervalMonthDayNanoArray),
}

impl<'a> Subjects<'a> {
    fn of(values: &'a ArrayRef) -> Result<Self, ClientError> {
        let subjects = match values.data_type() {
            DataType::Date32 => values.as_primitive_opt::<Date32Type>().map(Self::Dates),
            DataType::Timestamp(..) => {
                values.as_primitive_opt::<TimestampMicrosecondType>().map(Self::Moments)
            }
            DataType::Time64(_) => {
                values.as_primitive_opt::<Time64MicrosecondType>().map(Self::Times)
            }
            _ => values.as_primitive_opt::<IntervalMonthDayNanoType>().map(Self::Intervals),
        };
        subjects.ok_or_else(|| internal(values.data_type()))
    }

    fn at(&self, row: usize) -> Option<Subject> {
        Some(match self {
            Self::Dates(dates) => Subject::Date(valid(*dates, row)?.value(row).into()),
            Self::Moments(moments) => Subject::Moment(valid(*moments, row)?.value(row)),
            Self::Times(times) => Subject::Time(valid(*times, row)?.value(row)),
            Self::Intervals(intervals) => {
                let value = valid(*intervals, row)?.value(row);
                Subject::Interval {
                    months: value.months.into(),
                    days: value.days.into(),
                    micros: value.nanoseconds / 1_000,
                }
            }
        })
    }
}

fn valid<A: Array>(values: &A, row: usize) -> Option<&A> {
    values.is_valid(row).then_some(values)
}

/// The part in millionths.
fn millionths(part: Part, of: Subject) -> Result<i128, ClientError> {
    let whole = |number: i64| Ok(i128::from(number) * 1_000_000);
    match of {
        Subject::Date(day) => match part {
            Part::Hour | Part::Minute | Part::Second | Part::Milliseconds | Part::Microseconds => {
                Err(unsupported(part, "date"))
            }
            Part::Epoch => Ok(i128::from(day) * i128::from(DAY_US)),
            Part::Julian => whole(day + JULIAN_1970),
            _ => whole(of_day(part, day)),
        },
        Subject::Moment(micros) => match part {
            Part::Epoch => Ok(micros.into()),
            Part::Julian => Err(unsupported(part, "timestamp")),
            _ => match of_time(part, micros.rem_euclid(DAY_US)) {
                Some(millionths) => Ok(millionths),
                None => whole(of_day(part, micros.div_euclid(DAY_US))),
            },
        },
        Subject::Time(micros) => match part {
            Part::Epoch => Ok(micros.into()),
            _ => of_time(part, micros).ok_or_else(|| unsupported(part, "time without time zone")),
        },
        Subject::Interval { months, days, micros } => match part {
            Part::Epoch => {
                // A year has 365.25 days, a month that is left of it 30.
                let months_us = i128::from(months / 12) * 36_525 * i128::from(DAY_US) / 100
                    + i128::from(months % 12) * 30 * i128::from(DAY_US);
                Ok(months_us + i128::from(days) * i128::from(DAY_US) + i128::from(micros))
            }
            Part::Millennium => whole(months / 12 / 1_000),
            Part::Century => whole(months / 12 / 100),
            Part::Decade => whole(months / 12 / 10),
            Part::Year => whole(months / 12),
            Part::Quarter => whole(months % 12 / 3 + 1),
            Part::Month => whole(months % 12),
            Part::Day => whole(days),
            Part::Hour => whole(micros / 3_600_000_000),
            _ => of_time(part, micros).ok_or_else(|| unsupported(part, "interval")),
        },
    }
}

/// The Julian day of 1970-01-01.
const JULIAN_1970: i64 = 2_440_588;

/// Of microseconds since midnight; `None` for a part of the day.
fn of_time(part: Part, micros: i64) -> Option<i128> {
    let seconds = i128::from(micros % 60_000_000);
    Some(match part {
        Part::Hour => i128::from(micros / 3_600_000_000) * 1_000_000,
        Part::Minute => i128::from(micros / 60_000_000 % 60) * 1_000_000,
        Part::Second => seconds,
        Part::Milliseconds => seconds * 1_000,
        Part::Microseconds => seconds * 1_000_000,
        _ => return None,
    })
}

/// Of a day since 1970. There is no year 0: the one before 1 is 1 BC, which is -1.
fn of_day(part: Part, day: i64) -> i64 {
    let (year, month, in_month) = civil(day);
    let counted = |year: i64| if year > 0 { year } else { year - 1 };
    // The first century begins with the year 1, the one before it ends with -1.
    let span = |years: i64| {
        if year > 0 { (year + years - 1) / years } else { -((years - 1 - (year - 1)) / years) }
    };
    match part {
        Part::Millennium => span(1_000),
        Part::Century => span(100),
        Part::Decade => year.div_euclid(10),
        Part::Year => counted(year),
        Part::Quarter => (i64::from(month) - 1) / 3 + 1,
        Part::Month => month.into(),
        Part::Week => iso_week(day).1,
        Part::IsoYear => counted(iso_week(day).0),
        Part::Day => in_month.into(),
        Part::DayOfYear => day - first_of(year) + 1,
        Part::DayOfWeek => (day + 4).rem_euclid(7),
        _ => (day + 3).rem_euclid(7) + 1,
    }
}

fn first_of(year: i64) -> i64 {
    days(year, 1, 1).unwrap_or_default()
}

/// The year and the number of a week, which belongs to the year of its Thursday.
fn iso_week(day: i64) -> (i64, i64) {
    let thursday = day - (day + 3).rem_euclid(7) + 3;
    let (year, ..) = civil(thursday);
    (year, (thursday - first_of(year)) / 7 + 1)
}
