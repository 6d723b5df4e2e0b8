//! One key in JSON (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use super::settings::Algorithm;

/// Shorter RSA keys and HMAC secrets are not used (RFC 7518, sections 3.3 and 3.2).
const MIN_RSA_BYTES: usize = 256;
const MIN_SECRET_BYTES: usize = 32;

/// The length of a coordinate of P-256, and of a key of Ed25519.
const CURVE_BYTES: usize = 32;

/// Why an entry of a key set is not a key here.
pub(super) enum JwkError {
    /// It is for another purpose, or of a kind that is not known here.
    NotForUs,
    /// It is of a known kind, and broken. Continues a sentence about the key.
    Broken(String),
}

/// A sound key for one of our algorithms.
pub(super) struct Jwk {
    /// The `kid`.
    pub(super) id: Option<String>,
    /// The key itself.
    pub(super) material: Material,
}

/// What a key is made of, decoded.
pub(super) enum Material {
    /// For RS256. `private` tells that there was a private part, which is not used.
    Rsa { n: Vec<u8>, e: Vec<u8>, private: bool },
    /// For ES256: both coordinates, and the private number where there is one.
    P256 { x: Vec<u8>, y: Vec<u8>, d: Option<Vec<u8>> },
    /// For EdDSA: the public key, and the seed where there is one.
    Ed25519 { x: Vec<u8>, d: Option<Vec<u8>> },
    /// For HS256.
    Symmetric { k: Vec<u8> },
}

/// The members that are read; others do not matter.
#[derive(Deserialize)]
struct Members {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<String>,
    k: Option<String>,
}

impl Jwk {
    pub(super) fn read(entry: &Value) -> Result<Self, JwkError> {
        // Serde's own message may quote a value, which here may be a secret.
        let members = Members::deserialize(entry)
            .map_err(|_| JwkError::Broken("is not an object of text members".to_owned()))?;
        let verifies = members.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && members.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !verifies {
            return Err(JwkError::NotForUs);
        }
        let material = match (members.kty.as_str(), members.crv.as_deref()) {
            ("RSA", _) => Material::Rsa {
                n: modulus(&members)?,
                e: bytes("e", members.e.as_deref())?,
                private: members.d.is_some(),
            },
            ("EC", Some("P-256")) => Material::P256 {
                x: curve_bytes("x", members.x.as_deref())?,
                y: curve_bytes("y", members.y.as_deref())?,
                d: private_bytes(&members)?,
            },
            ("OKP", Some("Ed25519")) => Material::Ed25519 {
                x: curve_bytes("x", members.x.as_deref())?,
                d: private_bytes(&members)?,
            },
            ("oct", _) => Material::Symmetric { k: secret(&members)? },
            _ => return Err(JwkError::NotForUs),
        };
        let key = Self { id: members.kid, material };
        match members.alg.as_deref() {
            Some(name) if Algorithm::from_name(name) != Some(key.algorithm()) => {
                Err(JwkError::NotForUs)
            }
            _ => Ok(key),
        }
    }

    /// The one algorithm that this kind of key is used with.
    pub(super) fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256 { .. } => Algorithm::Es256,
            Material::Ed25519 { .. } => Algorithm::EdDsa,
            Material::Symmetric { .. } => Algorithm::Hs256,
        }
    }

    /// Whether whoever has this key can sign.
    pub(super) fn is_secret(&self) -> bool {
        match &self.material {
            Material::Rsa { private, .. } => *private,
            Material::P256 { d, .. } | Material::Ed25519 { d, .. } => d.is_some(),
            Material::Symmetric { .. } => true,
        }
    }

    pub(super) fn verifying_key(&self) -> DecodingKey {
        match &self.material {
            Material::Rsa { n, e, .. } => DecodingKey::from_rsa_raw_components(n, e),
            Material::P256 { x, y, .. } => DecodingKey::from_ec_der(&uncompressed(x, y)),
            Material::Ed25519 { x, .. } => DecodingKey::from_ed_der(x),
            Material::Symmetric { k } => DecodingKey::from_secret(k),
        }
    }
}

/// A point of the curve as SEC 1 writes it (section 2.3.3).
pub(super) fn uncompressed(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}

fn modulus(members: &Members) -> Result<Vec<u8>, JwkError> {
    let n = bytes("n", members.n.as_deref())?;
    match n.len() >= MIN_RSA_BYTES {
        true => Ok(n),
        false => Err(JwkError::Broken(format!("has fewer than {} bits", MIN_RSA_BYTES * 8))),
    }
}

fn secret(members: &Members) -> Result<Vec<u8>, JwkError> {
    let k = bytes("k", members.k.as_deref())?;
    match k.len() >= MIN_SECRET_BYTES {
        true => Ok(k),
        false => Err(JwkError::Broken(format!("has fewer than {} bits", MIN_SECRET_BYTES * 8))),
    }
}

fn private_bytes(members: &Members) -> Result<Option<Vec<u8>>, JwkError> {
    members.d.as_deref().map(|d| curve_bytes("d", Some(d))).transpose()
}

fn curve_bytes(name: &str, text: Option<&str>) -> Result<Vec<u8>, JwkError> {
    let bytes = bytes(name, text)?;
    match bytes.len() == CURVE_BYTES {
        true => Ok(bytes),
        false => Err(JwkError::Broken(format!("has a member \"{name}\" of the wrong length"))),
    }
}

fn bytes(name: &str, text: Option<&str>) -> Result<Vec<u8>, JwkError> {
    let text = text.ok_or_else(|| JwkError::Broken(format!("lacks \"{name}\"")))?;
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| JwkError::Broken(format!("has a member \"{name}\" that is not base64url")))
}
