//! What a session knows of itself and of the server.

use super::{Cell, Function};
use crate::error::{ClientError, SqlState};

/// What `version()` says after the number that clients read.
const VERSION: &str = concat!("PostgreSQL 15.0 (Portcullis ", env!("CARGO_PKG_VERSION"), ")");

/// PostgreSQL's number of UTF-8, the one encoding here.
const UTF8: i64 = 6;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("version", 0..=0, "text", |_, _| Ok(Cell::text(VERSION))),
    Function::new("current_database", 0..=0, "name", |catalog, _| {
        Ok(Cell::text(&catalog.visible().database))
    }),
    Function::new("current_catalog", 0..=0, "name", |catalog, _| {
        Ok(Cell::text(&catalog.visible().database))
    }),
    Function::new("current_schema", 0..=0, "name", |catalog, _| {
        let path = catalog.objects().path(catalog.visible(), false);
        Ok(Cell::optional(path.into_iter().next()))
    }),
    Function::new("current_schemas", 1..=1, "_name", |catalog, args| {
        let implicit = *args.get(0) == Cell::Bool(true);
        let path = catalog.objects().path(catalog.visible(), implicit);
        Ok(Cell::List(path.into_iter().map(Cell::Text).collect()))
    }),
    Function::new("current_user", 0..=0, "name", |c, _| Ok(Cell::text(&c.visible().user))),
    Function::new("current_role", 0..=0, "name", |c, _| Ok(Cell::text(&c.visible().user))),
    Function::new("session_user", 0..=0, "name", |c, _| Ok(Cell::text(&c.visible().user))),
    Function::new("user", 0..=0, "name", |c, _| Ok(Cell::text(&c.visible().user))),
    Function::new("pg_backend_pid", 0..=0, "int4", |catalog, _| {
        Ok(Cell::Int(catalog.facts().backend_pid.into()))
    }),
    Function::new("inet_client_addr", 0..=0, "inet", |catalog, _| {
        Ok(Cell::optional(catalog.facts().client.map(|peer| peer.ip().to_string())))
    }),
    Function::new("inet_client_port", 0..=0, "int4", |catalog, _| {
        Ok(catalog.facts().client.map_or(Cell::Null, |peer| Cell::Int(peer.port().into())))
    }),
    Function::new("inet_server_addr", 0..=0, "inet", |catalog, _| {
        Ok(Cell::optional(catalog.facts().server.map(|server| server.ip().to_string())))
    }),
    Function::new("inet_server_port", 0..=0, "int4", |catalog, _| {
        Ok(catalog.facts().server.map_or(Cell::Null, |server| Cell::Int(server.port().into())))
    }),
    Function::new("pg_is_in_recovery", 0..=0, "bool", |_, _| Ok(Cell::Bool(false))),
    Function::new("pg_jit_available", 0..=0, "bool", |_, _| Ok(Cell::Bool(false))),
    Function::new("pg_my_temp_schema", 0..=0, "oid", |_, _| Ok(Cell::Int(0))),
    Function::new("pg_is_other_temp_schema", 1..=1, "bool", |_, _| Ok(Cell::Bool(false))),
    Function::new("getdatabaseencoding", 0..=0, "name", |_, _| Ok(Cell::text("UTF8"))),
    Function::new("pg_client_encoding", 0..=0, "name", |_, _| Ok(Cell::text("UTF8"))),
    Function::new("pg_encoding_to_char", 1..=1, "name", |_, args| {
        Ok(Cell::text(if args.int(0)? == UTF8 { "UTF8" } else { "" }))
    }),
    Function::new("pg_char_to_encoding", 1..=1, "int4", |_, args| {
        let name = args.text(0).unwrap_or_default().to_lowercase().replace(['-', '_'], "");
        Ok(Cell::Int(if name == "utf8" || name == "unicode" { UTF8 } else { -1 }))
    }),
    // There are no locks.
    Function::new("pg_advisory_unlock_all", 0..=0, "void", |_, _| Ok(Cell::text(""))),
    // Settings are changed by SET alone; a name that is not known is told as such, for clients
    // that only try.
    Function::new("set_config", 3..=3, "text", |catalog, args| {
        let name = args.text(0).unwrap_or_default();
        if catalog.setting(&name).is_none() {
            return Err(unknown_setting(&name));
        }
        let message = "set_config is not supported";
        Err(ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message).hint("Use SET."))
    })
    .taking_null(),
    Function::new("current_setting", 1..=2, "text", |catalog, args| {
        let name = args.text(0).unwrap_or_default();
        match catalog.setting(&name) {
            Some(value) => Ok(Cell::Text(value)),
            None if *args.get(1) == Cell::Bool(true) => Ok(Cell::Null),
            None => Err(unknown_setting(&name)),
        }
    }),
];

fn unknown_setting(name: &str) -> ClientError {
    let message = format!("unrecognized configuration parameter \"{name}\"");
    ClientError::new(SqlState::UNDEFINED_OBJECT, message)
}
