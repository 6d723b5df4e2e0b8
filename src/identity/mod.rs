//! Who is asking. Takes a user name and a token, verifies the token against the configured
//! issuers, and gives a [`Principal`]: the person, and the agent that acts for them.

mod principal;

pub use principal::{AttributeValue, Identity, Principal};
