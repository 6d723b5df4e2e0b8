//! Texts as values of a type.

use arrow::array::{Array, ArrayRef, AsArray, new_empty_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, ScalarValue, not_impl_err};

use crate::guard::numbers::external;
use crate::values::{Reader, Rendering};

/// What texts say, as the type of a field.
///
/// # Errors
/// As PostgreSQL's input functions, without the text.
pub(super) fn values(texts: &ArrayRef, target: &Field, rendering: Rendering) -> Result<ArrayRef> {
    let Some(reader) = Reader::of(target, rendering) else {
        return not_impl_err!("a cast to this type");
    };
    if texts.is_empty() {
        return Ok(new_empty_array(target.data_type()));
    }
    let texts = cast(texts, &DataType::Utf8)?;
    let none = ScalarValue::try_new_null(target.data_type())?;
    let values = texts.as_string::<i32>().iter().map(|text| match text {
        Some(text) => reader.read(text).map_err(|error| external(error.told_of_a_row())),
        None => Ok(none.clone()),
    });
    ScalarValue::iter_to_array(values.collect::<Result<Vec<_>>>()?)
}
