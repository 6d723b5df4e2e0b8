//! The visible objects with their OIDs.
//!
//! An OID is a hash of the object's name, so that it stays the same from session to session and
//! over restarts. Where two visible names meet on one number the later name, by bytes, moves on
//! to the next free number. Objects that are not visible take no part, so that no OID tells of
//! them.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use super::relations::{self, INFORMATION_SCHEMA, PG_CATALOG, PG_TOAST, Relation};
use super::visible::{VisibleCatalog, VisibleTable};

/// OIDs below are PostgreSQL's own.
pub const FIRST_OID: u32 = 16_384;

/// The OID of the role that owns everything.
pub const OWNER: u32 = 10;
/// The name of the role that owns everything.
pub const OWNER_NAME: &str = "portcullis";

/// The objects of a session.
#[derive(Debug)]
pub struct Objects {
    /// The OID of the database.
    pub database: u32,
    /// The roles: the owner and the session's user.
    pub roles: BTreeMap<u32, String>,
    /// The schemas, PostgreSQL's own two among them.
    pub schemas: BTreeMap<u32, String>,
    /// The tables, PostgreSQL's own among them.
    pub tables: BTreeMap<u32, Table>,
    by_name: HashMap<(u32, String), u32>,
    search_path: Vec<u32>,
}

/// A table and what it is made of.
#[derive(Debug)]
pub struct Table {
    /// The OID of its schema.
    pub schema: u32,
    /// Its name.
    pub name: String,
    /// Where its columns are described.
    pub source: Source,
}

/// Where a table's columns are described.
#[derive(Debug)]
pub enum Source {
    /// It is PostgreSQL's own.
    System(&'static Relation),
    /// It is one that the session may read.
    Visible(VisibleTable),
}

impl Objects {
    /// Numbers what is visible.
    pub fn new(visible: &VisibleCatalog) -> Self {
        let mut oids = Oids::default();
        let database = oids.give(&["database", &visible.database]);
        let mut roles = BTreeMap::from([(OWNER, OWNER_NAME.to_owned())]);
        if visible.user != OWNER_NAME {
            roles.insert(oids.give(&["role", &visible.user]), visible.user.clone());
        }

        let mut schemas = BTreeMap::from([
            (PG_CATALOG, "pg_catalog".to_owned()),
            (PG_TOAST, "pg_toast".to_owned()),
            (INFORMATION_SCHEMA, "information_schema".to_owned()),
        ]);
        let mut sorted: Vec<_> = visible.schemas.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        let numbered: Vec<_> =
            sorted.iter().map(|schema| (oids.give(&["schema", &schema.name]), *schema)).collect();
        schemas.extend(numbered.iter().map(|(oid, schema)| (*oid, schema.name.clone())));

        let mut tables: BTreeMap<u32, Table> = relations::all()
            .map(|relation| {
                let schema =
                    if relation.schema == "pg_catalog" { PG_CATALOG } else { INFORMATION_SCHEMA };
                let name = relation.name.to_owned();
                (relation.oid, Table { schema, name, source: Source::System(relation) })
            })
            .collect();
        for (schema_oid, schema) in numbered {
            let mut sorted: Vec<_> = schema.tables.iter().collect();
            sorted.sort_by(|a, b| a.name.cmp(&b.name));
            for table in sorted {
                let oid = oids.give(&["table", &schema.name, &table.name]);
                let (name, source) = (table.name.clone(), Source::Visible(table.clone()));
                tables.insert(oid, Table { schema: schema_oid, name, source });
            }
        }

        let by_name =
            tables.iter().map(|(oid, table)| ((table.schema, table.name.clone()), *oid)).collect();
        let path = visible.search_path.iter().filter_map(|name| find(&schemas, name));
        let mut search_path: Vec<u32> = path.collect();
        // Unless the path says where it stands, `pg_catalog` comes first.
        if !search_path.contains(&PG_CATALOG) {
            search_path.insert(0, PG_CATALOG);
        }
        Self { database, roles, schemas, tables, by_name, search_path }
    }

    /// The OID of a schema.
    pub fn schema(&self, name: &str) -> Option<u32> {
        find(&self.schemas, name)
    }

    /// The OID of a role.
    pub fn role(&self, name: &str) -> Option<u32> {
        find(&self.roles, name)
    }

    /// The OID of a table; without a schema, the first that the search path finds.
    pub fn table(&self, schema: Option<&str>, name: &str) -> Option<u32> {
        let at = |schema: u32| self.by_name.get(&(schema, name.to_owned())).copied();
        match schema {
            Some(schema) => self.schema(schema).and_then(at),
            None => self.search_path.iter().copied().find_map(at),
        }
    }

    /// Whether the table's name alone finds it.
    pub fn is_table_visible(&self, oid: u32) -> Option<bool> {
        let table = self.tables.get(&oid)?;
        Some(self.table(None, &table.name) == Some(oid))
    }

    /// The schemas of the search path; the implicit `pg_catalog` only on demand.
    pub fn path(&self, visible: &VisibleCatalog, implicit: bool) -> Vec<String> {
        let explicit = visible.search_path.iter().any(|name| name == "pg_catalog");
        let names = self.search_path.iter().filter_map(|oid| self.schemas.get(oid).cloned());
        names.filter(|name| implicit || explicit || name != "pg_catalog").collect()
    }
}

fn find(names: &BTreeMap<u32, String>, name: &str) -> Option<u32> {
    names.iter().find(|(_, known)| *known == name).map(|(oid, _)| *oid)
}

/// Gives numbers, each but once.
#[derive(Default)]
struct Oids(std::collections::HashSet<u32>);

impl Oids {
    fn give(&mut self, name: &[&str]) -> u32 {
        let mut hash = Sha256::new();
        for part in name {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        // OIDs stay below 2^31, since some clients keep them in signed integers.
        let span = (1 << 31) - FIRST_OID;
        let mut oid = FIRST_OID + u32::from_be_bytes([a, b, c, d]) % span;
        while !self.0.insert(oid) {
            oid = FIRST_OID + (oid - FIRST_OID + 1) % span;
        }
        oid
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::system::visible::VisibleSchema;
    use arrow::datatypes::Schema;

    fn catalog(tables: &[&str]) -> VisibleCatalog {
        let tables = tables
            .iter()
            .map(|name| VisibleTable { name: (*name).to_owned(), columns: Schema::empty().into() })
            .collect();
        VisibleCatalog {
            search_path: vec!["crm".to_owned()],
            schemas: vec![VisibleSchema { name: "crm".to_owned(), tables }],
            ..VisibleCatalog::default()
        }
    }

    #[test]
    fn an_oid_does_not_tell_what_else_there_is() {
        let few = Objects::new(&catalog(&["b"]));
        let many = Objects::new(&catalog(&["c", "b", "a"]));
        let oid = few.table(Some("crm"), "b");
        assert!(oid.is_some_and(|oid| (FIRST_OID..1 << 31).contains(&oid)));
        assert_eq!(oid, many.table(Some("crm"), "b"));
    }

    #[test]
    fn two_names_never_share_a_number() {
        let mut oids = Oids::default();
        let first = oids.give(&["table", "a"]);
        assert_eq!(oids.give(&["table", "a"]), first + 1);
    }

    #[test]
    fn postgresql_comes_first_on_the_path() {
        let objects = Objects::new(&catalog(&["pg_class", "orders"]));
        assert_eq!(objects.table(None, "pg_class"), Some(1259));
        assert!(objects.table(None, "orders").is_some());
        assert_eq!(objects.table(None, "columns"), None);
    }
}
