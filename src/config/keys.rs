//! The files of keys that a configuration for development names.

use std::path::PathBuf;

use super::reader::Section;

/// Where the keys of a configuration for development lie, whether or not they are there yet.
#[derive(Clone, Debug, PartialEq)]
pub struct DevelopmentKeys {
    /// The issuers that are for development, and the files of their keys.
    pub issuers: Vec<(String, PathBuf)>,
    /// The file of the key for `mask_token`, where it comes from one.
    pub token_key: Option<PathBuf>,
}

impl DevelopmentKeys {
    /// Reads what concerns these keys alone: the rest may be unfinished.
    pub(super) fn read(root: &Section<'_>) -> Option<Self> {
        root.forgive_unknown_keys();
        let issuers = root.table("identity", |identity| {
            identity.forgive_unknown_keys();
            let issuers = identity.tables("jwt", |jwt| {
                jwt.forgive_unknown_keys();
                let issuer = jwt.required_text("issuer");
                let jwks = jwt.required_text("jwks");
                let of_issuer = (issuer?.value.to_owned(), jwks?.path());
                Some(jwt.flag("development").then_some(of_issuer))
            });
            Some(issuers.into_iter().flatten().collect())
        });
        let token_key = root.table("policies", |policies| {
            policies.forgive_unknown_keys();
            policies.optional_table("token_key", |key| {
                key.forgive_unknown_keys();
                Some(key.text("file")?.filled()?.path())
            })
        });
        Some(Self { issuers: issuers?, token_key })
    }
}
