//! The columns of every visible table, in the one form that `pg_attribute` and
//! `information_schema.columns` are made from.

use arrow::datatypes::Field;

use crate::guard::system::SystemCatalog;
use crate::guard::system::objects::{Source, Table};
use crate::guard::system::relations::Column;
use crate::guard::system::types::{self, Type};

/// A column of a table.
pub struct Attribute<'a> {
    /// The OID of its table.
    pub table_oid: u32,
    /// Its table.
    pub table: &'a Table,
    /// Its position, from 1.
    pub number: i64,
    /// Its name.
    pub name: &'a str,
    /// Its type; a domain stays a domain.
    pub type_: &'static Type,
    /// `atttypmod`
    pub modifier: i32,
    /// Whether it cannot be NULL.
    pub not_null: bool,
    /// Its collation, 0 where it has none.
    pub collation: u32,
}

/// All of them, ordered by table and position.
pub fn all(catalog: &SystemCatalog) -> Vec<Attribute<'_>> {
    let mut all = Vec::new();
    for (oid, table) in &catalog.objects().tables {
        all.extend(of_table(*oid, table));
    }
    all
}

/// Those of one table.
pub fn of_table(oid: u32, table: &Table) -> Vec<Attribute<'_>> {
    let attribute = |number: i64, name, type_: &'static Type, modifier, not_null, collation| {
        Attribute { table_oid: oid, table, number, name, type_, modifier, not_null, collation }
    };
    match &table.source {
        Source::System(relation) => (1..)
            .zip(&relation.columns)
            .filter_map(|(number, column): (i64, &Column)| {
                let type_ = types::by_name(column.type_name)?;
                let collation = column.collation.unwrap_or(type_.collation);
                Some(attribute(number, column.name, type_, -1, column.not_null, collation))
            })
            .collect(),
        Source::Visible(visible) => (1..)
            .zip(visible.columns.fields())
            .filter_map(|(number, field): (i64, &std::sync::Arc<Field>)| {
                let (type_, modifier) = types::of_field(field);
                let type_ = type_.or_else(|| types::by_name("text"))?;
                let not_null = !field.is_nullable();
                Some(attribute(number, field.name(), type_, modifier, not_null, type_.collation))
            })
            .collect(),
    }
}
