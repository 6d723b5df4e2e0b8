//! `[[identity.jwt]]` and `[identity.attributes]`

use std::collections::BTreeSet;
use std::time::Duration;

use toml::de::DeValue;

use crate::identity::{
    Algorithm, Attribute, AttributeType, AttributeValue, Attributes, IssuerConfig, Presence,
};

use super::found::Found;
use super::reader::Section;

/// Whose tokens are believed, and what is read from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// At least one; no two of the same `issuer`.
    pub issuers: Vec<IssuerConfig>,
    /// By attribute name.
    pub attributes: Attributes,
}

impl Identity {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let mut names = BTreeSet::new();
        let issuers = section.tables("jwt", |jwt| {
            let issuer = issuer(jwt)?;
            if !names.insert(issuer.issuer.clone()) {
                jwt.fault("has an \"issuer\" that another one has already");
            }
            Some(issuer)
        });
        if !section.has("jwt") {
            section.fault("needs at least one [[identity.jwt]]: nobody could log in");
        }
        let attributes = section.named_tables("attributes", attribute);
        Some(Self { issuers, attributes: attributes.into_iter().collect() })
    }
}

fn issuer(section: &Section<'_>) -> Option<IssuerConfig> {
    let issuer = section.required_text("issuer");
    let audience = section.required_text("audience");
    let jwks = section.required_text("jwks").and_then(|jwks| {
        if jwks.value.starts_with("https:") || jwks.value.starts_with("http:") {
            return jwks.fault("is an address; this version reads keys from a file only");
        }
        if jwks.path().is_file() || !section.flag("development") {
            return jwks.file();
        }
        let path = jwks.path();
        jwks.fault(format!(
            "names the file \"{}\", which does not exist; `portcullis key` makes it",
            path.display()
        ))
    });
    let user_claim = match section.text("user_claim") {
        Some(claim) => claim.filled().map(|claim| claim.value.to_owned()),
        None => Some("sub".to_owned()),
    };
    // Clocks that differ by more than minutes are to be mended, not tolerated.
    let leeway = Duration::from_secs(section.number("leeway_s", 0..=300, 30));
    let development = section.flag("development");
    let algorithms = match section.has("algorithms") {
        false => section.texts("algorithms").map(|_| None),
        true => section.texts("algorithms").and_then(|names| {
            let parsed = names.into_iter().map(|name| algorithm(name, development));
            let parsed = parsed.collect::<Option<BTreeSet<_>>>()?;
            if parsed.is_empty() {
                section.fault("has empty \"algorithms\": no token could hold");
            }
            Some(Some(parsed))
        }),
    };
    Some(IssuerConfig {
        issuer: issuer?.value.to_owned(),
        audience: audience?.value.to_owned(),
        jwks: jwks?,
        user_claim: user_claim?,
        leeway,
        algorithms: algorithms?,
        development,
    })
}

fn algorithm(name: Found<'_, &str>, development: bool) -> Option<Algorithm> {
    let algorithm = name.parse(|name| {
        Algorithm::from_name(name)
            .ok_or_else(|| format!("must be among {}", Algorithm::NAMES.join(", ")))
    })?;
    if algorithm.value == Algorithm::Hs256 && !development {
        return algorithm.fault("takes HS256 only together with `development = true`");
    }
    Some(algorithm.value)
}

fn attribute(name: &Found<'_, &str>, section: &Section<'_>) -> Option<(String, Attribute)> {
    // Cedar's identifiers, since policies say `principal.name`.
    let mut letters = name.value.chars();
    let begins = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !begins || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        name.fault::<()>("must be named with letters, digits and _ alone, no digit first");
    }
    let claim = section.required_text("claim");
    let kind = section.required_text("type").and_then(|kind| {
        kind.parse(|kind| {
            AttributeType::from_name(kind)
                .ok_or_else(|| format!("must be one of {}", AttributeType::NAMES.join(", ")))
        })
    });
    let optional = section.flag("optional");
    let default = section.value("default");
    if optional && default.is_some() {
        section.fault("takes one of \"optional\" and \"default\", not both");
    }
    let kind = kind?.value;
    let presence = match default {
        Some(default) => Presence::Default(default_value(&default, kind)?),
        None if optional => Presence::Optional,
        None => Presence::Required,
    };
    Some((name.value.to_owned(), Attribute { claim: claim?.value.to_owned(), kind, presence }))
}

fn default_value(default: &Found<'_, &DeValue<'_>>, kind: AttributeType) -> Option<AttributeValue> {
    match (kind, default.value) {
        (AttributeType::String, DeValue::String(_)) => {
            let text = default.clone().text()?.filled()?;
            Some(AttributeValue::Text(text.value.to_owned()))
        }
        (AttributeType::Long, DeValue::Integer(_)) => match default.integer()? {
            Some(number) => Some(AttributeValue::Long(number)),
            None => default.fault("is past 64 bits"),
        },
        (AttributeType::Bool, DeValue::Boolean(flag)) => Some(AttributeValue::Bool(*flag)),
        (AttributeType::Set, DeValue::Array(_)) => {
            let members = default.clone().texts()?;
            let members = members.iter().map(|member| member.value.to_owned()).collect();
            Some(AttributeValue::Set(members))
        }
        _ => default.fault(format!("must be of the attribute's type, {}", kind.name())),
    }
}
