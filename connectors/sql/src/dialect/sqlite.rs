//! SQLite, version 3.39 or later.

use portcullis_connector_api::predicate::LikePiece;
use portcullis_connector_api::subplan::AggregateFunction;
use portcullis_connector_api::{Column, LikePattern, SqlType, Table, Value};
use sqlparser::dialect::SQLiteDialect;

use super::{Dialect, LikeSyntax};
use crate::error::SqlError;
use crate::shape::{Comparison, Shape};

/// The dialect. Tables stand in the schema `main`.
///
/// SQLite lets a column hold any kind of value, whatever its declared type. A comparison of a
/// column that may do so (a fallible one) therefore admits a superset at best.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sqlite;

/// `SQLITE_MAX_LIKE_PATTERN_LENGTH`, past which GLOB fails.
const LONGEST_PATTERN_BYTES: usize = 50_000;

impl Dialect for Sqlite {
    fn grammar(&self) -> &dyn sqlparser::dialect::Dialect {
        &SQLiteDialect {}
    }

    fn relation(&self, table: &Table) -> Result<Vec<String>, SqlError> {
        Ok(vec!["main".to_owned(), table.name.as_str().to_owned()])
    }

    /// Only types that SQLite itself stores are compared there; what is kept as text or numbers
    /// by convention (dates, decimals, uuids) is not.
    fn shape(&self, _: &Table, column: &Column) -> Result<Shape, SqlError> {
        use SqlType as T;
        let comparison = match column.sql_type {
            T::Bool | T::Int2 | T::Int4 | T::Int8 | T::Float8 => Comparison::Plain,
            // The column may have been declared with NOCASE or RTRIM.
            T::Text | T::Varchar => Comparison::Collated,
            _ => Comparison::Never,
        };
        Ok(Shape {
            sql_type: column.sql_type.clone(),
            fallible: column.fallible,
            comparison,
            cast: false,
        })
    }

    /// A bound of ours; SQLite itself has none short of the statement's length.
    fn longest_name_bytes(&self) -> usize {
        1024
    }

    /// `SQLITE_MAX_VARIABLE_NUMBER`
    fn most_binds(&self) -> usize {
        32_766
    }

    fn placeholder(&self) -> char {
        '?'
    }

    fn bytewise(&self) -> &'static str {
        "BINARY"
    }

    fn like(&self) -> LikeSyntax {
        LikeSyntax::Glob
    }

    /// GLOB reads its pattern up to the first NUL, so there must be none. Brackets take the
    /// meaning from its special characters.
    fn pattern(&self, pattern: &LikePattern) -> Option<String> {
        let mut glob = String::new();
        for piece in &pattern.0 {
            match piece {
                LikePiece::AnyText => glob.push('*'),
                LikePiece::AnyCharacter => glob.push('?'),
                LikePiece::Literal(text) => {
                    for character in text.chars() {
                        match character {
                            '*' => glob.push_str("[*]"),
                            '?' => glob.push_str("[?]"),
                            '[' => glob.push_str("[[]"),
                            other => glob.push(other),
                        }
                    }
                }
            }
        }
        (glob.len() <= LONGEST_PATTERN_BYTES && !glob.contains('\0')).then_some(glob)
    }

    fn bind_type(&self, column: &SqlType, value: &Value) -> Option<SqlType> {
        use SqlType as T;
        match (column, value) {
            (T::Bool, Value::Bool(_))
            | (T::Int2 | T::Int4 | T::Int8, Value::Int(_))
            | (T::Text | T::Varchar, Value::Text(_)) => Some(column.clone()),
            (T::Float8, Value::Float(float)) if !float.is_nan() => Some(T::Float8),
            _ => None,
        }
    }

    fn cast(&self, _: &SqlType) -> Option<&'static str> {
        None
    }

    fn range(&self, _: &SqlType) -> Option<(Value, Value)> {
        None
    }

    /// A fallible column holds values of other classes than its own, which PostgreSQL has not.
    fn decides(&self) -> bool {
        false
    }

    /// Its sum fails on overflow, so it does not travel.
    fn aggregates(&self, function: AggregateFunction, argument: &Shape) -> bool {
        function == AggregateFunction::Count
            || (function != AggregateFunction::Sum && argument.comparison != Comparison::Never)
    }

    fn offset_alone(&self) -> bool {
        false
    }
}
