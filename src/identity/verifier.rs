//! The check of a login.

use std::time::SystemTime;

use super::claims;
use super::error::{Excerpt, IdentityError};
use super::keys::{KeyError, KeyFile};
use super::principal::Principal;
use super::settings::{Attributes, IssuerConfig};
use super::token::UnverifiedToken;

/// Turns tokens into principals.
pub struct Verifier {
    issuers: Vec<KeyFile>,
    attributes: Attributes,
}

impl Verifier {
    /// Reads the keys of the issuers, no two of which may have the same name.
    ///
    /// # Errors
    /// Where the keys of an issuer cannot be read, or none of them can be used.
    pub fn new(issuers: Vec<IssuerConfig>, attributes: Attributes) -> Result<Self, KeyError> {
        let issuers = issuers.into_iter().map(KeyFile::open).collect::<Result<_, _>>()?;
        Ok(Self { issuers, attributes })
    }

    /// Verifies a token (RFC 7519, section 7.2) and that it belongs to `user`. Reads the key
    /// file of the issuer, so a changed one counts at once.
    ///
    /// # Errors
    /// Where anything in the token does not hold; see [`IdentityError::for_client`].
    pub fn verify(
        &self,
        user: &str,
        token: &str,
        now: SystemTime,
    ) -> Result<Principal, IdentityError> {
        let token = UnverifiedToken::parse(token)?;
        // Whose keys to try is all that is taken from the token before its signature holds.
        let issuer = token.issuer()?;
        let keys = self
            .issuers
            .iter()
            .find(|keys| keys.issuer().issuer == issuer)
            .ok_or_else(|| IdentityError::UnknownIssuer(Excerpt::of(issuer)))?;
        let claims = token.verified_by(&keys.current())?;
        let principal = claims::principal(&claims, keys.issuer(), &self.attributes, user, now)?;
        tracing::debug!(agent = principal.agent.is_some(), "the token is good");
        Ok(principal)
    }
}

/// Shows no keys.
impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let issuers: Vec<_> = self.issuers.iter().map(|keys| &keys.issuer().issuer).collect();
        f.debug_struct("Verifier").field("issuers", &issuers).finish_non_exhaustive()
    }
}
