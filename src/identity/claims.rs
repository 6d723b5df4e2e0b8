//! From verified claims to a principal.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::error::{Excerpt, IdentityError};
use super::principal::{AttributeValue, Identity, Principal};
use super::settings::{Attribute, AttributeType, Attributes, IssuerConfig, Presence};

/// The end of the year 9999: no token lives longer, and times up to here can be computed with.
const LATEST_S: u64 = 253_402_300_799;

pub(super) type Claims = Map<String, Value>;

/// Reads the claims of a token whose signature holds. What can be wrong with them is looked at
/// in this order: time and audience as the issuer says, whether it is this user's, the user's
/// attributes; and last, whether the token has expired, which alone the client is told.
pub(super) fn principal(
    claims: &Claims,
    issuer: &IssuerConfig,
    attributes: &Attributes,
    user: &str,
    now: SystemTime,
) -> Result<Principal, IdentityError> {
    check_audience(claims, &issuer.audience)?;
    let expires_at = time(claims, "exp")?.ok_or_else(|| missing("exp"))? + issuer.leeway;
    if let Some(not_before) = time(claims, "nbf")?
        && not_before > now + issuer.leeway
    {
        return Err(IdentityError::NotYetValid);
    }
    let token_user = text(claims, &issuer.user_claim)?;
    if token_user != user {
        return Err(IdentityError::OtherUser(Excerpt::of(token_user)));
    }
    let person = Identity {
        issuer: issuer.issuer.clone(),
        user: token_user.to_owned(),
        roles: roles(claims)?,
        attributes: read_attributes(claims, attributes)?,
    };
    let agent = agent(claims, issuer, attributes, &person)?;
    if expires_at <= now {
        return Err(IdentityError::Expired);
    }
    Ok(Principal { person, agent, expires_at })
}

/// `aud` is one text or an array of texts (RFC 7519, section 4.1.3).
fn check_audience(claims: &Claims, audience: &str) -> Result<(), IdentityError> {
    let expected = "a string, or an array of strings";
    let heard = match claims.get("aud").ok_or_else(|| missing("aud"))? {
        Value::String(one) => one == audience,
        Value::Array(_) => strings(claims, "aud", expected)?.contains(audience),
        _ => return Err(bad("aud", expected)),
    };
    if heard { Ok(()) } else { Err(IdentityError::WrongAudience) }
}

/// A NumericDate (RFC 7519, section 2): seconds since 1970, of which a fraction is cut off.
fn time(claims: &Claims, claim: &str) -> Result<Option<SystemTime>, IdentityError> {
    let Some(value) = claims.get(claim) else { return Ok(None) };
    let seconds = match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let seconds = number.as_f64()?;
            let sound = (0.0..=LATEST_S as f64).contains(&seconds);
            sound.then_some(seconds as u64)
        }),
        _ => None,
    };
    match seconds {
        Some(seconds) if seconds <= LATEST_S => {
            Ok(Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)))
        }
        _ => Err(bad(claim, "a number of seconds since 1970, up to the year 9999")),
    }
}

/// The agent that acts for the person (RFC 8693, section 4.1). Only the outermost `act` is the
/// one who acts now; those nested in it acted before, and the standard keeps them out of
/// decisions. Roles are the agent's own; attributes it does not bring are the person's.
fn agent(
    claims: &Claims,
    issuer: &IssuerConfig,
    attributes: &Attributes,
    person: &Identity,
) -> Result<Option<Identity>, IdentityError> {
    let Some(act) = claims.get("act") else { return Ok(None) };
    let Value::Object(act) = act else { return Err(bad("act", "an object")) };
    // A name of another issuer's could be mistaken for one of this issuer's.
    if act.get("iss").is_some_and(|iss| iss.as_str() != Some(issuer.issuer.as_str())) {
        return Err(bad("act.iss", "the token's own issuer"));
    }
    let within_act = |error| match error {
        IdentityError::MissingClaim(claim) => missing(&format!("act.{claim}")),
        IdentityError::BadClaim { claim, expected } => bad(&format!("act.{claim}"), expected),
        other => other,
    };
    let mut inherited = person.attributes.clone();
    for (name, attribute) in attributes {
        if let Some(value) = act.get(&attribute.claim) {
            let value = read_attribute(value, attribute).map_err(within_act)?;
            inherited.insert(name.clone(), value);
        }
    }
    Ok(Some(Identity {
        issuer: issuer.issuer.clone(),
        user: text(act, "sub").map_err(within_act)?.to_owned(),
        roles: roles(act).map_err(within_act)?,
        attributes: inherited,
    }))
}

/// An absent claim means no roles; anything but an array of strings is a fault.
fn roles(claims: &Claims) -> Result<BTreeSet<String>, IdentityError> {
    match claims.contains_key("roles") {
        true => strings(claims, "roles", "an array of strings, none of them empty"),
        false => Ok(BTreeSet::new()),
    }
}

fn read_attributes(
    claims: &Claims,
    attributes: &Attributes,
) -> Result<BTreeMap<String, AttributeValue>, IdentityError> {
    let mut values = BTreeMap::new();
    for (name, attribute) in attributes {
        let value = match claims.get(&attribute.claim).filter(|value| !value.is_null()) {
            Some(value) => read_attribute(value, attribute)?,
            None => match &attribute.presence {
                Presence::Required => return Err(missing(&attribute.claim)),
                Presence::Optional => continue,
                Presence::Default(value) => value.clone(),
            },
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}

fn read_attribute(value: &Value, attribute: &Attribute) -> Result<AttributeValue, IdentityError> {
    let claim = attribute.claim.as_str();
    let (value, expected) = match attribute.kind {
        AttributeType::String => (
            value.as_str().filter(|text| sound(text)).map(|text| AttributeValue::Text(text.into())),
            "a string that is not empty",
        ),
        AttributeType::Long => (value.as_i64().map(AttributeValue::Long), "a whole number"),
        AttributeType::Bool => (value.as_bool().map(AttributeValue::Bool), "true or false"),
        AttributeType::Set => {
            (set(value).map(AttributeValue::Set), "an array of strings, none of them empty")
        }
    };
    value.ok_or_else(|| bad(claim, expected))
}

fn text<'a>(claims: &'a Claims, claim: &str) -> Result<&'a str, IdentityError> {
    match claims.get(claim) {
        Some(Value::String(text)) if sound(text) => Ok(text),
        Some(_) => Err(bad(claim, "a string that is not empty")),
        None => Err(missing(claim)),
    }
}

fn strings(
    claims: &Claims,
    claim: &str,
    expected: &'static str,
) -> Result<BTreeSet<String>, IdentityError> {
    claims.get(claim).and_then(set).ok_or_else(|| bad(claim, expected))
}

fn set(value: &Value) -> Option<BTreeSet<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().filter(|text| sound(text)).map(str::to_owned)).collect()
}

/// Text that may be compared with what stands in a database.
fn sound(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0')
}

fn missing(claim: &str) -> IdentityError {
    IdentityError::MissingClaim(claim.to_owned())
}

fn bad(claim: &str, expected: &'static str) -> IdentityError {
    IdentityError::BadClaim { claim: claim.to_owned(), expected }
}
