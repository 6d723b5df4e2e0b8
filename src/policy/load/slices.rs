//! Policies sorted by what they can decide about.
//!
//! Evaluation type-checks every policy that it is given, each time. So it is given only those
//! that, by their types, can be true for this kind of principal, this action and this table.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cedar_policy::{Effect, Policy, PolicySet, PolicySetError, RequestEnv};
use cedar_policy_core::ast::{Expr, ExprKind, Var};

use super::parse::Parsed;
use crate::policy::Level;
use crate::policy::presence::children;
use crate::policy::schema::{GeneratedSchema, TableShape};

/// Why Cedar takes policies alone and not together. Their ids differ, so it has no reason.
type Refusal = Box<PolicySetError>;

/// The two kinds of principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::policy) enum Subject {
    Person,
    Agent,
}

impl Subject {
    /// The entity type.
    pub fn entity_type(self) -> &'static str {
        match self {
            Self::Person => "User",
            Self::Agent => "Agent",
        }
    }
}

/// One thing for each kind of principal.
#[derive(Debug)]
pub(in crate::policy) struct PerSubject<T> {
    person: T,
    agent: T,
}

impl<T> PerSubject<T> {
    fn try_new<E>(mut make: impl FnMut(Subject) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self { person: make(Subject::Person)?, agent: make(Subject::Agent)? })
    }

    pub fn of(&self, subject: Subject) -> &T {
        match subject {
            Subject::Person => &self.person,
            Subject::Agent => &self.agent,
        }
    }
}

/// All slices of a policy set.
#[derive(Debug)]
pub(in crate::policy) struct Slices {
    /// By the table's entity type.
    tables: HashMap<String, PerSubject<TableSlices>>,
    explain_guard: PerSubject<Slice>,
}

/// What decides about one table for one kind of principal.
#[derive(Debug)]
pub(in crate::policy) struct TableSlices {
    pub select: Slice,
    /// In the order of [`Level::DESCENDING`].
    pub levels: Vec<(Level, Slice)>,
}

/// The policies for one kind of principal, one action and one type of resource.
#[derive(Debug)]
pub(in crate::policy) struct Slice {
    pub policies: PolicySet,
    pub mentions: Mentions,
}

/// Which facts of the context some policy of a slice names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::policy) struct Mentions {
    pub column: bool,
    pub tags: bool,
    /// The time, the client's address, or what the client says of itself: a decision that
    /// rests on one of them holds for this request alone.
    pub passing: bool,
}

impl Slices {
    pub(super) fn of(
        parsed: &[Parsed],
        reaches: &[Reach],
        schema: &GeneratedSchema,
    ) -> Result<Self, Refusal> {
        let mut by_env = HashMap::<&[String; 3], Vec<&Parsed>>::new();
        for (one, reach) in parsed.iter().zip(reaches) {
            for env in &reach.0 {
                by_env.entry(env).or_default().push(one);
            }
        }
        let slice = |subject: Subject, action: &str, resource: &str| {
            let key = [
                subject.entity_type().to_owned(),
                format!("Action::\"{action}\""),
                resource.to_owned(),
            ];
            Slice::of(by_env.get(&key).map_or(&[], Vec::as_slice))
        };
        let mut tables = HashMap::new();
        for shape in schema.tables() {
            let resource = shape.entity_type.to_string();
            let slices = PerSubject::try_new(|subject| -> Result<_, Refusal> {
                let levels = Level::DESCENDING.map(|level| {
                    slice(subject, level.action(), &resource).map(|slice| (level, slice))
                });
                Ok(TableSlices {
                    select: slice(subject, "select", &resource)?,
                    levels: levels.into_iter().collect::<Result<_, _>>()?,
                })
            })?;
            tables.insert(resource, slices);
        }
        let explain_guard =
            PerSubject::try_new(|subject| slice(subject, "explain_guard", "Gateway"))?;
        Ok(Self { tables, explain_guard })
    }

    /// What decides about this table.
    pub fn table(&self, shape: &TableShape, subject: Subject) -> Option<&TableSlices> {
        Some(self.tables.get(&shape.entity_type.to_string())?.of(subject))
    }

    /// Whether some policy can permit this level of some column.
    pub fn permit(&self, wanted: Level) -> bool {
        let slices = self.tables.values().flat_map(|both| [&both.person, &both.agent]);
        slices.flat_map(|slices| &slices.levels).any(|(level, slice)| {
            let permits = |policy: &Policy| policy.effect() == Effect::Permit;
            *level == wanted && slice.policies.policies().any(permits)
        })
    }

    /// What decides whether the guard's part of a plan may be seen.
    pub fn explain_guard(&self, subject: Subject) -> &Slice {
        self.explain_guard.of(subject)
    }
}

/// What a policy can decide about, by its types alone: kinds of principal, actions, and types of
/// resources.
pub(super) struct Reach(Vec<[String; 3]>);

impl Reach {
    pub fn of(parsed: &Parsed, schema: &GeneratedSchema) -> Self {
        let names = |env: RequestEnv| {
            [env.principal().to_string(), env.action().to_string(), env.resource().to_string()]
        };
        Self(parsed.policy.get_valid_request_envs(schema.cedar()).map(names).collect())
    }

    /// The tables among the resources.
    pub fn tables<'a>(&self, schema: &'a GeneratedSchema) -> Vec<&'a Arc<TableShape>> {
        let types: HashSet<&str> =
            self.0.iter().map(|[_, _, resource]| resource.as_str()).collect();
        let reached =
            |shape: &&Arc<TableShape>| types.contains(shape.entity_type.to_string().as_str());
        schema.tables().filter(reached).collect()
    }
}

impl Slice {
    fn of(parsed: &[&Parsed]) -> Result<Self, Refusal> {
        let mut mentions = Mentions::default();
        for condition in parsed.iter().filter_map(|one| one.policy.as_ref().non_scope_constraints())
        {
            mentions.add(condition);
        }
        let policies = PolicySet::from_policies(parsed.iter().map(|one| one.policy.clone()))
            .map_err(Box::new)?;
        Ok(Self { policies, mentions })
    }
}

impl Mentions {
    fn add(&mut self, expr: &Expr) {
        let fact = match expr.expr_kind() {
            ExprKind::GetAttr { expr: of, attr } | ExprKind::HasAttr { expr: of, attr } => {
                Some((of, attr))
            }
            ExprKind::ExtHasAttr { expr: of, attrs } => Some((of, &attrs.head)),
            _ => None,
        };
        if let Some((of, attr)) = fact
            && matches!(of.expr_kind(), ExprKind::Var(Var::Context))
        {
            match attr.as_str() {
                "column" => self.column = true,
                "tags" => self.tags = true,
                // Part of the principal, for this purpose: every cache key has it.
                "agent" => {}
                _ => self.passing = true,
            }
        }
        children(expr).into_iter().for_each(|child| self.add(child));
    }
}
