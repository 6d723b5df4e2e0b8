//! Keys and tokens for development and the demonstration: signed here, where otherwise an
//! identity provider would. Only an issuer that the configuration marks as one for development
//! can be signed for.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Map, Value, json};

use super::json;
use super::jwk::{Jwk, Material, uncompressed};
use super::keys::{self, KeyError};
use super::settings::IssuerConfig;

/// Why nothing was signed. Holds no part of any key.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The issuer is a real one.
    #[error("the issuer \"{0}\" is not marked `development = true`, so nothing is signed for it")]
    NotForDevelopment(String),
    /// The key file cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key file has only keys that verify.
    #[error("\"{}\" holds no private or symmetric key for tokens", .0.display())]
    NoSigningKey(PathBuf),
    /// The library could not sign: the halves of the key do not belong together.
    #[error("the key does not sign: {0}")]
    Refused(String),
    /// A new key file cannot be written.
    #[error("cannot write the key to \"{}\": {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What a token is to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The user.
    pub user: String,
    /// Further claims, such as `roles` and those of the attributes.
    pub claims: Map<String, Value>,
    /// The agent that acts for the user.
    pub agent: Option<AgentGrant>,
    /// `iat`
    pub issued_at: SystemTime,
    /// `exp`; the gateway takes the token for the issuer's leeway longer.
    pub expires_at: SystemTime,
}

/// The `act` claim of a token.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentGrant {
    /// The agent, `act.sub`.
    pub name: String,
    /// Further claims within `act`.
    pub claims: Map<String, Value>,
}

/// A key that signs tokens for an issuer.
pub struct SigningKey {
    issuer: IssuerConfig,
    header: Header,
    key: EncodingKey,
}

impl SigningKey {
    /// The first key in the issuer's file that can sign with an algorithm the issuer takes.
    ///
    /// # Errors
    /// Where the issuer is not for development, or there is no such key.
    pub fn of(issuer: &IssuerConfig) -> Result<Self, SigningError> {
        if !issuer.development {
            return Err(SigningError::NotForDevelopment(issuer.issuer.clone()));
        }
        let unusable = |reason| KeyError::Unusable { path: issuer.jwks.clone(), reason };
        let document = json::object(&keys::read(&issuer.jwks)?)
            .map_err(|error| unusable(error.to_string()))?;
        let entries = document.get("keys").and_then(Value::as_array);
        let jwk = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| Jwk::read(entry).ok())
            .filter(|jwk| {
                issuer.algorithms.as_ref().is_none_or(|taken| taken.contains(&jwk.algorithm()))
            })
            // An RSA key can be verified with, but its private half is not read.
            .find(|jwk| jwk.is_secret() && !matches!(jwk.material, Material::Rsa { .. }))
            .ok_or_else(|| SigningError::NoSigningKey(issuer.jwks.clone()))?;
        let mut header = Header::new(jwk.algorithm().for_library());
        header.kid = jwk.id;
        let key = signing_key(&jwk.material)
            .ok_or_else(|| unusable("the halves of a key do not belong together".to_owned()))?;
        Ok(Self { issuer: issuer.clone(), header, key })
    }

    /// Signs a token. Claims that the issuer itself decides (`iss`, `aud`, `exp`, `act`, the
    /// user) replace those of the same name in the grant.
    ///
    /// # Errors
    /// Where the key cannot sign.
    pub fn sign(&self, grant: &Grant) -> Result<String, SigningError> {
        let mut claims = grant.claims.clone();
        let mut say = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        say("iss", self.issuer.issuer.clone().into());
        say("aud", self.issuer.audience.clone().into());
        say("sub", grant.user.clone().into());
        say(&self.issuer.user_claim, grant.user.clone().into());
        say("iat", seconds(grant.issued_at).into());
        say("exp", seconds(grant.expires_at).into());
        if let Some(agent) = &grant.agent {
            let mut act = agent.claims.clone();
            act.insert("sub".to_owned(), agent.name.clone().into());
            say("act", act.into());
        }
        jsonwebtoken::encode(&self.header, &claims, &self.key)
            .map_err(|error| SigningError::Refused(error.to_string()))
    }
}

/// Shows no key.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("issuer", &self.issuer.issuer).finish_non_exhaustive()
    }
}

/// Makes a fresh Ed25519 key and writes it as a JWK set to a new file, which only its owner may
/// read.
///
/// # Errors
/// Where the file exists already or cannot be written, or the system has no randomness.
pub fn generate_key_file(path: &Path) -> Result<(), SigningError> {
    let refused = |_| SigningError::Refused("no key could be made".to_owned());
    let pair = Ed25519KeyPair::generate().map_err(refused)?;
    let seed = pair.seed().and_then(|seed| seed.as_be_bytes()).map_err(refused)?;
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = text(pair.public_key().as_ref());
    let set = json!({ "keys": [{
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": format!("development-{}", public.get(..8).unwrap_or_default()),
        "x": public,
        "d": text(seed.as_ref()),
    }] });
    write_new(path, &format!("{set:#}\n"))
}

/// Makes 256 fresh bits and writes them as text to a new file, which only its owner may read: a
/// key for `mask_token`.
///
/// # Errors
/// As [`generate_key_file`].
pub fn generate_secret_file(path: &Path) -> Result<(), SigningError> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| SigningError::Refused("no key could be made".to_owned()))?;
    write_new(path, &format!("{}\n", URL_SAFE_NO_PAD.encode(bytes)))
}

fn write_new(path: &Path, text: &str) -> Result<(), SigningError> {
    let unwritable = |source| SigningError::Unwritable { path: path.to_owned(), source };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(unwritable)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)
}

/// The library takes private keys as PKCS #8 (RFC 5958), which is made from the parts. `None`
/// where they do not belong together.
fn signing_key(material: &Material) -> Option<EncodingKey> {
    match material {
        Material::Symmetric { k } => Some(EncodingKey::from_secret(k)),
        Material::Ed25519 { x, d: Some(d) } => {
            let pair = Ed25519KeyPair::from_seed_and_public_key(d, x).ok()?;
            Some(EncodingKey::from_ed_der(pair.to_pkcs8v1().ok()?.as_ref()))
        }
        Material::P256 { x, y, d: Some(d) } => {
            let pair = EcdsaKeyPair::from_private_key_and_public_key(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                d,
                &uncompressed(x, y),
            )
            .ok()?;
            Some(EncodingKey::from_ec_der(pair.to_pkcs8v1().ok()?.as_ref()))
        }
        Material::Rsa { .. } | Material::Ed25519 { .. } | Material::P256 { .. } => None,
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
