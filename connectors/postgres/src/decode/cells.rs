//! Arrow builders, each with the wire formats that it takes.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
    Float64Builder, Int16Builder, Int32Builder, Int64Builder, IntervalMonthDayNanoBuilder,
    ListArray, NullBufferBuilder, StringBuilder, StringViewBuilder, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, FieldRef, IntervalUnit, TimeUnit};
use portcullis_connector_api::ConnectorError;

use super::numeric::decimal;
use super::wire::{self, Wire};

/// The cells of one column so far.
pub(super) enum Cells {
    Bool(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal { cells: Decimal128Builder, precision: u8, scale: i8 },
    TextView(StringViewBuilder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Interval(IntervalMonthDayNanoBuilder),
    List(Box<List>),
}

/// The cells of a column of arrays.
pub(super) struct List {
    item: FieldRef,
    items: Cells,
    ends: Vec<i32>,
    count: i32,
    nulls: NullBufferBuilder,
}

impl Cells {
    /// None yet, of this type.
    pub(super) fn new(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Int16 => Self::Int16(Int16Builder::new()),
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float32 => Self::Float32(Float32Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Decimal128(precision, scale) => Self::Decimal {
                cells: Decimal128Builder::new(),
                precision: *precision,
                scale: *scale,
            },
            DataType::Utf8View => Self::TextView(StringViewBuilder::new()),
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            DataType::Binary => Self::Bytes(BinaryBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Time64(TimeUnit::Microsecond) => Self::Time(Time64MicrosecondBuilder::new()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Self::Timestamp(TimestampMicrosecondBuilder::new())
            }
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                Self::Interval(IntervalMonthDayNanoBuilder::new())
            }
            DataType::List(item) => Self::List(Box::new(List {
                item: item.clone(),
                items: Self::new(item.data_type())?,
                ends: vec![0],
                count: 0,
                nulls: NullBufferBuilder::new(0),
            })),
            _ => return None,
        })
    }

    /// Whether values of this format can become values of this type.
    pub(super) fn takes(&self, wire: &Wire) -> bool {
        match (self, wire) {
            (Self::Bool(_), Wire::Bool)
            | (Self::Int16(_), Wire::Int2)
            | (Self::Int32(_), Wire::Int2 | Wire::Int4)
            | (Self::Int64(_), Wire::Int2 | Wire::Int4 | Wire::Int8 | Wire::Numeric)
            | (Self::Float32(_), Wire::Float4)
            | (Self::Float64(_), Wire::Float4 | Wire::Float8)
            | (Self::Decimal { .. }, Wire::Int2 | Wire::Int4 | Wire::Int8 | Wire::Numeric)
            | (Self::TextView(_) | Self::Text(_), Wire::Text | Wire::Jsonb | Wire::Uuid)
            | (Self::Bytes(_), Wire::Bytea)
            | (Self::Date(_), Wire::Date)
            | (Self::Time(_), Wire::Time)
            | (Self::Timestamp(_), Wire::Timestamp)
            | (Self::Interval(_), Wire::Interval) => true,
            (Self::List(list), Wire::Array(item)) => list.items.takes(item),
            _ => false,
        }
    }

    /// Appends a value. False where it cannot be decoded; then the caller appends NULL.
    pub(super) fn push(&mut self, wire: &Wire, cell: &[u8]) -> bool {
        self.try_push(wire, cell).is_some()
    }

    fn try_push(&mut self, wire: &Wire, cell: &[u8]) -> Option<()> {
        match self {
            Self::Bool(cells) => match cell {
                [byte] => cells.append_value(*byte != 0),
                _ => return None,
            },
            Self::Int16(cells) => cells.append_value(wire.integer(cell)?.try_into().ok()?),
            Self::Int32(cells) => cells.append_value(wire.integer(cell)?.try_into().ok()?),
            Self::Int64(cells) => cells.append_value(match wire {
                Wire::Numeric => decimal(cell, 38, 0)?.try_into().ok()?,
                wire => wire.integer(cell)?,
            }),
            Self::Float32(cells) => cells.append_value(f32::from_be_bytes(cell.try_into().ok()?)),
            Self::Float64(cells) => cells.append_value(match wire {
                Wire::Float4 => f32::from_be_bytes(cell.try_into().ok()?).into(),
                _ => f64::from_be_bytes(cell.try_into().ok()?),
            }),
            Self::Decimal { cells, precision, scale } => cells.append_value(match wire {
                Wire::Numeric => decimal(cell, *precision, *scale)?,
                wire => {
                    let unit = 10_i128.checked_pow(u32::try_from(*scale).ok()?)?;
                    let value = i128::from(wire.integer(cell)?).checked_mul(unit)?;
                    let limit = 10_i128.checked_pow(u32::from(*precision))?;
                    Some(value).filter(|value| (-limit < *value) && (*value < limit))?
                }
            }),
            Self::TextView(cells) => match wire {
                Wire::Uuid => cells.append_value(wire::uuid(cell)?),
                wire => cells.append_value(wire.text(cell)?),
            },
            Self::Text(cells) => match wire {
                Wire::Uuid => cells.append_value(wire::uuid(cell)?),
                wire => cells.append_value(wire.text(cell)?),
            },
            Self::Bytes(cells) => cells.append_value(cell),
            Self::Date(cells) => cells.append_value(wire::date(cell)?),
            Self::Time(cells) => cells.append_value(wire::time(cell)?),
            Self::Timestamp(cells) => cells.append_value(wire::timestamp(cell)?),
            Self::Interval(cells) => cells.append_value(wire::interval(cell)?),
            Self::List(list) => {
                let Wire::Array(item) = wire else { return None };
                list.push(item, cell)?;
            }
        }
        Some(())
    }

    /// Appends NULL.
    pub(super) fn push_null(&mut self) {
        match self {
            Self::Bool(cells) => cells.append_null(),
            Self::Int16(cells) => cells.append_null(),
            Self::Int32(cells) => cells.append_null(),
            Self::Int64(cells) => cells.append_null(),
            Self::Float32(cells) => cells.append_null(),
            Self::Float64(cells) => cells.append_null(),
            Self::Decimal { cells, .. } => cells.append_null(),
            Self::TextView(cells) => cells.append_null(),
            Self::Text(cells) => cells.append_null(),
            Self::Bytes(cells) => cells.append_null(),
            Self::Date(cells) => cells.append_null(),
            Self::Time(cells) => cells.append_null(),
            Self::Timestamp(cells) => cells.append_null(),
            Self::Interval(cells) => cells.append_null(),
            Self::List(list) => {
                list.ends.push(list.count);
                list.nulls.append_null();
            }
        }
    }

    /// All cells as an array of this type, and begins anew.
    pub(super) fn finish(&mut self, data_type: &DataType) -> Result<ArrayRef, ConnectorError> {
        let typed = |error: arrow::error::ArrowError| ConnectorError::Failed(error.to_string());
        Ok(match self {
            Self::Bool(cells) => Arc::new(cells.finish()),
            Self::Int16(cells) => Arc::new(cells.finish()),
            Self::Int32(cells) => Arc::new(cells.finish()),
            Self::Int64(cells) => Arc::new(cells.finish()),
            Self::Float32(cells) => Arc::new(cells.finish()),
            Self::Float64(cells) => Arc::new(cells.finish()),
            Self::Decimal { cells, precision, scale } => {
                let cells = cells.finish().with_precision_and_scale(*precision, *scale);
                Arc::new(cells.map_err(typed)?)
            }
            Self::TextView(cells) => Arc::new(cells.finish()),
            Self::Text(cells) => Arc::new(cells.finish()),
            Self::Bytes(cells) => Arc::new(cells.finish()),
            Self::Date(cells) => Arc::new(cells.finish()),
            Self::Time(cells) => Arc::new(cells.finish()),
            Self::Timestamp(cells) => match data_type {
                DataType::Timestamp(_, zone) => {
                    Arc::new(cells.finish().with_timezone_opt(zone.clone()))
                }
                _ => Arc::new(cells.finish()),
            },
            Self::Interval(cells) => Arc::new(cells.finish()),
            Self::List(list) => {
                let items = list.items.finish(list.item.data_type())?;
                let ends = std::mem::replace(&mut list.ends, vec![0]);
                list.count = 0;
                let ends = OffsetBuffer::new(ends.into());
                let nulls = list.nulls.finish();
                Arc::new(ListArray::try_new(list.item.clone(), ends, items, nulls).map_err(typed)?)
            }
        })
    }
}

impl List {
    /// Appends an array. Where one of its items is bad, those before it fall to the NULL that the
    /// caller appends, under which nobody sees them.
    fn push(&mut self, wire: &Wire, cell: &[u8]) -> Option<()> {
        for item in wire::array(cell)? {
            match item {
                Some(item) => self.items.push(wire, item).then_some(())?,
                None => self.items.push_null(),
            }
            self.count = self.count.checked_add(1)?;
        }
        self.ends.push(self.count);
        self.nulls.append_non_null();
        Some(())
    }
}
