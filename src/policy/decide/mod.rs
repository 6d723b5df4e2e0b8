//! The decision about one table for one caller.
//!
//! A person and the agent acting for them are decided each by themselves; then the rows
//! intersect, and of the two levels of a column the stricter one holds, in each row.

mod cache;
mod levels;
mod request;
mod verdict;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use portcullis_connector_api::{Predicate, SourceName, TableName};

pub(super) use self::cache::Caches;
use self::levels::Levels;
use self::request::Asked;
use self::verdict::Evaluation;
use super::load::{Policies, Subject};
use super::permit::{ColumnPermit, Permit, PolicyId, RequestFacts};
use super::schema::TableShape;
use super::translate::{Untranslatable, tidy};
use crate::identity::{Identity, Principal};

/// Why there is no decision, which counts as one against the caller. For the log and the audit
/// record: a client is told what it is told of a table that does not exist.
#[derive(Debug, thiserror::Error)]
pub enum Denial {
    /// The table is not in the schema of the policies.
    #[error("table \"{source_name}.{table}\" is not in the schema of the policies")]
    UnknownTable {
        /// The source.
        source_name: SourceName,
        /// The table.
        table: TableName,
    },
    /// The principal's attributes are not as declared.
    #[error("the principal does not fit the schema of the policies: {0}")]
    Principal(String),
    /// A fact of the request cannot be told to the policies.
    #[error("the request does not fit the schema of the policies: {0}")]
    Facts(String),
    /// Cedar could not evaluate the policies.
    #[error("the policies cannot be evaluated: {0}")]
    Evaluation(String),
    /// What was left of a policy cannot be a row filter.
    #[error("policy \"{}\": {reason}", policy.0)]
    Untranslatable {
        /// The policy.
        policy: PolicyId,
        /// What was not understood.
        reason: Untranslatable,
    },
}

/// Which rows one identity may see, and why.
#[derive(Clone, Debug)]
struct Rows {
    filter: Predicate,
    decided_by: BTreeSet<PolicyId>,
}

/// What one identity may see of each column, in the table's order, and why.
#[derive(Clone, Debug)]
struct Columns {
    levels: Vec<Levels>,
    decided_by: BTreeSet<PolicyId>,
}

impl Policies {
    /// What this principal may see of this table now. Where nothing may be seen the permit
    /// [shows nothing](Permit::shows_nothing), and still names the policies that decided.
    ///
    /// # Errors
    /// Where there is no decision; then nothing may be seen.
    pub fn permit(
        &self,
        principal: &Principal,
        facts: &RequestFacts,
        source: &SourceName,
        table: &TableName,
    ) -> Result<Permit, Denial> {
        let asked = Instant::now();
        let decided = self.permit_for(principal, facts, source, table);
        let duration_us = asked.elapsed().as_micros();
        match &decided {
            Ok((permit, cached)) => tracing::debug!(
                %source,
                %table,
                shows_nothing = permit.shows_nothing(),
                cached,
                duration_us,
                "permit decided"
            ),
            // What a denial says of the caller's attributes is for nobody's log.
            Err(_) => tracing::debug!(%source, %table, duration_us, "no permit could be decided"),
        }
        decided.map(|(permit, _)| permit)
    }

    /// The permit, and whether the caches held all that it is made of.
    fn permit_for(
        &self,
        principal: &Principal,
        facts: &RequestFacts,
        source: &SourceName,
        table: &TableName,
    ) -> Result<(Permit, bool), Denial> {
        let unknown = || Denial::UnknownTable { source_name: source.clone(), table: table.clone() };
        let shape = self.schema.table(source, table).ok_or_else(unknown)?;
        let agent = principal.agent.as_ref();
        let agent_name = agent.map(|agent| agent.user.as_str());
        let ask = |subject, identity| Asked { subject, identity, agent: agent_name, facts };

        let (person_rows, person_columns, mut cached) =
            self.decide(&ask(Subject::Person, &principal.person), shape)?;
        let mut rows = person_rows.filter.clone();
        let mut levels = person_columns.levels.clone();
        let mut decided_by = &person_rows.decided_by | &person_columns.decided_by;
        if let Some(agent) = agent {
            let (agent_rows, agent_columns, agent_cached) =
                self.decide(&ask(Subject::Agent, agent), shape)?;
            cached &= agent_cached;
            rows = rows.and(agent_rows.filter.clone());
            levels = levels
                .into_iter()
                .zip(&agent_columns.levels)
                .map(|(person, agent)| person.meet(agent))
                .collect();
            decided_by.extend(agent_rows.decided_by.iter().cloned());
            decided_by.extend(agent_columns.decided_by.iter().cloned());
        }
        let columns = shape
            .columns
            .iter()
            .zip(levels)
            .map(|(column, levels)| ColumnPermit {
                column: column.name.clone(),
                access: levels.into_access(),
            })
            .collect();
        let permit = Permit {
            source: source.clone(),
            table: table.clone(),
            rows: tidy(rows),
            columns,
            decided_by,
            policy_set: self.hash.clone(),
        };
        Ok((permit, cached))
    }

    /// Whether a source that cannot be asked for its tables, or this table of it that cannot be asked
    /// for its columns, might have something that this principal may see: whether they may be told that
    /// it is there.
    pub fn may_show(
        &self,
        principal: &Principal,
        source: &SourceName,
        table: Option<&TableName>,
    ) -> bool {
        self.openings.may_show(principal, source, table)
    }

    /// Whether this principal may see the guard's part of a plan: filters, masks, what is sent
    /// to the sources. Whatever cannot be decided is a no.
    pub fn may_explain_guard(&self, principal: &Principal, facts: &RequestFacts) -> bool {
        let agent = principal.agent.as_ref();
        let agent_name = agent.map(|agent| agent.user.as_str());
        let may = |subject, identity: &Identity| {
            let asked = Asked { subject, identity, agent: agent_name, facts };
            let slice = self.slices.explain_guard(subject);
            verdict::allows_explain_guard(slice, &asked, &self.schema).unwrap_or(false)
        };
        may(Subject::Person, &principal.person)
            && agent.is_none_or(|agent| may(Subject::Agent, agent))
    }

    /// Rows and columns for one identity, from the caches where they hold beyond this request, and
    /// whether both were there.
    fn decide(
        &self,
        asked: &Asked<'_>,
        shape: &TableShape,
    ) -> Result<(Arc<Rows>, Arc<Columns>, bool), Denial> {
        let slices = self.slices.table(shape, asked.subject).ok_or_else(|| {
            Denial::UnknownTable { source_name: shape.source.clone(), table: shape.table.clone() }
        })?;
        // What a policy rests on that holds for this request alone has no key.
        let key = asked.cache_key(shape);
        let rows_key = (!slices.select.mentions.passing).then_some(&key);
        let passing = slices.levels.iter().any(|(_, slice)| slice.mentions.passing);
        let columns_key = (!passing).then_some(&key);
        match (self.caches.rows.get(rows_key), self.caches.columns.get(columns_key)) {
            (Some(rows), Some(columns)) => Ok((rows, columns, true)),
            (rows, columns) => {
                let evaluation = Evaluation::new(asked, shape, &self.schema)?;
                let rows = match rows {
                    Some(rows) => rows,
                    None => self.caches.rows.keep(rows_key, evaluation.rows(&slices.select)?),
                };
                let columns = match columns {
                    Some(columns) => columns,
                    None => {
                        let columns = levels::decide(&evaluation, &slices.levels)?;
                        self.caches.columns.keep(columns_key, columns)
                    }
                };
                Ok((rows, columns, false))
            }
        }
    }
}
