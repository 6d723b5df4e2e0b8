//! Whose tokens are believed, and what is read from them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::principal::AttributeValue;

/// An issuer of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerConfig {
    /// What the `iss` claim must be.
    pub issuer: String,
    /// What the `aud` claim must be, or hold.
    pub audience: String,
    /// The file with the issuer's keys, a JWK set (RFC 7517, section 5).
    pub jwks: PathBuf,
    /// The claim that must equal the user name of the startup packet.
    pub user_claim: String,
    /// By how much the issuer's clock and ours may differ.
    pub leeway: Duration,
    /// The algorithms that are taken; `None` for those of the keys.
    pub algorithms: Option<BTreeSet<Algorithm>>,
    /// Whether the key set may hold private and symmetric keys, with which tokens can be signed
    /// here.
    pub development: bool,
}

/// Signature algorithms (RFC 7518, section 3.1, and RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256
    Rs256,
    /// ECDSA over P-256 with SHA-256
    Es256,
    /// Ed25519
    EdDsa,
    /// HMAC with SHA-256: for development alone, since whoever can verify can also sign
    Hs256,
}

impl Algorithm {
    /// The names of all algorithms, as tokens and the configuration write them.
    pub const NAMES: [&str; 4] = ["RS256", "ES256", "EdDSA", "HS256"];

    /// The algorithm of this name, which is case-sensitive.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "ES256" => Self::Es256,
            "EdDSA" => Self::EdDsa,
            "HS256" => Self::Hs256,
            _ => return None,
        })
    }

    /// As tokens and the configuration write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }

    /// The library's name for it.
    pub(super) fn for_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}

/// The declared attributes of a principal, by attribute name.
pub type Attributes = BTreeMap<String, Attribute>;

/// Where an attribute comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The claim that holds it.
    pub claim: String,
    /// What the claim must be.
    pub kind: AttributeType,
    /// What happens where a token has no such claim.
    pub presence: Presence,
}

/// The types of attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// A text that is not empty
    String,
    /// A whole number of 64 bits
    Long,
    /// true or false
    Bool,
    /// An array of texts, none of them empty; the array may be
    Set,
}

impl AttributeType {
    /// The names of all types.
    pub const NAMES: [&str; 4] = ["string", "long", "bool", "set"];

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "long" => Self::Long,
            "bool" => Self::Bool,
            "set" => Self::Set,
            _ => return None,
        })
    }

    /// As the configuration writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Long => "long",
            Self::Bool => "bool",
            Self::Set => "set",
        }
    }
}

/// What happens where a token lacks a claim. JSON's null counts as absent, and so does not
/// satisfy [`Presence::Required`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The login is refused.
    Required,
    /// The principal does not have the attribute.
    Optional,
    /// The principal has this value.
    Default(AttributeValue),
}
