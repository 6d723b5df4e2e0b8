//! Writes the schema in Cedar's own syntax.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use super::TableShape;
use super::names::{attribute, quoted};
use crate::identity::{AttributeType, Attributes, Presence};

/// Types and actions that do not depend on the sources.
const FACTS: &str = "now: datetime, client_ip: ipaddr, agent?: String, \
                     claimed: { application_name?: String }";

/// `tables` are keyed by their entity types.
pub(super) fn write(
    tables: &BTreeMap<String, Arc<TableShape>>,
    attributes: &Attributes,
    tags: &BTreeSet<String>,
) -> String {
    let mut text = String::from("// Generated from the catalogs of the sources.\n\n");
    principals(&mut text, attributes);
    tag_vocabulary(&mut text, tags);
    text.push_str("entity Gateway enum [\"portcullis\"];\n");

    let mut namespace = "";
    for (entity_type, shape) in tables {
        let (this, name) = entity_type.rsplit_once("::").unwrap_or(("", entity_type));
        if this != namespace {
            if !namespace.is_empty() {
                text.push_str("}\n");
            }
            let _ = write!(text, "\nnamespace {this} {{\n");
            namespace = this;
        }
        table(&mut text, name, shape);
    }
    if !namespace.is_empty() {
        text.push_str("}\n");
    }

    let resources = tables.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    text.push('\n');
    text.push_str("action read;\n");
    action(&mut text, "select", &resources, FACTS);
    let column_facts = format!("{FACTS}, column: String, tags: Set<Tag>");
    let levels = "reveal, mask_partial, mask_token, mask_null in [read]";
    action(&mut text, levels, &resources, &column_facts);
    action(&mut text, "explain_guard", "Gateway", FACTS);
    text
}

fn principals(text: &mut String, attributes: &Attributes) {
    text.push_str("entity Role;\nentity User, Agent in [Role] {\n");
    for (name, declared) in attributes {
        let kind = match declared.kind {
            AttributeType::String => "String",
            AttributeType::Long => "Long",
            AttributeType::Bool => "Bool",
            AttributeType::Set => "Set<String>",
        };
        let mark = if declared.presence == Presence::Optional { "?" } else { "" };
        let _ = writeln!(text, "  {}{mark}: {kind},", attribute(name));
    }
    text.push_str("};\n");
}

fn tag_vocabulary(text: &mut String, tags: &BTreeSet<String>) {
    // An enumeration needs a member; the empty text is never a tag.
    let members = if tags.is_empty() {
        quoted("")
    } else {
        tags.iter().map(|tag| quoted(tag)).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(text, "entity Tag enum [{members}];");
}

fn table(text: &mut String, name: &str, shape: &TableShape) {
    let _ = writeln!(text, "  entity {name} {{");
    for column in &shape.columns {
        if let Some(kind) = column.attribute {
            let mark = if column.optional { "?" } else { "" };
            let _ = writeln!(text, "    {}{mark}: {kind},", attribute(column.name.as_str()));
        }
    }
    text.push_str("  };\n");
}

/// Without tables nothing can be asked of an action.
fn action(text: &mut String, names: &str, resources: &str, context: &str) {
    if resources.is_empty() {
        let _ = writeln!(text, "action {names};");
        return;
    }
    let _ = writeln!(
        text,
        "action {names} appliesTo {{\n  principal: [User, Agent],\n  resource: [{resources}],\n  \
         context: {{ {context} }},\n}};"
    );
}
