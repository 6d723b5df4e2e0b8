//! One join at a time: the plan that gives its merged columns and those of both sides.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::metadata::FieldMetadata;
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{
    Case, Expr, ExprSchemable, JoinType, LogicalPlan, LogicalPlanBuilder, lit,
};
use sqlparser::ast::{
    Ident, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableAlias,
    TableAliasColumnDef, TableFactor, TableWithJoins,
};

use super::tree::number;
use super::{Learned, Side, hidden, is_hidden, is_merged};
use crate::error::{ClientError, SqlState};
use crate::guard::numbers::external;
use crate::guard::typing::joined_keys;
use crate::sql::quoted;

/// Plans joins that are marked with a number, and notes what they give.
#[derive(Debug)]
pub(super) struct Merging {
    learned: Arc<Learned>,
}

impl Merging {
    pub fn new(learned: Arc<Learned>) -> Self {
        Self { learned }
    }
}

impl RelationPlanner for Merging {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let (table_with_joins, alias) = match relation {
            TableFactor::NestedJoin { table_with_joins, alias: Some(alias) } => {
                (table_with_joins, alias)
            }
            other => return named(other, context),
        };
        let Some(number) = number(&alias) else {
            // What is behind an alias is known by the columns that `*` shows.
            let within = TableFactor::NestedJoin { table_with_joins, alias: None };
            let plan = distinct(visible_only(context.plan(within)?)?)?;
            return Ok(planned(plan, Some(alias)));
        };
        let TableWithJoins { relation, joins } = *table_with_joins;
        let [join] = <[Join; 1]>::try_from(joins)
            .map_err(|_| unsupported("JOIN with USING of this form is not supported"))?;
        let left = context.plan(relation)?;
        let right = context.plan(join.relation)?;
        let (kind, constraint) = kind(join.join_operator)?;
        let keys = match constraint {
            JoinConstraint::Using(names) => {
                names.into_iter().map(|name| key(name, context)).collect::<Result<Vec<_>>>()?
            }
            _ => common(left.schema(), right.schema()),
        };
        let plan = joined(number, left, right, kind, &keys)?;
        self.learned.note(number, plan.schema().columns());
        Ok(planned(plan, None))
    }
}

/// A relation whose alias names its columns, or the first of them: the others keep their names.
fn named(
    mut relation: TableFactor,
    context: &mut dyn RelationPlannerContext,
) -> Result<RelationPlanning> {
    let place = match &mut relation {
        TableFactor::Table { alias, args: None, .. } | TableFactor::Derived { alias, .. } => alias,
        _ => return Ok(RelationPlanning::Original(Box::new(relation))),
    };
    let Some(mut alias) = place.take_if(|alias| !alias.columns.is_empty()) else {
        return Ok(RelationPlanning::Original(Box::new(relation)));
    };
    let plan = context.plan(relation)?;
    let fields = plan.schema().fields();
    if alias.columns.len() > fields.len() {
        let (name, has, wanted) = (&alias.name.value, fields.len(), alias.columns.len());
        let message =
            format!("table \"{name}\" has {has} columns available but {wanted} columns specified");
        return Err(external(ClientError::new(SqlState::INVALID_COLUMN_REFERENCE, message)));
    }
    let unnamed = fields.iter().skip(alias.columns.len());
    alias.columns.extend(
        unnamed.map(|field| TableAliasColumnDef { name: quoted(field.name()), data_type: None }),
    );
    Ok(planned(plan, Some(alias)))
}

fn planned(plan: LogicalPlan, alias: Option<TableAlias>) -> RelationPlanning {
    RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias)))
}

fn kind(operator: JoinOperator) -> Result<(JoinType, JoinConstraint)> {
    Ok(match operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => {
            (JoinType::Inner, constraint)
        }
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
            (JoinType::Left, constraint)
        }
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
            (JoinType::Right, constraint)
        }
        JoinOperator::FullOuter(constraint) => (JoinType::Full, constraint),
        _ => return Err(unsupported("this kind of join is not supported")),
    })
}

fn key(name: ObjectName, context: &dyn RelationPlannerContext) -> Result<String> {
    let ident = match name.0.as_slice() {
        [ObjectNamePart::Identifier(ident)] => Some(ident.clone()),
        _ => None,
    };
    ident
        .map(|ident: Ident| context.normalize_ident(ident))
        .ok_or_else(|| unsupported("a key of USING that is not a plain name is not supported"))
}

/// The columns that `*` shows of a plan.
fn visible(schema: &DFSchema) -> impl Iterator<Item = Column> + '_ {
    schema.columns().into_iter().filter(|column| !is_hidden(&column.name))
}

fn visible_only(plan: LogicalPlan) -> Result<LogicalPlan> {
    let columns: Vec<_> = visible(plan.schema()).map(Expr::Column).collect();
    if columns.len() == plan.schema().fields().len() {
        return Ok(plan);
    }
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

/// Columns whose names differ: one that comes again carries a mark, which is taken off where a client
/// is told of it.
fn distinct(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut seen = HashSet::new();
    let columns = plan.schema().columns();
    let again: Vec<_> = columns.iter().map(|column| !seen.insert(column.name.as_str())).collect();
    if !again.contains(&true) {
        return Ok(plan);
    }
    let columns = columns.iter().zip(again).enumerate().map(|(place, (column, again))| {
        let value = Expr::Column(column.clone());
        if again { value.alias(format!("{}\u{0}{place}", column.name)) } else { value }
    });
    let columns: Vec<_> = columns.collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

/// The names that both sides have, in the order of the left one.
fn common(left: &DFSchema, right: &DFSchema) -> Vec<String> {
    let there: HashSet<_> = visible(right).map(|column| column.name).collect();
    let mut seen = HashSet::new();
    visible(left)
        .map(|column| column.name)
        .filter(|name| !name.contains('\u{0}') && there.contains(name) && seen.insert(name.clone()))
        .collect()
}

fn joined(
    number: usize,
    left: LogicalPlan,
    right: LogicalPlan,
    kind: JoinType,
    keys: &[String],
) -> Result<LogicalPlan> {
    let mut pairs = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        if keys.iter().take(at).any(|before| before == key) {
            let message = format!("column name \"{key}\" appears more than once in USING clause");
            return Err(external(ClientError::new(SqlState::DUPLICATE_COLUMN, message)));
        }
        pairs.push((only(left.schema(), key, "left")?, only(right.schema(), key, "right")?));
    }
    let merged = keys.iter().zip(&pairs).map(|(key, (first, second))| {
        let (a, b) = joined_keys(first, left.schema(), second, right.schema())?;
        let field = Expr::Column(first.clone()).to_field(left.schema())?.1;
        let is_number = field.data_type().is_numeric();
        // Numbers get the type that both have together once that of literals is known.
        let value = match kind {
            JoinType::Full => {
                let there = a.clone().is_not_null();
                chosen(there, a, b)
            }
            JoinType::Right if is_number => chosen(lit(true), b, a),
            JoinType::Right => b,
            _ if is_number => chosen(lit(true), a, b),
            _ => a,
        };
        let of = Some(super::merged(number));
        let hints = (!field.metadata().is_empty()).then(|| FieldMetadata::new_from_field(&field));
        Ok(value.alias_qualified_with_metadata(of, key, hints))
    });
    let mut columns = merged.collect::<Result<Vec<_>>>()?;
    for (side, schema) in [(Side::Left, left.schema()), (Side::Right, right.schema())] {
        for column in schema.columns() {
            let is_key = pairs
                .iter()
                .any(|(first, second)| column == *if side == Side::Left { first } else { second });
            match &column.relation {
                _ if !is_key => columns.push(Expr::Column(column)),
                // The merged column of a join within: nothing names it any more.
                Some(table) if is_merged(table) => {}
                table => {
                    let (table, name) = (table.clone(), hidden(&column.name, number, side));
                    columns.push(Expr::Column(column).alias_qualified(table, name));
                }
            }
        }
    }
    let equal = pairs
        .into_iter()
        .map(|(first, second)| Expr::Column(first).eq(Expr::Column(second)))
        .reduce(Expr::and)
        .unwrap_or_else(|| lit(true));
    let joined = if keys.is_empty() && kind == JoinType::Inner {
        LogicalPlanBuilder::from(left).cross_join(right)?
    } else {
        LogicalPlanBuilder::from(left).join_on(right, kind, [equal])?
    };
    joined.project(columns)?.build()
}

/// `CASE WHEN condition THEN first ELSE second END`
fn chosen(condition: Expr, first: Expr, second: Expr) -> Expr {
    let arms = vec![(Box::new(condition), Box::new(first))];
    Expr::Case(Case::new(None, arms, Some(Box::new(second))))
}

/// The one column of this name.
fn only(schema: &DFSchema, key: &str, side: &str) -> Result<Column> {
    let mut found = visible(schema).filter(|column| column.name == key);
    match (found.next(), found.next()) {
        (Some(column), None) => Ok(column),
        (Some(_), Some(_)) => {
            let message =
                format!("common column name \"{key}\" appears more than once in {side} table");
            Err(external(ClientError::new(SqlState::AMBIGUOUS_COLUMN, message)))
        }
        (None, _) => {
            let message = format!(
                "column \"{key}\" specified in USING clause does not exist in {side} table"
            );
            Err(external(ClientError::new(SqlState::UNDEFINED_COLUMN, message)))
        }
    }
}

fn unsupported(message: &'static str) -> datafusion::error::DataFusionError {
    external(ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message))
}
