//! The references that a plan makes to the rows of plans around it: finding them, and putting
//! values in their places.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Exists, InSubquery, Placeholder, SetComparison};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, Join, LogicalPlan, Subquery};

/// What a plan leaves open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Open {
    /// A column of a row beside the plan.
    Column(Column),
    /// A parameter of the statement, such as `$1`.
    Parameter(String),
}

/// The values of what a plan leaves open.
pub type Values = HashMap<Open, ScalarValue>;

/// The parameters in a plan and its subqueries.
pub fn parameters(plan: &LogicalPlan) -> Result<Vec<Placeholder>> {
    let mut found: Vec<Placeholder> = Vec::new();
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Placeholder(placeholder) = expr
                    && !found.iter().any(|known| known.id == placeholder.id)
                {
                    found.push(placeholder.clone());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}

/// The outer columns that a plan refers to and that none of its own parts provides.
pub fn free(plan: &LogicalPlan) -> Result<Vec<(FieldRef, Column)>> {
    let mut found: Vec<(FieldRef, Column)> = Vec::new();
    let mut add = |all: Vec<(FieldRef, Column)>, provided: Option<&DFSchema>| {
        for (field, column) in all {
            let own = provided.is_some_and(|schema| schema.has_column(&column));
            if !own && !found.iter().any(|(_, known)| *known == column) {
                found.push((field, column));
            }
        }
    };
    let schema = merge_schema(&plan.inputs());
    plan.apply_expressions(|expr| {
        expr.apply(|expr| {
            match expr {
                Expr::OuterReferenceColumn(field, column) => {
                    add(vec![(field.clone(), column.clone())], None);
                }
                other => {
                    if let Some(subquery) = subquery_of(other) {
                        add(free(&subquery.subquery)?, Some(&schema));
                    }
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    match plan {
        LogicalPlan::Join(Join { left, right, .. }) => {
            add(free(left)?, None);
            let before = is_lateral(right).then(|| left.schema().as_ref());
            add(free(right)?, before);
        }
        other => {
            for input in other.inputs() {
                add(free(input)?, None);
            }
        }
    }
    Ok(found)
}

/// The plan with values in the place of outer columns.
pub fn bind(plan: LogicalPlan, values: &Values) -> Result<LogicalPlan> {
    if values.is_empty() {
        return Ok(plan);
    }
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    let plan = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let expr = expr.transform_down(|expr| put(expr, values, &schema))?;
        Ok(expr.update_data(|expr| name.restore(expr)))
    })?;
    let plan = match plan.data {
        LogicalPlan::Join(mut join) => {
            let inner = if is_lateral(&join.right) {
                without(values, join.left.schema())
            } else {
                values.clone()
            };
            join.left = Arc::new(bind(Arc::unwrap_or_clone(join.left), values)?);
            join.right = Arc::new(bind(Arc::unwrap_or_clone(join.right), &inner)?);
            LogicalPlan::Join(join)
        }
        LogicalPlan::Subquery(subquery) => {
            return Ok(unwrap(bind_subquery(subquery, values)?));
        }
        other => other.map_children(|child| bind(child, values).map(Transformed::yes))?.data,
    };
    super::refresh(plan)
}

fn put(expr: Expr, values: &Values, schema: &DFSchema) -> Result<Transformed<Expr>> {
    Ok(match expr {
        Expr::Placeholder(placeholder) => {
            match values.get(&Open::Parameter(placeholder.id.clone())) {
                Some(value) => Transformed::yes(Expr::Literal(value.clone(), None)),
                None => Transformed::no(Expr::Placeholder(placeholder)),
            }
        }
        Expr::OuterReferenceColumn(field, column) => {
            match values.get(&Open::Column(column.clone())) {
                Some(value) => {
                    let metadata = FieldMetadata::new_from_field(&field);
                    let metadata = (!metadata.is_empty()).then_some(metadata);
                    Transformed::yes(Expr::Literal(value.clone(), metadata))
                }
                None => Transformed::no(Expr::OuterReferenceColumn(field, column)),
            }
        }
        Expr::ScalarSubquery(subquery) => {
            let subquery = bind_subquery(subquery, &without(values, schema))?;
            Transformed::yes(Expr::ScalarSubquery(subquery))
        }
        Expr::Exists(Exists { subquery, negated }) => {
            let subquery = bind_subquery(subquery, &without(values, schema))?;
            Transformed::yes(Expr::Exists(Exists { subquery, negated }))
        }
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            let subquery = bind_subquery(subquery, &without(values, schema))?;
            Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated }))
        }
        Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => {
            let subquery = bind_subquery(subquery, &without(values, schema))?;
            let comparison = SetComparison { expr, subquery, op, quantifier };
            Transformed::yes(Expr::SetComparison(comparison))
        }
        other => Transformed::no(other),
    })
}

fn bind_subquery(subquery: Subquery, values: &Values) -> Result<Subquery> {
    let plan = bind(Arc::unwrap_or_clone(subquery.subquery), values)?;
    let open = free(&plan)?.into_iter();
    Ok(Subquery {
        subquery: Arc::new(plan),
        outer_ref_columns: open.map(|(f, column)| Expr::OuterReferenceColumn(f, column)).collect(),
        spans: subquery.spans,
    })
}

/// A lateral item that refers to nothing any more is an ordinary one.
fn unwrap(subquery: Subquery) -> LogicalPlan {
    if subquery.outer_ref_columns.is_empty() {
        Arc::unwrap_or_clone(subquery.subquery)
    } else {
        LogicalPlan::Subquery(subquery)
    }
}

fn without(values: &Values, schema: &DFSchema) -> Values {
    let outer = values.iter().filter(|(open, _)| match open {
        Open::Column(column) => !schema.has_column(column),
        Open::Parameter(_) => true,
    });
    outer.map(|(open, value)| (open.clone(), value.clone())).collect()
}

/// The subquery that an expression holds.
pub fn subquery_of(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::ScalarSubquery(subquery)
        | Expr::Exists(Exists { subquery, .. })
        | Expr::InSubquery(InSubquery { subquery, .. })
        | Expr::SetComparison(SetComparison { subquery, .. }) => Some(subquery),
        _ => None,
    }
}

/// Whether the right side of a join may refer to the left.
pub fn is_lateral(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Subquery(_) => true,
        LogicalPlan::SubqueryAlias(alias) => is_lateral(&alias.input),
        _ => false,
    }
}
