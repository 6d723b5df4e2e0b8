//! The keys of an issuer, from a file that may change while the gateway runs.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::DecodingKey;
use serde_json::Value;

use super::error::{Excerpt, IdentityError};
use super::json;
use super::jwk::{Jwk, JwkError};
use super::settings::{Algorithm, IssuerConfig};

/// The largest key file that is read; a hundred RSA keys have a tenth of it.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Why a key file cannot be used. Holds no part of any key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read the keys in \"{}\": {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was read and is no key set for this issuer.
    #[error("cannot use the keys in \"{}\": {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A key that verifies.
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) verifies: DecodingKey,
}

/// The keys that are in force. At least one.
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// Reads a JWK set. Keys for other purposes, or of kinds that are not known here, do not
    /// count (RFC 7517, section 5).
    fn parse(bytes: &[u8], issuer: &IssuerConfig) -> Result<Self, String> {
        let document = json::object(bytes).map_err(|error| error.to_string())?;
        let Some(Value::Array(entries)) = document.get("keys") else {
            return Err("there is no array \"keys\"".to_owned());
        };
        let mut keys: Vec<Key> = Vec::new();
        for (number, entry) in entries.iter().enumerate() {
            let key = match Jwk::read(entry) {
                Ok(jwk) => jwk,
                Err(JwkError::NotForUs) => continue,
                Err(JwkError::Broken(reason)) => {
                    return Err(format!("key {} {reason}", number + 1));
                }
            };
            if !issuer.development && key.is_secret() {
                return Err(format!(
                    "key {} can sign, and the issuer is not marked `development = true`; keep \
                     the public half here",
                    number + 1
                ));
            }
            if issuer.algorithms.as_ref().is_some_and(|taken| !taken.contains(&key.algorithm())) {
                continue;
            }
            let doubled = keys.iter().any(|other| {
                other.id.is_some() && other.id == key.id && other.algorithm == key.algorithm()
            });
            if doubled {
                return Err(format!("key {} has the \"kid\" of another one", number + 1));
            }
            keys.push(Key {
                algorithm: key.algorithm(),
                verifies: key.verifying_key(),
                id: key.id,
            });
        }
        if keys.is_empty() {
            return Err("none of them verifies signatures that this issuer may make".to_owned());
        }
        Ok(Self(keys))
    }

    /// The key of a token: the one that its header names, or, where it names none, the only one
    /// that fits. The algorithm must be the key's own.
    pub(super) fn pick(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Result<&Key, IdentityError> {
        let mut fitting = self.0.iter().filter(|key| {
            key.algorithm == algorithm && (kid.is_none() || key.id.as_deref() == kid)
        });
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(IdentityError::SeveralKeys),
            (None, _) => {
                Err(IdentityError::NoKey { algorithm: algorithm.name(), kid: kid.map(Excerpt::of) })
            }
        }
    }
}

/// The key file of an issuer, followed as it changes.
pub(super) struct KeyFile {
    issuer: IssuerConfig,
    state: RwLock<State>,
}

struct State {
    /// What the file held when it was last read, whether or not that was usable.
    content: Vec<u8>,
    keys: Arc<KeySet>,
}

impl KeyFile {
    pub(super) fn open(issuer: IssuerConfig) -> Result<Self, KeyError> {
        let content = read(&issuer.jwks)?;
        let keys = KeySet::parse(&content, &issuer)
            .map_err(|reason| KeyError::Unusable { path: issuer.jwks.clone(), reason })?;
        Ok(Self { state: RwLock::new(State { content, keys: Arc::new(keys) }), issuer })
    }

    pub(super) fn issuer(&self) -> &IssuerConfig {
        &self.issuer
    }

    /// The keys as the file has them now; where it cannot be used now, those that it had last.
    ///
    /// The file is read at each call, and parsed where it differs: it is small, logins are rare,
    /// and times of modification miss a change within their grain.
    pub(super) fn current(&self) -> Arc<KeySet> {
        let content = match read(&self.issuer.jwks) {
            Ok(content) => content,
            Err(error) => {
                tracing::warn!(%error, "the keys stay as they were");
                return self.kept();
            }
        };
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if state.content == content {
                return Arc::clone(&state.keys);
            }
        }
        let parsed = KeySet::parse(&content, &self.issuer);
        let path = self.issuer.jwks.display();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.content = content;
        match parsed {
            Ok(keys) => {
                tracing::info!(%path, "the keys of an issuer have changed");
                state.keys = Arc::new(keys);
            }
            Err(reason) => tracing::warn!(%path, reason, "the keys stay as they were"),
        }
        Arc::clone(&state.keys)
    }

    fn kept(&self) -> Arc<KeySet> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).keys)
    }
}

/// The content of a key file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut content))
        .map_err(|source| KeyError::Unreadable { path: path.to_owned(), source })?;
    if content.len() as u64 > MAX_FILE_BYTES {
        let reason = format!("it is larger than {MAX_FILE_BYTES} bytes");
        return Err(KeyError::Unusable { path: path.to_owned(), reason });
    }
    Ok(content)
}
