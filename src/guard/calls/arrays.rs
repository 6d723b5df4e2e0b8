//! Functions of arrays of one dimension.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, Int64Array, ListArray, StringArray,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::interleave;
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type};
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;

use super::{Function, Outcome, Types, internal};
use crate::error::ClientError;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "array_remove", types: exchanged, body: |a, _| without(a) },
    Function { name: "array_replace", types: exchanged, body: |a, _| without(a) },
    Function { name: "cardinality", types: measured, body: |a, _| measure(a, Some) },
    Function { name: "array_length", types: dimension, body: |a, _| lengths(a) },
    Function { name: "array_ndims", types: measured, body: |a, _| measure(a, dimensions) },
    Function { name: "array_dims", types: shown, body: |a, _| bounds(a) },
    Function { name: SUBSCRIPT, types: numbered, body: |a, _| at_least(a) },
];

/// A subscript that is not below another.
pub const SUBSCRIPT: &str = "subscript of";

fn numbered(arguments: &[DataType]) -> Option<Types> {
    let number = |of: &DataType| of.is_integer() || of.is_null();
    let known = arguments.len() == 2 && arguments.iter().all(number);
    known.then(|| (vec![DataType::Int64; 2], DataType::Int64))
}

fn at_least(arguments: &[ArrayRef]) -> Outcome {
    let numbers = |at: usize| {
        let numbers = arguments.get(at).and_then(|numbers| numbers.as_primitive_opt::<Int64Type>());
        numbers.ok_or_else(|| internal("a subscript is no number"))
    };
    let pairs = numbers(0)?.iter().zip(numbers(1)?.iter());
    let larger = pairs.map(|(number, least)| Some(number?.max(least?)));
    Ok(Arc::new(larger.collect::<Int64Array>()))
}

/// The items of a list of one dimension.
fn items(of: &DataType) -> Option<&DataType> {
    match of {
        DataType::List(item) if !matches!(item.data_type(), DataType::List(_)) => {
            Some(item.data_type())
        }
        _ => None,
    }
}

/// A list, and one or two values of its items' type.
fn exchanged(arguments: &[DataType]) -> Option<Types> {
    let (list, values) = arguments.split_first()?;
    let item = items(list)?;
    let mut common = item.clone();
    for value in values {
        // A literal in quotes is read as what it stands beside.
        let open = *value == DataType::Null || value.is_string() && !item.is_string();
        if !open {
            common = comparison_coercion(&common, value)?;
        }
    }
    let list = match list {
        DataType::List(field) if common != *item => {
            let field = field.as_ref().clone().with_data_type(common.clone());
            DataType::List(field.into())
        }
        other => other.clone(),
    };
    let mut taken = vec![list.clone()];
    taken.extend(values.iter().map(|_| common.clone()));
    Some((taken, list))
}

fn measured(arguments: &[DataType]) -> Option<Types> {
    match arguments {
        [list] if items(list).is_some() => Some((vec![list.clone()], DataType::Int32)),
        _ => None,
    }
}

fn dimension(arguments: &[DataType]) -> Option<Types> {
    match arguments {
        [list, number] if items(list).is_some() && (number.is_integer() || number.is_null()) => {
            Some((vec![list.clone(), DataType::Int32], DataType::Int32))
        }
        _ => None,
    }
}

fn shown(arguments: &[DataType]) -> Option<Types> {
    measured(arguments).map(|(taken, _)| (taken, DataType::Utf8))
}

fn list(arguments: &[ArrayRef]) -> Result<&ListArray, ClientError> {
    let list = arguments.first().and_then(|lists| lists.as_list_opt::<i32>());
    list.ok_or_else(|| internal("an argument is no list"))
}

fn length(list: &ListArray, row: usize) -> Option<i32> {
    list.is_valid(row).then(|| list.value_length(row))
}

fn measure(arguments: &[ArrayRef], of: fn(i32) -> Option<i32>) -> Outcome {
    let list = list(arguments)?;
    let measured = (0..list.len()).map(|row| length(list, row).and_then(of));
    Ok(Arc::new(measured.collect::<Int32Array>()))
}

/// An empty array has none.
fn dimensions(length: i32) -> Option<i32> {
    (length > 0).then_some(1)
}

fn lengths(arguments: &[ArrayRef]) -> Outcome {
    let list = list(arguments)?;
    let numbers = arguments.get(1).ok_or_else(|| internal("an argument is missing"))?;
    let numbers = numbers.as_primitive::<datafusion::arrow::datatypes::Int32Type>();
    let lengths = numbers
        .iter()
        .enumerate()
        .map(|(row, number)| length(list, row).filter(|length| number == Some(1) && *length > 0));
    Ok(Arc::new(lengths.collect::<Int32Array>()))
}

fn bounds(arguments: &[ArrayRef]) -> Outcome {
    let list = list(arguments)?;
    let bounds = (0..list.len()).map(|row| {
        let length = length(list, row).filter(|length| *length > 0)?;
        Some(format!("[1:{length}]"))
    });
    Ok(Arc::new(bounds.collect::<StringArray>()))
}

/// The lists without the items that equal the second argument, or with the third in their place.
/// NULL equals NULL here.
fn without(arguments: &[ArrayRef]) -> Outcome {
    let list = list(arguments)?;
    let wanted = arguments.get(1).ok_or_else(|| internal("an argument is missing"))?;
    let other = arguments.get(2);
    let converter = RowConverter::new(vec![SortField::new(wanted.data_type().clone())]);
    let converter = converter.map_err(internal)?;
    let keys = |values: &ArrayRef| -> Result<Rows, ClientError> {
        converter.convert_columns(&[one_zero(values)]).map_err(internal)
    };
    let (item_keys, wanted_keys) = (keys(list.values())?, keys(wanted)?);
    let mut kept = Vec::with_capacity(list.values().len());
    let mut lengths = Vec::with_capacity(list.len());
    for row in 0..list.len() {
        let before = kept.len();
        for at in range(list, row) {
            let equal = item_keys.row(at) == wanted_keys.row(row);
            match (equal, other) {
                (true, Some(_)) => kept.push((1, row)),
                (true, None) => {}
                (false, _) => kept.push((0, at)),
            }
        }
        lengths.push(kept.len() - before);
    }
    let mut sources: Vec<&dyn Array> = vec![list.values().as_ref()];
    sources.extend(other.map(|other| other.as_ref() as &dyn Array));
    let values = interleave(&sources, &kept).map_err(internal)?;
    let DataType::List(item) = list.data_type() else { return Err(internal("no list")) };
    let offsets = OffsetBuffer::from_lengths(lengths);
    let lists = ListArray::try_new(Arc::clone(item), offsets, values, list.nulls().cloned());
    Ok(Arc::new(lists.map_err(internal)?))
}

fn range(list: &ListArray, row: usize) -> std::ops::Range<usize> {
    if list.is_null(row) {
        return 0..0;
    }
    let offset = |at: usize| {
        let offset = list.value_offsets().get(at);
        offset.and_then(|offset| usize::try_from(*offset).ok()).unwrap_or_default()
    };
    offset(row)..offset(row + 1)
}

/// Floats with one zero instead of two, which are equal.
fn one_zero(values: &ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Float32 => Arc::new(
            values.as_primitive::<Float32Type>().unary::<_, Float32Type>(|value| value + 0.0),
        ),
        DataType::Float64 => Arc::new(
            values.as_primitive::<Float64Type>().unary::<_, Float64Type>(|value| value + 0.0),
        ),
        _ => Arc::clone(values),
    }
}
