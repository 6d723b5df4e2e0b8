//! The rows of `information_schema` that the visible objects give.

use super::attributes::{self, Attribute};
use super::{Cell, Named};
use crate::guard::system::SystemCatalog;
use crate::guard::system::objects::{OWNER_NAME, Source, Table};
use crate::guard::system::relations::PG_CATALOG;
use crate::guard::system::types::{self, Type};

/// The rows of one relation; none where nothing that a session sees belongs there.
pub fn rows(catalog: &SystemCatalog, relation: &str) -> Named {
    match relation {
        "column_privileges" | "role_column_grants" => column_privileges(catalog),
        "columns" => columns(catalog),
        "element_types" => element_types(catalog),
        "enabled_roles" => vec![vec![("role_name", Cell::text(&catalog.visible().user))]],
        "information_schema_catalog_name" => vec![vec![("catalog_name", database(catalog))]],
        "schemata" => schemata(catalog),
        "table_privileges" | "role_table_grants" => table_privileges(catalog),
        "tables" => tables(catalog),
        "views" => views(catalog),
        _ => Vec::new(),
    }
}

fn database(catalog: &SystemCatalog) -> Cell {
    Cell::text(&catalog.visible().database)
}

fn schema(catalog: &SystemCatalog, oid: u32) -> Cell {
    Cell::optional(catalog.objects().schemas.get(&oid))
}

fn yes(yes: bool) -> Cell {
    Cell::text(if yes { "YES" } else { "NO" })
}

fn is_view(table: &Table) -> bool {
    matches!(&table.source, Source::System(relation) if relation.kind == "v")
}

fn schemata(catalog: &SystemCatalog) -> Named {
    let schemas = catalog.objects().schemas.values();
    schemas
        .map(|name| {
            vec![
                ("catalog_name", database(catalog)),
                ("schema_name", Cell::text(name)),
                ("schema_owner", Cell::text(OWNER_NAME)),
            ]
        })
        .collect()
}

/// The three columns that name a table.
fn table_name(catalog: &SystemCatalog, table: &Table) -> Vec<(&'static str, Cell)> {
    vec![
        ("table_catalog", database(catalog)),
        ("table_schema", schema(catalog, table.schema)),
        ("table_name", Cell::text(&table.name)),
    ]
}

fn tables(catalog: &SystemCatalog) -> Named {
    let tables = catalog.objects().tables.values();
    tables
        .map(|table| {
            let mut row = table_name(catalog, table);
            let kind = if is_view(table) { "VIEW" } else { "BASE TABLE" };
            row.extend([
                ("table_type", Cell::text(kind)),
                ("is_insertable_into", yes(false)),
                ("is_typed", yes(false)),
            ]);
            row
        })
        .collect()
}

fn views(catalog: &SystemCatalog) -> Named {
    let views = catalog.objects().tables.values().filter(|table| is_view(table));
    views
        .map(|view| {
            let mut row = table_name(catalog, view);
            row.extend([
                ("check_option", Cell::text("NONE")),
                ("is_updatable", yes(false)),
                ("is_insertable_into", yes(false)),
                ("is_trigger_updatable", yes(false)),
                ("is_trigger_deletable", yes(false)),
                ("is_trigger_insertable_into", yes(false)),
            ]);
            row
        })
        .collect()
}

/// The columns that tell of a type, as `columns` and `element_types` have them.
fn type_facts(
    catalog: &SystemCatalog,
    type_: &'static Type,
    modifier: i32,
) -> Vec<(&'static str, Cell)> {
    let name = match type_ {
        array if array.element != 0 => "ARRAY".to_owned(),
        plain => types::format(plain.oid, None),
    };
    let octets = matches!(type_.name.as_str(), "text" | "varchar" | "bpchar")
        .then_some(Cell::Int(1_073_741_824));
    let (precision, radix, scale) = match type_.name.as_str() {
        "int2" => (Some(16), Some(2), Some(0)),
        "int4" => (Some(32), Some(2), Some(0)),
        "int8" => (Some(64), Some(2), Some(0)),
        "float4" => (Some(24), Some(2), None),
        "float8" => (Some(53), Some(2), None),
        "numeric" if modifier >= 0 => {
            let digits = modifier - 4;
            (Some(digits >> 16 & 0xffff), Some(10), Some(digits & 0x7ff))
        }
        "numeric" => (None, Some(10), None),
        _ => (None, None, None),
    };
    let fraction = match type_.name.as_str() {
        "date" => Some(0),
        "time" | "timetz" | "timestamp" | "timestamptz" | "interval" => Some(6),
        _ => None,
    };
    let number = |value: Option<i32>| value.map_or(Cell::Null, |value| Cell::Int(value.into()));
    vec![
        ("data_type", Cell::text(name)),
        ("character_octet_length", octets.unwrap_or(Cell::Null)),
        ("numeric_precision", number(precision)),
        ("numeric_precision_radix", number(radix)),
        ("numeric_scale", number(scale)),
        ("datetime_precision", number(fraction)),
        ("udt_catalog", database(catalog)),
        ("udt_schema", schema(catalog, type_.namespace)),
        ("udt_name", Cell::text(&type_.name)),
    ]
}

fn columns(catalog: &SystemCatalog) -> Named {
    attributes::all(catalog).iter().map(|attribute| column(catalog, attribute)).collect()
}

fn column(catalog: &SystemCatalog, attribute: &Attribute<'_>) -> Vec<(&'static str, Cell)> {
    let mut row = table_name(catalog, attribute.table);
    row.extend([
        ("column_name", Cell::text(attribute.name)),
        ("ordinal_position", Cell::Int(attribute.number)),
        ("is_nullable", yes(!attribute.not_null)),
        ("dtd_identifier", Cell::text(attribute.number.to_string())),
        ("is_self_referencing", yes(false)),
        ("is_identity", yes(false)),
        ("identity_cycle", yes(false)),
        ("is_generated", Cell::text("NEVER")),
        ("is_updatable", yes(false)),
    ]);
    // A domain is told by its name beside the type that it is based on.
    let base = types::by_oid(attribute.type_.base);
    row.extend(type_facts(catalog, base.unwrap_or(attribute.type_), attribute.modifier));
    if base.is_some() {
        row.extend([
            ("domain_catalog", database(catalog)),
            ("domain_schema", schema(catalog, attribute.type_.namespace)),
            ("domain_name", Cell::text(&attribute.type_.name)),
        ]);
    }
    // The default collation goes without saying.
    if let Some(name) = (attribute.collation == 950).then_some("C") {
        row.extend([
            ("collation_catalog", database(catalog)),
            ("collation_schema", schema(catalog, PG_CATALOG)),
            ("collation_name", Cell::text(name)),
        ]);
    }
    row
}

fn element_types(catalog: &SystemCatalog) -> Named {
    attributes::all(catalog)
        .iter()
        .filter_map(|attribute| {
            let element = types::by_oid(attribute.type_.element)?;
            let kind = if is_view(attribute.table) { "VIEW" } else { "TABLE" };
            let mut row = vec![
                ("object_catalog", database(catalog)),
                ("object_schema", schema(catalog, attribute.table.schema)),
                ("object_name", Cell::text(&attribute.table.name)),
                ("object_type", Cell::text(kind)),
                ("collection_type_identifier", Cell::text(attribute.number.to_string())),
                ("dtd_identifier", Cell::text(format!("a{}", attribute.number))),
            ];
            let facts = type_facts(catalog, element, attribute.modifier).into_iter();
            // Lengths and precisions of elements are not told.
            row.extend(facts.filter(|(name, _)| {
                matches!(*name, "data_type" | "udt_catalog" | "udt_schema" | "udt_name")
            }));
            Some(row)
        })
        .collect()
}

/// Everyone may read what is PostgreSQL's own; the user may read the rest.
fn grantee(catalog: &SystemCatalog, table: &Table) -> Cell {
    match &table.source {
        Source::System(_) => Cell::text("PUBLIC"),
        Source::Visible(_) => Cell::text(&catalog.visible().user),
    }
}

fn table_privileges(catalog: &SystemCatalog) -> Named {
    let tables = catalog.objects().tables.values();
    tables
        .map(|table| {
            let mut row = table_name(catalog, table);
            row.extend([
                ("grantor", Cell::text(OWNER_NAME)),
                ("grantee", grantee(catalog, table)),
                ("privilege_type", Cell::text("SELECT")),
                ("is_grantable", yes(false)),
                ("with_hierarchy", yes(true)),
            ]);
            row
        })
        .collect()
}

fn column_privileges(catalog: &SystemCatalog) -> Named {
    attributes::all(catalog)
        .iter()
        .map(|attribute| {
            let mut row = table_name(catalog, attribute.table);
            row.extend([
                ("grantor", Cell::text(OWNER_NAME)),
                ("grantee", grantee(catalog, attribute.table)),
                ("column_name", Cell::text(attribute.name)),
                ("privilege_type", Cell::text("SELECT")),
                ("is_grantable", yes(false)),
            ]);
            row
        })
        .collect()
}
