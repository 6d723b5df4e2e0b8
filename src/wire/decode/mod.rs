//! Parameters of Bind messages to values. Takes the fields that tell the parameters' types and
//! the bytes that came; gives scalars of exactly the fields' Arrow types.

mod array;
mod binary;
mod datetime;
mod datum;
mod error;
mod interval;
mod numeric;
mod text;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;

use crate::error::{ClientError, SqlState};
use crate::wire::backend::Rendering;
use crate::wire::format::Format;
use crate::wire::types::WireType;

pub(in crate::wire) use array::items as array_items;
pub(in crate::wire) use text::uuid;

/// The types of a statement's parameters.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(WireType, DataType)>);

impl Parameters {
    /// Finds the types.
    ///
    /// # Errors
    /// 0A000 for a type that has no counterpart in PostgreSQL.
    pub(super) fn of(fields: &[FieldRef]) -> Result<Self, ClientError> {
        let one = |(at, field): (usize, &FieldRef)| {
            let wire_type = WireType::of(field).ok_or_else(|| {
                let message = format!("parameter ${} has a type that cannot be received", at + 1);
                ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
                    .hint("Cast it to a type of PostgreSQL, such as $1::text.")
                    .internal(format_args!("{} {:?}", field.data_type(), field.metadata()))
            })?;
            Ok((wire_type, field.data_type().clone()))
        };
        fields.iter().enumerate().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The types, for ParameterDescription.
    pub(super) fn oids(&self) -> Vec<u32> {
        self.0.iter().map(|(wire_type, _)| wire_type.oid()).collect()
    }

    /// Reads the values that came, one for each parameter, with the format of each.
    ///
    /// # Errors
    /// 22P02, 22P03, 22003, 22007, 22008, 22021 as PostgreSQL's input functions give them.
    pub(super) fn read(
        &self,
        values: &[Option<impl AsRef<[u8]>>],
        formats: &[Format],
        rendering: Rendering,
    ) -> Result<Vec<ScalarValue>, ClientError> {
        let one = |(at, (value, (wire_type, data_type))): (usize, (&Option<_>, &(_, _)))| {
            let format = formats.get(at).copied().unwrap_or_default();
            let value = value.as_ref().map(AsRef::as_ref);
            scalar(*wire_type, data_type, format, value, rendering)
                .map_err(|error| error.in_parameter(at + 1))
        };
        values.iter().zip(&self.0).enumerate().map(one).collect()
    }
}

fn scalar(
    wire_type: WireType,
    data_type: &DataType,
    format: Format,
    value: Option<&[u8]>,
    rendering: Rendering,
) -> Result<ScalarValue, error::DecodeError> {
    if let DataType::Dictionary(keys, values) = data_type {
        let scalar = scalar(wire_type, values, format, value, rendering)?;
        return Ok(ScalarValue::Dictionary(keys.clone(), Box::new(scalar)));
    }
    let Some(value) = value else {
        return datum::null(data_type);
    };
    let datum = match format {
        Format::Text => text::value(wire_type, utf8(value)?, rendering)?,
        Format::Binary => binary::value(wire_type, value)?,
    };
    datum.into_scalar(wire_type.base, data_type)
}

/// Text, as strictly as PostgreSQL takes it: valid UTF-8 without NUL.
pub(in crate::wire) fn utf8(bytes: &[u8]) -> Result<&str, error::DecodeError> {
    let shown = |bytes: &[u8]| {
        let shown: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
        error::DecodeError::Encoding(shown.join(" "))
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let rest = bytes.get(error.valid_up_to()..).unwrap_or_default();
        let length = error.error_len().unwrap_or(rest.len());
        shown(rest.get(..length).unwrap_or_default())
    })?;
    if text.contains('\0') { Err(shown(&[0])) } else { Ok(text) }
}
