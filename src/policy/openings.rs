//! What the heads of policies alone say of a source that cannot be asked for its tables.
//!
//! Such a source has no types that a policy could be evaluated with. Whether somebody might see
//! anything of it is answered from the permits' heads: too often yes where a condition would say
//! no, never no where it would say yes.

use cedar_policy::{
    ActionConstraint, Effect, EntityTypeName, EntityUid, Policy, PrincipalConstraint,
    ResourceConstraint,
};
use portcullis_connector_api::SourceName;

use super::load::Subject;
use super::schema::GeneratedSchema;
use crate::identity::{Identity, Principal};

/// The heads of the permits to select.
#[derive(Debug, Default)]
pub(super) struct Openings(Vec<Opening>);

#[derive(Debug)]
struct Opening {
    principal: PrincipalConstraint,
    /// The namespace of the table that it speaks of; none where it speaks of all.
    namespace: Option<String>,
}

impl Openings {
    pub(super) fn of<'a>(policies: impl Iterator<Item = &'a Policy>) -> Self {
        Self(policies.filter_map(Opening::of).collect())
    }

    /// Whether some permit's head lets this principal see something of the source: of two
    /// parties, each must be let in.
    pub(super) fn may_show(&self, principal: &Principal, source: &SourceName) -> bool {
        let lets = |subject, identity: &Identity| {
            self.0.iter().any(|opening| opening.lets(subject, identity, source))
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
        let namespace = |name: EntityTypeName| Some(name.namespace());
        opens.then(|| Self {
            principal: policy.principal_constraint(),
            namespace: match policy.resource_constraint() {
                ResourceConstraint::Is(name) | ResourceConstraint::IsIn(name, _) => namespace(name),
                ResourceConstraint::Eq(row) => namespace(row.type_name().clone()),
                ResourceConstraint::Any | ResourceConstraint::In(_) => None,
            },
        })
    }

    fn lets(&self, subject: Subject, identity: &Identity, source: &SourceName) -> bool {
        let named = |uid: &EntityUid| {
            let (kind, name) = (uid.type_name().to_string(), uid.id().unescaped());
            if kind == "Role" {
                identity.roles.contains(name)
            } else {
                kind == subject.entity_type() && identity.user == name
            }
        };
        let is = |name: &EntityTypeName| name.to_string() == subject.entity_type();
        let principal = match &self.principal {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::In(group) | PrincipalConstraint::Eq(group) => named(group),
            PrincipalConstraint::Is(name) => is(name),
            PrincipalConstraint::IsIn(name, group) => is(name) && named(group),
        };
        let namespace = self.namespace.as_ref();
        principal && namespace.is_none_or(|name| GeneratedSchema::is_of_source(name, source))
    }
}
