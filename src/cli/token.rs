//! `portcullis token`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::config::{Config, Identity, nearest};
use crate::identity::development::{AgentGrant, Grant, SigningKey};
use crate::identity::{AttributeType, IdentityError, IssuerConfig, Verifier};

use super::Outcome;

/// Claims that follow from the other options and the configuration.
const OWN_CLAIMS: [&str; 7] = ["iss", "aud", "sub", "iat", "nbf", "exp", "act"];

#[derive(clap::Args)]
pub(super) struct Options {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "portcullis.toml")]
    config: PathBuf,
    /// Whom the token is for
    #[arg(long, value_name = "NAME")]
    user: String,
    /// A claim: org_id=acme, roles='["analyst"]'
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<String>,
    /// The agent that acts for the user
    #[arg(long, value_name = "AGENT")]
    act: Option<String>,
    /// A claim of the agent, if not the user's
    #[arg(long = "act-claim", value_name = "NAME=VALUE", requires = "act")]
    act_claims: Vec<String>,
    /// How long it holds: 90s, 15m, 8h, 7d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    ttl: Duration,
    /// The issuer, where several are for development
    #[arg(long, value_name = "ISSUER")]
    issuer: Option<String>,
}

/// Why no token is given out.
#[derive(Debug, PartialEq, thiserror::Error)]
enum TokenError {
    #[error("the configuration marks no issuer as one for development (`development = true`)")]
    NoDevelopmentIssuer,
    #[error("no issuer for development is called \"{0}\"")]
    UnknownIssuer(String),
    #[error("several issuers are for development; choose one with --issuer")]
    SeveralIssuers,
    #[error("\"{0}\" is not NAME=VALUE")]
    NoPair(String),
    #[error("the claim \"{0}\" is given twice")]
    Doubled(String),
    #[error("the claim \"{0}\" is set by the other options")]
    Own(String),
    #[error("no attribute of [identity.attributes] reads the claim \"{claim}\"{help}")]
    Unknown { claim: String, help: String },
    #[error("the claim \"{claim}\" must be {expected}")]
    Mistyped { claim: String, expected: &'static str },
    #[error("the gateway would refuse this token: {0}")]
    Refused(IdentityError),
    #[error("tokens need the claim \"{0}\": add --claim {0}=…")]
    Lacking(String),
}

/// Prints a token that the gateway is sure to take.
pub(super) fn run(options: &Options) -> Outcome {
    let identity = Config::load_identity(&options.config)?;
    let issuer = development_issuer(&identity, options.issuer.as_deref())?;
    let key = SigningKey::of(issuer)?;
    let now = SystemTime::now();
    let claims = |pairs: &[String]| claims(pairs, issuer, &identity);
    let agent = match &options.act {
        Some(name) => Some(AgentGrant { name: name.clone(), claims: claims(&options.act_claims)? }),
        None => None,
    };
    let token = key.sign(&Grant {
        user: options.user.clone(),
        claims: claims(&options.claims)?,
        agent,
        issued_at: now,
        expires_at: now + options.ttl,
    })?;
    Verifier::new(vec![issuer.clone()], identity.attributes.clone())?
        .verify(&options.user, &token, now)
        .map_err(|error| match error {
            IdentityError::MissingClaim(claim) => TokenError::Lacking(claim),
            error => TokenError::Refused(error),
        })?;
    println!("{token}");
    Ok(ExitCode::SUCCESS)
}

fn development_issuer<'a>(
    identity: &'a Identity,
    name: Option<&str>,
) -> Result<&'a IssuerConfig, TokenError> {
    let mut issuers = identity.issuers.iter().filter(|issuer| issuer.development);
    match (name, issuers.clone().count()) {
        (Some(name), _) => issuers
            .find(|issuer| issuer.issuer == name)
            .ok_or_else(|| TokenError::UnknownIssuer(name.to_owned())),
        (None, 0 | 1) => issuers.next().ok_or(TokenError::NoDevelopmentIssuer),
        (None, _) => Err(TokenError::SeveralIssuers),
    }
}

/// Reads `NAME=VALUE` pairs, each by the type of the attribute that the claim is read for.
fn claims(
    pairs: &[String],
    issuer: &IssuerConfig,
    identity: &Identity,
) -> Result<Map<String, Value>, TokenError> {
    let mut claims = Map::new();
    for pair in pairs {
        let (claim, text) = pair.split_once('=').ok_or_else(|| TokenError::NoPair(pair.clone()))?;
        if OWN_CLAIMS.contains(&claim) || claim == issuer.user_claim {
            return Err(TokenError::Own(claim.to_owned()));
        }
        let declared = || identity.attributes.values();
        let kind = match declared().find(|attribute| attribute.claim == claim) {
            Some(attribute) => attribute.kind,
            None if claim == "roles" => AttributeType::Set,
            None => {
                let known = declared().map(|attribute| attribute.claim.as_str());
                let help = nearest(claim, known.chain(["roles"]))
                    .map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
                return Err(TokenError::Unknown { claim: claim.to_owned(), help });
            }
        };
        if claims.insert(claim.to_owned(), value(claim, kind, text)?).is_some() {
            return Err(TokenError::Doubled(claim.to_owned()));
        }
    }
    Ok(claims)
}

fn value(claim: &str, kind: AttributeType, text: &str) -> Result<Value, TokenError> {
    let (value, expected) = match kind {
        AttributeType::String => (Some(text.into()), "a text"),
        AttributeType::Long => (text.parse::<i64>().ok().map(Value::from), "a whole number"),
        AttributeType::Bool => (text.parse::<bool>().ok().map(Value::from), "true or false"),
        AttributeType::Set => (
            serde_json::from_str::<Vec<String>>(text).ok().map(Value::from),
            "a JSON array of strings, such as '[\"a\", \"b\"]'",
        ),
    };
    value.ok_or_else(|| TokenError::Mistyped { claim: claim.to_owned(), expected })
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "a whole number and s, m, h or d, at most ten years";
    const TEN_YEARS_S: u64 = 10 * 366 * 24 * 60 * 60;
    let units = [('s', 1), ('m', 60), ('h', 60 * 60), ('d', 24 * 60 * 60)];
    let seconds = units
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)))
        .and_then(|(number, seconds)| number.parse::<u64>().ok()?.checked_mul(seconds))
        .filter(|seconds| (1..=TEN_YEARS_S).contains(seconds))
        .ok_or(EXPECTED)?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::{Attribute, Presence};

    fn identity(development: &[bool]) -> Identity {
        let issuers = development.iter().enumerate().map(|(number, development)| IssuerConfig {
            issuer: format!("https://{number}.example"),
            audience: "portcullis".to_owned(),
            jwks: "keys.json".into(),
            user_claim: "email".to_owned(),
            leeway: Duration::from_secs(30),
            algorithms: None,
            development: *development,
        });
        let attribute = |name: &str, kind| {
            let presence = Presence::Optional;
            (name.to_owned(), Attribute { claim: format!("{name}_claim"), kind, presence })
        };
        Identity {
            issuers: issuers.collect(),
            attributes: [
                attribute("org", AttributeType::String),
                attribute("rank", AttributeType::Long),
                attribute("staff", AttributeType::Bool),
                attribute("teams", AttributeType::Set),
            ]
            .into(),
        }
    }

    fn read(pairs: &[&str]) -> Result<Value, String> {
        let identity = identity(&[true]);
        let issuer = development_issuer(&identity, None).map_err(|error| error.to_string())?;
        let pairs: Vec<_> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        claims(&pairs, issuer, &identity).map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn claims_have_the_types_of_their_attributes() {
        assert_eq!(
            read(&[
                "org_claim=7=8",
                "rank_claim=-3",
                "staff_claim=true",
                r#"teams_claim=["a"]"#,
                r#"roles=["x","y"]"#
            ]),
            Ok(json!({ "org_claim": "7=8", "rank_claim": -3, "staff_claim": true,
                       "teams_claim": ["a"], "roles": ["x", "y"] }))
        );
    }

    #[test]
    fn wrong_claims_are_explained() {
        for (pair, expected) in [
            ("org_claim", "\"org_claim\" is not NAME=VALUE"),
            ("exp=1", "the claim \"exp\" is set by the other options"),
            ("email=a", "the claim \"email\" is set by the other options"),
            (
                "org_clam=a",
                "no attribute of [identity.attributes] reads the claim \"org_clam\"; did you \
                 mean \"org_claim\"?",
            ),
            ("x=a", "no attribute of [identity.attributes] reads the claim \"x\""),
            ("rank_claim=1.5", "the claim \"rank_claim\" must be a whole number"),
            ("staff_claim=yes", "the claim \"staff_claim\" must be true or false"),
            (
                "roles=analyst",
                "the claim \"roles\" must be a JSON array of strings, such as '[\"a\", \"b\"]'",
            ),
        ] {
            assert_eq!(read(&[pair]), Err(expected.to_owned()));
        }
        assert_eq!(
            read(&["org_claim=a", "org_claim=b"]),
            Err("the claim \"org_claim\" is given twice".to_owned())
        );
    }

    #[test]
    fn only_an_issuer_for_development_is_signed_for() {
        let chosen = |development: &[bool], name| {
            let identity = identity(development);
            development_issuer(&identity, name).map(|issuer| issuer.issuer.clone())
        };
        let second = "https://1.example";
        assert_eq!(chosen(&[false, true], None), Ok(second.to_owned()));
        assert_eq!(chosen(&[true, true], Some(second)), Ok(second.to_owned()));
        assert_eq!(chosen(&[true, true], None), Err(TokenError::SeveralIssuers));
        assert_eq!(chosen(&[false], None), Err(TokenError::NoDevelopmentIssuer));
        assert_eq!(
            chosen(&[true, false], Some(second)),
            Err(TokenError::UnknownIssuer(second.to_owned()))
        );
    }

    #[test]
    fn durations() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("8h", 28_800), ("7d", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "h", "1", "0s", "-1h", "1.5h", "1w", "99999999999999999999s", "4000d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
