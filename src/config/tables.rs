//! `[sources.*.tables.*]`

use std::collections::BTreeSet;

use portcullis_connector_api::{ColumnName, SqlType, TableName};

use crate::guard::PartialForm;

use super::found::Found;
use super::reader::Section;

/// What the configuration declares about one table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRules {
    /// Its name within the source.
    pub name: TableName,
    /// Whose rows it holds.
    pub scope: TableScope,
    /// The columns that the configuration speaks of, in its order.
    pub columns: Vec<ColumnRules>,
    /// Whether these are all the columns that the table has. Of files only.
    pub columns_only: bool,
    /// Whether rows of CSV files may be of several lines. Of files only.
    pub multiline: bool,
}

/// Whose rows a table holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableScope {
    /// Nothing is declared: each row belongs to the tenant in the column of `[tenancy]`, which
    /// the table must have.
    Default,
    /// Each row belongs to the tenant in this column.
    Column(ColumnName),
    /// Its rows belong to no tenant; policies still decide.
    Shared,
    /// The table is not exposed.
    Ignored,
}

/// What the configuration declares about one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnRules {
    /// The column.
    pub name: ColumnName,
    /// Its type, where it is declared. Of files only.
    pub sql_type: Option<SqlType>,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// The form of its partial mask; where absent, the default for its type.
    pub partial: Option<PartialForm>,
    /// Columns of one domain get equal tokens for equal values; where absent, the column is a
    /// domain of its own.
    pub token_domain: Option<String>,
}

impl TableRules {
    /// Reads the rules of a table, of files or of another kind of source.
    pub(super) fn read<'a>(
        name: &Found<'a, &'a str>,
        section: &Section<'a>,
        files: bool,
        tags: &mut Vec<Found<'a, &'a str>>,
    ) -> Option<Self> {
        let columns_only = files && section.flag("columns_only");
        let multiline = files && section.flag("multiline");
        let types = match (files, columns_only) {
            (false, _) => Types::Known,
            (true, false) => Types::Optional,
            (true, true) => Types::Required,
        };
        let column = section.text("tenant_column");
        let shared = section.flag("shared");
        let ignored = section.flag("ignore");
        let columns = section
            .named_tables("columns", |name, section| ColumnRules::read(name, section, types, tags));
        if columns_only && !section.has("columns") {
            section.fault("says \"columns_only\", and declares no columns");
        }
        let scope = match (column, shared, ignored) {
            (None, false, false) => TableScope::Default,
            (Some(column), false, false) => TableScope::Column(column.filled()?.value.into()),
            (None, true, false) => TableScope::Shared,
            (None, false, true) => TableScope::Ignored,
            _ => {
                section.fault("takes one of \"tenant_column\", \"shared\" and \"ignore\"");
                return None;
            }
        };
        Some(Self { name: name.value.into(), scope, columns, columns_only, multiline })
    }
}

/// Whether columns have their types from the configuration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Types {
    /// The source knows them.
    Known,
    Optional,
    Required,
}

impl ColumnRules {
    fn read<'a>(
        name: &Found<'a, &'a str>,
        section: &Section<'a>,
        types: Types,
        all_tags: &mut Vec<Found<'a, &'a str>>,
    ) -> Option<Self> {
        let sql_type = match types {
            Types::Known => None,
            Types::Optional => section.text("type"),
            Types::Required => section.required("type", section.text("type")),
        };
        let sql_type = match sql_type {
            Some(name) => Some(name.parse(is_type)?.value),
            None => None,
        };
        let tags = section.texts("tags").unwrap_or_default();
        let names = tags.iter().map(|tag| tag.value.to_owned()).collect();
        all_tags.extend(tags);
        let partial = match section.text("partial") {
            Some(form) => Some(form.parse(str::parse)?.value),
            None => None,
        };
        let token_domain = section.text("token_domain").and_then(Found::filled);
        let token_domain = token_domain.map(|domain| domain.value.to_owned());
        Some(Self { name: name.value.into(), sql_type, tags: names, partial, token_domain })
    }
}

fn is_type(name: &str) -> Result<SqlType, String> {
    name.parse().map_err(|error| format!("is {error}"))
}
