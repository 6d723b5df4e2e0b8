//! One stored value as a cell of its column's type.

use portcullis_connector_api::SqlType;
use portcullis_connector_api::decode::CellBuilder;
use rusqlite::types::ValueRef;

/// A value of more bytes is not taken: a batch must stay small.
const MAX_CELL_BYTES: usize = 16 << 20;

/// Gives a value to its column. Of a `native` column only the storage class that SQLite compares
/// it by is taken; a number that was stored as text would be missed by what is pushed down.
pub fn give(cell: &mut CellBuilder, value: ValueRef<'_>, native: bool) {
    match value {
        ValueRef::Null => cell.null(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) if bytes.len() > MAX_CELL_BYTES => cell.bad(),
        ValueRef::Integer(integer) if !native || is(cell, &[SqlType::Int8]) => {
            cell.integer(integer);
        }
        ValueRef::Real(float) if !native || is(cell, &[SqlType::Float8]) => cell.float(float),
        ValueRef::Text(bytes) if is(cell, &[SqlType::Bytea]) => cell.bytes(bytes),
        ValueRef::Text(bytes) if !native || is(cell, &[SqlType::Text, SqlType::Varchar]) => {
            match str::from_utf8(bytes) {
                Ok(text) => cell.text(text),
                Err(_) => cell.bad(),
            }
        }
        ValueRef::Blob(bytes) => cell.bytes(bytes),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) => cell.bad(),
    }
}

fn is(cell: &CellBuilder, types: &[SqlType]) -> bool {
    types.contains(cell.sql_type())
}
