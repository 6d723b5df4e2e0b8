//! Catalogs and callers for the tests, from a few words of text.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use portcullis_connector_api::{Column, SqlType, Table};
use serde::Deserialize;

use crate::identity::{
    self, AttributeType, AttributeValue, Attributes, Identity, Presence, Principal,
};
use crate::policy::schema::{
    GeneratedSchema, GovernedSource, GovernedTable, SchemaError, generate,
};
use crate::policy::{Policies, PolicyFile, RequestFacts};

/// What policies are written against.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct World {
    #[serde(default)]
    pub tags: BTreeSet<String>,
    /// By name: `string`, `long`, `bool`, `set`; `?` behind it where it may be absent.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// By `source.table`: columns as `name type [not null] [#tag …]`.
    pub tables: BTreeMap<String, Vec<String>>,
    /// Sources that cannot be reached.
    #[serde(default)]
    pub unreachable: Vec<String>,
    /// Tables that cannot be described, `source.table`, of sources with others.
    #[serde(default)]
    pub damaged: Vec<String>,
}

impl World {
    pub fn parse(text: &str) -> Self {
        toml::from_str(text).unwrap()
    }

    pub fn sources(&self) -> Vec<GovernedSource> {
        let mut sources = BTreeMap::<&str, Vec<GovernedTable>>::new();
        for (name, columns) in &self.tables {
            let (source, table) = name.split_once('.').expect("source.table");
            let mut tags = BTreeMap::new();
            let columns = columns.iter().map(|text| column(text, &mut tags)).collect();
            let table = Table { name: table.into(), columns };
            sources.entry(source).or_default().push(GovernedTable { table, tags });
        }
        let damaged = |source: &str| {
            let names = self.damaged.iter().filter_map(|name| name.split_once('.'));
            names.filter(|(of, _)| *of == source).map(|(_, table)| table.into()).collect()
        };
        let reachable = sources.into_iter().map(|(name, tables)| GovernedSource {
            name: name.into(),
            tables: Some(tables),
            damaged: damaged(name),
        });
        let unreachable = self.unreachable.iter().map(|name| GovernedSource {
            name: name.as_str().into(),
            tables: None,
            damaged: Vec::new(),
        });
        reachable.chain(unreachable).collect()
    }

    pub fn attributes(&self) -> Attributes {
        let declared = self.attributes.iter().map(|(name, kind)| {
            let presence =
                if kind.ends_with('?') { Presence::Optional } else { Presence::Required };
            let kind = AttributeType::from_name(kind.trim_end_matches('?')).unwrap();
            (name.clone(), identity::Attribute { claim: name.clone(), kind, presence })
        });
        declared.collect()
    }

    pub fn try_schema(&self) -> Result<GeneratedSchema, SchemaError> {
        generate(&self.sources(), &self.attributes(), &self.tags)
    }

    pub fn schema(&self) -> Arc<GeneratedSchema> {
        Arc::new(self.try_schema().unwrap())
    }

    /// One file of policies that must load.
    pub fn policies(&self, text: &str) -> Policies {
        match Policies::new(vec![file("test.cedar", text)], self.schema()) {
            Ok(policies) => policies,
            Err(faults) => panic!("{}", shown(&faults)),
        }
    }
}

pub(super) fn shown<T: ToString>(faults: &[T]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

pub(super) fn file(name: &str, text: &str) -> PolicyFile {
    PolicyFile { name: name.to_owned(), text: text.to_owned() }
}

fn column(
    text: &str,
    tags: &mut BTreeMap<portcullis_connector_api::ColumnName, BTreeSet<String>>,
) -> Column {
    let mut words = text.split_whitespace();
    let name = words.next().expect("a name");
    let sql_type = sql_type(words.next().expect("a type"));
    let rest: Vec<_> = words.collect();
    let of_column: BTreeSet<String> =
        rest.iter().filter_map(|word| word.strip_prefix('#')).map(str::to_owned).collect();
    if !of_column.is_empty() {
        tags.insert(name.into(), of_column);
    }
    let nullable = !rest.starts_with(&["not", "null"]);
    Column { name: name.into(), sql_type, nullable, fallible: rest.contains(&"fallible") }
}

fn sql_type(text: &str) -> SqlType {
    match text {
        "bool" => SqlType::Bool,
        "int2" => SqlType::Int2,
        "int4" => SqlType::Int4,
        "int8" => SqlType::Int8,
        "float4" => SqlType::Float4,
        "float8" => SqlType::Float8,
        "text" => SqlType::Text,
        "varchar" => SqlType::Varchar,
        "bytea" => SqlType::Bytea,
        "date" => SqlType::Date,
        "time" => SqlType::Time,
        "timestamp" => SqlType::Timestamp,
        "timestamptz" => SqlType::Timestamptz,
        "interval" => SqlType::Interval,
        "uuid" => SqlType::Uuid,
        "json" => SqlType::Json,
        "jsonb" => SqlType::Jsonb,
        "text[]" => SqlType::Array(Box::new(SqlType::Text)),
        numeric => {
            let digits = numeric.strip_prefix("numeric(").and_then(|rest| rest.strip_suffix(')'));
            let (precision, scale) = digits.and_then(|digits| digits.split_once(',')).unwrap();
            SqlType::Numeric {
                precision: precision.parse().unwrap(),
                scale: scale.parse().unwrap(),
            }
        }
    }
}

/// A caller.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Caller {
    pub user: String,
    #[serde(default)]
    pub roles: BTreeSet<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, Attribute>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Attribute {
    Bool(bool),
    Long(i64),
    Text(String),
    Set(BTreeSet<String>),
}

impl Caller {
    pub fn identity(&self) -> Identity {
        let attributes = self.attributes.iter().map(|(name, value)| {
            let value = match value.clone() {
                Attribute::Bool(value) => AttributeValue::Bool(value),
                Attribute::Long(value) => AttributeValue::Long(value),
                Attribute::Text(value) => AttributeValue::Text(value),
                Attribute::Set(value) => AttributeValue::Set(value),
            };
            (name.clone(), value)
        });
        Identity {
            issuer: "https://login.example".to_owned(),
            user: self.user.clone(),
            roles: self.roles.clone(),
            attributes: attributes.collect(),
        }
    }
}

/// A caller in TOML, without an agent.
pub(super) fn person(text: &str) -> Principal {
    let caller: Caller = toml::from_str(text).unwrap();
    principal(caller.identity(), None)
}

pub(super) fn principal(person: Identity, agent: Option<Identity>) -> Principal {
    Principal { person, agent, expires_at: SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 32) }
}

/// 2024-06-01 12:00:00.123456 UTC, from a private address.
pub(super) fn facts() -> RequestFacts {
    RequestFacts {
        now: SystemTime::UNIX_EPOCH + Duration::from_micros(1_717_243_200_123_456),
        client_ip: IpAddr::from([10, 1, 2, 3]),
        application_name: None,
    }
}

/// A path within the repository.
pub(super) fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}
