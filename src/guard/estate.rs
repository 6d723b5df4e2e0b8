//! What there is to guard: every table of every source, and the rules that the configuration
//! gives it. Nothing here can be read; a table becomes readable through a permit alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use portcullis_connector_api::{ColumnName, Connector, SourceName, SqlType, Table, TableName};

use super::form::PartialForm;

/// All sources, in the order of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    sources: Vec<Arc<Source>>,
    absent: Vec<AbsentSource>,
    damaged: Vec<DamagedTable>,
}

/// A table that is there and cannot be read, so that nobody knows its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedTable {
    /// Its source.
    pub source: SourceName,
    /// Its name within the source.
    pub table: TableName,
}

impl fmt::Display for DamagedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.source, self.table)
    }
}

/// A source of the configuration that is not in force, so that it has no tables for anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentSource {
    /// Its name in the configuration.
    pub name: SourceName,
    /// The schemas under which clients would see it.
    pub schemas: Vec<String>,
    /// Why it is absent.
    pub absence: Absence,
}

/// Why a source is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It has not answered yet.
    Unreachable,
    /// It answered when the gateway ran already, and what it holds cannot be guarded as the
    /// configuration and the policies say.
    LeftOut,
}

/// One source: how to reach it, and its tables with their rules.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in the configuration.
    pub name: SourceName,
    /// How to reach it.
    pub connector: Arc<dyn Connector>,
    /// Its tables.
    pub tables: Vec<Arc<GovernedTable>>,
}

/// A table with its rules.
#[derive(Clone, Debug)]
pub struct GovernedTable {
    /// What the source says of it.
    pub table: Arc<Table>,
    /// The schema under which clients see it.
    pub schema: String,
    /// The name under which clients see it.
    pub name: String,
    /// Whose rows are whose.
    pub tenancy: TableTenancy,
    /// What the configuration says of its columns; silent ones are absent.
    pub columns: BTreeMap<ColumnName, ColumnRules>,
}

/// How a table belongs to tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableTenancy {
    /// Each row belongs to the tenant that this column names.
    Column(ColumnName),
    /// The rows belong to nobody in particular; declared so, and recorded at start.
    Shared,
}

/// What the configuration says of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnRules {
    /// The tags that policies see.
    pub tags: BTreeSet<String>,
    /// The form of its partial mask; the type's default where absent.
    pub partial: Option<PartialForm>,
    /// Columns of one domain get equal tokens for equal values. By default a column is a domain
    /// of its own.
    pub token_domain: Option<String>,
}

/// What names a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantType {
    /// A text.
    Text,
    /// A whole number.
    Long,
}

impl TenantType {
    fn can_stand_in(self, sql_type: &SqlType) -> bool {
        match self {
            Self::Text => matches!(sql_type, SqlType::Text | SqlType::Varchar | SqlType::Uuid),
            Self::Long => matches!(sql_type, SqlType::Int2 | SqlType::Int4 | SqlType::Int8),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Long => "a whole number",
        }
    }
}

/// Why a table cannot be guarded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoverageFault {
    /// It has neither a tenant column nor the word `shared`.
    #[error(
        "table \"{source_name}.{table}\" has no column \"{column}\" and is not declared shared: \
         name its tenant_column, or say `shared = true`, or `ignore = true`"
    )]
    Uncovered {
        /// The source.
        source_name: SourceName,
        /// The table.
        table: TableName,
        /// The tenant column that was looked for.
        column: ColumnName,
    },
    /// Its tenant column has another type than the tenant of a principal.
    #[error(
        "table \"{source_name}.{table}\": column \"{column}\" cannot name a tenant, which is {tenant}"
    )]
    TenantType {
        /// The source.
        source_name: SourceName,
        /// The table.
        table: TableName,
        /// The tenant column.
        column: ColumnName,
        /// What tenants are: `a text` or `a whole number`.
        tenant: &'static str,
    },
    /// Two tables would get one name.
    #[error("two tables would be called \"{schema}.{name}\"")]
    Collision {
        /// The schema that clients see.
        schema: String,
        /// The name that clients see.
        name: String,
    },
    /// A rule names a table or column that the source has not.
    #[error("source \"{source_name}\" has no {what}")]
    Unknown {
        /// The source.
        source_name: SourceName,
        /// `table "x"`, or `column "y" in table "x"`.
        what: String,
    },
}

/// What the configuration says of one table, before it has met the source's catalog.
#[derive(Clone, Debug, Default)]
pub struct TableRules {
    /// The tenant column, where it differs from the general one.
    pub tenant_column: Option<ColumnName>,
    /// Whether its rows belong to nobody in particular.
    pub shared: bool,
    /// Whether to leave it out.
    pub ignore: bool,
    /// The rules of its columns.
    pub columns: BTreeMap<ColumnName, ColumnRules>,
}

impl Source {
    /// Joins what a source has with what the configuration says. Gives every fault, not only the
    /// first, and the source with its covered tables.
    pub fn cover(
        name: SourceName,
        connector: Arc<dyn Connector>,
        tables: Vec<Table>,
        tenant_column: &ColumnName,
        tenants_are: TenantType,
        rules: &BTreeMap<TableName, TableRules>,
    ) -> (Self, Vec<CoverageFault>) {
        let mut faults = unknown_rules(&name, &tables, rules);
        let silent = TableRules::default();
        let mut covered = Vec::new();
        for table in tables {
            let rules = rules.get(&table.name).unwrap_or(&silent);
            if rules.ignore {
                continue;
            }
            let column = rules.tenant_column.as_ref().unwrap_or(tenant_column);
            let tenancy = if rules.shared {
                TableTenancy::Shared
            } else if let Some(stored) = table.column(column.as_str()) {
                if !tenants_are.can_stand_in(&stored.sql_type) {
                    faults.push(CoverageFault::TenantType {
                        source_name: name.clone(),
                        table: table.name.clone(),
                        column: column.clone(),
                        tenant: tenants_are.name(),
                    });
                    continue;
                }
                TableTenancy::Column(column.clone())
            } else {
                faults.push(CoverageFault::Uncovered {
                    source_name: name.clone(),
                    table: table.name.clone(),
                    column: column.clone(),
                });
                continue;
            };
            let (schema, visible_name) = visible_name(&name, &table.name);
            covered.push(Arc::new(GovernedTable {
                table: Arc::new(table),
                schema,
                name: visible_name,
                tenancy,
                columns: rules.columns.clone(),
            }));
        }
        (Self { name, connector, tables: covered }, faults)
    }
}

/// `crm` shows its table `invoices` as `crm.invoices`, and `billing.invoices` as
/// `crm_billing.invoices`.
fn visible_name(source: &SourceName, table: &TableName) -> (String, String) {
    match table.as_str().split_once('.') {
        Some((schema, name)) => (format!("{source}_{schema}"), name.to_owned()),
        None => (source.as_str().to_owned(), table.as_str().to_owned()),
    }
}

fn unknown_rules(
    source: &SourceName,
    tables: &[Table],
    rules: &BTreeMap<TableName, TableRules>,
) -> Vec<CoverageFault> {
    let unknown = |what| CoverageFault::Unknown { source_name: source.clone(), what };
    let mut faults = Vec::new();
    for (name, rules) in rules {
        let Some(table) = tables.iter().find(|table| table.name == *name) else {
            faults.push(unknown(format!("table \"{name}\"")));
            continue;
        };
        let named = rules.columns.keys().chain(&rules.tenant_column);
        let missing = named.filter(|column| table.column(column.as_str()).is_none());
        faults.extend(
            missing.map(|column| unknown(format!("column \"{column}\" in table \"{name}\""))),
        );
    }
    faults
}

impl Estate {
    /// Puts the sources together.
    ///
    /// # Errors
    /// Where two tables would get one name.
    pub fn new(
        sources: Vec<Source>,
        absent: Vec<AbsentSource>,
        damaged: Vec<DamagedTable>,
    ) -> Result<Self, CoverageFault> {
        let mut seen = BTreeSet::new();
        for table in sources.iter().flat_map(|source| &source.tables) {
            if !seen.insert((&table.schema, &table.name)) {
                return Err(CoverageFault::Collision {
                    schema: table.schema.clone(),
                    name: table.name.clone(),
                });
            }
        }
        Ok(Self { sources: sources.into_iter().map(Arc::new).collect(), absent, damaged })
    }

    /// The sources, in their order.
    pub fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    /// The sources of the configuration that are not in force.
    pub fn absent(&self) -> &[AbsentSource] {
        &self.absent
    }

    /// The source that is to have this schema and is not in force.
    pub fn absent_with(&self, schema: &str) -> Option<&AbsentSource> {
        self.absent.iter().find(|source| source.schemas.iter().any(|own| own == schema))
    }

    /// The tables that cannot be read.
    pub fn damaged(&self) -> &[DamagedTable] {
        &self.damaged
    }

    /// The table that clients would call `schema.name` if it could be read.
    pub fn damaged_as(&self, schema: &str, name: &str) -> Option<&DamagedTable> {
        let is = |table: &&DamagedTable| {
            let (own_schema, own_name) = visible_name(&table.source, &table.table);
            own_schema == schema && own_name == name
        };
        self.damaged.iter().find(is)
    }

    /// The table that clients call `schema.name`, with its source.
    pub fn find(&self, schema: &str, name: &str) -> Option<(&Arc<Source>, &Arc<GovernedTable>)> {
        self.tables().find(|(_, table)| table.schema == schema && table.name == name)
    }

    /// Every table with its source.
    pub fn tables(&self) -> impl Iterator<Item = (&Arc<Source>, &Arc<GovernedTable>)> {
        self.sources
            .iter()
            .flat_map(|source| source.tables.iter().map(move |table| (source, table)))
    }
}
