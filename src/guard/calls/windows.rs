//! Functions of windows whose argument must be a number above nought, which PostgreSQL looks at where
//! there is a row. For `NULL` they give none.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{
    ExpressionArgs, PartitionEvaluatorArgs, WindowUDFFieldArgs,
};
use datafusion::logical_expr::{
    LimitEffect, PartitionEvaluator, ReversedUDWF, Signature, WindowUDF, WindowUDFImpl,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Literal;

use crate::error::{ClientError, SqlState};
use crate::guard::numbers::external;

/// The function in place of the engine's, where it has such an argument.
pub(in crate::guard) fn positive(name: &str, function: &Arc<WindowUDF>) -> Option<Arc<WindowUDF>> {
    let (argument, state) = match name {
        "nth_value" => (1, SqlState::INVALID_ARGUMENT_FOR_NTH_VALUE),
        "ntile" => (0, SqlState::INVALID_ARGUMENT_FOR_NTILE),
        _ => return None,
    };
    let function = Arc::clone(function);
    Some(Arc::new(WindowUDF::from(Positive { function, argument, state })))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Positive {
    function: Arc<WindowUDF>,
    argument: usize,
    state: SqlState,
}

impl Positive {
    /// The argument; nothing where it is not constant.
    fn value(&self, arguments: &[Arc<dyn PhysicalExpr>]) -> Option<ScalarValue> {
        let literal = arguments.get(self.argument)?.downcast_ref::<Literal>()?;
        Some(literal.value().clone())
    }
}

impl WindowUDFImpl for Positive {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn expressions(&self, arguments: ExpressionArgs) -> Vec<Arc<dyn PhysicalExpr>> {
        self.function.expressions(arguments)
    }

    fn partition_evaluator(
        &self,
        arguments: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        let value = self.value(arguments.input_exprs());
        let number = value.as_ref().and_then(|value| value.cast_to(&DataType::Int64).ok());
        match number {
            Some(ScalarValue::Int64(None)) => {
                let first = arguments.input_fields().first().map(|field| field.data_type().clone());
                let gives = if self.argument == 0 { Some(DataType::UInt64) } else { first };
                Ok(Box::new(Nothing(gives.unwrap_or(DataType::Null))))
            }
            Some(ScalarValue::Int64(Some(..=0))) => {
                let message = format!("argument of {} must be greater than zero", self.name());
                Err(external(ClientError::new(self.state, message)))
            }
            _ => self.function.partition_evaluator_factory(arguments),
        }
    }

    fn field(&self, arguments: WindowUDFFieldArgs) -> Result<FieldRef> {
        let field = self.function.field(arguments)?;
        Ok(Arc::new(field.as_ref().clone().with_nullable(true)))
    }

    fn sort_options(&self) -> Option<SortOptions> {
        self.function.sort_options()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.function.coerce_types(types)
    }

    fn reverse_expr(&self) -> ReversedUDWF {
        match self.function.reverse_expr() {
            ReversedUDWF::Reversed(function) => {
                let reversed = Self { function, ..self.clone() };
                ReversedUDWF::Reversed(Arc::new(WindowUDF::from(reversed)))
            }
            other => other,
        }
    }

    fn limit_effect(&self, arguments: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        self.function.inner().limit_effect(arguments)
    }
}

/// NULL for each row.
#[derive(Debug)]
struct Nothing(DataType);

impl PartitionEvaluator for Nothing {
    fn evaluate_all(&mut self, _: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        Ok(new_null_array(&self.0, rows))
    }
}
