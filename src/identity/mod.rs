//! Who is asking. Takes a user name and a token, verifies the token against the configured
//! issuers, and gives a [`Principal`]: the person, and the agent that acts for them.
//!
//! Keys, signatures and claims are as in RFC 7515 to 7519 and RFC 8037, read strictly: what is
//! ambiguous is refused. Delegation is as in RFC 8693, section 4.1.

mod settings;

mod json;
mod token;

mod jwk;
mod keys;

mod claims;
mod principal;

mod verifier;

pub mod development;

mod error;

pub use error::{Excerpt, IdentityError};
pub use keys::KeyError;
pub use principal::{AttributeValue, Identity, Principal};
pub use settings::{Algorithm, Attribute, AttributeType, Attributes, IssuerConfig, Presence};
pub use verifier::Verifier;

#[cfg(test)]
mod tests;
