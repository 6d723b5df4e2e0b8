//! A caller and a request as Cedar takes them.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression,
};
use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};

use super::Denial;
use crate::identity::{AttributeValue, Identity};
use crate::policy::load::Subject;
use crate::policy::permit::RequestFacts;
use crate::policy::schema::{ColumnShape, GeneratedSchema, TableShape};

/// Who asks, and in which circumstances.
pub(super) struct Asked<'a> {
    pub subject: Subject,
    pub identity: &'a Identity,
    /// The agent of the session, also where the person is decided about.
    pub agent: Option<&'a str>,
    pub facts: &'a RequestFacts,
}

type Pairs = Vec<(String, RestrictedExpression)>;

impl Asked<'_> {
    /// The principal's id.
    pub fn uid(&self) -> Result<EntityUid, Denial> {
        uid(self.subject.entity_type(), &self.identity.user)
    }

    /// The principal with its roles and declared attributes.
    pub fn entities(&self, schema: &GeneratedSchema) -> Result<Entities, Denial> {
        let roles = self.identity.roles.iter().map(|role| uid("Role", role));
        let roles = roles.collect::<Result<HashSet<_>, _>>()?;
        let attributes: HashMap<_, _> = self
            .identity
            .attributes
            .iter()
            .filter(|(name, _)| schema.attribute(name).is_some())
            .map(|(name, value)| (name.clone(), attribute(value)))
            .collect();
        let entity = Entity::new(self.uid()?, attributes, roles)
            .map_err(|error| Denial::Principal(error.to_string()))?;
        Entities::from_entities([entity], Some(schema.cedar()))
            .map_err(|error| Denial::Principal(chain(&error)))
    }

    /// The facts of the request, and those of a column where a level is asked for.
    pub fn context(&self, column: Option<&ColumnShape>) -> Result<Context, Denial> {
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let now = DateTime::<Utc>::from(self.facts.now);
        let claimed = self.facts.application_name.iter();
        let claimed = claimed.map(|name| ("application_name".to_owned(), text(name)));
        let mut pairs: Pairs = vec![
            // Cut to milliseconds, which is what Cedar counts in.
            (
                "now".to_owned(),
                RestrictedExpression::new_datetime(
                    now.to_rfc3339_opts(SecondsFormat::Millis, true),
                ),
            ),
            // Cedar has no IPv4 addresses in the clothes of IPv6.
            (
                "client_ip".to_owned(),
                RestrictedExpression::new_ip(self.facts.client_ip.to_canonical().to_string()),
            ),
            (
                "claimed".to_owned(),
                RestrictedExpression::new_record(claimed)
                    .map_err(|error| Denial::Facts(error.to_string()))?,
            ),
        ];
        pairs.extend(self.agent.map(|agent| ("agent".to_owned(), text(agent))));
        if let Some(column) = column {
            let tags = column.tags.iter().map(|tag| uid("Tag", tag));
            let tags = tags.collect::<Result<Vec<_>, _>>()?;
            let tags = tags.into_iter().map(RestrictedExpression::new_entity_uid);
            pairs.push(("column".to_owned(), text(column.name.as_str())));
            pairs.push(("tags".to_owned(), RestrictedExpression::new_set(tags)));
        }
        Context::from_pairs(pairs).map_err(|error| Denial::Facts(error.to_string()))
    }

    /// All that a lasting decision about this table rests on.
    pub fn cache_key(&self, shape: &TableShape) -> [u8; 32] {
        let mut digest = Sha256::new();
        // Each piece with its length before it, so that no two lists of pieces look the same.
        let mut add = |piece: &[u8]| {
            digest.update((piece.len() as u64).to_be_bytes());
            digest.update(piece);
        };
        add(shape.entity_type.to_string().as_bytes());
        add(self.subject.entity_type().as_bytes());
        add(self.identity.user.as_bytes());
        add(&[u8::from(self.agent.is_some())]);
        add(self.agent.unwrap_or_default().as_bytes());
        add(&self.identity.roles.len().to_be_bytes());
        self.identity.roles.iter().for_each(|role| add(role.as_bytes()));
        for (name, value) in &self.identity.attributes {
            add(name.as_bytes());
            match value {
                AttributeValue::Text(text) => [b"t", text.as_bytes()].map(&mut add),
                AttributeValue::Long(number) => [b"l", &number.to_be_bytes()[..]].map(&mut add),
                AttributeValue::Bool(value) => [b"b", &[u8::from(*value)][..]].map(&mut add),
                AttributeValue::Set(members) => {
                    members.iter().for_each(|member| add(member.as_bytes()));
                    [b"s", &members.len().to_be_bytes()[..]].map(&mut add)
                }
            };
        }
        digest.finalize().into()
    }
}

fn attribute(value: &AttributeValue) -> RestrictedExpression {
    match value {
        AttributeValue::Text(text) => RestrictedExpression::new_string(text.clone()),
        AttributeValue::Long(number) => RestrictedExpression::new_long(*number),
        AttributeValue::Bool(value) => RestrictedExpression::new_bool(*value),
        AttributeValue::Set(members) => RestrictedExpression::new_set(
            members.iter().map(|member| RestrictedExpression::new_string(member.clone())),
        ),
    }
}

fn uid(entity_type: &str, id: &str) -> Result<EntityUid, Denial> {
    let name: EntityTypeName =
        entity_type.parse().map_err(|_| Denial::Evaluation(format!("no type {entity_type}")))?;
    Ok(EntityUid::from_type_name_and_id(name, EntityId::new(id)))
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
