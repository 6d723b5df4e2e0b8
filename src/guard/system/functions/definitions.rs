//! What is told of the definition, comment and size of an object.
//!
//! Here are no indexes, constraints, triggers, rules, defaults or comments, and the text of a
//! view is not told, so most answers are NULL, as PostgreSQL answers for an object that is not
//! there. Sizes are zero: how much a source holds is not told.

use super::names::routine;
use super::{Cell, Function, Outcome};
use crate::error::{ClientError, SqlState};
use crate::guard::system::SystemCatalog;
use crate::guard::system::functions::Args;
use crate::guard::system::types;

fn nothing(_: &SystemCatalog, _: &Args<'_>) -> Outcome {
    Ok(Cell::Null)
}

/// Zero for a table that is there, NULL for another.
fn size(catalog: &SystemCatalog, args: &Args<'_>) -> Outcome {
    let known = catalog.objects().tables.contains_key(&args.oid(0)?);
    Ok(if known { Cell::Int(0) } else { Cell::Null })
}

fn arguments(_: &SystemCatalog, args: &Args<'_>) -> Outcome {
    let Some(routine) = routine(args.oid(0)?) else {
        return Ok(Cell::Null);
    };
    let listed: Vec<_> = routine.arguments.iter().map(|oid| types::format(*oid, None)).collect();
    Ok(Cell::text(listed.join(", ")))
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("pg_get_expr", 2..=3, "text", nothing),
    Function::new("pg_get_constraintdef", 1..=2, "text", nothing),
    Function::new("pg_get_indexdef", 1..=3, "text", nothing),
    Function::new("pg_get_viewdef", 1..=2, "text", nothing),
    Function::new("pg_get_ruledef", 1..=2, "text", nothing),
    Function::new("pg_get_triggerdef", 1..=2, "text", nothing),
    Function::new("pg_get_functiondef", 1..=1, "text", nothing),
    Function::new("pg_get_function_sqlbody", 1..=1, "text", nothing),
    Function::new("pg_get_function_arg_default", 2..=2, "text", nothing),
    Function::new("pg_get_partkeydef", 1..=1, "text", nothing),
    Function::new("pg_get_partition_constraintdef", 1..=1, "text", nothing),
    Function::new("pg_get_statisticsobjdef", 1..=1, "text", nothing),
    Function::new("pg_get_statisticsobjdef_columns", 1..=1, "text", nothing),
    Function::new("pg_get_statisticsobjdef_expressions", 1..=1, "_text", nothing),
    Function::new("pg_get_serial_sequence", 2..=2, "text", nothing),
    Function::new("pg_get_replica_identity_index", 1..=1, "regclass", nothing),
    Function::new("pg_index_column_has_property", 3..=3, "bool", nothing),
    Function::new("pg_index_has_property", 2..=2, "bool", nothing),
    Function::new("pg_indexam_has_property", 2..=2, "bool", nothing),
    Function::new("pg_tablespace_location", 1..=1, "text", |_, _| Ok(Cell::text(""))),
    Function::new("pg_relation_is_publishable", 1..=1, "bool", |catalog, args| {
        let known = catalog.objects().tables.contains_key(&args.oid(0)?);
        Ok(if known { Cell::Bool(false) } else { Cell::Null })
    }),
    Function::new("pg_relation_filenode", 1..=1, "oid", nothing),
    Function::new("pg_relation_is_updatable", 2..=2, "int4", |_, _| Ok(Cell::Int(0))),
    Function::new("pg_column_is_updatable", 3..=3, "bool", |_, _| Ok(Cell::Bool(false))),
    Function::new("pg_get_function_arguments", 1..=1, "text", arguments),
    Function::new("pg_get_function_identity_arguments", 1..=1, "text", arguments),
    Function::new("pg_get_function_result", 1..=1, "text", |_, args| {
        let result = routine(args.oid(0)?).map(|routine| {
            let set = if routine.returns_set { "SETOF " } else { "" };
            format!("{set}{}", types::format(routine.result, None))
        });
        Ok(Cell::optional(result))
    }),
    Function::new("obj_description", 1..=2, "text", nothing),
    Function::new("col_description", 2..=2, "text", nothing),
    Function::new("shobj_description", 2..=2, "text", nothing),
    Function::new("pg_relation_size", 1..=2, "int8", size),
    Function::new("pg_table_size", 1..=1, "int8", size),
    Function::new("pg_indexes_size", 1..=1, "int8", size),
    Function::new("pg_total_relation_size", 1..=1, "int8", size),
    Function::new("pg_tablespace_size", 1..=1, "int8", |_, _| Ok(Cell::Int(0))),
    Function::new("pg_database_size", 1..=1, "int8", |catalog, args| {
        let known = match args.get(0) {
            Cell::Text(name) => {
                if *name != catalog.visible().database {
                    let message = format!("database \"{name}\" does not exist");
                    return Err(ClientError::new(SqlState::INVALID_CATALOG_NAME, message));
                }
                true
            }
            _ => args.oid(0)? == catalog.objects().database,
        };
        Ok(if known { Cell::Int(0) } else { Cell::Null })
    }),
    Function::new("pg_size_pretty", 1..=1, "text", |_, args| {
        Ok(Cell::text(size_pretty(args.int(0)?)))
    }),
];

/// Bytes in the largest unit of which there are at least ten, rounded half away from zero.
fn size_pretty(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    // A unit is left for the next when it counts this many; `kB` and up are counted in halves.
    let (mut size, mut limit) = (i128::from(bytes), 10 * 1024);
    let mut unit = 0;
    while size.abs() >= limit && unit + 1 < UNITS.len() {
        // The first step keeps one bit for rounding.
        size /= if unit == 0 { 512 } else { 1024 };
        limit = 20 * 1024 - 1;
        unit += 1;
    }
    if unit > 0 {
        size = (size + size.signum()) / 2;
    }
    format!("{size} {}", UNITS.get(unit).unwrap_or(&"PB"))
}

#[cfg(test)]
mod tests {
    use super::size_pretty;

    #[test]
    fn sizes_read_as_postgresql_writes_them() {
        // select pg_size_pretty(n) of PostgreSQL 15
        for (bytes, text) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (10_751, "10 kB"),
            (10_752, "11 kB"),
            (10_485_247, "10239 kB"),
            (10_485_248, "10 MB"),
            (-10_752, "-11 kB"),
            (9_223_372_036_854_775_807, "8192 PB"),
        ] {
            assert_eq!(size_pretty(bytes), text, "{bytes}");
        }
    }
}
