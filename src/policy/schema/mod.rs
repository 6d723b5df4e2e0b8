//! The Cedar schema that policies are validated against.
//!
//! Takes the catalogs of the sources, the declared attributes of principals and the vocabulary
//! of tags; gives the schema, and notes of what policies cannot speak of. Nothing is read from
//! a source here, and the same input gives the same text.

mod names;
mod text;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use cedar_policy::{EntityTypeName, Schema};
use portcullis_connector_api::{ColumnName, SourceName, SqlType, Table, TableName};
use sha2::{Digest, Sha256};

use crate::identity::{Attribute, Attributes};

pub use types::ColumnType;
pub(in crate::policy) use types::columns_comparable;

/// A source as policies see it.
#[derive(Clone, Debug, PartialEq)]
pub struct GovernedSource {
    /// Its name in the configuration.
    pub name: SourceName,
    /// The tables that it exposes, the ignored ones left out. None where the source cannot be
    /// reached: what policies say of it then waits, and the other sources go on.
    pub tables: Option<Vec<GovernedTable>>,
    /// Tables that are there but cannot be described, such as a Parquet file that was cut short.
    /// What policies say of them waits too.
    pub damaged: Vec<TableName>,
}

/// A table, and what the configuration says of its columns.
#[derive(Clone, Debug, PartialEq)]
pub struct GovernedTable {
    /// The table, as its source describes it.
    pub table: Table,
    /// The tags of its columns; a column without tags need not be here.
    pub tags: BTreeMap<ColumnName, BTreeSet<String>>,
}

/// Something of a source that is not in the schema as one might expect it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The table or column: `crm.orders.price`.
    pub subject: String,
    /// What policies need to know.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.text)
    }
}

/// Why there is no schema for this input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Two tables would be the same entity type.
    #[error("tables \"{first}\" and \"{second}\" would both be \"{entity_type}\" in policies")]
    SameName {
        /// One of them, with its source.
        first: String,
        /// The other.
        second: String,
        /// The name that both would get.
        entity_type: String,
    },
    /// A column carries a tag outside the vocabulary.
    #[error("column \"{column}\" has tag \"{tag}\", which is not among the declared tags")]
    UnknownTag {
        /// The column, with its source and table.
        column: String,
        /// The tag.
        tag: String,
    },
    /// The empty text is no tag.
    #[error("a tag must not be empty")]
    EmptyTag,
    /// Cedar refuses the schema; a fault of the generator.
    #[error("the generated schema is not valid: {0}")]
    Invalid(String),
}

/// The schema, and the tables behind its entity types.
#[derive(Clone, Debug)]
pub struct GeneratedSchema {
    text: String,
    hash: String,
    notes: Vec<Note>,
    cedar: Schema,
    tables: BTreeMap<SourceName, BTreeMap<TableName, Arc<TableShape>>>,
    attributes: Attributes,
    /// The namespaces of sources that cannot be reached.
    unreachable: BTreeSet<String>,
    /// The entity types of tables that cannot be described.
    damaged: BTreeSet<String>,
}

/// A table as policies see it.
#[derive(Clone, Debug)]
pub(in crate::policy) struct TableShape {
    pub source: SourceName,
    pub table: TableName,
    pub entity_type: EntityTypeName,
    /// All columns, in the table's order.
    pub columns: Vec<ColumnShape>,
}

/// A column as policies see it.
#[derive(Clone, Debug)]
pub(in crate::policy) struct ColumnShape {
    pub name: ColumnName,
    pub sql_type: SqlType,
    /// Its attribute; none where Cedar has no such type. Its level is decided all the same.
    pub attribute: Option<ColumnType>,
    /// Whether it may be NULL. That a cell may fail to decode is no matter here: the guard shows
    /// no row whose filter reads a bad cell.
    pub optional: bool,
    pub tags: BTreeSet<String>,
}

impl TableShape {
    /// The column behind `resource.<attribute>`.
    pub fn attribute(&self, name: &str) -> Option<&ColumnShape> {
        self.columns
            .iter()
            .find(|column| column.name.as_str() == name && column.attribute.is_some())
    }
}

impl GeneratedSchema {
    /// The schema in Cedar's own syntax.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What was left out or renamed, ordered by its subject.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    pub(in crate::policy) fn cedar(&self) -> &Schema {
        &self.cedar
    }

    pub(in crate::policy) fn table(
        &self,
        source: &SourceName,
        table: &TableName,
    ) -> Option<&Arc<TableShape>> {
        self.tables.get(source)?.get(table)
    }

    pub(in crate::policy) fn tables(&self) -> impl Iterator<Item = &Arc<TableShape>> {
        self.tables.values().flat_map(BTreeMap::values)
    }

    /// Whether this entity type is missing only because its table, or its whole source, cannot be
    /// read at the moment.
    pub(in crate::policy) fn is_out_of_reach(&self, entity_type: &str) -> bool {
        if self.damaged.contains(entity_type) {
            return true;
        }
        let Some((namespace, _)) = entity_type.rsplit_once("::") else { return false };
        let known = self.tables().any(|shape| shape.entity_type.namespace() == namespace);
        !known && self.unreachable.iter().any(|source| within(namespace, source))
    }

    /// Whether a namespace may be of this source.
    pub(in crate::policy) fn is_of_source(namespace: &str, source: &SourceName) -> bool {
        within(namespace, &names::identifier(source.as_str()))
    }

    /// What Cedar calls a table.
    pub(in crate::policy) fn type_of(source: &SourceName, table: &TableName) -> String {
        names::entity_type(source, table)
    }

    /// The declared attribute of principals.
    pub(in crate::policy) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.get(name)
    }
}

/// A further remote schema of source `crm` is the namespace `crm_<schema>`.
fn within(namespace: &str, source: &str) -> bool {
    let rest = namespace.strip_prefix(source);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Makes the schema.
///
/// # Errors
/// Where two tables would get one name, or the input contradicts itself.
pub fn generate(
    sources: &[GovernedSource],
    attributes: &Attributes,
    tags: &BTreeSet<String>,
) -> Result<GeneratedSchema, SchemaError> {
    if tags.contains("") {
        return Err(SchemaError::EmptyTag);
    }
    let mut notes = Vec::new();
    let mut tables = BTreeMap::<SourceName, BTreeMap<TableName, Arc<TableShape>>>::new();
    let mut by_type = BTreeMap::<String, Arc<TableShape>>::new();
    let mut unreachable = BTreeSet::new();
    let mut damaged = BTreeSet::new();
    for source in sources {
        damaged.extend(source.damaged.iter().map(|table| names::entity_type(&source.name, table)));
        let Some(governed_tables) = &source.tables else {
            unreachable.insert(names::identifier(source.name.as_str()));
            continue;
        };
        for governed in governed_tables {
            let shape = Arc::new(shape(&source.name, governed, tags, &mut notes)?);
            let entity_type = shape.entity_type.to_string();
            if let Some(other) = by_type.insert(entity_type.clone(), Arc::clone(&shape)) {
                return Err(SchemaError::SameName {
                    first: format!("{}.{}", other.source, other.table),
                    second: format!("{}.{}", shape.source, shape.table),
                    entity_type,
                });
            }
            tables.entry(source.name.clone()).or_default().insert(shape.table.clone(), shape);
        }
    }
    notes.sort();

    let text = text::write(&by_type, attributes, tags);
    let (cedar, _) = Schema::from_cedarschema_str(&text)
        .map_err(|error| SchemaError::Invalid(error.to_string()))?;
    let hash = format!("{:x}", Sha256::digest(&text));
    let attributes = attributes.clone();
    Ok(GeneratedSchema { text, hash, notes, cedar, tables, attributes, unreachable, damaged })
}

fn shape(
    source: &SourceName,
    governed: &GovernedTable,
    vocabulary: &BTreeSet<String>,
    notes: &mut Vec<Note>,
) -> Result<TableShape, SchemaError> {
    let table = &governed.table;
    let name = names::entity_type(source, &table.name);
    let plain = format!("{source}.{}", table.name);
    if name.replace("::", ".") != plain {
        let text = format!("is written {name} in policies");
        notes.push(Note { subject: plain.clone(), text });
    }
    let entity_type: EntityTypeName =
        name.parse().map_err(|_| SchemaError::Invalid(format!("\"{name}\" is no entity type")))?;
    let mut columns = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let subject = format!("{plain}.{}", column.name);
        let tags = governed.tags.get(&column.name).cloned().unwrap_or_default();
        if let Some(tag) = tags.difference(vocabulary).next() {
            return Err(SchemaError::UnknownTag { column: subject, tag: tag.clone() });
        }
        let attribute = types::column_type(&column.sql_type)
            .map_err(|reason| {
                let text = format!("cannot be named in a condition: {reason}");
                notes.push(Note { subject, text });
            })
            .ok();
        columns.push(ColumnShape {
            name: column.name.clone(),
            sql_type: column.sql_type.clone(),
            attribute,
            optional: column.nullable,
            tags,
        });
    }
    Ok(TableShape { source: source.clone(), table: table.name.clone(), entity_type, columns })
}
