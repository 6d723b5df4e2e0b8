//! Values as PostgreSQL writes them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, internal_err};

use crate::guard::numbers::external;
use crate::values::{Rendering, Texts};

/// The values of a field, cast to text.
///
/// # Errors
/// 22008 for a value outside of PostgreSQL's range.
pub(super) fn written(
    field: &Field,
    values: &ArrayRef,
    target: &DataType,
    rendering: Rendering,
) -> Result<ArrayRef> {
    let texts = match values.as_boolean_opt() {
        Some(truths) => {
            let words = truths.iter().map(|truth| Some(if truth? { "true" } else { "false" }));
            Arc::new(words.collect::<StringArray>()) as ArrayRef
        }
        None => shown(field, values, rendering)?,
    };
    Ok(cast(&texts, target)?)
}

/// The values of a field as a result shows them.
///
/// # Errors
/// As [`written`].
pub(in crate::guard) fn shown(
    field: &Field,
    values: &ArrayRef,
    rendering: Rendering,
) -> Result<ArrayRef> {
    let mut texts = Texts::of(field, values, rendering).map_err(external)?;
    let mut out = StringBuilder::new();
    for row in 0..values.len() {
        out.append_option(texts.at(row).map_err(external)?);
    }
    Ok(Arc::new(out.finish()))
}

/// The items of lists, as [`shown`].
///
/// # Errors
/// As [`written`].
pub(super) fn each(
    item: &Field,
    values: &ArrayRef,
    target: &DataType,
    rendering: Rendering,
) -> Result<ArrayRef> {
    let (Some(lists), DataType::List(text)) = (values.as_list_opt::<i32>(), target) else {
        return internal_err!("the items of what is no list");
    };
    let texts = shown(item, lists.values(), rendering)?;
    let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
    Ok(Arc::new(ListArray::try_new(Arc::clone(text), offsets, texts, nulls)?))
}
