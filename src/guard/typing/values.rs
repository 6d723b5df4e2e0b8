//! `VALUES`: each column becomes the one type that PostgreSQL finds for its values.

use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use sqlparser::ast::{Query, SetExpr, TableFactor};

use super::common::{brought, common};
use super::kind::{Kind, Operand};
use crate::error::{ClientError, SqlState};
use crate::guard::numbers::{self, external};

/// Plans a `VALUES` in FROM, where every `VALUES` has been put.
#[derive(Debug)]
pub(in crate::guard) struct Rows;

impl RelationPlanner for Rows {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let original = |relation| Ok(RelationPlanning::Original(Box::new(relation)));
        let TableFactor::Derived { subquery, alias, .. } = &relation else {
            return original(relation);
        };
        let Query { body, with: None, order_by: None, limit_clause: None, .. } = subquery.as_ref()
        else {
            return original(relation);
        };
        let SetExpr::Values(values) = body.as_ref() else { return original(relation) };
        let nothing = DFSchema::empty();
        let mut rows = Vec::with_capacity(values.rows.len());
        for row in &values.rows {
            let cells = row.content.iter().map(|cell| {
                let cell = context.sql_to_expr(cell.clone(), &nothing)?;
                numbers::expression(cell, &nothing)
            });
            rows.push(cells.collect::<Result<Vec<_>>>()?);
        }
        let plan = LogicalPlanBuilder::values(alike(rows)?)?.build()?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias.clone()))))
    }
}

/// A type that is written on its column, such as `uuid`, where all values are of it or open.
fn written(operands: &[Operand]) -> Option<Operand> {
    let first = operands.iter().find(|of| of.kind != Kind::Unknown)?;
    let is_alike =
        |of: &Operand| of.kind == Kind::Unknown || of.field.metadata() == first.field.metadata();
    (first.kind == Kind::Other && operands.iter().all(is_alike)).then(|| first.clone())
}

/// A value of a type that is written on its column, or that has to lose what is written on its own.
fn as_written(value: Expr, to: &Operand) -> Expr {
    let of = to.field.data_type();
    let name = if to.field.metadata().is_empty() { of.to_string() } else { String::new() };
    let field = Field::new(name, of.clone(), true).with_metadata(to.field.metadata().clone());
    Expr::Cast(Cast::new_from_field(Box::new(value), Arc::new(field)))
}

fn alike(mut rows: Vec<Vec<Expr>>) -> Result<Vec<Vec<Expr>>> {
    let nothing = DFSchema::empty();
    let width = rows.first().map_or(0, Vec::len);
    if rows.iter().any(|row| row.len() != width) {
        let message = "VALUES lists must all be the same length";
        return Err(external(ClientError::new(SqlState::SYNTAX_ERROR, message)));
    }
    for at in 0..width {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let Some(operands) =
            cells.map(|cell| Operand::of(cell, &nothing)).collect::<Option<Vec<_>>>()
        else {
            continue;
        };
        let Some(to) = common("VALUES", &operands)?.or_else(|| written(&operands)) else {
            continue;
        };
        let hinted = operands.iter().any(|of| !of.field.metadata().is_empty());
        let cells = rows.iter_mut().filter_map(|row| row.get_mut(at));
        for (cell, from) in cells.zip(&operands) {
            let value = brought(std::mem::take(cell), &to, &nothing)?;
            let same = from.field.metadata() == to.field.metadata() && from.kind != Kind::Unknown;
            *cell = if hinted && !same { as_written(value, &to) } else { value };
        }
    }
    Ok(rows)
}
