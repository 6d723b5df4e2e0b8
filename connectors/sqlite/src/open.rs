//! Connections that can read and do nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_connector_api::ConnectorError;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::options::SqliteOptions;

/// So many instructions of SQLite's machine run between two looks at whether to stop.
const STEPS_UNTIL_LOOK: i32 = 1_000;

/// Opens the file; blocks.
///
/// # Errors
/// [`ConnectorError::Unreachable`] where it cannot be opened, [`ConnectorError::Damaged`] where
/// it is no database.
pub fn open(options: &SqliteOptions) -> Result<Connection, ConnectorError> {
    // Without SQLITE_OPEN_URI the path is a path, whatever it looks like.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&options.path, flags).map_err(fault)?;
    connection.busy_timeout(Duration::from_millis(options.busy_timeout_ms)).map_err(fault)?;
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        connection.set_db_config(setting, on).map_err(fault)?;
    }
    connection.pragma_update(None, "query_only", true).map_err(fault)?;
    connection.pragma_update(None, "cell_size_check", true).map_err(fault)?;
    Ok(connection)
}

/// Leaves a connection nothing but SELECT over tables, views and plain functions, and makes what
/// it runs stop once `stopped` is set.
///
/// # Errors
/// Where SQLite refuses, which it does not.
pub fn confine(
    connection: &mut Connection,
    stopped: Arc<AtomicBool>,
) -> Result<(), ConnectorError> {
    connection
        .progress_handler(STEPS_UNTIL_LOOK, Some(move || stopped.load(Ordering::Relaxed)))
        .map_err(fault)?;
    let allow = |context: AuthContext<'_>| match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        AuthAction::Function { function_name } if function_name != "load_extension" => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    };
    connection.authorizer(Some(allow)).map_err(fault)
}

/// What went wrong, without the path that SQLite's own message may hold.
pub fn fault(error: rusqlite::Error) -> ConnectorError {
    let Some(cause) = error.sqlite_error() else {
        return ConnectorError::Failed("the database gave an answer of another form".to_owned());
    };
    let told = match &error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        _ => cause.to_string(),
    };
    match cause.code {
        ErrorCode::CannotOpen
        | ErrorCode::PermissionDenied
        | ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked => ConnectorError::Unreachable(told),
        ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => ConnectorError::Damaged(told),
        _ => ConnectorError::Failed(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statements that change something, or reach for another file.
    const FORBIDDEN: &[&str] = &[
        "INSERT INTO t VALUES (2)",
        "UPDATE t SET id = 3",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE TEMP TABLE x (a)",
        "VACUUM INTO '/tmp/portcullis-never-made.db'",
        "ATTACH '/tmp/portcullis-never-made.db' AS other",
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = 1",
        "SELECT load_extension('evil')",
        "BEGIN IMMEDIATE",
    ];

    #[test]
    fn nothing_but_select_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.db");
        let made = Connection::open(&path).unwrap();
        made.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
            .unwrap();
        let mut connection = open(&SqliteOptions::new(&path)).unwrap();
        assert!(connection.execute("INSERT INTO t VALUES (2)", []).is_err());
        confine(&mut connection, Arc::default()).unwrap();
        for statement in FORBIDDEN {
            assert!(connection.execute_batch(statement).is_err(), "{statement}");
        }
        assert!(!std::path::Path::new("/tmp/portcullis-never-made.db").exists());
        let rows: i64 =
            connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn what_runs_stops() {
        let mut connection = open(&SqliteOptions::new(":memory:")).unwrap();
        confine(&mut connection, Arc::new(AtomicBool::new(true))).unwrap();
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
            SELECT max(i) FROM n";
        let error = connection.query_row(endless, [], |_| Ok(())).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
    }
}
