//! `~` and its kin, and `SIMILAR TO`. The operators are the engine's, which knows some of them as
//! LIKE; their patterns become those of its crate by a function that is folded where they are
//! constant.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, internal_err, plan_err};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};

use super::read::{Flags, read};
use super::similar::regular;
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
    if is_read { (op, pattern) } else { (op, Pattern::of(Kind::Regular { ignore_case }, pattern)) }
}

/// `text SIMILAR TO pattern`
pub(in crate::guard) fn similar_to(
    text: Expr,
    pattern: Expr,
    escape: Option<char>,
    negated: bool,
) -> Expr {
    let op = if negated { Operator::RegexNotMatch } else { Operator::RegexMatch };
    let pattern = Pattern::of(Kind::Similar { escape }, pattern);
    Expr::BinaryExpr(BinaryExpr::new(Box::new(text), op, Box::new(pattern)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Regular { ignore_case: bool },
    Similar { escape: Option<char> },
}

/// From PostgreSQL's patterns to those of the crate.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Pattern {
    kind: Kind,
    signature: Signature,
}

impl Pattern {
    fn of(kind: Kind, pattern: Expr) -> Expr {
        let signature = Signature::user_defined(Volatility::Immutable);
        ScalarUDF::from(Self { kind, signature }).call(vec![pattern])
    }

    fn read(&self, pattern: &str) -> Result<String, ClientError> {
        let translated = match self.kind {
            Kind::Regular { ignore_case } => {
                read(pattern, Flags { ignore_case, ..Flags::default() })
            }
            Kind::Similar { escape } => read(&regular(pattern, escape)?, Flags::default()),
        };
        Ok(translated?.text)
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
