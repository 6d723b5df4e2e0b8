//! Which type a Parquet column has here.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Schema};
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::schema::types::{SchemaDescriptor, Type};
use portcullis_connector_api::{Column, ColumnName, ConnectorError, SqlType, Table};

use crate::folder::TableFiles;
use crate::options::TableOptions;
use crate::parquet::footer::{Footer, is_text};

/// One column of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileColumn {
    /// Its name.
    pub name: String,
    /// Its place among all columns of the file.
    pub at: usize,
    /// Its type here.
    pub sql_type: SqlType,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// Whether a stored value may have no counterpart in `sql_type`.
    pub fallible: bool,
    /// Whether it is stored as INT96, whose order readers do not agree on.
    pub int96: bool,
}

/// Describes a table from the footers of its files, which must agree; blocks. Columns of types
/// that are not supported are noted and left out. What is declared of a column must be so.
pub fn describe(
    files: &TableFiles,
    options: &TableOptions,
    notes: &mut Vec<String>,
) -> Result<Table, ConnectorError> {
    let mut columns: Option<Vec<Column>> = None;
    for file in &files.files {
        let footer = Footer::read(&file.open()?)
            .map_err(|error| file.damaged(format!("a footer cannot be read: {error}")))?;
        let found: Vec<Column> = footer.columns.iter().map(FileColumn::column).collect();
        let names: BTreeSet<_> = found.iter().map(|column| &column.name).collect();
        if names.len() != found.len() {
            return Err(file.damaged("two of its columns have the same name"));
        }
        match &mut columns {
            Some(known) => agree(known, &found)
                .map_err(|why| file.damaged(format!("its files disagree: {why}")))?,
            None => {
                notes.extend(footer.left_out.iter().map(|(name, data_type)| {
                    format!(
                        "column \"{name}\" of table \"{}\" is left out: type {data_type} is not supported",
                        files.name
                    )
                }));
                columns = Some(found);
            }
        }
    }
    let columns = chosen(files, columns.unwrap_or_default(), options)?;
    if columns.is_empty() {
        return Err(ConnectorError::Damaged(format!(
            "table \"{}\" has no column of a supported type",
            files.name
        )));
    }
    Ok(Table { name: files.name.clone(), columns })
}

/// The columns that the table has by what is declared of them.
fn chosen(
    files: &TableFiles,
    columns: Vec<Column>,
    options: &TableOptions,
) -> Result<Vec<Column>, ConnectorError> {
    let find = |name: &ColumnName| columns.iter().find(|column| column.name == *name);
    for (name, sql_type) in &options.columns {
        if let Some(stored) = find(name)
            && stored.sql_type != *sql_type
        {
            return Err(ConnectorError::Configuration(format!(
                "table \"{}\": column \"{name}\" is stored as {}, and declared as {sql_type}",
                files.name, stored.sql_type
            )));
        }
    }
    if !options.columns_only {
        return Ok(columns);
    }
    Ok(options.columns.iter().filter_map(|(name, _)| find(name)).cloned().collect())
}

/// Widens `known` by what another file says of the same columns.
fn agree(known: &mut [Column], found: &[Column]) -> Result<(), String> {
    if known.len() != found.len() {
        return Err(format!("{} columns and {}", known.len(), found.len()));
    }
    for column in known {
        let other = found
            .iter()
            .find(|other| other.name == column.name)
            .ok_or_else(|| format!("not all have column \"{}\"", column.name))?;
        if other.sql_type != column.sql_type {
            return Err(format!(
                "column \"{}\" is {} and {}",
                column.name, column.sql_type, other.sql_type
            ));
        }
        column.nullable |= other.nullable;
        column.fallible |= other.fallible;
    }
    Ok(())
}

impl FileColumn {
    fn column(&self) -> Column {
        Column {
            name: self.name.as_str().into(),
            sql_type: self.sql_type.clone(),
            nullable: self.nullable,
            fallible: self.fallible,
        }
    }
}

/// The columns of a file, by the schema that it was stored with; and those that are left out.
pub fn columns(
    stored: &Schema,
    parquet: &SchemaDescriptor,
) -> (Vec<FileColumn>, Vec<(String, DataType)>) {
    let (mut columns, mut left_out) = (Vec::new(), Vec::new());
    let roots = parquet.root_schema().get_fields();
    for (at, (field, root)) in stored.fields().iter().zip(roots).enumerate() {
        let usable = !field.name().is_empty() && !field.name().contains('\0');
        match sql_type(field.data_type(), root).filter(|_| usable) {
            None => left_out.push((field.name().clone(), field.data_type().clone())),
            Some((sql_type, fallible)) => columns.push(FileColumn {
                name: field.name().clone(),
                at,
                sql_type,
                nullable: field.is_nullable(),
                fallible,
                int96: root.is_primitive() && root.get_physical_type() == PhysicalType::INT96,
            }),
        }
    }
    (columns, left_out)
}

/// The type of a column, and whether a value of it may fail to decode.
fn sql_type(data_type: &DataType, stored: &Type) -> Option<(SqlType, bool)> {
    Some(match data_type {
        DataType::Boolean => (SqlType::Bool, false),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => (SqlType::Int2, false),
        DataType::Int32 | DataType::UInt16 => (SqlType::Int4, false),
        DataType::Int64 | DataType::UInt32 => (SqlType::Int8, false),
        DataType::UInt64 => (SqlType::Numeric { precision: 20, scale: 0 }, false),
        DataType::Float16 | DataType::Float32 => (SqlType::Float4, false),
        DataType::Float64 => (SqlType::Float8, false),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
            if (0..=38).contains(scale) =>
        {
            (SqlType::Numeric { precision: *precision, scale: *scale }, false)
        }
        DataType::Decimal256(precision, scale) if (0..=38).contains(scale) => {
            (SqlType::Numeric { precision: (*precision).min(38), scale: *scale }, *precision > 38)
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            (if is_json(stored) { SqlType::Json } else { SqlType::Text }, true)
        }
        // An enumeration's values are UTF-8 by the format's definition.
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView if is_text(stored) => {
            (SqlType::Text, true)
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => (SqlType::Bytea, false),
        DataType::FixedSizeBinary(16) if is_uuid(stored) => (SqlType::Uuid, false),
        DataType::FixedSizeBinary(_) => (SqlType::Bytea, false),
        DataType::Date32 | DataType::Date64 => (SqlType::Date, false),
        DataType::Time32(_) | DataType::Time64(_) => (SqlType::Time, false),
        // Seconds and milliseconds reach further than microseconds do.
        DataType::Timestamp(unit, zone) => {
            let sql_type = match zone {
                None => SqlType::Timestamp,
                Some(_) => SqlType::Timestamptz,
            };
            let coarse = matches!(
                unit,
                arrow::datatypes::TimeUnit::Second | arrow::datatypes::TimeUnit::Millisecond
            );
            (sql_type, coarse)
        }
        DataType::Interval(_) => (SqlType::Interval, false),
        DataType::Null => (SqlType::Text, false),
        DataType::Dictionary(_, values) => sql_type(values, stored)?,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            match sql_type(item.data_type(), leaf(stored)?)? {
                // PostgreSQL has no arrays of arrays.
                (SqlType::Array(_), _) => return None,
                (item, fallible) => (SqlType::Array(Box::new(item)), fallible),
            }
        }
        _ => return None,
    })
}

/// The single leaf beneath a list.
fn leaf(stored: &Type) -> Option<&Type> {
    if stored.is_primitive() {
        return Some(stored);
    }
    match stored.get_fields() {
        [only] => leaf(only),
        _ => None,
    }
}

fn is_json(stored: &Type) -> bool {
    let info = stored.get_basic_info();
    match info.logical_type_ref() {
        Some(logical) => *logical == LogicalType::Json,
        None => info.converted_type() == ConvertedType::JSON,
    }
}

fn is_uuid(stored: &Type) -> bool {
    stored.get_basic_info().logical_type_ref() == Some(&LogicalType::Uuid)
}
