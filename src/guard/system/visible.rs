//! What a session may know of: the governed catalog after policy, and its own circumstances.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use crate::values::Rendering;

/// The tables and columns that a session may see. Whoever makes one leaves out what is hidden:
/// nothing here knows that it ever was.
#[derive(Clone, Debug, Default)]
pub struct VisibleCatalog {
    /// The name of the database.
    pub database: String,
    /// The name that the session logged in with.
    pub user: String,
    /// The schemas that unqualified names are looked up in, after `pg_catalog`.
    pub search_path: Vec<String>,
    /// The schemas.
    pub schemas: Vec<VisibleSchema>,
}

/// A schema.
#[derive(Clone, Debug)]
pub struct VisibleSchema {
    /// Its name.
    pub name: String,
    /// Its tables.
    pub tables: Vec<VisibleTable>,
}

/// A table, view or materialized view; clients see them all as tables.
#[derive(Clone, Debug)]
pub struct VisibleTable {
    /// Its name.
    pub name: String,
    /// Its columns; metadata tells the PostgreSQL type where the Arrow type does not.
    pub columns: SchemaRef,
}

/// What a session knows of itself.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// The number that the cancel key of the connection begins with.
    pub backend_pid: i32,
    /// The client's address.
    pub client: Option<SocketAddr>,
    /// The address that the client connected to.
    pub server: Option<SocketAddr>,
    /// The settings that `SHOW`, `current_setting` and `pg_settings` tell.
    pub settings: Arc<dyn Settings>,
}

impl SessionFacts {
    /// How the session wants to see values.
    pub fn rendering(&self) -> Rendering {
        let mut all = self.settings.all().into_iter();
        let zone = all.find(|setting| setting.name == "TimeZone");
        let zone = zone.and_then(|zone| zone.value.parse().ok());
        Rendering { time_zone: zone.unwrap_or(chrono_tz::UTC) }
    }
}

/// The settings of a session.
pub trait Settings: Debug + Send + Sync {
    /// All of them, with their present values.
    fn all(&self) -> Vec<Setting>;
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its present value.
    pub value: String,
    /// The value that `RESET` brings back.
    pub default: String,
    /// What it is for.
    pub description: String,
}
