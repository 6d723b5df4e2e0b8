//! Values of catalog rows, between PostgreSQL's text and Arrow's arrays.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Float32Builder, Float64Builder, Int16Builder,
    Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder, UInt32Builder,
    new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType, FieldRef, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimeUnit, UInt32Type, UInt64Type,
};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_datafusion_err};
use std::sync::Arc;

/// One value of a catalog row, or an argument or result of a catalog function.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL
    Null,
    /// `bool`
    Bool(bool),
    /// The integers, `oid` and its relatives
    Int(i64),
    /// `float4`, `float8`
    Float(f64),
    /// `text` and its relatives
    Text(String),
    /// An array, `int2vector`, `oidvector`
    List(Vec<Cell>),
}

impl Cell {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The text, or NULL.
    pub fn optional(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// Reads PostgreSQL's text of a value of this Arrow type. Arrays are of one dimension, and of
    /// elements without quotes, which is all that the data files hold.
    pub fn parse(text: &str, data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Boolean => match text {
                "t" => Some(Self::Bool(true)),
                "f" => Some(Self::Bool(false)),
                _ => None,
            },
            DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::UInt32 => {
                text.parse().ok().map(Self::Int)
            }
            DataType::Float32 | DataType::Float64 => text.parse().ok().map(Self::Float),
            DataType::Utf8 => Some(Self::text(text)),
            DataType::List(item) => {
                // `{1,2}` for arrays, `1 2` for the vector types.
                let braced = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
                let (body, separator) = braced.map_or((text, ' '), |body| (body, ','));
                body.split(separator)
                    .filter(|part| !part.is_empty())
                    .map(|part| Self::parse(part.trim_matches('"'), item.data_type()))
                    .collect::<Option<_>>()
                    .map(Self::List)
            }
            _ => None,
        }
    }

    /// The value that stands at `row` of `array`. Types that no catalog function takes are NULL.
    pub fn at(array: &dyn Array, row: usize) -> Self {
        if array.is_null(row) {
            return Self::Null;
        }
        match array.data_type() {
            DataType::Boolean => Self::Bool(array.as_boolean().value(row)),
            DataType::Int8 => Self::Int(array.as_primitive::<Int8Type>().value(row).into()),
            DataType::Int16 => Self::Int(array.as_primitive::<Int16Type>().value(row).into()),
            DataType::Int32 => Self::Int(array.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>().value(row)),
            DataType::UInt32 => Self::Int(array.as_primitive::<UInt32Type>().value(row).into()),
            DataType::UInt64 => i64::try_from(array.as_primitive::<UInt64Type>().value(row))
                .map_or(Self::Null, Self::Int),
            DataType::Float32 => Self::Float(array.as_primitive::<Float32Type>().value(row).into()),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>().value(row)),
            DataType::Utf8 => Self::text(array.as_string::<i32>().value(row)),
            DataType::LargeUtf8 => Self::text(array.as_string::<i64>().value(row)),
            DataType::Utf8View => Self::text(array.as_string_view().value(row)),
            // A name that stands beside its OID.
            DataType::Struct(_) => match array.as_struct().columns() {
                [_, name] => Self::at(name, row),
                _ => Self::Null,
            },
            DataType::List(_) => {
                let items = array.as_list::<i32>().value(row);
                Self::List((0..items.len()).map(|at| Self::at(&items, at)).collect())
            }
            _ => Self::Null,
        }
    }

    fn int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }
}

/// An array of these cells.
///
/// # Errors
/// Where a cell is not of the field's type.
pub fn array(field: &FieldRef, cells: &[Cell]) -> Result<ArrayRef> {
    /// Appends every cell that `$read` can take, and NULL for NULL.
    macro_rules! build {
        ($builder:expr, $read:expr) => {{
            let mut builder = $builder;
            for cell in cells {
                match (cell, $read(cell)) {
                    (Cell::Null, _) => builder.append_null(),
                    (_, Some(value)) => builder.append_value(value),
                    _ => return Err(mismatch(field, cell)),
                }
            }
            Ok(Arc::new(builder.finish()) as ArrayRef)
        }};
    }
    let narrow = |cell: &Cell| cell.int().and_then(|value| i16::try_from(value).ok());
    let middle = |cell: &Cell| cell.int().and_then(|value| i32::try_from(value).ok());
    let unsigned = |cell: &Cell| cell.int().and_then(|value| u32::try_from(value).ok());
    let float = |cell: &Cell| match cell {
        Cell::Float(value) => Some(*value),
        _ => None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "float4 holds no more")]
    let single = |cell: &Cell| float(cell).map(|value| value as f32);
    let boolean = |cell: &Cell| match cell {
        Cell::Bool(value) => Some(*value),
        _ => None,
    };
    match field.data_type() {
        DataType::Boolean => build!(BooleanBuilder::new(), boolean),
        DataType::Int16 => build!(Int16Builder::new(), narrow),
        DataType::Int32 => build!(Int32Builder::new(), middle),
        DataType::Int64 => build!(Int64Builder::new(), Cell::int),
        DataType::UInt32 => build!(UInt32Builder::new(), unsigned),
        DataType::Float32 => build!(Float32Builder::new(), single),
        DataType::Float64 => build!(Float64Builder::new(), float),
        DataType::Utf8 => build!(StringBuilder::new(), text_of),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            build!(TimestampMicrosecondBuilder::new().with_timezone_opt(zone.clone()), Cell::int)
        }
        DataType::List(item) => list(field, item, cells),
        other if cells.iter().all(|cell| *cell == Cell::Null) => {
            Ok(new_null_array(other, cells.len()))
        }
        other => Err(exec_datafusion_err!("no catalog value is of type {other}")),
    }
}

fn text_of(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

fn list(field: &FieldRef, item: &FieldRef, cells: &[Cell]) -> Result<ArrayRef> {
    let mut items = Vec::new();
    let mut lengths = Vec::with_capacity(cells.len());
    for cell in cells {
        match cell {
            Cell::Null => lengths.push(0),
            Cell::List(parts) => {
                lengths.push(parts.len());
                items.extend_from_slice(parts);
            }
            other => return Err(mismatch(field, other)),
        }
    }
    let nulls: NullBuffer = cells.iter().map(|cell| *cell != Cell::Null).collect();
    let values = array(item, &items)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    let list = arrow::array::ListArray::try_new(item.clone(), offsets, values, Some(nulls))?;
    Ok(Arc::new(list))
}

/// The value at `row` as a scalar of the array's very type; DataFusion's own way forgets what the
/// items of a list are marked with.
///
/// # Errors
/// Where there is no such row.
pub fn scalar(array: &ArrayRef, row: usize) -> Result<ScalarValue> {
    match array.data_type() {
        DataType::List(_) => {
            let one = array.slice(row, 1);
            Ok(ScalarValue::List(Arc::new(one.as_list::<i32>().clone())))
        }
        _ => ScalarValue::try_from_array(array, row),
    }
}

fn mismatch(field: &FieldRef, cell: &Cell) -> DataFusionError {
    exec_datafusion_err!("catalog column \"{}\" cannot hold {cell:?}", field.name())
}
