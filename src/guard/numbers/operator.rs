//! The arithmetic operators as functions of our own, so that what they mean does not depend on
//! what the engine makes of an operator: its own ones wrap, and its rules take them apart.

use std::sync::Arc;

use arrow::compute::kernels::numeric::neg;
use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{DFSchema, Result, internal_err, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column};

use super::fault::told;
use super::plan::type_of;
use super::types::{Kernel, Resolved, SqlNumber, resolve};
use super::{decimal, integer, timely};

/// `+`, `-`, `*`, `/` or `%` between two operands.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Arithmetic {
    op: Operator,
    name: String,
    signature: Signature,
}

impl Arithmetic {
    /// The operator; `None` where it is none of arithmetic.
    pub fn of(op: Operator) -> Option<ScalarUDF> {
        is_arithmetic(op).then(|| {
            let signature = Signature::user_defined(Volatility::Immutable);
            ScalarUDF::from(Self { op, name: op.to_string(), signature })
        })
    }

    fn resolve(&self, arguments: &[DataType]) -> Result<Resolved> {
        let [left, right] = arguments else {
            return internal_err!("an operator has two operands");
        };
        match resolve(self.op, left, right) {
            Some(resolved) => Ok(resolved),
            None => plan_err!("Cannot coerce arithmetic expression {left} {} {right}", self.op),
        }
    }
}

/// Whether this is an operator that must not be left to the engine.
pub(in crate::guard) fn is_arithmetic(op: Operator) -> bool {
    matches!(
        op,
        Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo
    )
}

/// Whether this is an operator that compares two values.
pub(in crate::guard) fn is_comparison(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &str {
        &self.name
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(written(&self.name, arguments, |argument| argument.to_string()))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(written(&self.name, arguments, |argument| argument.schema_name().to_string()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.resolve(arguments).map(|resolved| resolved.result)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.resolve(arguments).map(|resolved| vec![resolved.left, resolved.right])
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let [left, right] = <[ColumnarValue; 2]>::try_from(arguments.args)
            .or_else(|_| internal_err!("an operator has two operands"))?;
        let resolved = self.resolve(&[left.data_type(), right.data_type()])?;
        compute(self.op, &resolved, &left, &right, rows)
            .map_err(|error| told(error, &resolved.result))
    }
}

fn compute(
    op: Operator,
    resolved: &Resolved,
    left: &ColumnarValue,
    right: &ColumnarValue,
    rows: usize,
) -> Result<ColumnarValue> {
    let scalar = matches!((left, right), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
    let rows = if scalar { 1 } else { rows };
    let (left, right) = (left.to_array(rows)?, right.to_array(rows)?);
    let result = &resolved.result;
    let values = match resolved.kernel {
        Kernel::Integer => integer::compute(op, &left, &right)?,
        Kernel::Float => super::float::compute(op, &left, &right)?,
        Kernel::Numeric => decimal::compute(op, &left, &right, result)?,
        Kernel::Engine => {
            let batch = RecordBatch::try_new_with_options(
                Arc::new(Schema::new(vec![
                    arrow::datatypes::Field::new("l", left.data_type().clone(), true),
                    arrow::datatypes::Field::new("r", right.data_type().clone(), true),
                ])),
                vec![left, right],
                &RecordBatchOptions::new().with_row_count(Some(rows)),
            )?;
            let side = |name, at| Arc::new(Column::new(name, at)) as Arc<dyn PhysicalExpr>;
            let operator = BinaryExpr::new(side("l", 0), op, side("r", 1));
            operator.with_fail_on_overflow(true).evaluate(&batch)?.into_array(rows)?
        }
        kernel => timely::compute(kernel, op, &left, &right)?,
    };
    if scalar {
        let value = datafusion::common::ScalarValue::try_from_array(&values, 0)?;
        return Ok(ColumnarValue::Scalar(value));
    }
    Ok(ColumnarValue::Array(values))
}

/// The type of what an operator gives, found without the names of the operands, which are as long as
/// all that is beneath; `None` where it is no operator or an operand has no type.
pub(super) fn result(call: &ScalarFunction, schema: &DFSchema) -> Option<DataType> {
    let operator: &Arithmetic = call.func.inner().downcast_ref()?;
    let [left, right] = call.args.as_slice() else { return None };
    let (left, right) = (type_of(left, schema)?, type_of(right, schema)?);
    resolve(operator.op, &left, &right).map(|resolved| resolved.result)
}

fn written(op: &str, arguments: &[Expr], text: impl Fn(&Expr) -> String) -> String {
    let [left, right] = arguments else {
        return match arguments {
            [only] => format!("(- {})", text(only)),
            _ => op.to_owned(),
        };
    };
    // A chain stands to the left, and is written in one go: text by text it would be copied as often
    // as it is long.
    let (mut first, mut behind) = (left, vec![(op, right)]);
    while let Some((name, before, after)) = operator_of(first) {
        behind.push((name, after));
        first = before;
    }
    let side = |argument: &Expr| match operator_of(argument) {
        Some(_) => format!("({})", text(argument)),
        None => text(argument),
    };
    let mut out = "(".repeat(behind.len() - 1);
    out += &text(first);
    while let Some((op, right)) = behind.pop() {
        out += &format!(" {op} {}", side(right));
        if !behind.is_empty() {
            out.push(')');
        }
    }
    out
}

/// The name and the operands, where this is one of our operators.
fn operator_of(expr: &Expr) -> Option<(&str, &Expr, &Expr)> {
    let Expr::ScalarFunction(call) = expr else { return None };
    let operator: &Arithmetic = call.func.inner().downcast_ref()?;
    match call.args.as_slice() {
        [left, right] => Some((&operator.name, left, right)),
        _ => None,
    }
}

/// `-` before an operand.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Negation {
    signature: Signature,
}

impl Negation {
    pub fn function() -> ScalarUDF {
        ScalarUDF::from(Self { signature: Signature::user_defined(Volatility::Immutable) })
    }

    fn operand(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [DataType::Null] => Ok(DataType::Int64),
            [interval @ DataType::Interval(_)] => Ok(interval.clone()),
            [other] => match SqlNumber::of(other) {
                Some(number) => Ok(number.arrow()),
                None => plan_err!("Cannot coerce arithmetic expression - {other}"),
            },
            _ => internal_err!("a negation has one operand"),
        }
    }
}

impl ScalarUDFImpl for Negation {
    fn name(&self) -> &str {
        "negative"
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(written("-", arguments, |argument| argument.to_string()))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(written("-", arguments, |argument| argument.schema_name().to_string()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.operand(arguments)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![self.operand(arguments)?])
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [operand] = arguments.args.as_slice() else {
            return internal_err!("a negation has one operand");
        };
        let data_type = operand.data_type();
        let negated = |values| neg(values).map_err(|error| told(error.into(), &data_type));
        Ok(match operand {
            ColumnarValue::Array(values) => ColumnarValue::Array(negated(values.as_ref())?),
            ColumnarValue::Scalar(value) => {
                let values = negated(value.to_array()?.as_ref())?;
                let value = datafusion::common::ScalarValue::try_from_array(&values, 0)?;
                ColumnarValue::Scalar(value)
            }
        })
    }
}
