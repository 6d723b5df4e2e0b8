//! The tables and views that PostgreSQL's own schemas hold, with their columns.

use std::collections::HashMap;
use std::sync::LazyLock;

use arrow::datatypes::{Schema, SchemaRef};

use super::types;

/// The OID of the schema `pg_catalog`.
pub const PG_CATALOG: u32 = 11;
/// The OID of the schema `pg_toast`, which is empty.
pub const PG_TOAST: u32 = 99;
/// The OID of the schema `information_schema`, as the data files use it.
pub const INFORMATION_SCHEMA: u32 = 13207;

/// A table or view of `pg_catalog` or `information_schema`.
#[derive(Debug)]
pub struct Relation {
    /// `pg_catalog` or `information_schema`
    pub schema: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its OID.
    pub oid: u32,
    /// `r` or `v`
    pub kind: &'static str,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// The same columns as Arrow carries them.
    pub arrow: SchemaRef,
}

/// A column of a [`Relation`].
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The internal name of its type.
    pub type_name: &'static str,
    /// Whether it is declared NOT NULL.
    pub not_null: bool,
    /// The OID of its collation, where that is not its type's.
    pub collation: Option<u32>,
}

/// The OID of the collation `C`.
const COLLATION_C: u32 = 950;

static RELATIONS: LazyLock<Vec<Relation>> =
    LazyLock::new(|| include_str!("data/relations.txt").lines().filter_map(parse).collect());

static BY_NAME: LazyLock<HashMap<(&'static str, &'static str), &'static Relation>> =
    LazyLock::new(|| all().map(|relation| ((relation.schema, relation.name), relation)).collect());

/// All of them, ordered by schema and name.
pub fn all() -> impl Iterator<Item = &'static Relation> {
    RELATIONS.iter()
}

/// The one of this name.
pub fn find(schema: &str, name: &str) -> Option<&'static Relation> {
    BY_NAME.get(&(schema, name)).copied()
}

fn parse(line: &'static str) -> Option<Relation> {
    let mut parts = line.split('|');
    let (schema, name) = (parts.next()?, parts.next()?);
    let (oid, kind) = (parts.next()?.parse().ok()?, parts.next()?);
    let columns = parts.next()?.split(',').filter_map(column).collect::<Vec<_>>();
    let fields = columns.iter().map(|c| types::field(c.name, c.type_name, !c.not_null));
    let arrow = Schema::new(fields.collect::<Vec<_>>()).into();
    Some(Relation { schema, name, oid, kind, columns, arrow })
}

fn column(text: &'static str) -> Option<Column> {
    let (name, rest) = text.split_once(' ')?;
    let (rest, collation) =
        rest.strip_suffix("@C").map_or((rest, None), |rest| (rest, Some(COLLATION_C)));
    let (type_name, not_null) = rest.strip_suffix('!').map_or((rest, false), |rest| (rest, true));
    Some(Column { name, type_name, not_null, collation })
}
