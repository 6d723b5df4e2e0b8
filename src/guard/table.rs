//! A table as one caller may see it.
//!
//! [`GuardedTable`] is what a query's name resolves to. It is no `TableProvider`: no planner can
//! turn it into a scan but the guard's own ([`super::scan`]), which puts the row filter, the
//! masks and the barrier around what the source gives. And it is made from a [`Permit`] only.

use std::sync::Arc;

use datafusion::arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::common::{Column as PlanColumn, Result};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableSource, TableType};
use portcullis_connector_api::{Column, ColumnName, Predicate, SqlType};

use super::estate::{ColumnRules, GovernedTable, Source};
use super::lift::{PlainColumns, lift};
use super::mask::Mask;
use super::tenancy::TenantScope;
use super::token::TokenSecret;
use crate::policy::{ColumnAccess, Level, Permit};

/// See the module. Not even with a permit in hand can it be made outside the guard:
///
/// ```
/// use portcullis::guard::GuardedTable;
///
/// let take = GuardedTable::permit;
/// ```
///
/// ```compile_fail,E0624
/// use portcullis::guard::GuardedTable;
///
/// let take = GuardedTable::new;
/// ```
#[derive(Debug)]
pub struct GuardedTable {
    source: Arc<Source>,
    table: Arc<GovernedTable>,
    permit: Permit,
    filter: Predicate,
    columns: Vec<VisibleColumn>,
    schema: SchemaRef,
}

/// A column that the caller may see something of.
#[derive(Debug)]
pub(in crate::guard) struct VisibleColumn {
    /// As it is stored.
    pub stored: Column,
    /// As it is seen.
    pub field: FieldRef,
    /// The first arm whose condition holds tells how; where none does the value is NULL.
    pub arms: Vec<(Predicate, Shown)>,
}

/// A condition of the query that crosses the guard.
#[derive(Clone, Debug, PartialEq)]
pub enum Crossing {
    /// It reads only cells that always decode, so it means the same here and at the source.
    Exact(Predicate),
    /// It may read cells that cannot be decoded here. Only the source can evaluate it, and means
    /// by it what PostgreSQL means.
    Decided(Predicate),
}

/// How a value is seen.
#[derive(Clone, Debug)]
pub(in crate::guard) enum Shown {
    /// As it is stored.
    Plain,
    /// Less of it.
    Masked(Mask),
}

impl VisibleColumn {
    /// Whether every row shows the value as it is stored.
    pub fn is_plain(&self) -> bool {
        matches!(self.arms.as_slice(), [(Predicate::True, Shown::Plain)])
    }

    /// Whether the stored value is needed at all.
    pub fn reads_value(&self) -> bool {
        self.arms.iter().any(|(_, shown)| !matches!(shown, Shown::Masked(Mask::Null)))
    }

    /// For people; `None` for a plain column.
    pub fn describe_mask(&self) -> Option<String> {
        if self.is_plain() {
            return None;
        }
        let arms = self.arms.iter().map(|(condition, shown)| {
            let shown = match shown {
                Shown::Plain => "reveal".to_owned(),
                Shown::Masked(mask) => mask.describe(),
            };
            match condition {
                Predicate::True => shown,
                condition => format!("{shown} when {condition}"),
            }
        });
        Some(format!("{}: {}", self.field.name(), arms.collect::<Vec<_>>().join(", ")))
    }
}

impl GuardedTable {
    /// Makes a table readable. `None` where the permit shows nothing: then the table does not
    /// exist for this caller.
    pub(in crate::guard) fn new(
        source: Arc<Source>,
        table: Arc<GovernedTable>,
        permit: Permit,
        scope: &TenantScope,
        secret: Option<&TokenSecret>,
    ) -> Option<Self> {
        let belongs = *permit.source() == source.name && *permit.table() == table.table.name;
        if !belongs || permit.shows_nothing() {
            return None;
        }
        let filter = scope.predicate(&table).and(permit.rows().clone());
        let masks = Masks { source: &source, table: &table, scope, secret };
        let columns: Vec<_> = permit
            .columns()
            .iter()
            .filter_map(|column| {
                let stored = table.table.column(column.column.as_str())?;
                masks.visible(stored, &column.access)
            })
            .collect();
        let fields: Vec<FieldRef> = columns.iter().map(|column| column.field.clone()).collect();
        Some(Self { source, table, permit, filter, columns, schema: Schema::new(fields).into() })
    }

    /// The source.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The table with its rules.
    pub fn table(&self) -> &Arc<GovernedTable> {
        &self.table
    }

    /// The decision that made it readable.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// Tenancy and policy: the rows that exist for the caller.
    pub fn filter(&self) -> &Predicate {
        &self.filter
    }

    /// The columns as the system catalog tells of them. One that holds no NULL may hold a cell that
    /// cannot be decoded, which a scan gives as NULL for the guard to look at; nobody is shown that.
    pub(in crate::guard) fn told_columns(&self) -> SchemaRef {
        let told = self.columns.iter().map(|column| {
            let field = column.field.as_ref().clone();
            if column.is_plain() { field.with_nullable(column.stored.nullable) } else { field }
        });
        Arc::new(Schema::new(told.collect::<Vec<_>>()))
    }

    pub(in crate::guard) fn columns(&self) -> &[VisibleColumn] {
        &self.columns
    }

    /// What the caller sees of the column at this position of the schema, where it is not the
    /// stored value in every row.
    pub fn describe_mask(&self, position: usize) -> Option<String> {
        self.columns.get(position)?.describe_mask()
    }

    /// The stored column at this position of the schema, where every row shows it as it is.
    pub fn plain_column(&self, position: usize) -> Option<&Column> {
        let column = self.columns.get(position)?;
        column.is_plain().then_some(&column.stored)
    }

    /// A condition of the query as a predicate over stored columns, where it may cross the guard.
    ///
    /// One that reads a column with cells which cannot be decoded here crosses only where the
    /// source decides it: here such a cell would be dropped in silence, or told of while its row
    /// is hidden. Elsewhere it stays above the barrier.
    pub fn lift(&self, condition: &Expr) -> Option<Crossing> {
        let predicate = lift(condition, self)?;
        let stored = &self.table.table;
        let mut always_decodes = true;
        predicate.for_each_column(&mut |name| {
            let column = stored.column(name.as_str());
            always_decodes &= column.is_some_and(|column| !column.fallible);
        });
        if always_decodes {
            return Some(Crossing::Exact(predicate));
        }
        let decided = self.source.connector.decides(stored, &predicate);
        decided.then_some(Crossing::Decided(predicate))
    }
}

struct Masks<'a> {
    source: &'a Source,
    table: &'a GovernedTable,
    scope: &'a TenantScope,
    secret: Option<&'a TokenSecret>,
}

impl Masks<'_> {
    fn visible(&self, stored: &Column, access: &ColumnAccess) -> Option<VisibleColumn> {
        let arms = match access {
            ColumnAccess::Hidden => return None,
            ColumnAccess::Always(level) => vec![(Predicate::True, self.shown(stored, *level))],
            ColumnAccess::ByRow(arms) => arms
                .iter()
                .map(|(condition, level)| (condition.clone(), self.shown(stored, *level)))
                .collect(),
        };
        let mut column =
            VisibleColumn { stored: stored.clone(), field: stored.field().into(), arms };
        if !column.is_plain() {
            column.field = stored.field().with_nullable(true).into();
        }
        Some(column)
    }

    fn shown(&self, stored: &Column, level: Level) -> Shown {
        let silent = ColumnRules::default();
        let rules = self.table.columns.get(&stored.name).unwrap_or(&silent);
        Shown::Masked(match level {
            Level::Reveal => return Shown::Plain,
            Level::MaskNull => Mask::Null,
            Level::MaskPartial => match &rules.partial {
                Some(form) => Mask::Partial(form.clone()),
                None => Mask::default_partial(&stored.sql_type),
            },
            // Policies that use tokens do not load without a key; should one slip through, the
            // value stays closed.
            Level::MaskToken => self.secret.map_or(Mask::Null, |secret| Mask::Token {
                key: secret
                    .derive(&self.scope.own().to_string(), &self.token_domain(stored, rules)),
                uuid: stored.sql_type == SqlType::Uuid,
            }),
        })
    }

    fn token_domain(&self, stored: &Column, rules: &ColumnRules) -> String {
        match &rules.token_domain {
            Some(domain) => format!("domain:{domain}"),
            None => {
                format!("column:{}/{}/{}", self.source.name, self.table.table.name, stored.name)
            }
        }
    }
}

impl PlainColumns for GuardedTable {
    type Name = ColumnName;

    fn plain(&self, column: &PlanColumn) -> Option<(ColumnName, &SqlType)> {
        let stored = self.plain_column(self.schema.index_of(&column.name).ok()?)?;
        Some((stored.name.clone(), &stored.sql_type))
    }
}

impl TableSource for GuardedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// A condition either crosses wholly, or stays wholly above the barrier.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| match self.lift(filter) {
                Some(_) => TableProviderFilterPushDown::Exact,
                None => TableProviderFilterPushDown::Unsupported,
            })
            .collect())
    }
}
