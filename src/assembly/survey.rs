//! What there is: every source asked, every table covered or not, and the Cedar schema of it all.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_connector_api::{Connector, ConnectorError, SourceName, TableName};

use super::Faults;
use super::sources::{connector, rules};
use crate::config::Config;
use crate::guard::{
    Absence, AbsentSource, CoverageFault, DamagedTable, Estate, Source, TableRules, TenantType,
};
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
#[derive(Clone, Debug)]
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
    /// The tables whose columns depend on rows that a caller may not see.
    pub inferred: Vec<TableName>,
}

impl SourceState {
    /// A warning for each table whose columns depend on rows that a caller may not see.
    pub fn inferred_tables(&self) -> impl Iterator<Item = String> {
        self.inferred.iter().map(|table| {
            format!(
                "the columns of \"{}.{table}\" are inferred from all its rows, also from those that \
                 a caller may not see; `portcullis schema --columns` prints what declares them",
                self.name
            )
        })
    }
}

/// Asks every source what it holds. A source that cannot be reached has no tables.
///
/// # Errors
/// Where a source's configuration is wrong, or the tables cannot stand beside each other.
pub async fn survey(config: &Config) -> Result<Survey, Faults> {
    Inquiry::begin(config).await?.survey()
}

/// The sources, each with what it said when it was asked last.
#[derive(Debug)]
pub(super) struct Inquiry {
    config: Config,
    asked: Vec<Asked>,
}

#[derive(Clone, Debug)]
struct Asked {
    schemas: Vec<String>,
    rules: BTreeMap<TableName, TableRules>,
    connector: Arc<dyn Connector>,
    state: SourceState,
    covered: Option<Source>,
    uncovered: Vec<CoverageFault>,
    absence: Absence,
}

impl Inquiry {
    /// Asks every source.
    pub(super) async fn begin(config: &Config) -> Result<Self, Faults> {
        let mut asked = Vec::new();
        for source in &config.sources {
            let connector = connector(
                source,
                config.limits.statement_timeout,
                (&config.tenancy.column, tenants_are(config)),
            )
            .map_err(|error| Faults::of(format_args!("source \"{}\": {error}", source.name)))?;
            let state = SourceState {
                name: source.name.clone(),
                kind: connector.kind(),
                required: source.required,
                unreachable: None,
                notes: Vec::new(),
                damaged: Vec::new(),
                inferred: Vec::new(),
            };
            let mut source = Asked {
                schemas: source.schemas(),
                rules: rules(source),
                connector,
                state,
                covered: None,
                uncovered: Vec::new(),
                absence: Absence::Unreachable,
            };
            source.ask(config).await;
            asked.push(source);
        }
        Ok(Self { config: config.clone(), asked })
    }

    /// The sources that are not in force.
    pub(super) fn missing(&self) -> Vec<SourceName> {
        let missing = self.asked.iter().filter(|source| source.covered.is_none());
        missing.map(|source| source.state.name.clone()).collect()
    }

    /// Asks this source again. Gives its state where it answered now.
    pub(super) async fn ask_again(&mut self, name: &SourceName) -> Option<&SourceState> {
        let source = self.asked.iter_mut().find(|source| source.state.name == *name)?;
        source.ask(&self.config).await;
        source.covered.as_ref().map(|_| &source.state)
    }

    /// The sources in force of which a table could not be read.
    pub(super) fn damaged(&self) -> Vec<SourceName> {
        let in_force = self.asked.iter().filter(|source| source.covered.is_some());
        let damaged = in_force.filter(|source| !source.state.damaged.is_empty());
        damaged.map(|source| source.state.name.clone()).collect()
    }

    /// This inquiry as it is when a source in force was asked again; `None` where no table of it can be
    /// read that could not be read before.
    pub(super) async fn mended(&self, name: &SourceName) -> Option<Self> {
        let at = self.asked.iter().position(|source| source.state.name == *name)?;
        let mut inquiry = Self { config: self.config.clone(), asked: self.asked.clone() };
        let source = inquiry.asked.get_mut(at)?;
        let before = source.state.damaged.clone();
        source.ask(&self.config).await;
        let now = &source.state.damaged;
        let mended = before.iter().any(|table| !now.contains(table));
        (mended && source.state.unreachable.is_none()).then_some(inquiry)
    }

    /// Puts what this source said aside: it cannot be taken up as it is.
    pub(super) fn leave_out(&mut self, name: &SourceName) {
        for source in self.asked.iter_mut().filter(|source| source.state.name == *name) {
            source.covered = None;
            source.uncovered.clear();
            source.absence = Absence::LeftOut;
        }
    }

    /// The sources that are not in force, and why.
    pub(super) fn absent(&self) -> Vec<AbsentSource> {
        let missing = self.asked.iter().filter(|source| source.covered.is_none());
        let absent = missing.map(|source| AbsentSource {
            name: source.state.name.clone(),
            schemas: source.schemas.clone(),
            absence: source.absence,
        });
        absent.collect()
    }

    /// All that is known now.
    ///
    /// # Errors
    /// Where the tables cannot stand beside each other.
    pub(super) fn survey(&self) -> Result<Survey, Faults> {
        let (config, asked) = (&self.config, &self.asked);
        let sources = asked.iter().filter_map(|source| source.covered.clone()).collect();
        let in_force = asked.iter().filter(|source| source.covered.is_some());
        let damaged = in_force.flat_map(|source| {
            let of = |table: &TableName| DamagedTable {
                source: source.state.name.clone(),
                table: table.clone(),
            };
            source.state.damaged.iter().map(of)
        });
        let estate = Estate::new(sources, self.absent(), damaged.collect());
        let estate = Arc::new(estate.map_err(Faults::of)?);
        let states: Vec<_> = asked.iter().map(|source| source.state.clone()).collect();
        let governed = governed(&states, &estate);
        let schema = generate(&governed, &config.identity.attributes, &config.policies.tags)
            .map_err(Faults::of)?;
        let uncovered = asked.iter().flat_map(|source| source.uncovered.clone()).collect();
        Ok(Survey { estate, schema: Arc::new(schema), sources: states, uncovered })
    }
}

impl Asked {
    async fn ask(&mut self, config: &Config) {
        let state = &mut self.state;
        let catalog = match self.connector.catalog().await {
            Ok(catalog) => catalog,
            Err(error) => {
                state.unreachable = Some(error);
                self.absence = Absence::Unreachable;
                return;
            }
        };
        state.unreachable = None;
        let damaged = catalog.faults.iter().map(|fault| fault.error.to_string());
        state.notes = damaged.chain(catalog.notes.iter().cloned()).collect();
        state.damaged = catalog.faults.iter().map(|fault| fault.table.clone()).collect();
        let (covered, faults) = Source::cover(
            state.name.clone(),
            Arc::clone(&self.connector),
            catalog.tables,
            &config.tenancy.column,
            tenants_are(config),
            &self.rules,
        );
        state.inferred = catalog.inferred;
        state.inferred.retain(|name| covered.tables.iter().any(|own| own.table.name == *name));
        let damaged = |fault: &CoverageFault| match fault {
            CoverageFault::Unknown { what, .. } => {
                catalog.faults.iter().any(|fault| *what == format!("table \"{}\"", fault.table))
            }
            _ => false,
        };
        self.uncovered = faults.into_iter().filter(|fault| !damaged(fault)).collect();
        self.covered = Some(covered);
    }
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
