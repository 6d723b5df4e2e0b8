//! A token before anything in it is believed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::claims::Claims;
use super::error::{Excerpt, IdentityError};
use super::json;
use super::keys::KeySet;
use super::settings::Algorithm;

/// The longest token that is looked at. Larger ones do not fit in HTTP headers either, so no
/// issuer makes them.
pub(super) const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A signed token (RFC 7519) whose parts were read, and whose signature was not yet verified.
pub(super) struct UnverifiedToken<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    claims: Claims,
    /// What was signed: header and payload as they came.
    message: &'a str,
    /// In base64url.
    signature: &'a str,
}

impl<'a> UnverifiedToken<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, IdentityError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(IdentityError::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(IdentityError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(IdentityError::Malformed)?;
        let header = part("header", header)?;
        let claims = part("payload", payload)?;
        let (algorithm, kid) = read_header(&header)?;
        Ok(Self { algorithm, kid, claims, message, signature })
    }

    /// The `iss` claim, unverified.
    pub(super) fn issuer(&self) -> Result<&str, IdentityError> {
        match self.claims.get("iss") {
            Some(Value::String(issuer)) => Ok(issuer),
            Some(_) => {
                Err(IdentityError::BadClaim { claim: "iss".to_owned(), expected: "a string" })
            }
            None => Err(IdentityError::MissingClaim("iss".to_owned())),
        }
    }

    /// Gives the claims, if the signature holds.
    pub(super) fn verified_by(self, keys: &KeySet) -> Result<Claims, IdentityError> {
        let key = keys.pick(self.algorithm, self.kid.as_deref())?;
        let holds = jsonwebtoken::crypto::verify(
            self.signature,
            self.message.as_bytes(),
            &key.verifies,
            key.algorithm.for_library(),
        );
        match holds {
            Ok(true) => Ok(self.claims),
            Ok(false) | Err(_) => Err(IdentityError::BadSignature),
        }
    }
}

fn part(part: &'static str, encoded: &str) -> Result<Map<String, Value>, IdentityError> {
    // A fourth part would stand in the payload as a dot, which is not base64url.
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| IdentityError::Malformed)?;
    json::object(&bytes).map_err(|error| IdentityError::BadJson { part, reason: error.to_string() })
}

fn read_header(header: &Map<String, Value>) -> Result<(Algorithm, Option<String>), IdentityError> {
    // Keys that come with the token, or from where it points to, prove nothing; a critical
    // extension that is not understood forbids the token (RFC 7515, section 4.1.11).
    for name in ["jku", "jwk", "x5u", "x5c", "crit"] {
        if header.contains_key(name) {
            return Err(IdentityError::BadHeader(name));
        }
    }
    // Other kinds of token, such as those that end a session, may be signed by the same key.
    match header.get("typ") {
        None => {}
        Some(Value::String(kind))
            if kind.eq_ignore_ascii_case("JWT") || kind.eq_ignore_ascii_case("at+jwt") => {}
        Some(_) => return Err(IdentityError::BadHeader("typ")),
    }
    let algorithm = match header.get("alg") {
        Some(Value::String(name)) => Algorithm::from_name(name)
            .ok_or_else(|| IdentityError::BadAlgorithm(Excerpt::of(name)))?,
        _ => return Err(IdentityError::BadHeader("alg")),
    };
    let kid = match header.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(_) => return Err(IdentityError::BadHeader("kid")),
    };
    Ok((algorithm, kid))
}
