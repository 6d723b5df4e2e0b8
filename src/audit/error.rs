//! What can go wrong with the log.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::walk::Fault;
use crate::error::{ClientError, SqlState};

/// A fault of the audit log. Each of them keeps a query from running.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuditError {
    /// A file or folder cannot be used.
    #[error("cannot {what} \"{}\": {cause}", path.display())]
    Io {
        /// What was tried: `read`, `write`, `lock`.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        cause: Arc<io::Error>,
    },
    /// Another gateway writes to this folder.
    #[error("the audit folder \"{}\" is in use by another gateway", .0.display())]
    Locked(PathBuf),
    /// There is no such folder.
    #[error("there is no folder \"{}\"", .0.display())]
    NoFolder(PathBuf),
    /// There is a folder, and no log in it.
    #[error("there is no audit log in \"{}\"", .0.display())]
    NoLog(PathBuf),
    /// There is a log, but not the key that it was signed with.
    #[error("the audit key \"{}\" is missing, but the folder \"{}\" holds records signed with it",
        key_file.display(), dir.display())]
    KeyMissing {
        /// Where the key ought to be.
        key_file: PathBuf,
        /// The folder of the log.
        dir: PathBuf,
    },
    /// The key's file does not hold a key.
    #[error("\"{}\" is no audit key: it must be 64 lower-case hexadecimal digits and a newline",
        .0.display())]
    KeyFormat(PathBuf),
    /// The log was changed, so nothing is added to it.
    #[error("the audit log in \"{}\" does not hold together: {fault}", dir.display())]
    Damaged {
        /// The folder of the log.
        dir: PathBuf,
        /// Where and how.
        fault: Fault,
    },
    /// The record could not be made durable: the disk is full, or failed.
    #[error("the audit record cannot be written: {0}")]
    NotWritten(Arc<io::Error>),
    /// The record would be longer than a line may be. Holds the length in bytes.
    #[error("an audit record of {0} bytes is too long")]
    TooLong(usize),
    /// Too many statements are open, or too much waits to be written.
    #[error("too many statements wait for the audit log")]
    Overloaded,
    /// The log was closed.
    #[error("the audit log is closed")]
    Closed,
}

impl AuditError {
    /// For `map_err`: says what was tried, and with which file.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io { what, path, cause: Arc::new(cause) }
    }
}

impl From<AuditError> for ClientError {
    fn from(error: AuditError) -> Self {
        let told = match &error {
            AuditError::TooLong(_) => Self::new(
                SqlState::PROGRAM_LIMIT_EXCEEDED,
                "the statement is too long for its audit record",
            ),
            AuditError::Overloaded => Self::new(
                SqlState::CONFIGURATION_LIMIT_EXCEEDED,
                "too many statements wait for their audit record",
            )
            .hint("Try again when fewer statements run."),
            AuditError::Closed => {
                Self::new(SqlState::ADMIN_SHUTDOWN, "the gateway is shutting down")
            }
            AuditError::NotWritten(cause) if is_full(cause) => unwritten(SqlState::DISK_FULL),
            _ => unwritten(SqlState::IO_ERROR),
        };
        told.internal(error)
    }
}

fn unwritten(sqlstate: SqlState) -> ClientError {
    ClientError::new(sqlstate, "the audit record cannot be written")
        .hint("No query runs without its record. Tell whoever runs the gateway.")
}

/// Whether writing works again once there is space, or a limit is raised.
fn is_full(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
