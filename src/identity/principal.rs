//! A verified caller.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// Whoever holds the session: a person, perhaps with an agent acting for them. Everything here
/// was verified; nothing a client merely says of itself is kept here.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// The person (or service) that the token was issued for.
    pub person: Identity,
    /// The agent named by the token's `act` claim (RFC 8693, section 4.1).
    pub agent: Option<Identity>,
    /// When the token, and so the session, ends: its `exp`, and the issuer's leeway after it.
    pub expires_at: SystemTime,
}

/// One identity with its typed claims.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The `iss` claim.
    pub issuer: String,
    /// The claim that `user_claim` names; for an agent, `act.sub`.
    pub user: String,
    /// The `roles` claim; empty where it is absent.
    pub roles: BTreeSet<String>,
    /// The attributes that `[identity.attributes]` declares, by attribute name.
    pub attributes: BTreeMap<String, AttributeValue>,
}

/// The value of an attribute, of the type that the configuration declares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeValue {
    /// `string`
    Text(String),
    /// `long`
    Long(i64),
    /// `bool`
    Bool(bool),
    /// `set`: of strings
    Set(BTreeSet<String>),
}
