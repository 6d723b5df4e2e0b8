//! What can keep the demonstration from going on.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::assembly::Faults;
use crate::audit::AuditError;
use crate::config::ConfigError;
use crate::identity::development::SigningError;

/// Why the demonstration cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder holds something else.
    #[error("folder \"{}\" is not empty and holds no demonstration company", .0.display())]
    Foreign(PathBuf),
    /// A file could not be read or written.
    #[error("cannot use \"{}\": {source}", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite failed.
    #[error("cannot write the customer database: {0}")]
    Store(#[from] rusqlite::Error),
    /// The Parquet writer failed.
    #[error("cannot write the orders: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Columns of unequal length: a fault of ours.
    #[error("cannot arrange the rows: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The plain filter, which attacks are compared on, cannot read the company's data.
    #[error("cannot open the data for comparison: {0}")]
    Plain(#[from] datafusion::error::DataFusionError),
    /// The configuration in the folder was changed and cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No key can be made, or no token signed.
    #[error("cannot make a key or a token: {0}")]
    Signing(#[from] SigningError),
    /// The configuration in the folder was changed and has no issuer for development.
    #[error("the configuration in \"{}\" marks no issuer for development", .0.display())]
    NoIssuer(PathBuf),
    /// The address is one that others can reach, and tokens would travel in the clear.
    #[error("{0} is not a loopback address; the demonstration has no certificate")]
    Exposed(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; --listen takes another address")]
    Address {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The gateway does not start.
    #[error(transparent)]
    Gateway(#[from] Faults),
    /// The audit log cannot be read back.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The terminal takes no more.
    #[error("cannot write to the terminal: {0}")]
    Screen(io::Error),
}

impl DemoError {
    /// Adds the path to an error of the file system.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
