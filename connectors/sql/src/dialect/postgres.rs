//! PostgreSQL, version 12 or later, on a connection with `standard_conforming_strings = on` and
//! `search_path = pg_catalog`.

use std::collections::HashMap;
use std::sync::Arc;

use portcullis_connector_api::subplan::AggregateFunction;
use portcullis_connector_api::{Column, ColumnName, LikePattern, SqlType, Table, TableName, Value};
use sqlparser::dialect::PostgreSqlDialect;

use super::{Dialect, LikeSyntax};
use crate::error::SqlError;
use crate::shape::{Comparison, Shape};

/// The dialect, and what it must know of the tables at hand.
#[derive(Clone, Debug, Default)]
pub struct Postgres {
    relations: Arc<HashMap<TableName, Relation>>,
}

/// What the catalog of a PostgreSQL source knows of a table beyond the gateway's own catalog.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Relation {
    /// The remote schema.
    pub schema: String,
    /// The table's name in that schema.
    pub name: String,
    /// For each column: how it compares, and whether it must be cast to its type here.
    pub columns: HashMap<ColumnName, (Comparison, bool)>,
}

impl Postgres {
    /// The dialect over these tables.
    pub fn new(relations: HashMap<TableName, Relation>) -> Self {
        Self { relations: Arc::new(relations) }
    }

    fn known(&self, table: &Table) -> Result<&Relation, SqlError> {
        self.relations
            .get(&table.name)
            .ok_or_else(|| SqlError::unsupported(format!("the unknown table \"{}\"", table.name)))
    }
}

/// 4713-11-24 BC, the first day of PostgreSQL, in days since 1970-01-01.
const FIRST_DAY: i32 = -2_440_588;
/// 5874897-12-31, its last one.
const LAST_DAY: i32 = 2_145_042_905;
/// Its first microsecond, since 1970-01-01. Its last one is beyond what we carry.
const FIRST_MICROSECOND: i64 = -210_866_803_200_000_000;

impl Dialect for Postgres {
    fn grammar(&self) -> &dyn sqlparser::dialect::Dialect {
        &PostgreSqlDialect {}
    }

    fn relation(&self, table: &Table) -> Result<Vec<String>, SqlError> {
        let relation = self.known(table)?;
        Ok(vec![relation.schema.clone(), relation.name.clone()])
    }

    fn shape(&self, table: &Table, column: &Column) -> Result<Shape, SqlError> {
        let (comparison, cast) =
            self.known(table)?.columns.get(&column.name).copied().ok_or_else(|| {
                SqlError::unsupported(format!("the unknown column \"{}\"", column.name))
            })?;
        Ok(Shape { sql_type: column.sql_type.clone(), fallible: column.fallible, comparison, cast })
    }

    /// NAMEDATALEN less one; the server would cut a longer name and find another table.
    fn longest_name_bytes(&self) -> usize {
        63
    }

    /// The protocol counts parameters in 16 bits.
    fn most_binds(&self) -> usize {
        usize::from(u16::MAX)
    }

    fn placeholder(&self) -> char {
        '$'
    }

    fn bytewise(&self) -> &'static str {
        "C"
    }

    fn like(&self) -> LikeSyntax {
        LikeSyntax::Operator
    }

    fn pattern(&self, pattern: &LikePattern) -> Option<String> {
        Some(pattern.to_sql_pattern()).filter(|text| !text.contains('\0'))
    }

    fn bind_type(&self, column: &SqlType, value: &Value) -> Option<SqlType> {
        use SqlType as T;
        match (column, value) {
            (T::Bool, Value::Bool(_)) => Some(T::Bool),
            (T::Int2 | T::Int4 | T::Int8 | T::Numeric { .. }, Value::Int(_)) => Some(T::Int8),
            (T::Numeric { .. }, Value::Decimal { scale, .. }) if *scale >= 0 => {
                Some(column.clone())
            }
            (T::Float8, Value::Float(float)) if !float.is_nan() => Some(T::Float8),
            // A constant that float4 cannot hold compares differently in float4 and in float8.
            (T::Float4, Value::Float(float)) => {
                #[expect(clippy::cast_possible_truncation, reason = "the loss is what is asked")]
                let narrow = f64::from(*float as f32);
                (narrow == *float).then_some(T::Float8)
            }
            (T::Text | T::Varchar, Value::Text(text)) if !text.contains('\0') => Some(T::Text),
            (T::Uuid, Value::Text(text)) if is_canonical_uuid(text) => Some(T::Uuid),
            (T::Date, Value::Date(days)) => {
                (FIRST_DAY..=LAST_DAY).contains(days).then_some(T::Date)
            }
            (T::Timestamp, Value::Timestamp(micros)) if *micros >= FIRST_MICROSECOND => {
                Some(T::Timestamp)
            }
            (T::Timestamptz, Value::Timestamptz(micros)) if *micros >= FIRST_MICROSECOND => {
                Some(T::Timestamptz)
            }
            _ => None,
        }
    }

    fn cast(&self, sql_type: &SqlType) -> Option<&'static str> {
        match sql_type {
            SqlType::Bool => Some("bool"),
            SqlType::Int8 => Some("int8"),
            SqlType::Float8 => Some("float8"),
            SqlType::Numeric { .. } => Some("numeric"),
            SqlType::Text | SqlType::Varchar => Some("text"),
            SqlType::Uuid => Some("uuid"),
            SqlType::Date => Some("date"),
            SqlType::Timestamp => Some("timestamp"),
            SqlType::Timestamptz => Some("timestamptz"),
            _ => None,
        }
    }

    fn range(&self, sql_type: &SqlType) -> Option<(Value, Value)> {
        match sql_type {
            SqlType::Date => Some((Value::Date(FIRST_DAY), Value::Date(LAST_DAY))),
            SqlType::Timestamp => {
                Some((Value::Timestamp(FIRST_MICROSECOND), Value::Timestamp(i64::MAX)))
            }
            SqlType::Timestamptz => {
                Some((Value::Timestamptz(FIRST_MICROSECOND), Value::Timestamptz(i64::MAX)))
            }
            SqlType::Numeric { precision, scale } => {
                let most = 10_i128.checked_pow(u32::from(*precision))? - 1;
                let least = Value::Decimal { unscaled: -most, scale: *scale };
                Some((least, Value::Decimal { unscaled: most, scale: *scale }))
            }
            _ => None,
        }
    }

    fn decides(&self) -> bool {
        true
    }

    fn aggregates(&self, function: AggregateFunction, argument: &Shape) -> bool {
        use SqlType as T;
        let compares = argument.comparison != Comparison::Never;
        match function {
            AggregateFunction::Count => true,
            AggregateFunction::CountDistinct => compares,
            AggregateFunction::Sum => {
                compares
                    && matches!(argument.sql_type, T::Int2 | T::Int4 | T::Int8 | T::Numeric { .. })
            }
            // PostgreSQL has neither for bool, uuid and bytea.
            AggregateFunction::Min | AggregateFunction::Max => {
                compares && !matches!(argument.sql_type, T::Bool | T::Uuid | T::Bytea)
            }
        }
    }

    fn offset_alone(&self) -> bool {
        true
    }
}

/// Whether the text is a UUID as we carry it: 8-4-4-4-12 lower-case hexadecimal digits.
fn is_canonical_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}
