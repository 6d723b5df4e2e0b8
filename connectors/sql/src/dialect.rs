//! How SQL sources differ. One file for each dialect; what they have in common is written once,
//! in the writer and the reader.

pub mod postgres;
pub mod sqlite;

use portcullis_connector_api::subplan::AggregateFunction;
use portcullis_connector_api::{Column, LikePattern, SqlType, Table, Value};

use crate::error::SqlError;
use crate::shape::Shape;

/// What the writer and the reader must know of a source's SQL.
pub trait Dialect: Send + Sync {
    /// The grammar by which a written text is read back.
    fn grammar(&self) -> &dyn sqlparser::dialect::Dialect;

    /// The parts of a table's name in the source, outermost first.
    ///
    /// # Errors
    /// Where the source has no such table.
    fn relation(&self, table: &Table) -> Result<Vec<String>, SqlError>;

    /// What is known of a column inside a scan of its table.
    ///
    /// # Errors
    /// Where the source has no such column.
    fn shape(&self, table: &Table, column: &Column) -> Result<Shape, SqlError>;

    /// The most bytes a name may have; longer ones are refused, never cut.
    fn longest_name_bytes(&self) -> usize;

    /// The most values that one statement may bind.
    fn most_binds(&self) -> usize;

    /// The character before a parameter's number.
    fn placeholder(&self) -> char;

    /// The collation that orders text by its bytes.
    fn bytewise(&self) -> &'static str;

    /// How a pattern is matched.
    fn like(&self) -> LikeSyntax;

    /// The pattern as the source takes it; `None` where it does not.
    fn pattern(&self, pattern: &LikePattern) -> Option<String>;

    /// The type under which a value is bound for comparison with a column of type `column`;
    /// `None` where the two do not compare, or the source cannot hold the value.
    fn bind_type(&self, column: &SqlType, value: &Value) -> Option<SqlType>;

    /// The type's name, where the dialect writes `$1::name` (and `column::name`).
    fn cast(&self, sql_type: &SqlType) -> Option<&'static str>;

    /// The least and the greatest value that decode here, for types of which the source also
    /// holds values beyond (infinity, NaN). Comparisons are fenced by it, so that they admit no
    /// row whose cell cannot be decoded.
    fn range(&self, sql_type: &SqlType) -> Option<(Value, Value)>;

    /// Whether the source means by its comparisons what PostgreSQL means by them, of every cell
    /// that a fallible column can hold. Only then does such a column leave its scan.
    fn decides(&self) -> bool;

    /// Whether the aggregate of a column of this type means the same there.
    fn aggregates(&self, function: AggregateFunction, argument: &Shape) -> bool;

    /// Whether `OFFSET` may stand without `LIMIT`.
    fn offset_alone(&self) -> bool;

    /// Appends a quoted name: double quotes around it, those within it doubled.
    ///
    /// # Errors
    /// Where the name is empty, holds NUL or is too long to be taken whole.
    fn quote(&self, text: &mut String, name: &str) -> Result<(), SqlError> {
        if name.is_empty() || name.contains('\0') || name.len() > self.longest_name_bytes() {
            return Err(SqlError::Name(name.to_owned()));
        }
        text.push('"');
        for character in name.chars() {
            if character == '"' {
                text.push('"');
            }
            text.push(character);
        }
        text.push('"');
        Ok(())
    }
}

/// How a dialect matches text with a pattern, by case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LikeSyntax {
    /// `text LIKE pattern`, with `\` as the escape character.
    Operator,
    /// The function `glob(pattern, text)` of SQLite, whose LIKE ignores case.
    Glob,
}
