//! What there is: every source asked, every table covered or not, and the Cedar schema of it all.

use std::sync::Arc;

use portcullis_connector_api::{ConnectorError, SourceName, TableName};

use super::Faults;
use super::sources::{connector, rules};
use crate::config::Config;
use crate::guard::{CoverageFault, Estate, Source, TenantType};
use crate::identity::AttributeType;
use crate::policy::schema::{GeneratedSchema, GovernedSource, GovernedTable, generate};

/// The result of asking every source.
#[derive(Debug)]
pub struct Survey {
    /// Every table that can be guarded.
    pub estate: Arc<Estate>,
    /// The schema that policies are checked against.
    pub schema: Arc<GeneratedSchema>,
    /// The sources, in the order of the configuration.
    pub sources: Vec<SourceState>,
    /// Tables that cannot be guarded. A gateway with one of these does not start.
    pub uncovered: Vec<CoverageFault>,
}

/// What came of asking one source.
#[derive(Debug)]
pub struct SourceState {
    /// The source.
    pub name: SourceName,
    /// Its kind.
    pub kind: &'static str,
    /// Whether the gateway must not start without it.
    pub required: bool,
    /// Why it could not be asked.
    pub unreachable: Option<ConnectorError>,
    /// Tables that are damaged, and columns that were left out.
    pub notes: Vec<String>,
    /// The tables that are damaged.
    pub damaged: Vec<TableName>,
}

/// Asks every source what it holds. A source that cannot be reached has no tables.
///
/// # Errors
/// Where a source's configuration is wrong, or the tables cannot stand beside each other.
pub async fn survey(config: &Config) -> Result<Survey, Faults> {
    let mut states = Vec::new();
    let mut sources = Vec::new();
    let mut uncovered = Vec::new();
    for source in &config.sources {
        let connector = connector(source, config.limits.statement_timeout)
            .map_err(|error| Faults::of(format_args!("source \"{}\": {error}", source.name)))?;
        let kind = connector.kind();
        let mut state = SourceState {
            name: source.name.clone(),
            kind,
            required: source.required,
            unreachable: None,
            notes: Vec::new(),
            damaged: Vec::new(),
        };
        match connector.catalog().await {
            Ok(catalog) => {
                let damaged = catalog.faults.iter().map(|fault| fault.error.to_string());
                state.notes = damaged.chain(catalog.notes.iter().cloned()).collect();
                state.damaged.extend(catalog.faults.iter().map(|fault| fault.table.clone()));
                let rules = rules(source);
                let (covered, faults) = Source::cover(
                    source.name.clone(),
                    connector,
                    catalog.tables,
                    &config.tenancy.column,
                    tenants_are(config),
                    &rules,
                );
                let damaged = |fault: &CoverageFault| match fault {
                    CoverageFault::Unknown { what, .. } => catalog
                        .faults
                        .iter()
                        .any(|fault| *what == format!("table \"{}\"", fault.table)),
                    _ => false,
                };
                uncovered.extend(faults.into_iter().filter(|fault| !damaged(fault)));
                sources.push(covered);
            }
            Err(error) => state.unreachable = Some(error),
        }
        states.push(state);
    }
    let estate = Arc::new(Estate::new(sources).map_err(Faults::of)?);
    let governed = governed(&states, &estate);
    let schema = generate(&governed, &config.identity.attributes, &config.policies.tags)
        .map_err(Faults::of)?;
    Ok(Survey { estate, schema: Arc::new(schema), sources: states, uncovered })
}

fn tenants_are(config: &Config) -> TenantType {
    let kind = config.identity.attributes.get(&config.tenancy.attribute).map(|found| found.kind);
    match kind {
        Some(AttributeType::Long) => TenantType::Long,
        _ => TenantType::Text,
    }
}

/// The tables as policies see them; none of a source that could not be asked.
fn governed(states: &[SourceState], estate: &Estate) -> Vec<GovernedSource> {
    let table = |table: &Arc<crate::guard::GovernedTable>| GovernedTable {
        table: table.table.as_ref().clone(),
        tags: table
            .columns
            .iter()
            .map(|(column, rules)| (column.clone(), rules.tags.clone()))
            .collect(),
    };
    let tables = |name: &SourceName| {
        let source = estate.sources().iter().find(|source| source.name == *name)?;
        Some(source.tables.iter().map(table).collect())
    };
    states
        .iter()
        .map(|state| GovernedSource {
            name: state.name.clone(),
            tables: tables(&state.name),
            damaged: state.damaged.clone(),
        })
        .collect()
}
