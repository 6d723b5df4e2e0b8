//! `LATERAL`: a subquery of FROM that reads the rows to its left.

use std::sync::Arc;

use datafusion::common::metadata::FieldMetadata;
use datafusion::common::{DFSchemaRef, ExprSchema, JoinType, Result};
use datafusion::logical_expr::{Expr, Join, LogicalPlan, LogicalPlanBuilder, lit};

use super::columns::{all, chosen, put, where_true};
use super::pulled::condition_of;
use super::supported::lateral;
use super::{Unnesting, Whose};

impl Unnesting {
    pub(super) fn lateral(&self, join: Join, whose: Whose) -> Result<LogicalPlan> {
        let left = self.plan(join.left.as_ref().clone(), whose)?;
        let outer = join.join_type == JoinType::Left;
        let ours = whose == Whose::Ours || !lateral(&join.right, left.schema())?;
        if !ours || !(outer || join.join_type == JoinType::Inner) {
            return Ok(LogicalPlan::Join(Join { left: Arc::new(left), ..join }));
        }
        let right = self.plan(plain(&join.right), Whose::Ours)?;
        let numbered = self.numbered(left.clone())?;
        let Some(applied) = self.apply(&numbered, &right, None)? else {
            return Ok(LogicalPlan::Join(Join { left: Arc::new(left), ..join }));
        };
        let both: Vec<_> =
            all(numbered.plan.schema()).into_iter().take(left.schema().fields().len()).collect();
        let both: Vec<_> = both.into_iter().chain(applied.columns.iter().cloned()).collect();
        let sides = join.left.schema().join(join.right.schema())?;
        let on = condition_of(&join).into_iter().map(|part| put(part, &sides, &both));
        let on = on.collect::<Result<Vec<_>>>()?.into_iter().reduce(Expr::and);
        let live = match on {
            Some(on) => chosen(&applied.live, on, Some(lit(false))),
            None => applied.live.clone(),
        };
        let (plan, live) = self.with_column(applied.plan, live)?;
        let plan = if outer && !applied.single {
            self.live_or_first(plan, &numbered, &live)?
        } else if outer {
            LogicalPlanBuilder::from(plan)
        } else {
            LogicalPlanBuilder::from(plan).filter(live.clone())?
        };
        let mut plan = plan.build()?;
        if whose == Whose::Engine {
            plan = numbered.in_order(plan, applied.order)?;
        }
        let plan = LogicalPlanBuilder::from(plan);
        let right = shown(join.right.schema(), &applied.columns, outer.then_some(&live));
        plan.project(all(left.schema()).into_iter().chain(right))?.build()
    }
}

/// The right side's columns under their names.
pub(super) fn shown(schema: &DFSchemaRef, columns: &[Expr], live: Option<&Expr>) -> Vec<Expr> {
    let names = schema.columns().into_iter().zip(columns);
    let named = names.map(|(column, value)| {
        let value = match live {
            Some(live) => where_true(live, value.clone()),
            None => value.clone(),
        };
        let field = schema.field_from_column(&column).ok();
        let hints = field.map(|field| FieldMetadata::new_from_field(field.as_ref()));
        let hints = hints.filter(|hints| !hints.is_empty());
        value.alias_qualified_with_metadata(column.relation, column.name, hints)
    });
    named.collect()
}

/// The subquery without its wrapper. Its columns are known by their places.
fn plain(plan: &LogicalPlan) -> LogicalPlan {
    match plan {
        LogicalPlan::Subquery(subquery) => subquery.subquery.as_ref().clone(),
        LogicalPlan::SubqueryAlias(alias) => plain(&alias.input),
        other => other.clone(),
    }
}
