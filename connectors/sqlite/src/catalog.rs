//! What the database file holds.

use std::collections::BTreeMap;

use portcullis_connector_api::{
    Column, ColumnName, ConnectorError, SourceCatalog, SqlType, Table, TableFault, TableName,
};
use rusqlite::Connection;

use crate::open::{fault, open};
use crate::options::SqliteOptions;
use crate::types::declared;

/// The columns of each table that SQLite may be asked of.
pub type Askable = BTreeMap<TableName, BTreeMap<ColumnName, Ask>>;

/// What SQLite may be asked of a column in a condition. One that it would have to compute, of a
/// view or a generated one, is not among them: what computes it may fail, over rows that the caller
/// must not notice, and a condition would tell of which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// To compare it: see [`crate::types::Declared::native`].
    Value,
    /// Whether it is NULL.
    Null,
}

/// Looks whether the file is a database that can be read; blocks.
pub fn touch(options: &SqliteOptions) -> Result<(), ConnectorError> {
    let looked = open(options)?.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    looked.map_err(fault)
}

/// Reads the schema; blocks.
pub fn read(options: &SqliteOptions) -> Result<(SourceCatalog, Askable), ConnectorError> {
    let connection = open(options)?;
    let encoding: String =
        connection.query_row("PRAGMA encoding", [], |row| row.get(0)).map_err(fault)?;
    // In UTF-16 the order of the bytes is not the order of UTF-8's.
    let utf8 = encoding == "UTF-8";
    let mut catalog = SourceCatalog::default();
    let mut askable = Askable::new();
    for entry in entries(&connection).map_err(fault)? {
        let table = TableName::from(entry.name.as_str());
        if !matches!(entry.kind.as_str(), "table" | "view") {
            catalog.notes.push(format!("table \"{table}\" is {} and is left out", entry.kind));
            continue;
        }
        match columns(&connection, &entry) {
            Ok(found) => {
                let overrides = options.columns.get(&table);
                let ask = |found: &Found| {
                    let own = overrides.is_some_and(|own| own.contains_key(&found.column.name));
                    let compared = found.native && (utf8 || !found.is_text()) && !own;
                    let ask = if compared { Ask::Value } else { Ask::Null };
                    (!found.computed).then(|| (found.column.name.clone(), ask))
                };
                askable.insert(table.clone(), found.iter().filter_map(ask).collect());
                catalog.tables.push(described(table, found, overrides)?);
            }
            // A view over a table that is gone.
            Err(error) => {
                let error = ConnectorError::Failed(format!("table \"{table}\": {}", fault(error)));
                catalog.faults.push(TableFault { table, error });
            }
        }
    }
    Ok((catalog, askable))
}

/// A table or view.
struct Entry {
    name: String,
    kind: String,
    without_rowid: bool,
    strict: bool,
}

/// A column, whether SQLite compares it as we do, and whether it has to compute it.
struct Found {
    column: Column,
    native: bool,
    computed: bool,
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
    // `hidden` is 1 for the hidden columns of virtual tables, 2 for columns that are generated when
    // they are read, and 3 for those that are generated and stored.
    let mut statement = connection.prepare(
        "SELECT name, type, \"notnull\", pk, hidden = 2 FROM pragma_table_xinfo(?1) WHERE hidden <> 1
         ORDER BY cid",
    )?;
    let rows = statement.query_map([&entry.name], |row| {
        let (name, text): (String, String) = (row.get(0)?, row.get(1)?);
        let (not_null, key, generated): (bool, u32, bool) = (row.get(2)?, row.get(3)?, row.get(4)?);
        Ok((name, text, not_null, key, generated))
    })?;
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    let keys = rows.iter().filter(|(_, _, _, key, _)| *key > 0).count();
    let table = entry.kind == "table";
    let found = rows.into_iter().map(|(name, text, not_null, key, generated)| {
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
            native: known.native,
            computed: !table || generated,
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
