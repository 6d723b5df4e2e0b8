//! Parameters of Bind messages to values. Takes the fields that tell the parameters' types and
//! the bytes that came; gives scalars of exactly the fields' Arrow types.

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;

use crate::error::{ClientError, SqlState};
use crate::values::{Format, Rendering, WireType, scalar};

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
