//! Columns of an intermediate result by position, with the types that a source gives them.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column as PlanColumn, DFSchema};
use datafusion::logical_expr::Expr;
use portcullis_connector_api::SqlType;

use crate::guard::lift::PlainColumns;

/// What stands at each position of a converted node: `plan` is the schema that expressions above
/// refer to, `types` what the source calls each position.
#[derive(Clone, Debug)]
pub(in crate::federate) struct Columns<'a> {
    pub plan: &'a DFSchema,
    pub types: Vec<SqlType>,
}

impl Columns<'_> {
    /// The position of a plain column; `None` for any other expression.
    pub fn position(&self, expr: &Expr) -> Option<usize> {
        match expr {
            Expr::Column(column) => self.find(column),
            Expr::Alias(alias) => self.position(&alias.expr),
            _ => None,
        }
    }

    fn find(&self, column: &PlanColumn) -> Option<usize> {
        self.plan.maybe_index_of_column(column)
    }

    /// The type of a position.
    pub fn sql_type(&self, position: usize) -> Option<&SqlType> {
        self.types.get(position)
    }
}

impl PlainColumns for Columns<'_> {
    type Name = usize;

    fn plain(&self, column: &PlanColumn) -> Option<(usize, &SqlType)> {
        let at = self.find(column)?;
        Some((at, self.sql_type(at)?))
    }
}

/// The type to ask of a source so that it gives values of this Arrow type.
pub(in crate::federate) fn sql_type_of(data_type: &DataType) -> Option<SqlType> {
    Some(match data_type {
        DataType::Boolean => SqlType::Bool,
        DataType::Int16 => SqlType::Int2,
        DataType::Int32 => SqlType::Int4,
        DataType::Int64 => SqlType::Int8,
        DataType::Decimal128(precision, scale) => {
            SqlType::Numeric { precision: *precision, scale: *scale }
        }
        _ => return None,
    })
}
