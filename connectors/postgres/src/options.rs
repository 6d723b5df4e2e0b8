//! What the configuration says of one PostgreSQL source.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A PostgreSQL source.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the server is, and who connects: a URL or a `key=value` string as libpq takes them.
    pub url: Secret,
    /// Whether the connection is encrypted, and whom it trusts.
    pub tls: TlsMode,
    /// A PEM file of the authorities that [`TlsMode::VerifyFull`] trusts; those of Mozilla where
    /// there is none.
    pub root_cert: Option<PathBuf>,
    /// The schema whose tables keep their plain names.
    pub schema: String,
    /// Further schemas, whose tables are called `schema.table`.
    pub schemas: Vec<String>,
    /// How long the server may work on one statement.
    pub statement_timeout: Duration,
    /// The most connections at once. A query with several scans may hold several.
    pub connections: usize,
    /// How long a query waits for one of them, and for the server to accept a new one.
    pub connect_timeout: Duration,
}

impl Options {
    /// The schema `public` of this server, with the usual bounds.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Secret::new(url),
            tls: TlsMode::Prefer,
            root_cert: None,
            schema: "public".to_owned(),
            schemas: Vec::new(),
            statement_timeout: Duration::from_secs(30),
            connections: 16,
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The `sslmode` of libpq, of which these are offered. A Unix socket is never encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain text.
    Disable,
    /// Encrypted where the server can, plain where it says that it cannot; the server's
    /// certificate is not verified.
    #[default]
    Prefer,
    /// Encrypted; the server's certificate is not verified.
    Require,
    /// Encrypted, with a certificate of a trusted authority for the host of the URL.
    VerifyFull,
}
