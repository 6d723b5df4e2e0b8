//! Which operator is meant by the types beside it, and what it gives: PostgreSQL's own table of
//! `+`, `-`, `*`, `/` and `%`, as far as there are such types here.

use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::logical_expr::Operator;
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;

/// The most digits of a numeric value.
pub(super) const DIGITS: u8 = 38;

/// What a quotient and an average have behind the point, at least.
pub(super) const QUOTIENT_SCALE: i8 = 16;

/// What a product keeps behind the point where its factors do not have more.
const PRODUCT_SCALE: i8 = 20;

/// A numeric type of PostgreSQL, as an Arrow type carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::guard) enum SqlNumber {
    Int2,
    Int4,
    Int8,
    /// Its digits, and how many of them are behind the point.
    Numeric(u8, i8),
    Float4,
    Float8,
}

impl SqlNumber {
    pub fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Int8 | DataType::UInt8 | DataType::Int16 => Self::Int2,
            DataType::UInt16 | DataType::Int32 => Self::Int4,
            // Counts of the engine are unsigned; they are `bigint` to everybody.
            DataType::UInt32 | DataType::Int64 | DataType::UInt64 => Self::Int8,
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale) => {
                Self::Numeric((*precision).min(DIGITS), *scale)
            }
            DataType::Float16 | DataType::Float32 => Self::Float4,
            DataType::Float64 => Self::Float8,
            _ => return None,
        })
    }

    pub fn arrow(self) -> DataType {
        match self {
            Self::Int2 => DataType::Int16,
            Self::Int4 => DataType::Int32,
            Self::Int8 => DataType::Int64,
            Self::Numeric(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Float4 => DataType::Float32,
            Self::Float8 => DataType::Float64,
        }
    }

    /// Its digits as a numeric value; none of a float.
    pub fn digits(self) -> Option<(u8, i8)> {
        match self {
            Self::Int2 => Some((5, 0)),
            Self::Int4 => Some((10, 0)),
            Self::Int8 => Some((19, 0)),
            Self::Numeric(precision, scale) => Some((precision, scale)),
            Self::Float4 | Self::Float8 => None,
        }
    }
}

/// How a result is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    Integer,
    Float,
    Numeric,
    DateAndDays,
    DaysAndDate,
    DateFromDate,
    TimestampFromTimestamp,
    TimeFromTime,
    DateAndTime,
    IntervalByNumber,
    NumberByInterval,
    /// By the engine: a time, timestamp or interval, and an interval.
    Engine,
}

/// An operator with the types that its operands are brought to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resolved {
    pub left: DataType,
    pub right: DataType,
    pub result: DataType,
    pub kernel: Kernel,
}

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const TIME: DataType = DataType::Time64(TimeUnit::Microsecond);

/// The operator for operands of these types; `None` where PostgreSQL has none. Asked again with
/// the types that it gave, it gives the same.
pub(super) fn resolve(op: Operator, left: &DataType, right: &DataType) -> Option<Resolved> {
    match (left, right) {
        (DataType::Null, DataType::Null) => resolve(op, &DataType::Int64, &DataType::Int64),
        (DataType::Null, known) => resolve_unknown(op, known, true),
        (known, DataType::Null) => resolve_unknown(op, known, false),
        _ => match (SqlNumber::of(left), SqlNumber::of(right)) {
            (Some(left), Some(right)) => numbers(op, left, right),
            (left_number, right_number) => timely(op, (left, left_number), (right, right_number)),
        },
    }
}

fn resolve_unknown(op: Operator, known: &DataType, unknown_is_left: bool) -> Option<Resolved> {
    let other = unknown_as(op, known, unknown_is_left)?;
    if unknown_is_left { resolve(op, &other, known) } else { resolve(op, known, &other) }
}

/// What an operand of no type of its own is read as, beside one of a known type: the same, where
/// there is such an operator.
pub(super) fn unknown_as(
    op: Operator,
    known: &DataType,
    unknown_is_left: bool,
) -> Option<DataType> {
    if resolves_alike(op, known) {
        return Some(known.clone());
    }
    Some(match known {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Time64(_)
            if op == Operator::Plus || !unknown_is_left =>
        {
            INTERVAL
        }
        DataType::Interval(_) => DataType::Float64,
        _ => return None,
    })
}

fn resolves_alike(op: Operator, data_type: &DataType) -> bool {
    *data_type != DataType::Null && resolve(op, data_type, data_type).is_some()
}

fn numbers(op: Operator, left: SqlNumber, right: SqlNumber) -> Option<Resolved> {
    use SqlNumber::{Float4, Float8};
    let uniform = |number: SqlNumber, kernel| {
        let data_type = number.arrow();
        Resolved { left: data_type.clone(), right: data_type.clone(), result: data_type, kernel }
    };
    match (left.digits(), right.digits()) {
        (Some(first), Some(second)) => {
            if let (SqlNumber::Int2 | SqlNumber::Int4 | SqlNumber::Int8, true) =
                (left, right <= SqlNumber::Int8)
            {
                return Some(uniform(left.max(right), Kernel::Integer));
            }
            let (precision, scale) = numeric(op, first, second)?;
            Some(Resolved {
                left: DataType::Decimal128(first.0, first.1),
                right: DataType::Decimal128(second.0, second.1),
                result: DataType::Decimal128(precision, scale),
                kernel: Kernel::Numeric,
            })
        }
        _ if op == Operator::Modulo => None,
        _ if (left, right) == (Float4, Float4) => Some(uniform(Float4, Kernel::Float)),
        _ => Some(uniform(Float8, Kernel::Float)),
    }
}

/// The digits of a numeric result. Where more than 38 could come about, each result is looked at.
fn numeric(op: Operator, left: (u8, i8), right: (u8, i8)) -> Option<(u8, i8)> {
    let whole = |(precision, scale): (u8, i8)| i16::from(precision) - i16::from(scale);
    let finer = left.1.max(right.1);
    let (whole, scale) = match op {
        Operator::Plus | Operator::Minus => (whole(left).max(whole(right)) + 1, finer),
        Operator::Multiply => {
            let exact = i16::from(left.1) + i16::from(right.1);
            let kept = exact.min(i16::from(PRODUCT_SCALE.max(finer)));
            (whole(left) + whole(right), i8::try_from(kept).ok()?)
        }
        Operator::Divide => {
            let scale = finer.max(QUOTIENT_SCALE);
            (whole(left) + i16::from(right.1), scale)
        }
        Operator::Modulo => (whole(left).min(whole(right)), finer),
        _ => return None,
    };
    let scale = scale.max(0);
    let precision = (whole.max(1) + i16::from(scale)).clamp(1, i16::from(DIGITS));
    Some((u8::try_from(precision).ok()?, scale))
}

type Side<'a> = (&'a DataType, Option<SqlNumber>);

fn timely(op: Operator, (left, before): Side<'_>, (right, after): Side<'_>) -> Option<Resolved> {
    use DataType::{Date32, Float64, Int32, Interval, Time64, Timestamp};
    use Operator::{Divide, Minus, Multiply, Plus};
    let made = |left: DataType, right: DataType, result: DataType, kernel| {
        Some(Resolved { left, right, result, kernel })
    };
    let days = |number| number <= Some(SqlNumber::Int4);
    match (left, op, right) {
        (Date32, Plus | Minus, _) if after.is_some() && days(after) => {
            made(Date32, Int32, Date32, Kernel::DateAndDays)
        }
        (_, Plus, Date32) if before.is_some() && days(before) => {
            made(Int32, Date32, Date32, Kernel::DaysAndDate)
        }
        (Date32, Minus, Date32) => made(Date32, Date32, Int32, Kernel::DateFromDate),
        (Date32, Plus, Time64(_)) => made(Date32, TIME, TIMESTAMP, Kernel::DateAndTime),
        (Time64(_), Minus, Time64(_)) => made(TIME, TIME, INTERVAL, Kernel::TimeFromTime),
        (Timestamp(..) | Date32, Minus, Timestamp(..) | Date32) => {
            let wide = timestamp(left, right);
            made(wide.clone(), wide, INTERVAL, Kernel::TimestampFromTimestamp)
        }
        (Timestamp(..) | Date32, Plus | Minus, Interval(_)) => {
            engine(op, timestamp(left, left), INTERVAL)
        }
        (Interval(_), Plus, Timestamp(..) | Date32) => {
            engine(op, INTERVAL, timestamp(right, right))
        }
        (Time64(_), Plus | Minus, Interval(_)) => engine(op, TIME, INTERVAL),
        (Interval(_), Plus, Time64(_)) => engine(op, INTERVAL, TIME),
        (Interval(_), Plus | Minus, Interval(_)) => engine(op, INTERVAL, INTERVAL),
        (Interval(_), Multiply | Divide, _) if after.is_some() => {
            made(INTERVAL, Float64, INTERVAL, Kernel::IntervalByNumber)
        }
        (_, Multiply, Interval(_)) if before.is_some() => {
            made(Float64, INTERVAL, INTERVAL, Kernel::NumberByInterval)
        }
        _ => None,
    }
}

fn engine(op: Operator, left: DataType, right: DataType) -> Option<Resolved> {
    let result = BinaryTypeCoercer::new(&left, &op, &right).get_result_type().ok()?;
    Some(Resolved { left, right, result, kernel: Kernel::Engine })
}

/// A timestamp in microseconds, with a zone where one of the two has one.
fn timestamp(left: &DataType, right: &DataType) -> DataType {
    let zone = [left, right].into_iter().find_map(|side| match side {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    });
    DataType::Timestamp(TimeUnit::Microsecond, zone)
}
