//! What a type is, as far as it decides what may stand beside it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable};

use crate::guard::numbers::{SqlNumber, open_text};
use crate::guard::system::types;

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// NULL, or a literal in quotes: it becomes what stands beside it.
    Unknown,
    Bool,
    Number(SqlNumber),
    Text,
    Bytea,
    Date,
    Timestamp,
    Timestamptz,
    Time,
    Interval,
    Array(Box<Kind>),
    /// One that is looked at no further: `uuid`, `json`, and those of the system catalog.
    Other,
}

impl Kind {
    pub fn of_field(field: &Field) -> Self {
        match types::hint(field) {
            None => Self::of(field.data_type()),
            Some("text" | "varchar" | "bpchar") => Self::Text,
            Some("numeric") => Self::of(field.data_type()),
            Some(_) => Self::Other,
        }
    }

    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Null => Self::Unknown,
            DataType::Boolean => Self::Bool,
            DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => Self::Text,
            DataType::Binary | DataType::BinaryView | DataType::LargeBinary => Self::Bytea,
            DataType::Date32 => Self::Date,
            DataType::Timestamp(_, None) => Self::Timestamp,
            DataType::Timestamp(_, Some(_)) => Self::Timestamptz,
            DataType::Time64(_) => Self::Time,
            DataType::Interval(_) => Self::Interval,
            DataType::List(item) => Self::Array(Box::new(Self::of_field(item))),
            // An OID.
            DataType::UInt32 => Self::Other,
            other => SqlNumber::of(other).map_or(Self::Other, Self::Number),
        }
    }

    /// Whether this is one of the types of moments.
    pub fn is_moment(&self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::Timestamptz)
    }

    /// Where it stands among the types of moments: each becomes those after it by itself.
    pub fn width(&self) -> u8 {
        match self {
            Self::Timestamptz => 2,
            Self::Timestamp => 1,
            _ => 0,
        }
    }

    /// The type that a moment is cast to.
    pub fn moment(&self) -> DataType {
        match self {
            Self::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            _ => DataType::Date32,
        }
    }
}

/// An operand: what it is, and its field.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub kind: Kind,
    pub field: FieldRef,
}

impl Operand {
    /// `None` for a parameter of an open type, and what has no type that could be told.
    pub fn of(expr: &Expr, schema: &DFSchema) -> Option<Self> {
        if let Expr::Placeholder(parameter) = expr
            && parameter.field.is_none()
        {
            return None;
        }
        let field = expr.to_field(schema).ok()?.1;
        let open = open_text(expr).is_some() || is_null(expr);
        let kind = if open { Kind::Unknown } else { Kind::of_field(&field) };
        Some(Self { kind, field })
    }

    pub fn of_type(data_type: DataType) -> Self {
        let field = Arc::new(Field::new("", data_type, true));
        Self { kind: Kind::of_field(&field), field }
    }

    /// What PostgreSQL calls it.
    pub fn name(&self) -> String {
        if self.kind == Kind::Unknown {
            return "unknown".to_owned();
        }
        types::spoken(&self.field)
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Null, _))
}
