//! What a source holds: tables, columns and their types.

use std::fmt;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

use crate::error::ConnectorError;
use crate::name::{ColumnName, TableName};

/// The key of a field's metadata under which the PostgreSQL type stands, where the Arrow type
/// alone does not tell it (`uuid`, `json`, `jsonb`, `varchar`, `oid`, `name`, …).
pub const PG_TYPE_KEY: &str = "portcullis.pg_type";

/// Everything that a source exposes, after the configuration's choice of schemas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceCatalog {
    /// The tables, views and materialized views.
    pub tables: Vec<Table>,
    /// Tables that are there but cannot be described: a Parquet file without a readable footer.
    /// Nobody can query them, and they do not keep the others from being used.
    pub faults: Vec<TableFault>,
    /// Tables whose columns, or whose types, were inferred from their rows: any row may change them,
    /// whosever it is.
    pub inferred: Vec<TableName>,
    /// What was left out and why, one sentence each, for `check` and the log: a column of a type
    /// that has no [`SqlType`].
    pub notes: Vec<String>,
}

/// A table that cannot be described.
#[derive(Clone, Debug, PartialEq)]
pub struct TableFault {
    /// Its name within the source.
    pub table: TableName,
    /// Why; names the table, and no path.
    pub error: ConnectorError,
}

/// One table of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its name within the source.
    pub name: TableName,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
}

impl Table {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.as_str() == name)
    }
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, as the source spells it.
    pub name: ColumnName,
    /// Its type, as clients see it.
    pub sql_type: SqlType,
    /// Whether it may hold NULL; true where the source does not say.
    pub nullable: bool,
    /// Whether a stored cell may fail to decode as `sql_type` (a bad number in a CSV file, text
    /// in an integer column of SQLite). See [`crate::cells`].
    pub fallible: bool,
}

impl Column {
    /// The Arrow field that this column becomes in a scan.
    pub fn field(&self) -> Field {
        // A cell that cannot be decoded reads as NULL until the guard has looked at its row.
        let nullable = self.nullable || self.fallible;
        self.sql_type.field(self.name.as_str(), nullable)
    }
}

/// The types of columns, by their PostgreSQL meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SqlType {
    /// `bool`
    Bool,
    /// `int2`
    Int2,
    /// `int4`
    Int4,
    /// `int8`
    Int8,
    /// `float4`
    Float4,
    /// `float8`
    Float8,
    /// `numeric(precision, scale)`, at most 38 digits. A source's `numeric` without precision
    /// is `numeric(38, 10)` here; a value with more whole digits cannot be decoded.
    Numeric {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits behind the point, 0 to `precision`.
        scale: i8,
    },
    /// `text`; also `char(n)`, without its padding
    Text,
    /// `varchar`
    Varchar,
    /// `bytea`
    Bytea,
    /// `date`
    Date,
    /// `time` without time zone, in microseconds
    Time,
    /// `timestamp` without time zone, in microseconds
    Timestamp,
    /// `timestamptz`, in microseconds
    Timestamptz,
    /// `interval`
    Interval,
    /// `uuid`, carried as its canonical lower-case text
    Uuid,
    /// `json`, carried as text
    Json,
    /// `jsonb`, carried as text
    Jsonb,
    /// An array of one of the others, of one dimension
    Array(Box<SqlType>),
}

impl SqlType {
    /// The Arrow type that carries values of this type, in every connector.
    pub fn arrow_type(&self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int2 => DataType::Int16,
            Self::Int4 => DataType::Int32,
            Self::Int8 => DataType::Int64,
            Self::Float4 => DataType::Float32,
            Self::Float8 => DataType::Float64,
            Self::Numeric { precision, scale } => DataType::Decimal128(*precision, *scale),
            Self::Text | Self::Varchar | Self::Uuid | Self::Json | Self::Jsonb => {
                DataType::Utf8View
            }
            Self::Bytea => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Self::Array(item) => DataType::List(item.field("item", true).into()),
        }
    }

    /// A field of this type; its metadata tells the PostgreSQL type where Arrow's does not.
    pub fn field(&self, name: &str, nullable: bool) -> Field {
        let field = Field::new(name, self.arrow_type(), nullable);
        let hint = match self {
            Self::Varchar => "varchar",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
            _ => return field,
        };
        field.with_metadata([(PG_TYPE_KEY.to_owned(), hint.to_owned())].into())
    }
}

/// The short name that PostgreSQL knows the type by: `int8`, `numeric(12,2)`, `text[]`.
impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::Int2 => "int2",
            Self::Int4 => "int4",
            Self::Int8 => "int8",
            Self::Float4 => "float4",
            Self::Float8 => "float8",
            Self::Numeric { precision, scale } => return write!(f, "numeric({precision},{scale})"),
            Self::Text => "text",
            Self::Varchar => "varchar",
            Self::Bytea => "bytea",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Timestamptz => "timestamptz",
            Self::Interval => "interval",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
            Self::Array(item) => return write!(f, "{item}[]"),
        })
    }
}
