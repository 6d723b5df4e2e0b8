//! `~` and its kin. Their patterns become those of the crate that searches by a function that is folded
//! where they are constant. The operators themselves are the engine's until types are settled, and then
//! a function of ours, whose time is bounded.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, cast as logical_cast,
};

use super::read::{Flags, read};
use super::search::Regex;
use crate::error::ClientError;
use crate::guard::numbers::external;

/// An operator whose pattern is read as PostgreSQL does; any other as it is.
pub(in crate::guard) fn matched(op: Operator, pattern: Expr) -> (Operator, Expr) {
    let (op, ignore_case) = match op {
        Operator::RegexMatch | Operator::RegexNotMatch => (op, false),
        Operator::RegexIMatch => (Operator::RegexMatch, true),
        Operator::RegexNotIMatch => (Operator::RegexNotMatch, true),
        _ => return (op, pattern),
    };
    let is_read =
        matches!(&pattern, Expr::ScalarFunction(call) if call.func.inner().is::<Pattern>());
    if is_read { (op, pattern) } else { (op, Pattern::of(ignore_case, pattern)) }
}

/// Such an operator with its operands as a function; `None` where it is another.
pub(in crate::guard) fn searched(left: &Expr, op: Operator, right: &Expr) -> Option<Expr> {
    let found = || {
        let signature = Signature::user_defined(Volatility::Immutable);
        let text = |side: &Expr| logical_cast(side.clone(), DataType::Utf8);
        ScalarUDF::from(Search { signature }).call(vec![text(left), text(right)])
    };
    match op {
        Operator::RegexMatch => Some(found()),
        Operator::RegexNotMatch => Some(Expr::Not(Box::new(found()))),
        _ => None,
    }
}

/// Whether a pattern, which was read, matches a text.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Search {
    signature: Signature,
}

impl ScalarUDFImpl for Search {
    fn name(&self) -> &'static str {
        "~"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [_, _] => Ok(vec![DataType::Utf8; 2]),
            _ => plan_err!("No function matches the given name and argument types"),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = arguments.args.iter().all(|one| matches!(one, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { arguments.number_rows };
        let [texts, patterns] = arguments.args.as_slice() else {
            return internal_err!("a search has a text and a pattern");
        };
        let (texts, patterns) = (texts.to_array(rows)?, patterns.to_array(rows)?);
        let mut last = None::<(&str, Regex)>;
        let found = texts.as_string::<i32>().iter().zip(patterns.as_string::<i32>());
        let found = found.map(|(text, pattern)| {
            let Some((text, pattern)) = text.zip(pattern) else { return Ok(None) };
            // Most rows have the same.
            let regex = match last.take().filter(|(known, _)| *known == pattern) {
                Some((_, regex)) => regex,
                None => Regex::of_read(pattern)?,
            };
            let is_match = regex.is_match(text);
            last = Some((pattern, regex));
            is_match.map(Some)
        });
        let found: BooleanArray = found.collect::<Result<_, _>>().map_err(external)?;
        if constant {
            let value = found.iter().next().flatten();
            return Ok(ColumnarValue::Scalar(ScalarValue::Boolean(value)));
        }
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}

/// From PostgreSQL's patterns to those of the crate.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Pattern {
    ignore_case: bool,
    signature: Signature,
}

impl Pattern {
    fn of(ignore_case: bool, pattern: Expr) -> Expr {
        let signature = Signature::user_defined(Volatility::Immutable);
        ScalarUDF::from(Self { ignore_case, signature }).call(vec![pattern])
    }

    fn read(&self, pattern: &str) -> Result<String, ClientError> {
        let flags = Flags { ignore_case: self.ignore_case, ..Flags::default() };
        Ok(read(pattern, flags)?.text)
    }
}

impl ScalarUDFImpl for Pattern {
    fn name(&self) -> &'static str {
        "pattern of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [pattern] if pattern.is_string() || *pattern == DataType::Null => {
                Ok(vec![DataType::Utf8])
            }
            _ => plan_err!("No function matches the given name and argument types"),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [patterns] = arguments.args.as_slice() else {
            return internal_err!("a pattern is one text");
        };
        let translated = |patterns: &ArrayRef| -> Result<ArrayRef> {
            let patterns = cast(patterns, &DataType::Utf8)?;
            let mut out = StringBuilder::new();
            for pattern in patterns.as_string::<i32>() {
                out.append_option(pattern.map(|one| self.read(one)).transpose().map_err(external)?);
            }
            Ok(Arc::new(out.finish()))
        };
        Ok(match patterns {
            ColumnarValue::Array(patterns) => ColumnarValue::Array(translated(patterns)?),
            ColumnarValue::Scalar(pattern) => {
                let values = translated(&pattern.to_array()?)?;
                ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?)
            }
        })
    }
}
