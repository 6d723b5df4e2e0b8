//! The casts as functions, which the engine computes where they stand and knows nothing of.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::{read, write, zoned};
use crate::values::Rendering;

/// What a cast does with a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// Writes one of this field; a truth value as `true`.
    Written(FieldRef),
    /// Shows one of this field; a truth value as `t`.
    Shown(FieldRef),
    /// Shows each item of a list of this field.
    Each(FieldRef),
    /// Reads a text.
    Read,
    /// Between a moment and what a clock shows.
    Zoned,
}

/// A cast in a session.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::guard) struct TextCast {
    kind: Kind,
    target: FieldRef,
    rendering: Rendering,
    signature: Signature,
}

impl TextCast {
    /// The name of those that write, which no query can call.
    pub const WRITES: &str = "text of";

    /// From values of a field to their text.
    pub fn written(source: FieldRef, target: FieldRef, rendering: Rendering) -> ScalarUDF {
        Self::of(Kind::Written(source), target, rendering)
    }

    /// From values of a field to what `concat` shows of them.
    pub fn shown(source: FieldRef, rendering: Rendering) -> ScalarUDF {
        let target = Arc::new(Field::new("", DataType::Utf8, true));
        Self::of(Kind::Shown(source), target, rendering)
    }

    /// From lists of a field to lists of what is shown of their items.
    pub fn each(item: FieldRef, rendering: Rendering) -> ScalarUDF {
        let target = Arc::new(Field::new("", DataType::new_list(DataType::Utf8, true), true));
        Self::of(Kind::Each(item), target, rendering)
    }

    /// From a text.
    pub fn read(target: FieldRef, rendering: Rendering) -> ScalarUDF {
        Self::of(Kind::Read, target, rendering)
    }

    /// From `timestamptz` to what has no zone, or back.
    pub fn zoned(target: FieldRef, rendering: Rendering) -> ScalarUDF {
        Self::of(Kind::Zoned, target, rendering)
    }

    fn of(kind: Kind, target: FieldRef, rendering: Rendering) -> ScalarUDF {
        let signature = Signature::any(1, Volatility::Immutable);
        ScalarUDF::from(Self { kind, target, rendering, signature })
    }

    fn cast(&self, values: &ArrayRef) -> Result<ArrayRef> {
        let target = self.target.data_type();
        match &self.kind {
            Kind::Written(source) => write::written(source, values, target, self.rendering),
            Kind::Shown(source) => write::shown(source, values, self.rendering),
            Kind::Each(item) => write::each(item, values, target, self.rendering),
            Kind::Read => read::values(values, &self.target, self.rendering),
            Kind::Zoned => zoned::moved(values, target, self.rendering),
        }
    }
}

impl ScalarUDFImpl for TextCast {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Written(_) | Kind::Shown(_) | Kind::Each(_) => Self::WRITES,
            Kind::Read => "value of",
            Kind::Zoned => "in the session's zone",
        }
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        let of = arguments.first().map(ToString::to_string).unwrap_or_default();
        Ok(format!("CAST({of} AS {})", self.target.data_type()))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let of = arguments.first().map(|of| of.schema_name().to_string()).unwrap_or_default();
        Ok(format!("CAST({of} AS {})", self.target.data_type()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.target.data_type().clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::clone(&self.target))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [operand] = arguments.args.as_slice() else {
            return internal_err!("a cast has one operand");
        };
        Ok(match operand {
            ColumnarValue::Array(values) => ColumnarValue::Array(self.cast(values)?),
            ColumnarValue::Scalar(value) => {
                let values = self.cast(&value.to_array()?)?;
                ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?)
            }
        })
    }
}
