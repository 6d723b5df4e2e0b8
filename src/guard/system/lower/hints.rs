//! The PostgreSQL type of a CASE or coalesce, where Arrow's type alone does not tell it.

use datafusion::common::DFSchema;
use datafusion::common::metadata::FieldMetadata;
use datafusion::logical_expr::expr::Alias;
use datafusion::logical_expr::{Expr, ExprSchemable};

use crate::guard::system::types;

/// Writes on a column of a projection the type that all its branches agree on; literals whose
/// type is open agree with any.
pub fn write(expr: Expr, schema: &DFSchema) -> Expr {
    let (inner, relation, name) = match &expr {
        Expr::Alias(Alias { expr, relation, name, metadata: None, .. }) => {
            (expr.as_ref(), relation.clone(), name.clone())
        }
        Expr::Alias(_) => return expr,
        other => {
            let (relation, name) = other.qualified_name();
            (other, relation, name)
        }
    };
    let Some(hint) = agreed(inner, schema) else { return expr };
    let metadata = [(portcullis_connector_api::catalog::PG_TYPE_KEY.to_owned(), hint)];
    let metadata = FieldMetadata::from(std::collections::HashMap::from(metadata));
    inner.clone().alias_qualified_with_metadata(relation, name, Some(metadata))
}

fn agreed(expr: &Expr, schema: &DFSchema) -> Option<String> {
    let branches: Vec<&Expr> = match expr {
        Expr::Case(case) => {
            let thens = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
            thens.chain(case.else_expr.as_deref()).collect()
        }
        Expr::ScalarFunction(function) => match function.name() {
            "coalesce" | "greatest" | "least" => function.args.iter().collect(),
            "nullif" => function.args.iter().take(1).collect(),
            _ => return None,
        },
        _ => return None,
    };
    let mut hints = branches.into_iter().filter(|branch| !is_open(branch)).map(|branch| {
        let field = branch.to_field(schema).ok()?.1;
        types::hint(&field).map(str::to_owned).or_else(|| agreed(branch, schema))
    });
    let first = hints.next()??;
    hints.all(|hint| hint.as_ref() == Some(&first)).then_some(first)
}

/// NULL, or a text that may yet be read as another type.
fn is_open(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(value, metadata) => {
            metadata.as_ref().is_none_or(FieldMetadata::is_empty)
                && (value.is_null() || value.try_as_str().is_some())
        }
        _ => false,
    }
}
