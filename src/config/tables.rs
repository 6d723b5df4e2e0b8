//! `[sources.*.tables.*]`

use std::collections::BTreeSet;

use portcullis_connector_api::{ColumnName, TableName};

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
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// The form of its partial mask; where absent, the default for its type.
    pub partial: Option<PartialForm>,
    /// Columns of one domain get equal tokens for equal values; where absent, the column is a
    /// domain of its own.
    pub token_domain: Option<String>,
}

impl TableRules {
    pub(super) fn read<'a>(
        name: &Found<'a, &'a str>,
        section: &Section<'a>,
        tags: &mut Vec<Found<'a, &'a str>>,
    ) -> Option<Self> {
        let column = section.text("tenant_column");
        let shared = section.flag("shared");
        let ignored = section.flag("ignore");
        let columns =
            section.named_tables("columns", |name, section| ColumnRules::read(name, section, tags));
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
        Some(Self { name: name.value.into(), scope, columns })
    }
}

impl ColumnRules {
    fn read<'a>(
        name: &Found<'a, &'a str>,
        section: &Section<'a>,
        all_tags: &mut Vec<Found<'a, &'a str>>,
    ) -> Option<Self> {
        let tags = section.texts("tags").unwrap_or_default();
        let names = tags.iter().map(|tag| tag.value.to_owned()).collect();
        all_tags.extend(tags);
        let partial = match section.text("partial") {
            Some(form) => Some(form.parse(str::parse)?.value),
            None => None,
        };
        let token_domain = section.text("token_domain").and_then(Found::filled);
        let token_domain = token_domain.map(|domain| domain.value.to_owned());
        Some(Self { name: name.value.into(), tags: names, partial, token_domain })
    }
}
