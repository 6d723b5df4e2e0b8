//! Why a token does not hold.

use crate::error::{ClientError, SqlState};

use super::token::MAX_TOKEN_BYTES;

/// Why nobody was let in. `Display` is for the log and the audit record: it holds names from the
/// token, escaped and cut, but never the token itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not looked at.
    #[error("the token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// Not three parts in base64url (RFC 7515, section 7.1).
    #[error("the token is not three parts in base64url")]
    Malformed,
    /// A part is not a JSON object, or says something twice.
    #[error("the {part} is not a sound JSON object: {reason}")]
    BadJson {
        /// `header` or `payload`.
        part: &'static str,
        /// What the parser said; it does not quote values.
        reason: String,
    },
    /// The header holds something that is never followed, such as an address of keys.
    #[error("the header holds \"{0}\"")]
    BadHeader(&'static str),
    /// The header names an algorithm that is not taken at all.
    #[error("the algorithm is {0}")]
    BadAlgorithm(Excerpt),
    /// No configured issuer has this name.
    #[error("the issuer {0} is not configured")]
    UnknownIssuer(Excerpt),
    /// The issuer has no key for this token.
    #[error("no key fits the algorithm {algorithm} and the key id {kid:?}")]
    NoKey {
        /// The algorithm of the header.
        algorithm: &'static str,
        /// The key id of the header.
        kid: Option<Excerpt>,
    },
    /// Without a key id, several keys could be meant.
    #[error("the token has no key id, and several keys fit")]
    SeveralKeys,
    /// The signature is not of this token and key.
    #[error("the signature does not hold")]
    BadSignature,
    /// A claim that has to be there is not.
    #[error("the claim \"{0}\" is missing")]
    MissingClaim(String),
    /// A claim is not what it has to be.
    #[error("the claim \"{claim}\" is not {expected}")]
    BadClaim {
        /// Its name, which is the configuration's.
        claim: String,
        /// What it should have been.
        expected: &'static str,
    },
    /// The token is for somebody else's ears.
    #[error("the token was not issued for this audience")]
    WrongAudience,
    /// The `nbf` claim lies ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The token belongs to another user than the one who logs in.
    #[error("the token belongs to the user {0}")]
    OtherUser(Excerpt),
    /// Everything else holds.
    #[error("the token has expired")]
    Expired,
}

impl IdentityError {
    /// What the client is told: the same for every cause, so that trying out tokens teaches
    /// nothing. An expired token alone is called so, and only where everything else in it holds:
    /// whoever has it can read as much in it.
    pub fn for_client(&self, user: &str) -> ClientError {
        let error = ClientError::new(
            SqlState::INVALID_PASSWORD,
            format!("password authentication failed for user \"{user}\""),
        )
        .internal(self);
        match self {
            Self::Expired => error.detail("the token has expired").hint("log in with a new token"),
            _ => error.hint("the password is a signed token, issued for this user and gateway"),
        }
    }
}

/// The beginning of a text that a stranger chose; safe in a line of a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    pub(super) fn of(text: &str) -> Self {
        const MAX_CHARS: usize = 64;
        let mut excerpt: String = text.chars().take(MAX_CHARS).collect();
        if excerpt.len() < text.len() {
            excerpt.push('…');
        }
        Self(excerpt)
    }
}

impl std::fmt::Display for Excerpt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}
