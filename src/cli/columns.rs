//! `portcullis schema --columns`: what was inferred, as the configuration would declare it.

use std::fmt::Write as _;

use crate::assembly::{SourceState, Survey};
use crate::config::{Config, TableRules, TableScope};
use crate::guard::{ColumnRules, GovernedTable};

/// The sections of those tables whose columns are inferred, with all that the configuration says of
/// them already: they stand in place of what is there.
pub(super) fn sections(config: &Config, survey: &Survey) -> String {
    let mut text = String::new();
    for SourceState { name, inferred, .. } in &survey.sources {
        for (source, table) in survey.estate.tables() {
            if source.name == *name && inferred.contains(&table.table.name) {
                let rules = config.sources.iter().find(|source| source.name == *name);
                let rules = rules.and_then(|source| {
                    source.tables.iter().find(|rules| rules.name == table.table.name)
                });
                section(&mut text, name.as_str(), table, rules);
            }
        }
    }
    text
}

/// Writing to a text cannot fail.
fn section(text: &mut String, source: &str, table: &GovernedTable, rules: Option<&TableRules>) {
    let name = format!("sources.{source}.tables.{}", key(table.table.name.as_str()));
    let _ = writeln!(text, "[{name}]\ncolumns_only = true");
    if let Some(rules) = rules {
        match &rules.scope {
            TableScope::Column(column) => {
                let _ = writeln!(text, "tenant_column = {}", string(column.as_str()));
            }
            TableScope::Shared => text.push_str("shared = true\n"),
            TableScope::Default | TableScope::Ignored => {}
        }
        if rules.multiline {
            text.push_str("multiline = true\n");
        }
    }
    let _ = writeln!(text, "\n[{name}.columns]");
    for column in &table.table.columns {
        let said = table.columns.get(&column.name).map(said).unwrap_or_default();
        let name = key(column.name.as_str());
        let _ = writeln!(text, "{name} = {{ type = \"{}\"{said} }}", column.sql_type);
    }
    text.push('\n');
}

/// What the configuration says of a column beside its type.
fn said(rules: &ColumnRules) -> String {
    let mut text = String::new();
    if !rules.tags.is_empty() {
        let tags: Vec<_> = rules.tags.iter().map(|tag| string(tag)).collect();
        let _ = write!(text, ", tags = [{}]", tags.join(", "));
    }
    if let Some(form) = &rules.partial {
        let _ = write!(text, ", partial = {}", string(&form.to_string()));
    }
    if let Some(domain) = &rules.token_domain {
        let _ = write!(text, ", token_domain = {}", string(domain));
    }
    text
}

/// A key of TOML, bare where it can be.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { string(name) }
}

/// A basic string of TOML.
fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{key, string};

    #[test]
    fn names_read_back() {
        for name in ["plain", "two words", "", "qu\"o\\te", "line\nbreak\u{7f}", "名前", "a.b"] {
            let text = format!("{} = {}", key(name), string(name));
            let table: toml::Table = text.parse().unwrap();
            assert_eq!(table.get(name).and_then(toml::Value::as_str), Some(name), "{text}");
        }
    }
}
