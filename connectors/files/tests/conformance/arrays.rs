//! Cells as Arrow arrays, for writing Parquet.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int16Array, Int32Array, Int64Array, ListArray, StringViewArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use portcullis_connector_api::SqlType;
use portcullis_connector_api::conformance::Cell;

/// The array of a column, in the type's own Arrow type.
pub fn array(cells: &[Cell], sql_type: &SqlType) -> ArrayRef {
    macro_rules! collect {
        ($array:ty, $pattern:pat => $value:expr) => {
            cells
                .iter()
                .map(|cell| match cell {
                    Cell::Null => None,
                    $pattern => Some($value),
                    other => panic!("{other:?} in a column of {sql_type}"),
                })
                .collect::<$array>()
        };
    }
    match sql_type {
        SqlType::Bool => Arc::new(collect!(BooleanArray, Cell::Bool(value) => *value)),
        SqlType::Int2 => {
            Arc::new(collect!(Int16Array, Cell::Int(value) => i16::try_from(*value).unwrap()))
        }
        SqlType::Int4 => {
            Arc::new(collect!(Int32Array, Cell::Int(value) => i32::try_from(*value).unwrap()))
        }
        SqlType::Int8 => Arc::new(collect!(Int64Array, Cell::Int(value) => *value)),
        #[expect(clippy::cast_possible_truncation, reason = "the samples are float4 already")]
        SqlType::Float4 => Arc::new(collect!(Float32Array, Cell::Float(value) => *value as f32)),
        SqlType::Float8 => Arc::new(collect!(Float64Array, Cell::Float(value) => *value)),
        SqlType::Numeric { precision, scale } => Arc::new(
            collect!(Decimal128Array, Cell::Decimal(value) => *value)
                .with_precision_and_scale(*precision, *scale)
                .unwrap(),
        ),
        SqlType::Text | SqlType::Varchar | SqlType::Uuid | SqlType::Json | SqlType::Jsonb => {
            Arc::new(collect!(StringViewArray, Cell::Text(value) => value.as_str()))
        }
        SqlType::Bytea => Arc::new(collect!(BinaryArray, Cell::Bytes(value) => value.as_slice())),
        SqlType::Date => Arc::new(collect!(Date32Array, Cell::Date(value) => *value)),
        SqlType::Time => Arc::new(collect!(Time64MicrosecondArray, Cell::Time(value) => *value)),
        SqlType::Timestamp => {
            Arc::new(collect!(TimestampMicrosecondArray, Cell::Timestamp(value) => *value))
        }
        SqlType::Timestamptz => Arc::new(
            collect!(TimestampMicrosecondArray, Cell::Timestamp(value) => *value)
                .with_timezone("UTC"),
        ),
        SqlType::Array(item) => {
            let none = Vec::new();
            let lists = cells.iter().map(|cell| match cell {
                Cell::Array(items) => items,
                _ => &none,
            });
            let items: Vec<Cell> = lists.clone().flatten().cloned().collect();
            let offsets = OffsetBuffer::from_lengths(lists.map(Vec::len));
            let nulls: NullBuffer = cells.iter().map(|cell| *cell != Cell::Null).collect();
            let field = Arc::new(item.field("item", true));
            Arc::new(ListArray::new(field, offsets, array(&items, item), Some(nulls)))
        }
        SqlType::Interval => panic!("the writer knows no intervals of this kind"),
    }
}
