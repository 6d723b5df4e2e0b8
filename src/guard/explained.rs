//! A plan as its author knows it: values as SQL writes them, and types under PostgreSQL's names.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableSource};

use super::catalog::SessionCatalog;
use super::plan::GuardedPlan;
use super::system::types;
use super::wording::{in_sql, unmarked};
use crate::values::{Rendering, Texts};

impl GuardedPlan {
    /// The lines of `EXPLAIN`.
    pub fn explained(&self, catalog: &SessionCatalog) -> Vec<String> {
        let plan = self.logical();
        let spelled = spelled(plan.clone(), catalog.rendering()).unwrap_or_else(|_| plan.clone());
        spelled.display_indent().to_string().lines().map(|line| in_types(&unmarked(line))).collect()
    }
}

/// The plan with a text in the place of each value. It is shown, and never run.
fn spelled(plan: LogicalPlan, rendering: Rendering) -> Result<LogicalPlan> {
    let spelled = plan.transform_up_with_subqueries(|node| match node {
        // Its numbers are shown as they are.
        LogicalPlan::Limit(_) => Ok(Transformed::no(node)),
        LogicalPlan::TableScan(mut scan) => {
            let answers =
                scan.source.supports_filters_pushdown(&scan.filters.iter().collect::<Vec<_>>())?;
            scan.source = Arc::new(Answered { schema: scan.source.schema(), answers });
            let filters = scan.filters.into_iter().map(|filter| in_words(filter, rendering));
            scan.filters = filters.map(|filter| Ok(filter?.data)).collect::<Result<_>>()?;
            Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
        }
        node => node.map_expressions(|expr| in_words(expr, rendering)),
    })?;
    Ok(spelled.data)
}

fn in_words(expr: Expr, rendering: Rendering) -> Result<Transformed<Expr>> {
    expr.transform_up(|expr| match expr {
        Expr::Literal(value, metadata) => {
            let id = literal(&value, metadata.as_ref(), rendering);
            Ok(Transformed::yes(Expr::Placeholder(Placeholder { id, field: None })))
        }
        other => Ok(Transformed::no(other)),
    })
}

/// A table that says of the conditions on it what the real one has said.
#[derive(Debug)]
struct Answered {
    schema: SchemaRef,
    answers: Vec<TableProviderFilterPushDown>,
}

impl TableSource for Answered {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn supports_filters_pushdown(&self, _: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(self.answers.clone())
    }
}

/// `5`, `true`, `'x'::text`
fn literal(value: &ScalarValue, metadata: Option<&FieldMetadata>, rendering: Rendering) -> String {
    let field = Field::new("", value.data_type(), true);
    let field = match metadata {
        Some(metadata) => metadata.add_to_field(field),
        None => field,
    };
    let name = types::of_field(&field).0.map(|of| types::format(of.oid, None));
    let typed = |text: String| match &name {
        Some(name) if *field.data_type() != DataType::Null => format!("{text}::{name}"),
        _ => text,
    };
    if value.is_null() {
        return typed("NULL".to_owned());
    }
    if let ScalarValue::Boolean(Some(value)) = value {
        return value.to_string();
    }
    let array = value.to_array();
    let text = array.ok().and_then(|array| {
        let mut texts = Texts::of(&field, &array, rendering).ok()?;
        texts.at(0).ok()?.map(str::to_owned)
    });
    match text {
        Some(text) if field.data_type().is_numeric() => text,
        Some(text) => typed(format!("'{}'", text.replace('\'', "''"))),
        None => "…".to_owned(),
    }
}

/// PostgreSQL's names of types, but for what stands in quotes.
fn in_types(line: &str) -> String {
    let parts = line.split('\'').enumerate();
    let parts = parts.map(|(at, part)| if at % 2 == 0 { in_sql(part) } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("'")
}
