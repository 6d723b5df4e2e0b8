//! `coalesce`, where the engine would write it out as a `CASE` that holds all but the last argument
//! twice. What is small may stand there twice; what is not is computed once, and so are the others,
//! since none of them can fail. Where one can, only the engine's way leaves it alone until its turn.

use std::sync::{Arc, LazyLock};

use arrow::compute::is_not_null;
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};

use super::typed::is_small;

const NAME: &str = "coalesce";

/// A call with arguments of one type; `engine` is the engine's function.
pub(super) fn coalesce(engine: Arc<ScalarUDF>, arguments: Vec<Expr>) -> Expr {
    static AT_ONCE: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::from(AtOnce { signature }))
    });
    let mut flat = Vec::with_capacity(arguments.len());
    for argument in arguments {
        match argument {
            Expr::ScalarFunction(inner) if inner.func.name() == NAME => flat.extend(inner.args),
            other => flat.push(other),
        }
    }
    let small = flat.iter().take(flat.len().saturating_sub(1)).all(is_small);
    let func =
        if small || !flat.iter().skip(1).all(cannot_fail) { engine } else { Arc::clone(&AT_ONCE) };
    Expr::ScalarFunction(ScalarFunction { func, args: flat })
}

/// Whether the engine is going to write a call out.
pub(in crate::guard) fn is_written_out(call: &ScalarFunction) -> bool {
    call.func.name() == NAME && !call.func.inner().is::<AtOnce>()
}

fn cannot_fail(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::OuterReferenceColumn(..) => true,
        Expr::Cast(Cast { expr, .. }) => matches!(&**expr, Expr::Literal(..)),
        other => matches!(other, Expr::Literal(..)),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AtOnce {
    signature: Signature,
}

impl ScalarUDFImpl for AtOnce {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let [first, ..] = arguments else { return internal_err!("coalesce has arguments") };
        Ok(first.clone())
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let [first, ..] = arguments.arg_fields else {
            return internal_err!("coalesce has arguments");
        };
        let nullable = arguments.arg_fields.iter().all(|field| field.is_nullable());
        let metadata = first.metadata().clone();
        let field = Field::new(NAME, first.data_type().clone(), nullable);
        Ok(Arc::new(field.with_metadata(metadata)))
    }

    // Texts are of one type to PostgreSQL, and of several to the engine.
    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [first, ..] = arguments else { return internal_err!("coalesce has arguments") };
        let one = |of: &DataType| match (first.is_string(), of.is_string()) {
            (true, true) => first.clone(),
            _ => of.clone(),
        };
        Ok(arguments.iter().map(one).collect())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let mut found = None;
        for value in arguments.args {
            let value = value.into_array(rows)?;
            found = Some(match found {
                None => value,
                Some(found) => zip(&is_not_null(&found)?, &found, &value)?,
            });
        }
        match found {
            Some(found) => Ok(ColumnarValue::Array(found)),
            None => internal_err!("coalesce has arguments"),
        }
    }
}
