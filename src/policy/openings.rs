//! What the heads of policies alone say of a source that cannot be asked for its tables, or of a table
//! that cannot be asked for its columns.
//!
//! Such a table has no types that a policy could be evaluated with. Whether somebody might see
//! anything of them is answered from the permits' heads: too often yes where a condition would say
//! no, never no where it would say yes.

use cedar_policy::{
    ActionConstraint, Effect, EntityTypeName, EntityUid, Policy, PrincipalConstraint,
    ResourceConstraint,
};
use portcullis_connector_api::{SourceName, TableName};

use super::load::Subject;
use super::schema::GeneratedSchema;
use crate::identity::{Identity, Principal};

/// The heads of the permits to select.
#[derive(Debug, Default)]
pub(super) struct Openings(Vec<Opening>);

#[derive(Debug)]
struct Opening {
    principal: PrincipalConstraint,
    /// The table that it speaks of; none where it speaks of all.
    table: Option<EntityTypeName>,
}

impl Openings {
    pub(super) fn of<'a>(policies: impl Iterator<Item = &'a Policy>) -> Self {
        Self(policies.filter_map(Opening::of).collect())
    }

    /// Whether some permit's head lets this principal see something of the source, of this table of it
    /// where one is named: of two parties, each must be let in.
    pub(super) fn may_show(
        &self,
        principal: &Principal,
        source: &SourceName,
        table: Option<&TableName>,
    ) -> bool {
        let table = table.map(|table| GeneratedSchema::type_of(source, table));
        let speaks_of = |name: &EntityTypeName| match &table {
            Some(table) => name.to_string() == *table,
            None => GeneratedSchema::is_of_source(&name.namespace(), source),
        };
        let lets = |subject, identity: &Identity| {
            let mut openings = self.0.iter();
            openings.any(|opening| {
                opening.lets(subject, identity) && opening.table.as_ref().is_none_or(speaks_of)
            })
        };
        let agent = principal.agent.as_ref();
        lets(Subject::Person, &principal.person)
            && agent.is_none_or(|agent| lets(Subject::Agent, agent))
    }
}

impl Opening {
    fn of(policy: &Policy) -> Option<Self> {
        let selects = |action: &EntityUid| action.id().unescaped() == "select";
        let opens = policy.effect() == Effect::Permit
            && match policy.action_constraint() {
                ActionConstraint::Any => true,
                ActionConstraint::Eq(action) => selects(&action),
                ActionConstraint::In(actions) => actions.iter().any(selects),
            };
        opens.then(|| Self {
            principal: policy.principal_constraint(),
            table: match policy.resource_constraint() {
                ResourceConstraint::Is(name) | ResourceConstraint::IsIn(name, _) => Some(name),
                ResourceConstraint::Eq(row) => Some(row.type_name().clone()),
                ResourceConstraint::Any | ResourceConstraint::In(_) => None,
            },
        })
    }

    fn lets(&self, subject: Subject, identity: &Identity) -> bool {
        let named = |uid: &EntityUid| {
            let (kind, name) = (uid.type_name().to_string(), uid.id().unescaped());
            if kind == "Role" {
                identity.roles.contains(name)
            } else {
                kind == subject.entity_type() && identity.user == name
            }
        };
        let is = |name: &EntityTypeName| name.to_string() == subject.entity_type();
        match &self.principal {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::In(group) | PrincipalConstraint::Eq(group) => named(group),
            PrincipalConstraint::Is(name) => is(name),
            PrincipalConstraint::IsIn(name, group) => is(name) && named(group),
        }
    }
}
