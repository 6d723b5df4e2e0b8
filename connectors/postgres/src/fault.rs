//! The driver's errors become ours.

use std::error::Error;

use portcullis_connector_api::ConnectorError;
use tokio_postgres::error::SqlState;

/// What an error of the driver means, in words for the log. The password is struck out, and
/// where the server's message may quote a stored value (data errors, and whatever functions
/// behind a view raise) only its SQLSTATE is kept.
pub(crate) fn fault(error: &tokio_postgres::Error, password: Option<&str>) -> ConnectorError {
    let hide = |text: String| match password {
        Some(password) if !password.is_empty() => text.replace(password, "…"),
        _ => text,
    };
    let Some(server) = error.as_db_error() else {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        return ConnectorError::Unreachable(hide(text));
    };
    let code = server.code().code();
    let class = code.get(..2).unwrap_or_default();
    let text = match class {
        "22" | "23" | "P0" | "XX" => format!("SQLSTATE {code}"),
        _ => hide(format!("SQLSTATE {code}: {}", server.message())),
    };
    let lost = matches!(class, "08" | "28" | "3D")
        || [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
        ]
        .contains(server.code());
    if lost { ConnectorError::Unreachable(text) } else { ConnectorError::Failed(text) }
}
