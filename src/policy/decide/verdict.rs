//! What the policies of one slice say.

use std::collections::BTreeSet;

use cedar_policy::{
    AuthorizationError, Authorizer, Decision, Effect, EntityId, EntityUid, PartialEntities,
    PartialEntityUid, PartialRequest, Request,
};
use portcullis_connector_api::Predicate;

use super::request::{Asked, chain};
use super::{Denial, Rows};
use crate::policy::load::Slice;
use crate::policy::permit::PolicyId;
use crate::policy::schema::{ColumnShape, GeneratedSchema, TableShape};
use crate::policy::translate::{Truth, tidy, translate};

/// Policies evaluated for one caller and the rows of one table.
pub(super) struct Evaluation<'a> {
    asked: &'a Asked<'a>,
    pub shape: &'a TableShape,
    schema: &'a GeneratedSchema,
    principal: EntityUid,
    entities: PartialEntities,
}

impl<'a> Evaluation<'a> {
    pub fn new(
        asked: &'a Asked<'a>,
        shape: &'a TableShape,
        schema: &'a GeneratedSchema,
    ) -> Result<Self, Denial> {
        let principal = asked.uid()?;
        let entities = PartialEntities::from_concrete(asked.entities(schema)?, schema.cedar())
            .map_err(|error| Denial::Principal(chain(&error)))?;
        Ok(Self { asked, shape, schema, principal, entities })
    }

    /// Which rows the slice for `select` lets through.
    pub fn rows(&self, slice: &Slice) -> Result<Rows, Denial> {
        let verdict = self.verdict(slice, "select", None)?;
        let filter = verdict.permitted.and(verdict.cleared);
        Ok(Rows { filter: tidy(filter), decided_by: verdict.decided_by })
    }

    /// What the slice says of this action; of a column, where the action is a level.
    pub fn verdict(
        &self,
        slice: &Slice,
        action: &str,
        column: Option<&ColumnShape>,
    ) -> Result<Verdict, Denial> {
        let mut verdict = Verdict {
            permitted: Predicate::False,
            cleared: Predicate::True,
            decided_by: BTreeSet::new(),
        };
        if slice.policies.is_empty() {
            return Ok(verdict);
        }
        let schema = self.schema.cedar();
        let request = PartialRequest::new(
            PartialEntityUid::from_concrete(self.principal.clone()),
            action_uid(action)?,
            PartialEntityUid::new(self.shape.entity_type.clone(), None),
            Some(self.asked.context(column)?),
            schema,
        )
        .map_err(|error| Denial::Facts(chain(&error)))?;
        let response = slice
            .policies
            .tpe(&request, &self.entities, schema)
            .map_err(|error| Denial::Evaluation(chain(&error)))?;

        // All of them: those that came out plainly true are not among the "residual" ones.
        let mut residuals: Vec<_> = response.policies().collect();
        residuals.sort_by(|a, b| a.id().cmp(b.id()));
        for policy in residuals {
            let id = PolicyId(AsRef::<str>::as_ref(policy.id()).to_owned());
            let truth = match policy.as_ref().non_scope_constraints() {
                None => Truth { yes: Predicate::True, no: Predicate::False },
                Some(condition) => translate(condition, self.shape)
                    .map_err(|reason| Denial::Untranslatable { policy: id.clone(), reason })?,
            };
            verdict.add(policy.effect(), truth, id);
        }
        Ok(verdict)
    }
}

/// Where some policy permits, and where none forbids.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub permitted: Predicate,
    /// Where every forbid is false; a forbid that errs is in the way.
    pub cleared: Predicate,
    /// The policies without which it would be another verdict, or could be.
    pub decided_by: BTreeSet<PolicyId>,
}

impl Verdict {
    fn add(&mut self, effect: Effect, truth: Truth, id: PolicyId) {
        let idle = match effect {
            Effect::Permit => truth.yes == Predicate::False,
            Effect::Forbid => truth.no == Predicate::True,
        };
        if idle {
            return;
        }
        self.decided_by.insert(id);
        match effect {
            Effect::Permit => {
                let before = std::mem::replace(&mut self.permitted, Predicate::False);
                self.permitted = Predicate::any([before, truth.yes]);
            }
            Effect::Forbid => {
                let before = std::mem::replace(&mut self.cleared, Predicate::True);
                self.cleared = before.and(truth.no);
            }
        }
    }
}

/// Whether the slice allows the one request that knows no rows. An error is a no where it is a
/// forbid's; a permit that errs grants nothing.
pub(super) fn allows_explain_guard(
    slice: &Slice,
    asked: &Asked<'_>,
    schema: &GeneratedSchema,
) -> Result<bool, Denial> {
    let gateway = entity_uid("Gateway", "portcullis")?;
    let request = Request::new(
        asked.uid()?,
        action_uid("explain_guard")?,
        gateway,
        asked.context(None)?,
        Some(schema.cedar()),
    )
    .map_err(|error| Denial::Facts(chain(&error)))?;
    let entities = asked.entities(schema)?;
    let response = Authorizer::new().is_authorized(&request, &slice.policies, &entities);
    let forbid_erred = response.diagnostics().errors().any(|error| {
        let AuthorizationError::PolicyEvaluationError(error) = error;
        slice.policies.policy(error.policy_id()).is_none_or(|p| p.effect() == Effect::Forbid)
    });
    Ok(response.decision() == Decision::Allow && !forbid_erred)
}

fn action_uid(name: &str) -> Result<EntityUid, Denial> {
    entity_uid("Action", name)
}

fn entity_uid(entity_type: &str, id: &str) -> Result<EntityUid, Denial> {
    let name = entity_type
        .parse()
        .map_err(|_| Denial::Evaluation(format!("no entity type \"{entity_type}\"")))?;
    Ok(EntityUid::from_type_name_and_id(name, EntityId::new(id)))
}
