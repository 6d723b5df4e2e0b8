//! Tokens: a stable stand-in for a value, so that joins and counts still work where the value
//! itself is not shown.

use std::sync::Arc;

use aws_lc_rs::hmac;

/// The secret from which the keys of all domains are derived. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct TokenSecret(Arc<hmac::Key>);

impl TokenSecret {
    /// Any bytes; 32 random ones are best.
    pub fn new(secret: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// The key of one domain of one tenant: HMAC-SHA-256 of both names, each led by its length
    /// so that no two pairs run together.
    pub(in crate::guard) fn derive(&self, tenant: &str, domain: &str) -> TokenKey {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"portcullis token 1");
        for part in [tenant, domain] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        TokenKey(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref())))
    }
}

impl std::fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSecret")
    }
}

/// The key of one domain of one tenant.
#[derive(Clone)]
pub(in crate::guard) struct TokenKey(Arc<hmac::Key>);

impl TokenKey {
    /// 128 bits that stand for `value`.
    pub(in crate::guard) fn token(&self, value: &[u8]) -> [u8; 16] {
        let tag = hmac::sign(&self.0, value);
        let mut token = [0; 16];
        for (to, from) in token.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        token
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey")
    }
}
