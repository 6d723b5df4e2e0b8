//! The names of tables as Cedar entity types.
//!
//! A table is called as SQL clients call it, with `::` for the dot: `crm.customers` is
//! `crm::customers`, and a table of a further remote schema, `billing.invoices` of source `crm`,
//! is `crm_billing::invoices`. What a Cedar identifier cannot hold is written `_x20_` (the
//! character's code point), a digit at the beginning gets a `_` before it, and a word that Cedar
//! keeps for itself one behind it.

use portcullis_connector_api::{SourceName, TableName};

/// Words that cannot stand in a path: Cedar's keywords and its own namespace.
const KEYWORDS: [&str; 9] = ["true", "false", "if", "then", "else", "in", "is", "like", "has"];

/// Names that an entity type must not have, because the schema means something else by them.
const TAKEN: [&str; 17] = [
    "Action",
    "Agent",
    "Bool",
    "Boolean",
    "Entity",
    "Extension",
    "Gateway",
    "Long",
    "Record",
    "Role",
    "Set",
    "String",
    "Tag",
    "User",
    "datetime",
    "decimal",
    "duration",
];

/// The entity type of a table.
pub(super) fn entity_type(source: &SourceName, table: &TableName) -> String {
    let (namespace, name) = match table.as_str().split_once('.') {
        Some((schema, name)) => (format!("{source}_{schema}"), name),
        None => (source.to_string(), table.as_str()),
    };
    let mut name = identifier(name);
    if TAKEN.contains(&name.as_str()) || name == "ipaddr" {
        name.push('_');
    }
    format!("{}::{name}", identifier(&namespace))
}

/// The name as a Cedar identifier; itself where it is one already.
pub(super) fn identifier(name: &str) -> String {
    let mut identifier = String::with_capacity(name.len());
    for (at, character) in name.chars().enumerate() {
        match character {
            'a'..='z' | 'A'..='Z' | '_' => identifier.push(character),
            '0'..='9' => {
                if at == 0 {
                    identifier.push('_');
                }
                identifier.push(character);
            }
            other => identifier.push_str(&format!("_x{:x}_", u32::from(other))),
        }
    }
    if is_keyword(&identifier) || identifier.is_empty() {
        identifier.push('_');
    }
    identifier
}

/// The name of an attribute as the schema writes it: quoted where it is no identifier.
pub(super) fn attribute(name: &str) -> String {
    if identifier(name) == name { name.to_owned() } else { quoted(name) }
}

/// A Cedar string literal.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            control if control.is_control() => literal.extend(control.escape_unicode()),
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word) || word == "__cedar"
}
