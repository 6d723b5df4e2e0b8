//! What the server's schemas hold.

use std::collections::{BTreeMap, HashMap};

use portcullis_connector_api::{
    Column, ColumnName, ConnectorError, SourceCatalog, SqlType, Table, TableName,
};
use portcullis_connector_sql::{Comparison, Relation};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::options::Options;
use crate::pool::Pool;
use crate::types::{Carried, carried, text};
use std::sync::Arc;

/// The oldest version whose catalog this reads (12 brought collations that are not
/// deterministic).
const OLDEST_VERSION: i32 = 120_000;

const SERVER: &str = "SELECT current_setting('server_version_num')::int4, \
     current_setting('server_encoding')";

const SCHEMAS: &str = "SELECT nspname::text FROM pg_namespace WHERE nspname = ANY($1)";

/// Domains with what they are made of, and enums.
const TYPES: &str = "SELECT oid, typtype = 'd', typbasetype, typtypmod FROM pg_type \
     WHERE typtype IN ('d', 'e')";

/// One row for each column of what can be read, in the order of names and positions. Partitions
/// are read through their table.
const COLUMNS: &str = "SELECT n.nspname::text, c.relname::text, c.relkind::text, \
     a.attname::text, a.attnotnull, a.atttypid, a.atttypmod, a.attcollation, \
     format_type(a.atttypid, a.atttypmod), has_column_privilege(c.oid, a.attnum, 'SELECT') \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
     AND NOT c.relispartition AND has_schema_privilege(n.oid, 'USAGE') \
     AND has_any_column_privilege(c.oid, 'SELECT') ORDER BY 1, 2, a.attnum";

/// The catalog for the gateway, and beside it what only the dialect needs.
pub(crate) struct Found {
    pub catalog: SourceCatalog,
    pub relations: HashMap<TableName, Relation>,
}

/// Reads the exposed schemas.
///
/// # Errors
/// Where the server cannot be reached, is too old, lacks a schema, or two tables would get one
/// name.
pub(crate) async fn read(pool: &Arc<Pool>, options: &Options) -> Result<Found, ConnectorError> {
    let mut wanted = vec![options.schema.clone()];
    wanted.extend(options.schemas.iter().filter(|schema| **schema != options.schema).cloned());

    let mut lease = pool.lease().await?;
    let client = lease.begin()?;
    let fault = |error: tokio_postgres::Error| pool.fault(&error);
    let schemas: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)] =
        &[(&wanted, Type::TEXT_ARRAY)];
    let server = client.query_typed_one(SERVER, &[]).await.map_err(fault)?;
    let present = client.query_typed(SCHEMAS, schemas).await.map_err(fault)?;
    let types = client.query_typed(TYPES, &[]).await.map_err(fault)?;
    let columns = client.query_typed(COLUMNS, schemas).await.map_err(fault)?;
    lease.end();

    let (version, encoding): (i32, String) = (get(&server, 0)?, get(&server, 1)?);
    if version < OLDEST_VERSION {
        let text = "the server is older than PostgreSQL 12".to_owned();
        return Err(ConnectorError::Configuration(text));
    }
    let present = present.iter().map(|row| get(row, 0)).collect::<Result<Vec<String>, _>>()?;
    if let Some(absent) = wanted.iter().find(|schema| !present.contains(schema)) {
        let text = format!("there is no schema \"{absent}\"");
        return Err(ConnectorError::Configuration(text));
    }
    let mut reader = Reader {
        main: &options.schema,
        encoding,
        derived: derived(&types)?,
        tables: BTreeMap::new(),
        notes: Vec::new(),
    };
    for row in &columns {
        reader.column(row)?;
    }
    reader.found()
}

/// A type that is made from another one.
enum Derived {
    Enum,
    /// The type below, and its modifier.
    Domain(u32, i32),
}

struct Reader<'a> {
    main: &'a str,
    encoding: String,
    derived: HashMap<u32, Derived>,
    /// By remote schema and name.
    tables: BTreeMap<(String, String), (Vec<Column>, Relation)>,
    notes: Vec<String>,
}

impl Reader<'_> {
    fn column(&mut self, row: &Row) -> Result<(), ConnectorError> {
        let (schema, table, kind): (String, String, String) =
            (get(row, 0)?, get(row, 1)?, get(row, 2)?);
        let (name, not_null): (String, bool) = (get(row, 3)?, get(row, 4)?);
        let (oid, modifier, collation): (u32, i32, u32) =
            (get(row, 5)?, get(row, 6)?, get(row, 7)?);
        let (type_name, readable): (String, bool) = (get(row, 8)?, get(row, 9)?);
        let (columns, relation) =
            self.tables.entry((schema.clone(), table.clone())).or_insert_with(|| {
                (Vec::new(), Relation { schema, name: table.clone(), columns: HashMap::new() })
            });
        if !readable {
            self.notes.push(format!(
                "column \"{name}\" of table \"{table}\" is left out: the source's user may not \
                 read it"
            ));
            return Ok(());
        }
        let Some(carried) = resolve(&self.derived, oid, modifier, collation) else {
            self.notes.push(format!(
                "column \"{name}\" of table \"{table}\" is left out: its type {type_name} is not \
                 supported"
            ));
            return Ok(());
        };
        let carried = encoded(carried, &self.encoding);
        let name = ColumnName::new(name);
        relation.columns.insert(name.clone(), (carried.comparison, carried.cast));
        columns.push(Column {
            name,
            sql_type: carried.sql_type,
            // What a foreign server declares is not enforced, and a view declares nothing.
            nullable: !(not_null && matches!(kind.as_str(), "r" | "p")),
            fallible: carried.fallible,
        });
        Ok(())
    }

    fn found(mut self) -> Result<Found, ConnectorError> {
        if self.encoding != "UTF8" {
            self.notes.push(format!(
                "the server's encoding is {}: conditions on text run in the gateway",
                self.encoding
            ));
        }
        let mut found = Found { catalog: SourceCatalog::default(), relations: HashMap::new() };
        for ((schema, table), (columns, relation)) in self.tables {
            let name = match schema == self.main {
                true => TableName::new(table),
                false => TableName::new(format!("{schema}.{table}")),
            };
            if columns.is_empty() {
                self.notes.push(format!("table \"{name}\" is left out: none of its columns is"));
                continue;
            }
            if found.relations.insert(name.clone(), relation).is_some() {
                let text = format!("two tables would be called \"{name}\"");
                return Err(ConnectorError::Configuration(text));
            }
            found.catalog.tables.push(Table { name, columns });
        }
        found.catalog.notes = self.notes;
        Ok(found)
    }
}

fn derived(rows: &[Row]) -> Result<HashMap<u32, Derived>, ConnectorError> {
    let mut types = HashMap::new();
    for row in rows {
        let kind = match get(row, 1)? {
            true => Derived::Domain(get(row, 2)?, get(row, 3)?),
            false => Derived::Enum,
        };
        types.insert(get(row, 0)?, kind);
    }
    Ok(types)
}

/// How a column is carried, through the domains it may be declared with.
fn resolve(
    types: &HashMap<u32, Derived>,
    mut oid: u32,
    mut modifier: i32,
    collation: u32,
) -> Option<Carried> {
    // PostgreSQL has no circle of domains; the bound is against a damaged catalog.
    for _ in 0..64 {
        match types.get(&oid) {
            Some(Derived::Enum) => return Some(text(SqlType::Text, 0, true)),
            Some(Derived::Domain(base, base_modifier)) => {
                (oid, modifier) = (*base, (*base_modifier).max(modifier));
            }
            None => return carried(&Type::from_oid(oid)?, modifier, collation),
        }
    }
    None
}

/// In another encoding than ours, bytes order differently, patterns see other characters, and a
/// constant may not exist. SQL_ASCII holds any bytes at all.
fn encoded(carried: Carried, encoding: &str) -> Carried {
    let text = matches!(carried.sql_type, SqlType::Text | SqlType::Varchar);
    let textual = text || matches!(carried.sql_type, SqlType::Json | SqlType::Jsonb);
    Carried {
        fallible: carried.fallible || (textual && encoding == "SQL_ASCII"),
        comparison: match text && encoding != "UTF8" {
            true => Comparison::Never,
            false => carried.comparison,
        },
        ..carried
    }
}

fn get<'r, T: tokio_postgres::types::FromSql<'r>>(
    row: &'r Row,
    at: usize,
) -> Result<T, ConnectorError> {
    row.try_get(at).map_err(|error| ConnectorError::Failed(error.to_string()))
}
