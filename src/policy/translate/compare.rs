//! A column against a constant, exactly.
//!
//! A column of numbers or times holds whole numbers (days, microseconds, digits without their
//! point), and its attribute is a monotone function of them: days become milliseconds,
//! microseconds are cut to milliseconds. So every comparison of the attribute is a comparison of
//! the stored number with one or two bounds, and what no stored number can satisfy is decided
//! here, so that a constant always fits its column's type.

use portcullis_connector_api::{CompareOp, Predicate, SqlType, Value};

use super::Untranslatable;
use super::constant::Constant;
use crate::policy::schema::ColumnShape;

const MILLIS_PER_DAY: i128 = 86_400_000;
const MICROS_PER_MILLI: i128 = 1_000;

/// `column op constant`. Of a pair of an operator and its negation, exactly one admits a row
/// whose column is not NULL; neither admits a row where it is.
pub(super) fn compare(
    column: &ColumnShape,
    op: CompareOp,
    constant: &Constant,
) -> Result<Predicate, Untranslatable> {
    match (&column.sql_type, constant) {
        (SqlType::Bool, Constant::Bool(value)) => match op {
            CompareOp::Eq => Ok(same(column, Value::Bool(*value))),
            CompareOp::NotEq => Ok(same(column, Value::Bool(!value))),
            _ => Err(Untranslatable::Comparison(column.name.clone())),
        },
        (SqlType::Text | SqlType::Varchar | SqlType::Uuid, Constant::Text(text)) => {
            if text.contains('\0') {
                return Err(Untranslatable::Nul);
            }
            let possible = column.sql_type != SqlType::Uuid || is_canonical_uuid(text);
            match op {
                CompareOp::Eq if !possible => Ok(Predicate::False),
                CompareOp::NotEq if !possible => Ok(Predicate::IsNotNull(column.name.clone())),
                CompareOp::Eq | CompareOp::NotEq => Ok(Predicate::Compare {
                    column: column.name.clone(),
                    op,
                    value: Value::Text(text.clone()),
                }),
                _ => Err(Untranslatable::Comparison(column.name.clone())),
            }
        }
        _ => {
            let number = number(&column.sql_type, constant)
                .ok_or_else(|| Untranslatable::Comparison(column.name.clone()))?;
            Ok(compare_number(column, op, number))
        }
    }
}

/// `constants.contains(column)`, and its negation.
pub(super) fn contains(
    column: &ColumnShape,
    constants: &[Constant],
    negated: bool,
) -> Result<Predicate, Untranslatable> {
    let op = if negated { CompareOp::NotEq } else { CompareOp::Eq };
    let mut values = Vec::new();
    let mut rest = Vec::new();
    for constant in constants {
        match compare(column, op, constant)? {
            Predicate::Compare { op: exact, value, .. } if exact == op => values.push(value),
            other => rest.push(other),
        }
    }
    let name = column.name.clone();
    // Alone, an empty NOT IN stands for IS NOT NULL, and an empty IN for FALSE.
    let listed = match (values.len(), values.pop()) {
        (1, Some(value)) => Predicate::Compare { column: name, op, value },
        (_, Some(last)) => {
            values.push(last);
            if negated {
                Predicate::NotIn { column: name, values }
            } else {
                Predicate::In { column: name, values }
            }
        }
        (_, None) if negated => Predicate::IsNotNull(name),
        (_, None) => Predicate::False,
    };
    rest.insert(0, listed);
    Ok(if negated { Predicate::all(rest) } else { Predicate::any(rest) })
}

fn same(column: &ColumnShape, value: Value) -> Predicate {
    Predicate::Compare { column: column.name.clone(), op: CompareOp::Eq, value }
}

/// Lower-case, with hyphens, as RFC 9562 section 4 writes it.
fn is_canonical_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

/// The attribute's number behind a constant, where the column can be compared with it.
fn number(sql_type: &SqlType, constant: &Constant) -> Option<i128> {
    use SqlType::{Date, Int2, Int4, Int8, Numeric, Timestamp, Timestamptz};
    match (sql_type, constant) {
        (Int2 | Int4 | Int8, Constant::Long(number))
        | (Numeric { .. }, Constant::Decimal(number))
        | (Date | Timestamp | Timestamptz, Constant::Datetime(number)) => Some((*number).into()),
        _ => None,
    }
}

fn compare_number(column: &ColumnShape, op: CompareOp, number: i128) -> Predicate {
    let sql_type = &column.sql_type;
    let (least, greatest) = range(sql_type);
    // What is stored of values equal to the constant is `low..=high`; nothing, where they cross.
    let low = first_not_below(sql_type, number);
    let high = first_not_below(sql_type, number + 1) - 1;
    let none_equal = high < low || high < least || low > greatest;

    let always = || Predicate::IsNotNull(column.name.clone());
    let bound = |op, stored| Predicate::Compare {
        column: column.name.clone(),
        op,
        value: value(sql_type, stored),
    };
    match op {
        CompareOp::Eq if none_equal => Predicate::False,
        CompareOp::NotEq if none_equal => always(),
        CompareOp::Eq | CompareOp::NotEq if low == high => bound(op, low),
        CompareOp::Eq => compare_number(column, CompareOp::GtEq, number).and(compare_number(
            column,
            CompareOp::LtEq,
            number,
        )),
        CompareOp::NotEq => Predicate::any([
            compare_number(column, CompareOp::Lt, number),
            compare_number(column, CompareOp::Gt, number),
        ]),

        CompareOp::Lt if low <= least => Predicate::False,
        CompareOp::Lt if low > greatest => always(),
        CompareOp::Lt => bound(op, low),

        CompareOp::GtEq if low <= least => always(),
        CompareOp::GtEq if low > greatest => Predicate::False,
        CompareOp::GtEq => bound(op, low),

        CompareOp::LtEq if high < least => Predicate::False,
        CompareOp::LtEq if high >= greatest => always(),
        CompareOp::LtEq => bound(op, high),

        CompareOp::Gt if high < least => always(),
        CompareOp::Gt if high >= greatest => Predicate::False,
        CompareOp::Gt => bound(op, high),
    }
}

/// The least and the greatest number that the type stores.
fn range(sql_type: &SqlType) -> (i128, i128) {
    match sql_type {
        SqlType::Int2 => (i16::MIN.into(), i16::MAX.into()),
        SqlType::Int4 | SqlType::Date => (i32::MIN.into(), i32::MAX.into()),
        SqlType::Numeric { precision, .. } => {
            let greatest = 10_i128.saturating_pow(u32::from(*precision)) - 1;
            (-greatest, greatest)
        }
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}

/// The least stored number (of any size) whose attribute is not below this one.
fn first_not_below(sql_type: &SqlType, number: i128) -> i128 {
    match sql_type {
        SqlType::Date => ceiling(number, MILLIS_PER_DAY),
        SqlType::Timestamp | SqlType::Timestamptz => number * MICROS_PER_MILLI,
        SqlType::Numeric { scale, .. } => {
            // The attribute is in ten-thousandths; the column has at most four such digits.
            let missing = 4_u32.saturating_sub(u32::from(scale.unsigned_abs()));
            ceiling(number, 10_i128.pow(missing))
        }
        _ => number,
    }
}

/// A stored number, within the type's range, as a value.
fn value(sql_type: &SqlType, stored: i128) -> Value {
    // Saturation never happens, the range was looked at before.
    let wide = i64::try_from(stored).unwrap_or(if stored < 0 { i64::MIN } else { i64::MAX });
    match sql_type {
        SqlType::Date => {
            Value::Date(i32::try_from(wide).unwrap_or(if wide < 0 { i32::MIN } else { i32::MAX }))
        }
        SqlType::Timestamp => Value::Timestamp(wide),
        SqlType::Timestamptz => Value::Timestamptz(wide),
        SqlType::Numeric { scale, .. } => Value::Decimal { unscaled: stored, scale: *scale },
        _ => Value::Int(wide),
    }
}

/// The quotient, rounded towards positive infinity; `divisor` is positive.
fn ceiling(number: i128, divisor: i128) -> i128 {
    -(-number).div_euclid(divisor)
}
