//! The generated schema, its notes and its refusals.

use std::fs;

use super::world::{World, repository};
use crate::policy::schema::SchemaError;

/// `tests/data/policy/schema/world.toml` gives `expected.txt` beside it: the schema, then the
/// notes.
#[test]
fn is_as_expected() {
    let folder = repository("tests/data/policy/schema");
    let world = World::parse(&fs::read_to_string(folder.join("world.toml")).unwrap());
    let schema = world.try_schema().unwrap();
    let notes: String = schema.notes().iter().map(|note| format!("# {note}\n")).collect();
    let text = format!("{}\n{notes}", schema.text());
    if std::env::var_os("PORTCULLIS_BLESS").is_some() {
        fs::write(folder.join("expected.txt"), &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(folder.join("expected.txt")).unwrap());
    assert_eq!(schema.hash(), world.try_schema().unwrap().hash());
}

#[test]
fn depends_on_what_it_is_made_from() {
    let one = World::parse("tables = { \"crm.t\" = [\"a text\"] }").schema();
    let other = World::parse("tables = { \"crm.t\" = [\"a text not null\"] }").schema();
    assert_ne!(one.hash(), other.hash());
}

#[test]
fn exists_without_tables_and_tags() {
    assert!(World::parse("tables = {}").try_schema().is_ok());
}

#[test]
fn words_of_the_schema_can_be_names() {
    let names = [
        "User",
        "Role",
        "Agent",
        "Tag",
        "Gateway",
        "Action",
        "String",
        "Long",
        "Bool",
        "Set",
        "Boolean",
        "Record",
        "Entity",
        "Extension",
        "decimal",
        "datetime",
        "duration",
        "ipaddr",
        "in",
        "is",
        "if",
        "then",
        "else",
        "true",
        "false",
        "like",
        "has",
        "__cedar",
        "type",
        "entity",
        "namespace",
        "action",
        "principal",
        "resource",
        "context",
        "appliesTo",
        "enum",
        "tags",
        "attributes",
        "external",
        "permit",
        "forbid",
        "when",
        "unless",
    ];
    let columns: String = names.iter().map(|name| format!("\"{name} text\", ")).collect();
    let tables: String = names
        .iter()
        .map(|name| format!("\"crm.{name}\" = [{columns}]\n\"{name}.t\" = []\n"))
        .collect();
    let schema = World::parse(&format!("[tables]\n{tables}")).try_schema();
    assert!(schema.is_ok(), "{:?}", schema.err());
}

#[test]
fn two_tables_with_one_name_are_refused() {
    let world = World::parse("[tables]\n\"crm.a b\" = []\n\"crm.a_x20_b\" = []\n");
    assert_eq!(
        world.try_schema().unwrap_err().to_string(),
        "tables \"crm.a b\" and \"crm.a_x20_b\" would both be \"crm::a_x20_b\" in policies"
    );
}

#[test]
fn tags_come_from_the_vocabulary() {
    let world = World::parse("tags = [\"pii\"]\n[tables]\n\"crm.t\" = [\"a text #pci\"]\n");
    assert_eq!(
        world.try_schema().unwrap_err(),
        SchemaError::UnknownTag { column: "crm.t.a".into(), tag: "pci".into() }
    );
    let world = World::parse("tags = [\"\"]\ntables = {}");
    assert_eq!(world.try_schema().unwrap_err(), SchemaError::EmptyTag);
}
