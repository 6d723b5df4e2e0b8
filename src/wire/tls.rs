//! The TLS configuration, from PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The protocol that clients name when they begin with TLS at once (PostgreSQL 17 and later).
pub(super) const ALPN: &[u8] = b"postgresql";

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read \"{}\": {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file holds nothing of what it should.
    #[error("\"{}\" holds no {what}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// A file is not well-formed PEM.
    #[error("\"{}\" is damaged: {error}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: PemError,
    },
    /// Certificate and key do not go together, or cannot be used.
    #[error("\"{}\" and \"{}\" cannot be used together: {error}", cert.display(), key.display())]
    Unusable {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls said.
        error: rustls::Error,
    },
}

/// Reads a certificate chain, the server's own first, and its private key (PKCS #8, PKCS #1 or
/// SEC 1). Offers TLS 1.2 and 1.3.
///
/// # Errors
/// Which file is wrong, and how.
pub fn tls_config(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(cert, "certificate", error))?;
    if chain.is_empty() {
        return Err(TlsError::Missing { path: cert.to_owned(), what: "certificate" });
    }
    let secret =
        PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, "private key", error))?;
    let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| TlsError::Unusable {
            cert: cert.to_owned(),
            key: key.to_owned(),
            error,
        })?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config.into())
}

fn unreadable(path: &Path, what: &'static str, error: PemError) -> TlsError {
    let path = path.to_owned();
    match error {
        PemError::Io(error) => TlsError::Read { path, error },
        PemError::NoItemsFound => TlsError::Missing { path, what },
        error => TlsError::Damaged { path, error },
    }
}
