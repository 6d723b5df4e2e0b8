//! The rows of `pg_catalog` that the visible objects give.

use super::{Named, attributes};
use crate::guard::system::SystemCatalog;
use crate::guard::system::cells::Cell;
use crate::guard::system::objects::{OWNER, OWNER_NAME, Source, Table};

/// The rows of one relation; none where nothing that a session sees belongs there.
pub fn rows(catalog: &SystemCatalog, relation: &str) -> Named {
    match relation {
        "pg_attribute" => pg_attribute(catalog),
        "pg_class" => pg_class(catalog),
        "pg_database" => pg_database(catalog),
        "pg_namespace" => pg_namespace(catalog),
        "pg_roles" => pg_roles(catalog),
        "pg_settings" => pg_settings(catalog),
        "pg_tables" => pg_tables(catalog),
        "pg_user" => pg_user(catalog),
        "pg_views" => pg_views(catalog),
        _ => Vec::new(),
    }
}

fn oid(oid: u32) -> Cell {
    Cell::Int(oid.into())
}

fn kind(table: &Table) -> &'static str {
    match &table.source {
        Source::System(relation) => relation.kind,
        Source::Visible(_) => "r",
    }
}

fn pg_class(catalog: &SystemCatalog) -> Named {
    let tables = catalog.objects().tables.iter();
    tables
        .map(|(table_oid, table)| {
            let is_table = kind(table) == "r";
            let (columns, identity) = match &table.source {
                Source::System(relation) => (relation.columns.len(), "n"),
                Source::Visible(visible) => (visible.columns.fields().len(), "d"),
            };
            vec![
                ("oid", oid(*table_oid)),
                ("relname", Cell::text(&table.name)),
                ("relnamespace", oid(table.schema)),
                ("relowner", oid(OWNER)),
                // The access method `heap`.
                ("relam", Cell::Int(if is_table { 2 } else { 0 })),
                // Nothing is told of the number of rows or pages.
                ("reltuples", Cell::Float(-1.0)),
                ("relpersistence", Cell::text("p")),
                ("relkind", Cell::text(kind(table))),
                ("relnatts", Cell::Int(i64::try_from(columns).unwrap_or(i64::MAX))),
                // A view is a rule.
                ("relhasrules", Cell::Bool(!is_table)),
                ("relispopulated", Cell::Bool(true)),
                ("relreplident", Cell::text(identity)),
            ]
        })
        .collect()
}

fn pg_attribute(catalog: &SystemCatalog) -> Named {
    attributes::all(catalog)
        .into_iter()
        .map(|attribute| {
            vec![
                ("attrelid", oid(attribute.table_oid)),
                ("attname", Cell::text(attribute.name)),
                ("atttypid", oid(attribute.type_.oid)),
                ("attstattarget", Cell::Int(-1)),
                ("attlen", Cell::Int(attribute.type_.len.into())),
                ("attnum", Cell::Int(attribute.number)),
                ("attndims", Cell::Int((attribute.type_.element != 0).into())),
                ("attcacheoff", Cell::Int(-1)),
                ("atttypmod", Cell::Int(attribute.modifier.into())),
                ("attbyval", Cell::Bool(attribute.type_.by_value)),
                ("attalign", Cell::text(&attribute.type_.align)),
                ("attstorage", Cell::text(&attribute.type_.storage)),
                ("attnotnull", Cell::Bool(attribute.not_null)),
                ("attislocal", Cell::Bool(true)),
                ("attcollation", oid(attribute.collation)),
            ]
        })
        .collect()
}

fn pg_namespace(catalog: &SystemCatalog) -> Named {
    let schemas = catalog.objects().schemas.iter();
    schemas
        .map(|(schema, name)| {
            vec![("oid", oid(*schema)), ("nspname", Cell::text(name)), ("nspowner", oid(OWNER))]
        })
        .collect()
}

fn pg_database(catalog: &SystemCatalog) -> Named {
    vec![vec![
        ("oid", oid(catalog.objects().database)),
        ("datname", Cell::text(&catalog.visible().database)),
        ("datdba", oid(OWNER)),
        // UTF8
        ("encoding", Cell::Int(6)),
        ("datlocprovider", Cell::text("c")),
        ("datallowconn", Cell::Bool(true)),
        ("datconnlimit", Cell::Int(-1)),
        // The tablespace `pg_default`.
        ("dattablespace", Cell::Int(1663)),
        ("datcollate", Cell::text("C")),
        ("datctype", Cell::text("C")),
    ]]
}

fn pg_roles(catalog: &SystemCatalog) -> Named {
    let roles = catalog.objects().roles.iter();
    roles
        .map(|(role, name)| {
            vec![
                ("rolname", Cell::text(name)),
                ("rolsuper", Cell::Bool(false)),
                ("rolinherit", Cell::Bool(true)),
                ("rolcreaterole", Cell::Bool(false)),
                ("rolcreatedb", Cell::Bool(false)),
                ("rolcanlogin", Cell::Bool(*name == catalog.visible().user)),
                ("rolreplication", Cell::Bool(false)),
                ("rolconnlimit", Cell::Int(-1)),
                ("rolpassword", Cell::text("********")),
                ("rolbypassrls", Cell::Bool(false)),
                ("oid", oid(*role)),
            ]
        })
        .collect()
}

fn pg_user(catalog: &SystemCatalog) -> Named {
    let roles = catalog.objects().roles.iter();
    roles
        .filter(|(_, name)| **name == catalog.visible().user)
        .map(|(role, name)| {
            vec![
                ("usename", Cell::text(name)),
                ("usesysid", oid(*role)),
                ("usecreatedb", Cell::Bool(false)),
                ("usesuper", Cell::Bool(false)),
                ("userepl", Cell::Bool(false)),
                ("usebypassrls", Cell::Bool(false)),
                ("passwd", Cell::text("********")),
            ]
        })
        .collect()
}

fn pg_settings(catalog: &SystemCatalog) -> Named {
    let settings = catalog.settings();
    settings
        .into_iter()
        .map(|setting| {
            let changed = setting.value != setting.default;
            vec![
                ("name", Cell::text(setting.name)),
                ("setting", Cell::text(setting.value)),
                ("category", Cell::text("Client Connection Defaults")),
                ("short_desc", Cell::text(setting.description)),
                ("context", Cell::text("user")),
                ("vartype", Cell::text("string")),
                ("source", Cell::text(if changed { "session" } else { "default" })),
                ("boot_val", Cell::text(&setting.default)),
                ("reset_val", Cell::text(&setting.default)),
                ("pending_restart", Cell::Bool(false)),
            ]
        })
        .collect()
}

fn pg_tables(catalog: &SystemCatalog) -> Named {
    let tables = catalog.objects().tables.values().filter(|table| kind(table) == "r");
    tables
        .map(|table| {
            let no = || Cell::Bool(false);
            vec![
                ("schemaname", schema_name(catalog, table)),
                ("tablename", Cell::text(&table.name)),
                ("tableowner", Cell::text(OWNER_NAME)),
                ("hasindexes", no()),
                ("hasrules", no()),
                ("hastriggers", no()),
                ("rowsecurity", no()),
            ]
        })
        .collect()
}

fn pg_views(catalog: &SystemCatalog) -> Named {
    let views = catalog.objects().tables.values().filter(|table| kind(table) == "v");
    views
        .map(|view| {
            vec![
                ("schemaname", schema_name(catalog, view)),
                ("viewname", Cell::text(&view.name)),
                ("viewowner", Cell::text(OWNER_NAME)),
            ]
        })
        .collect()
}

fn schema_name(catalog: &SystemCatalog, table: &Table) -> Cell {
    Cell::optional(catalog.objects().schemas.get(&table.schema))
}
