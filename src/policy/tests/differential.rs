//! The compiled decision against Cedar's own authorizer, row by row.
//!
//! Random policies, callers and rows; each row also as a full Cedar entity. What a permit admits
//! and shows must be exactly what the authorizer allows for that entity.
//! `PORTCULLIS_POLICY_SETS` sets how many policy sets are tried, `PORTCULLIS_POLICY_SEED` the
//! first seed.

use std::collections::{BTreeSet, HashMap, HashSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
};
use portcullis_connector_api::{SqlType, Value};

use super::evaluate::{Row, admits};
use super::generated::{Generator, WORLD};
use super::world::{facts, file, principal, shown as told};
use crate::identity::{AttributeValue, Identity, Principal};
use crate::policy::schema::{ColumnShape, GeneratedSchema, TableShape};
use crate::policy::{ColumnAccess, Level, Policies};

/// Rows for each policy set.
const ROWS: usize = 60;
/// Columns, of each row, whose level is compared.
const COLUMNS: usize = 3;

#[test]
fn a_permit_is_what_the_authorizer_allows() {
    let number = |name: &str, otherwise| {
        std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let sets = number("PORTCULLIS_POLICY_SETS", 100);
    let first = number("PORTCULLIS_POLICY_SEED", 1);
    let schema = WORLD.schema();
    let table = schema.table(&"crm".into(), &"orders".into()).unwrap();
    let mut loaded = 0;
    let mut tried = 0;
    let mut refused = Vec::new();
    let (mut shown, mut rows) = (0, 0);
    while loaded < sets {
        let seed = first + tried;
        tried += 1;
        let mut generator = Generator::new(seed);
        let text = generator.policies(&schema);
        let policies = match Policies::new(vec![file("p.cedar", &text)], schema.clone()) {
            Ok(policies) => policies,
            Err(faults) => {
                refused.extend(faults);
                continue;
            }
        };
        loaded += 1;
        let person = generator.identity("alice");
        let agent = (seed % 2 == 0).then(|| generator.identity("bot"));
        let caller = principal(person, agent);
        let oracle = Oracle::new(&text, &caller, &schema);
        let permit = policies
            .permit(&caller, &facts(), &"crm".into(), &"orders".into())
            .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        for _ in 0..ROWS {
            let row = generator.row(table);
            let entity = entity(table, &row);
            let expected = oracle.selects(&entity);
            let context = || {
                format!("seed {seed}\n{text}\n{caller:#?}\nrow {row:?}\nfilter {}", permit.rows())
            };
            assert_eq!(admits(permit.rows(), &row), expected, "{}", context());
            rows += 1;
            shown += usize::from(expected);
            for _ in 0..COLUMNS {
                let at = generator.number(table.columns.len());
                let (column, permitted) = (&table.columns[at], &permit.columns()[at]);
                assert_eq!(column.name, permitted.column);
                assert_eq!(
                    level(&permitted.access, &row),
                    oracle.level(&entity, column),
                    "column {}, {:?}, {}",
                    column.name,
                    permitted.access,
                    context()
                );
            }
        }
    }
    assert!(
        loaded * 10 >= tried * 8,
        "only {loaded} of {tried} policy sets load\n{}",
        told(&refused)
    );
    // A test that never sees a row, or always, would compare nothing.
    assert!((rows / 20..rows).contains(&shown), "{shown} of {rows} rows are visible");
}

/// The level of a column in this row.
fn level(access: &ColumnAccess, row: &Row) -> Option<Level> {
    match access {
        ColumnAccess::Always(level) => Some(*level),
        ColumnAccess::ByRow(arms) => {
            arms.iter().find(|(condition, _)| admits(condition, row)).map(|(_, level)| *level)
        }
        ColumnAccess::Hidden => None,
    }
}

/// Asks Cedar's authorizer, with everything known.
struct Oracle<'a> {
    policies: PolicySet,
    principals: Vec<Entity>,
    agent: Option<&'a str>,
    schema: &'a GeneratedSchema,
    authorizer: Authorizer,
}

/// What the authorizer says of one action.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Allowed,
    Unpermitted,
    Forbidden,
}

impl<'a> Oracle<'a> {
    fn new(text: &str, caller: &'a Principal, schema: &'a GeneratedSchema) -> Self {
        let mut principals = vec![identity("User", &caller.person)];
        principals.extend(caller.agent.as_ref().map(|agent| identity("Agent", agent)));
        Self {
            policies: text.parse().unwrap(),
            principals,
            agent: caller.agent.as_ref().map(|agent| agent.user.as_str()),
            schema,
            authorizer: Authorizer::new(),
        }
    }

    fn selects(&self, row: &Entity) -> bool {
        self.principals
            .iter()
            .all(|principal| self.ask(principal, "select", row, None) == Answer::Allowed)
    }

    /// The stricter of the levels that person and agent have.
    fn level(&self, row: &Entity, column: &ColumnShape) -> Option<Level> {
        let of = |principal| {
            let mut best = None;
            for level in Level::DESCENDING.into_iter().rev() {
                match self.ask(principal, level.action(), row, Some(column)) {
                    Answer::Allowed => best = Some(level),
                    Answer::Unpermitted => {}
                    Answer::Forbidden => break,
                }
            }
            best
        };
        self.principals.iter().map(of).min().unwrap()
    }

    fn ask(
        &self,
        principal: &Entity,
        action: &str,
        row: &Entity,
        column: Option<&ColumnShape>,
    ) -> Answer {
        let request = Request::new(
            principal.uid(),
            uid("Action", action),
            row.uid(),
            self.context(column),
            Some(self.schema.cedar()),
        )
        .unwrap();
        let actions = self.schema.cedar().action_entities().unwrap();
        let entities = actions.add_entities([principal.clone(), row.clone()], None).unwrap();
        let response = self.authorizer.is_authorized(&request, &self.policies, &entities);
        assert_eq!(response.diagnostics().errors().count(), 0, "what loads does not err");
        match response.decision() {
            Decision::Allow => Answer::Allowed,
            Decision::Deny if response.diagnostics().reason().next().is_some() => Answer::Forbidden,
            Decision::Deny => Answer::Unpermitted,
        }
    }

    fn context(&self, column: Option<&ColumnShape>) -> Context {
        let mut pairs = vec![
            ("now".to_owned(), datetime(1_717_243_200_123)),
            ("client_ip".to_owned(), RestrictedExpression::new_ip("10.1.2.3")),
            ("claimed".to_owned(), RestrictedExpression::new_record([]).unwrap()),
        ];
        if let Some(agent) = self.agent {
            pairs.push(("agent".to_owned(), text(agent)));
        }
        if let Some(column) = column {
            let tags = column.tags.iter().map(|tag| uid("Tag", tag));
            let tags = tags.map(RestrictedExpression::new_entity_uid);
            pairs.push(("column".to_owned(), text(column.name.as_str())));
            pairs.push(("tags".to_owned(), RestrictedExpression::new_set(tags)));
        }
        Context::from_pairs(pairs).unwrap()
    }
}

fn identity(entity_type: &str, identity: &Identity) -> Entity {
    let attributes = identity.attributes.iter().map(|(name, value)| {
        let value = match value {
            AttributeValue::Text(value) => text(value),
            AttributeValue::Long(value) => RestrictedExpression::new_long(*value),
            AttributeValue::Bool(value) => RestrictedExpression::new_bool(*value),
            AttributeValue::Set(members) => {
                RestrictedExpression::new_set(members.iter().map(|member| text(member)))
            }
        };
        (name.clone(), value)
    });
    let roles = identity.roles.iter().map(|role| uid("Role", role)).collect();
    Entity::new(uid(entity_type, &identity.user), attributes.collect(), roles).unwrap()
}

/// The row with everything known: what is NULL is absent, instants are cut to milliseconds.
fn entity(table: &TableShape, row: &Row) -> Entity {
    let mut attributes = HashMap::new();
    for column in &table.columns {
        let Some(value) = &row[&column.name] else { continue };
        let value = match (&column.sql_type, value) {
            (SqlType::Float8, _) => continue,
            (_, Value::Bool(value)) => RestrictedExpression::new_bool(*value),
            (_, Value::Int(value)) => RestrictedExpression::new_long(*value),
            (_, Value::Text(value)) => text(value),
            (_, Value::Date(days)) => datetime(i64::from(*days) * 86_400_000),
            (_, Value::Timestamp(micros) | Value::Timestamptz(micros)) => {
                datetime(micros.div_euclid(1000))
            }
            (_, Value::Decimal { unscaled, scale }) => {
                let units = unscaled * 10_i128.pow(4 - u32::from(scale.unsigned_abs()));
                let sign = if units < 0 { "-" } else { "" };
                let (whole, rest) = (units.abs() / 10_000, units.abs() % 10_000);
                RestrictedExpression::new_decimal(format!("{sign}{whole}.{rest:04}"))
            }
            (sql_type, value) => panic!("{value} in a column of {sql_type:?}"),
        };
        attributes.insert(column.name.to_string(), value);
    }
    let id = uid(&table.entity_type.to_string(), "row");
    Entity::new(id, attributes, HashSet::new()).unwrap()
}

fn uid(entity_type: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(entity_type.parse().unwrap(), id.parse().unwrap())
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

/// By another way than the code under test goes.
fn datetime(millis: i64) -> RestrictedExpression {
    format!("datetime(\"1970-01-01\").offset(duration(\"{millis}ms\"))").parse().unwrap()
}

/// The generator reaches every kind of construct, so that a change to it does not leave one out.
#[test]
fn the_generator_reaches_every_construct() {
    let schema = WORLD.schema();
    let all: BTreeSet<String> =
        (1..400).map(|seed| Generator::new(seed).policies(&schema)).collect();
    let all = all.into_iter().collect::<String>();
    for construct in [
        "resource has",
        "like",
        ".contains(resource",
        "decimal(",
        "datetime(",
        "if ",
        "!(",
        "||",
        "!=",
        "context.tags",
        "context.column",
        "principal.regions",
        "resource is crm::orders",
        "unless",
        "-9223372036854775808",
        "offset",
        "context has agent",
        "isInRange",
        "resource.flag",
        "resource.level",
        "== resource.",
        "action in Action::\"read\"",
    ] {
        assert!(all.contains(construct), "{construct}");
    }
}
