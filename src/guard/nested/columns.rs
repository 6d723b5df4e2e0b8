//! Columns under other names, and those of outer queries where they are at hand.

use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Case, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, lit};

use super::Unnesting;

/// The expression over what stands for the columns of `schema`, in their order.
pub(super) fn put(expr: Expr, schema: &DFSchema, columns: &[Expr]) -> Result<Expr> {
    let put = expr.transform_up(|expr| match expr {
        Expr::Column(column) => {
            let at = schema.index_of_column(&column)?;
            Ok(match columns.get(at) {
                Some(instead) => Transformed::yes(instead.clone()),
                None => Transformed::no(Expr::Column(column)),
            })
        }
        // The name of a result; what its type is called stays.
        Expr::Alias(alias) if alias.metadata.as_ref().is_none_or(FieldMetadata::is_empty) => {
            Ok(Transformed::yes(*alias.expr))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(put.data)
}

/// The same for a key of an order.
pub(super) fn put_sort(sort: Sort, schema: &DFSchema, columns: &[Expr]) -> Result<Sort> {
    Ok(Sort { expr: put(sort.expr, schema, columns)?, ..sort })
}

/// Columns of outer queries become columns where `outer` has them.
pub(super) fn at_hand(expr: Expr, outer: &DFSchema) -> Result<Expr> {
    let found = expr.transform_up(|expr| match expr {
        Expr::OuterReferenceColumn(_, column) if outer.has_column(&column) => {
            Ok(Transformed::yes(Expr::Column(column)))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(found.data)
}

/// `CASE WHEN condition THEN value END`
pub(super) fn where_true(condition: &Expr, value: Expr) -> Expr {
    chosen(condition, value, None)
}

/// `CASE WHEN condition THEN value ELSE otherwise END`
pub(super) fn chosen(condition: &Expr, value: Expr, otherwise: Option<Expr>) -> Expr {
    if *condition == lit(true) {
        return value;
    }
    let arms = vec![(Box::new(condition.clone()), Box::new(value))];
    Expr::Case(Case::new(None, arms, otherwise.map(Box::new)))
}

/// The columns of a plan as expressions.
pub(super) fn all(schema: &DFSchema) -> Vec<Expr> {
    schema.columns().into_iter().map(Expr::Column).collect()
}

/// Whether an expression over these columns may be NULL. Where that is not known, it may.
pub(super) fn may_be_null(expr: &Expr, schema: &DFSchema) -> bool {
    expr.nullable(schema).unwrap_or(true)
}

impl Unnesting {
    /// A plan whose columns have names of their own, and these.
    pub(super) fn renamed(&self, plan: LogicalPlan) -> Result<(LogicalPlan, Vec<Expr>)> {
        let table = self.name();
        let columns = plan.schema().columns();
        let name = |at: usize| format!("{table}c{at}");
        let of_table = columns
            .iter()
            .enumerate()
            .map(|(at, _)| Expr::Column(Column::new(Some(table.clone()), name(at))));
        let of_table = of_table.collect();
        let shown = columns.into_iter().enumerate();
        let shown = shown.map(|(at, column)| Expr::Column(column).alias(name(at)));
        let plan = LogicalPlanBuilder::from(plan).project(shown.collect::<Vec<_>>())?;
        Ok((plan.alias(table)?.build()?, of_table))
    }

    /// A plan with a column more, and this.
    pub(super) fn with_column(
        &self,
        plan: LogicalPlan,
        value: Expr,
    ) -> Result<(LogicalPlan, Expr)> {
        let name = self.name();
        let mut columns = all(plan.schema());
        columns.push(value.alias(name.clone()));
        let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
        Ok((plan, Expr::Column(Column::new_unqualified(name))))
    }
}
