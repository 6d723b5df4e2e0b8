//! Small results that the session makes itself: `SHOW` and `EXPLAIN`.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::stream;

use crate::error::{ClientError, SqlState};
use crate::guard::unmarked;
use crate::wire::{Answer, Meter};

/// Text columns with these names.
pub(in crate::session) fn text_schema(names: &[&str]) -> SchemaRef {
    let fields = names.iter().map(|name| Field::new(*name, DataType::Utf8, false));
    Schema::new(fields.collect::<Vec<_>>()).into()
}

/// The lines of a plan, without the marks of names of the gateway's own.
pub(in crate::session) fn lines_of(plan: &str) -> impl Iterator<Item = String> {
    plan.lines().map(unmarked)
}

/// Rows of text.
pub(in crate::session) fn text_rows(
    names: &[&str],
    columns: Vec<Vec<String>>,
    tag: &'static str,
) -> Result<Answer, ClientError> {
    let schema = text_schema(names);
    let arrays = columns.into_iter().map(|column| Arc::new(StringArray::from(column)) as ArrayRef);
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect()).map_err(|error| {
        ClientError::new(SqlState::INTERNAL_ERROR, "internal error").internal(error)
    })?;
    Ok(Answer::Rows {
        schema,
        batches: Box::pin(stream::iter([Ok(batch)])),
        tag,
        meter: Arc::new(Meter::default()),
        deadline: None,
    })
}
