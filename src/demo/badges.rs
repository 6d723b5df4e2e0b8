//! Tokens for the company's people, good ones and others.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::DemoError;
use super::company::Company;
use super::people::Person;
use crate::config::Config;
use crate::identity::development::{AgentGrant, Grant, SigningKey};

/// How long a token holds. A demonstration is over within a day.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// How long ago an expired token has expired: well past any leeway.
const AGO: Duration = Duration::from_secs(60 * 60);

/// Signs tokens with the company's own key.
pub struct Badges {
    key: SigningKey,
}

impl Badges {
    /// Reads the key.
    ///
    /// # Errors
    /// Where the folder's configuration or key cannot be used.
    pub fn of(company: &Company) -> Result<Self, DemoError> {
        let config = company.config();
        let identity = Config::load_identity(&config)?;
        let issuer = identity.issuers.iter().find(|issuer| issuer.development);
        let issuer = issuer.ok_or_else(|| DemoError::NoIssuer(config.clone()))?;
        Ok(Self { key: SigningKey::of(issuer)? })
    }

    /// A token that holds for a day.
    ///
    /// # Errors
    /// Where the key cannot sign.
    pub fn good(&self, person: &Person) -> Result<String, DemoError> {
        let now = SystemTime::now();
        self.signed(person, now, now + LIFETIME)
    }

    /// A token that was good until an hour ago.
    ///
    /// # Errors
    /// Where the key cannot sign.
    pub fn expired(&self, person: &Person) -> Result<String, DemoError> {
        let end = SystemTime::now() - AGO;
        self.signed(person, end - LIFETIME, end)
    }

    /// A token that claims what a good one does, and needs no signature if its header is believed
    /// (RFC 7515, appendix A.5).
    ///
    /// # Errors
    /// Where the key cannot sign the token that this one is made from.
    pub fn unsigned(&self, person: &Person) -> Result<String, DemoError> {
        let good = self.good(person)?;
        let claims = good.split('.').nth(1).unwrap_or_default();
        let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "JWT" }).to_string());
        Ok(format!("{header}.{claims}."))
    }

    fn signed(
        &self,
        person: &Person,
        issued_at: SystemTime,
        expires_at: SystemTime,
    ) -> Result<String, DemoError> {
        let agent = person.agent.map(|name| AgentGrant {
            name: name.to_owned(),
            claims: Map::from_iter([("roles".to_owned(), json!(["agent"]))]),
        });
        let user = person.user.to_owned();
        let grant = Grant { user, claims: claims(person), agent, issued_at, expires_at };
        Ok(self.key.sign(&grant)?)
    }
}

fn claims(person: &Person) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("org_id".to_owned(), person.tenant.id().into());
    claims.insert("roles".to_owned(), json!(person.roles));
    if let Some(region) = person.region {
        claims.insert("region".to_owned(), region.into());
    }
    claims
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::demo::company::{Silent, build};
    use crate::demo::people::{ADA, PEOPLE, SCOUT};
    use crate::identity::Verifier;

    #[test]
    fn the_gateway_takes_the_good_ones_alone() {
        let dir = tempfile::tempdir().unwrap();
        let company = build(dir.path(), &mut Silent).unwrap();
        let identity = Config::load_identity(&company.config()).unwrap();
        let verifier = Verifier::new(identity.issuers, identity.attributes).unwrap();
        let badges = Badges::of(&company).unwrap();
        let now = SystemTime::now();
        for person in &PEOPLE {
            let principal =
                verifier.verify(person.user, &badges.good(person).unwrap(), now).unwrap();
            assert_eq!(principal.agent.map(|agent| agent.user).as_deref(), person.agent);
        }
        assert!(verifier.verify("mira", &badges.good(&ADA).unwrap(), now).is_err());
        assert!(verifier.verify("ada", &badges.expired(&ADA).unwrap(), now).is_err());
        assert!(verifier.verify("ada", &badges.unsigned(&SCOUT).unwrap(), now).is_err());
    }

    #[test]
    fn the_configuration_loads() {
        let dir = tempfile::tempdir().unwrap();
        let company = build(dir.path(), &mut Silent).unwrap();
        if let Err(error) = Config::load(&company.config()) {
            panic!("{error}");
        }
    }
}
