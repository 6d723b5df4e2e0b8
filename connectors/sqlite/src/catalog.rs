//! What the database file holds.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_connector_api::{
    Column, ColumnName, ConnectorError, SourceCatalog, SqlType, Table, TableFault, TableName,
};
use rusqlite::Connection;

use crate::open::{fault, open};
use crate::options::SqliteOptions;
use crate::types::declared;

/// The columns of each table that SQLite may compare: see [`crate::types::Declared::native`].
pub type Native = BTreeMap<TableName, BTreeSet<ColumnName>>;

/// Looks whether the file is a database that can be read; blocks.
pub fn touch(options: &SqliteOptions) -> Result<(), ConnectorError> {
    let looked = open(options)?.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    looked.map_err(fault)
}

/// Reads the schema; blocks.
pub fn read(options: &SqliteOptions) -> Result<(SourceCatalog, Native), ConnectorError> {
    let connection = open(options)?;
    let encoding: String =
        connection.query_row("PRAGMA encoding", [], |row| row.get(0)).map_err(fault)?;
    // In UTF-16 the order of the bytes is not the order of UTF-8's.
    let utf8 = encoding == "UTF-8";
    let mut catalog = SourceCatalog::default();
    let mut native = Native::new();
    for entry in entries(&connection).map_err(fault)? {
        let table = TableName::from(entry.name.as_str());
        if !matches!(entry.kind.as_str(), "table" | "view") {
            catalog.notes.push(format!("table \"{table}\" is {} and is left out", entry.kind));
            continue;
        }
        match columns(&connection, &entry) {
            Ok(found) => {
                let overrides = options.columns.get(&table);
                let comparable = found
                    .iter()
                    .filter(|column| column.native && (utf8 || !column.is_text()))
                    .filter(|column| {
                        overrides.is_none_or(|own| !own.contains_key(&column.column.name))
                    })
                    .map(|column| column.column.name.clone());
                native.insert(table.clone(), comparable.collect());
                catalog.tables.push(described(table, found, overrides)?);
            }
            // A view over a table that is gone.
            Err(error) => {
                let error = ConnectorError::Failed(format!("table \"{table}\": {}", fault(error)));
                catalog.faults.push(TableFault { table, error });
            }
        }
    }
    Ok((catalog, native))
}

/// A table or view.
struct Entry {
    name: String,
    kind: String,
    without_rowid: bool,
    strict: bool,
}

/// A column, and whether SQLite may compare it.
struct Found {
    column: Column,
    native: bool,
}

impl Found {
    fn is_text(&self) -> bool {
        matches!(self.column.sql_type, SqlType::Text | SqlType::Varchar)
    }
}

fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = connection.prepare(
        "SELECT name, type, wr, strict FROM pragma_table_list
         WHERE schema = 'main' AND type <> 'shadow' AND substr(name, 1, 7) <> 'sqlite_'
         ORDER BY name",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Entry {
            name: row.get(0)?,
            kind: row.get(1)?,
            without_rowid: row.get(2)?,
            strict: row.get(3)?,
        })
    })?;
    rows.collect()
}

fn columns(connection: &Connection, entry: &Entry) -> rusqlite::Result<Vec<Found>> {
    // `hidden` is 1 for the hidden columns of virtual tables; generated columns have 2 and 3.
    let mut statement = connection.prepare(
        "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1) WHERE hidden <> 1
         ORDER BY cid",
    )?;
    let rows = statement.query_map([&entry.name], |row| {
        let (name, text): (String, String) = (row.get(0)?, row.get(1)?);
        let (not_null, key): (bool, u32) = (row.get(2)?, row.get(3)?);
        Ok((name, text, not_null, key))
    })?;
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    let keys = rows.iter().filter(|(_, _, _, key)| *key > 0).count();
    let table = entry.kind == "table";
    let found = rows.into_iter().map(|(name, text, not_null, key)| {
        let known = declared(&text);
        // The alias of the rowid holds integers alone, and never NULL.
        let rowid = table
            && !entry.without_rowid
            && key > 0
            && keys == 1
            && text.eq_ignore_ascii_case("integer");
        // A STRICT table keeps its word, but "text" there still means any bytes.
        let kept = entry.strict && matches!(known.sql_type, SqlType::Int8 | SqlType::Float8);
        Found {
            column: Column {
                name: name.into(),
                nullable: !(rowid || (table && not_null)),
                fallible: !(rowid || kept || (entry.strict && known.sql_type == SqlType::Bytea)),
                sql_type: known.sql_type,
            },
            // Through a view a value may come without its column's affinity.
            native: known.native && table,
        }
    });
    Ok(found.collect())
}

fn described(
    name: TableName,
    found: Vec<Found>,
    overrides: Option<&BTreeMap<ColumnName, SqlType>>,
) -> Result<Table, ConnectorError> {
    let mut columns: Vec<Column> = found.into_iter().map(|found| found.column).collect();
    for (own, sql_type) in overrides.into_iter().flatten() {
        let column = columns.iter_mut().find(|column| column.name == *own).ok_or_else(|| {
            ConnectorError::Configuration(format!("table \"{name}\" has no column \"{own}\""))
        })?;
        column.sql_type = sql_type.clone();
        column.fallible = true;
    }
    Ok(Table { name, columns })
}
