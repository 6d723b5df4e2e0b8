//! Which columns policies can speak of, and as what.

use std::fmt;

use portcullis_connector_api::SqlType;

/// The Cedar type of a column's attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `Bool`
    Bool,
    /// `Long`
    Long,
    /// `String`
    Text,
    /// `decimal`: 64 bits, four digits behind the point
    Decimal,
    /// `datetime`: milliseconds; a finer instant is cut to its millisecond
    Datetime,
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "Bool",
            Self::Long => "Long",
            Self::Text => "String",
            Self::Decimal => "decimal",
            Self::Datetime => "datetime",
        })
    }
}

/// Whole digits that every `decimal` holds: its largest value is 922337203685477.5807.
const DECIMAL_WHOLE_DIGITS: i16 = 14;
/// Digits behind the point of a `decimal`.
const DECIMAL_SCALE: i8 = 4;

/// The attribute type of a column, or why it has none.
pub(super) fn column_type(sql_type: &SqlType) -> Result<ColumnType, &'static str> {
    match sql_type {
        SqlType::Bool => Ok(ColumnType::Bool),
        SqlType::Int2 | SqlType::Int4 | SqlType::Int8 => Ok(ColumnType::Long),
        SqlType::Text | SqlType::Varchar | SqlType::Uuid => Ok(ColumnType::Text),
        SqlType::Date | SqlType::Timestamp | SqlType::Timestamptz => Ok(ColumnType::Datetime),
        SqlType::Numeric { precision, scale } => {
            if !(0..=DECIMAL_SCALE).contains(scale) {
                Err("a Cedar decimal has four digits behind the point")
            } else if i16::from(*precision) - i16::from(*scale) > DECIMAL_WHOLE_DIGITS {
                Err("a Cedar decimal has fourteen digits before the point")
            } else {
                Ok(ColumnType::Decimal)
            }
        }
        SqlType::Float4 | SqlType::Float8 => Err("Cedar has no floating-point numbers"),
        SqlType::Bytea => Err("Cedar has no byte strings"),
        SqlType::Time => Err("Cedar has no time of day"),
        SqlType::Interval => Err("an interval of months and days is no Cedar duration"),
        SqlType::Json | SqlType::Jsonb => Err("the shape of a JSON value is not known"),
        SqlType::Array(_) => Err("a condition on an array cannot run at the sources"),
    }
}

/// Whether two columns can be compared with each other exactly as their attributes are: same
/// type, and nothing is cut on the way to the attribute.
pub(in crate::policy) fn columns_comparable(left: &SqlType, right: &SqlType) -> bool {
    let text = |sql_type: &SqlType| matches!(sql_type, SqlType::Text | SqlType::Varchar);
    let cut = |sql_type: &SqlType| matches!(sql_type, SqlType::Timestamp | SqlType::Timestamptz);
    (left == right && !cut(left)) || (text(left) && text(right))
}
