mod keys;

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use serde_json::{Map, Value, json};

use super::development::{AgentGrant, Grant, SigningKey, generate_key_file};
use super::*;

const NOW: u64 = 2_000_000_000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn attributes() -> Attributes {
    let attribute = |claim: &str, kind, presence| {
        (claim.to_owned(), Attribute { claim: claim.to_owned(), kind, presence })
    };
    let zero = Presence::Default(AttributeValue::Long(0));
    [
        attribute("org_id", AttributeType::String, Presence::Required),
        attribute("region", AttributeType::String, Presence::Optional),
        attribute("rank", AttributeType::Long, zero),
        attribute("staff", AttributeType::Bool, Presence::Optional),
        attribute("teams", AttributeType::Set, Presence::Optional),
    ]
    .into()
}

fn issuer(name: &str, jwks: &Path, development: bool) -> IssuerConfig {
    IssuerConfig {
        issuer: name.to_owned(),
        audience: "portcullis".to_owned(),
        jwks: jwks.to_owned(),
        user_claim: "sub".to_owned(),
        leeway: Duration::from_secs(30),
        algorithms: None,
        development,
    }
}

/// Fresh keys of every kind.
struct Keys {
    ed: Ed25519KeyPair,
    ed2: Ed25519KeyPair,
    ec: EcdsaKeyPair,
    rsa: rsa::KeyPair,
    hs: [u8; 32],
}

impl Keys {
    fn new() -> Self {
        Self {
            ed: Ed25519KeyPair::generate().unwrap(),
            ed2: Ed25519KeyPair::generate().unwrap(),
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            rsa: rsa::KeyPair::generate(KeySize::Rsa2048).unwrap(),
            hs: *b"a secret of exactly 32 bytes ...",
        }
    }

    fn public_set(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        json!({ "keys": [
            { "kty": "RSA", "kid": "rsa", "n": text(&self.modulus()), "e": "AQAB" },
            { "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig",
              "x": text(&point[1..33]), "y": text(&point[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "alg": "EdDSA",
              "x": text(self.ed.public_key().as_ref()) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed2",
              "x": text(self.ed2.public_key().as_ref()) },
            { "kty": "EC", "crv": "P-521", "kid": "ed", "x": "AA", "y": "AA" },
            { "kty": "RSA", "kid": "ed", "use": "enc", "n": "AA", "e": "AQAB" },
        ] })
    }

    fn development_set(&self) -> Value {
        json!({ "keys": [{ "kty": "oct", "kid": "hs", "k": text(&self.hs) }] })
    }

    fn modulus(&self) -> Vec<u8> {
        self.rsa.public_key().modulus().big_endian_without_leading_zero().to_vec()
    }

    fn sign(&self, key: &str, message: &str) -> String {
        use jsonwebtoken::Algorithm::{ES256, EdDSA, HS256};
        let pkcs8 = |pair: &Ed25519KeyPair| pair.to_pkcs8v1().unwrap().as_ref().to_vec();
        let (key, algorithm) = match key {
            "ed" => (EncodingKey::from_ed_der(&pkcs8(&self.ed)), EdDSA),
            "ed2" => (EncodingKey::from_ed_der(&pkcs8(&self.ed2)), EdDSA),
            "ec" => (EncodingKey::from_ec_der(self.ec.to_pkcs8v1().unwrap().as_ref()), ES256),
            "rsa" => return self.sign_rsa(message),
            "hs" => (EncodingKey::from_secret(&self.hs), HS256),
            "rsa-as-secret" => (EncodingKey::from_secret(&self.modulus()), HS256),
            "none" => return String::new(),
            other => panic!("no key {other}"),
        };
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap()
    }

    fn sign_rsa(&self, message: &str) -> String {
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        let random = SystemRandom::new();
        self.rsa.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
        text(&signature)
    }

    fn token(&self, key: &str, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", text(header.as_bytes()), text(claims.as_bytes()));
        let signature = self.sign(key, &message);
        format!("{message}.{signature}")
    }
}

fn sound_claims() -> Value {
    json!({ "iss": "https://login.example", "aud": "portcullis", "sub": "alice",
            "exp": 2_000_003_600u64, "org_id": "acme" })
}

const SOUND_HEADER: &str = r#"{"alg":"EdDSA","kid":"ed"}"#;

/// A folder with the key files of a real issuer and one for development, and their verifier.
fn world() -> (tempfile::TempDir, Keys, Verifier) {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::new();
    let (real, development) = (folder.path().join("real"), folder.path().join("development"));
    std::fs::write(&real, keys.public_set().to_string()).unwrap();
    std::fs::write(&development, keys.development_set().to_string()).unwrap();
    let issuers = vec![
        issuer("https://login.example", &real, false),
        issuer("https://dev.example", &development, true),
    ];
    let verifier = Verifier::new(issuers, attributes()).unwrap();
    (folder, keys, verifier)
}

fn shown(result: Result<Principal, IdentityError>) -> String {
    fn identity(text: &mut String, identity: &Identity) {
        write!(text, "{} of {};", identity.user, identity.issuer).unwrap();
        if !identity.roles.is_empty() {
            let roles: Vec<_> = identity.roles.iter().map(String::as_str).collect();
            write!(text, " roles {};", roles.join(", ")).unwrap();
        }
        for (name, value) in &identity.attributes {
            match value {
                AttributeValue::Text(value) => write!(text, " {name}={value:?}").unwrap(),
                AttributeValue::Long(value) => write!(text, " {name}={value}").unwrap(),
                AttributeValue::Bool(value) => write!(text, " {name}={value}").unwrap(),
                AttributeValue::Set(value) => {
                    let members: Vec<_> = value.iter().map(String::as_str).collect();
                    write!(text, " {name}={{{}}}", members.join(", ")).unwrap();
                }
            }
        }
        text.push_str("; ");
    }
    match result {
        Err(error) => error.to_string(),
        Ok(principal) => {
            let mut text = String::new();
            identity(&mut text, &principal.person);
            if let Some(agent) = &principal.agent {
                text.push_str("by ");
                identity(&mut text, agent);
            }
            let until = principal.expires_at.duration_since(UNIX_EPOCH).unwrap().as_secs();
            write!(text, "until {until}").unwrap();
            text
        }
    }
}

#[test]
fn tokens_are_taken_and_refused_as_written_down() {
    let (_folder, keys, verifier) = world();
    let cases = include_str!("tokens.txt").split("\n== ").skip(1);
    let (mut count, mut wrong) = (0, Vec::new());
    for case in cases {
        let (name, body) = case.split_once('\n').unwrap();
        let mut header = SOUND_HEADER.to_owned();
        let mut claims = sound_claims();
        let (mut raw, mut token, mut key, mut expected) = (None, None, "ed", None);
        for line in body.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "header" => header = rest.to_owned(),
                "claims" => raw = Some(rest.to_owned()),
                "with" => {
                    let added: Map<String, Value> = serde_json::from_str(rest).unwrap();
                    claims.as_object_mut().unwrap().extend(added);
                }
                "without" => drop(claims.as_object_mut().unwrap().remove(rest).unwrap()),
                "key" => key = rest,
                "token" => token = Some(rest.to_owned()),
                "->" => expected = Some(rest),
                _ => panic!("{name}: {line}"),
            }
        }
        let claims = raw.unwrap_or_else(|| claims.to_string());
        let token = token.unwrap_or_else(|| keys.token(key, &header, &claims));
        let result = shown(verifier.verify("alice", &token, at(NOW)));
        if result != expected.unwrap() {
            wrong.push(format!("{name}\n  is:     {result}\n  should: {}", expected.unwrap()));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 90, "the cases are gone");
}

#[test]
fn a_huge_token_is_not_looked_at() {
    let (_folder, keys, verifier) = world();
    let mut claims = sound_claims();
    claims["padding"] = "x".repeat(11_800).into();
    let token = keys.token("ed", SOUND_HEADER, &claims.to_string());
    assert!(token.len() < 16 * 1024);
    assert!(verifier.verify("alice", &token, at(NOW)).is_ok());
    claims["padding"] = "x".repeat(12_300).into();
    let token = keys.token("ed", SOUND_HEADER, &claims.to_string());
    assert_eq!(verifier.verify("alice", &token, at(NOW)), Err(IdentityError::TooLong));
}

#[test]
fn no_changed_character_of_a_token_is_overlooked() {
    let (_folder, keys, verifier) = world();
    let token = keys.token("ed", SOUND_HEADER, &sound_claims().to_string());
    assert!(verifier.verify("alice", &token, at(NOW)).is_ok());
    for position in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verifier.verify("alice", &changed, at(NOW)).is_err(), "{position}");
        assert!(verifier.verify("alice", &token[..position], at(NOW)).is_err(), "{position}");
    }
    assert!(verifier.verify("alice", &format!("{token}A"), at(NOW)).is_err());
    assert!(verifier.verify("alice", &format!("{token}\n"), at(NOW)).is_err());
}

#[test]
fn clients_learn_nothing_but_that_a_token_expired() {
    let error = IdentityError::BadSignature.for_client("alice");
    assert_eq!(error.sqlstate.code(), "28P01");
    assert_eq!(error.message, "password authentication failed for user \"alice\"");
    assert_eq!(error.detail, None);
    assert_eq!(error.internal.as_deref(), Some("the signature does not hold"));
    for other in [
        IdentityError::TooLong,
        IdentityError::Malformed,
        IdentityError::SeveralKeys,
        IdentityError::MissingClaim("org_id".to_owned()),
        IdentityError::OtherUser(Excerpt::of("bob")),
        IdentityError::UnknownIssuer(Excerpt::of("x")),
        IdentityError::WrongAudience,
        IdentityError::NotYetValid,
    ] {
        let told = other.for_client("alice");
        assert_eq!(
            (told.sqlstate, &told.message, &told.detail, &told.hint),
            (error.sqlstate, &error.message, &error.detail, &error.hint),
            "{other}"
        );
    }
    let expired = IdentityError::Expired.for_client("alice");
    assert_eq!((expired.sqlstate, &expired.message), (error.sqlstate, &error.message));
    assert_eq!(expired.detail.as_deref(), Some("the token has expired"));
    assert_eq!(expired.hint.as_deref(), Some("log in with a new token"));
}

#[test]
fn development_tokens_hold() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    generate_key_file(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(generate_key_file(&path).is_err(), "a key is not overwritten");

    let mut issuer = issuer("https://dev.example", &path, true);
    issuer.user_claim = "email".to_owned();
    let claims = json!({ "org_id": "acme", "roles": ["analyst"], "exp": 0, "iss": "x" });
    let grant = Grant {
        user: "alice@acme.example".to_owned(),
        claims: claims.as_object().unwrap().clone(),
        agent: Some(AgentGrant {
            name: "bot".to_owned(),
            claims: json!({ "rank": 1 }).as_object().unwrap().clone(),
        }),
        issued_at: at(NOW),
        expires_at: at(NOW + 60),
    };
    let token = SigningKey::of(&issuer).unwrap().sign(&grant).unwrap();
    let verifier = Verifier::new(vec![issuer.clone()], attributes()).unwrap();
    assert_eq!(
        shown(verifier.verify("alice@acme.example", &token, at(NOW))),
        "alice@acme.example of https://dev.example; roles analyst; org_id=\"acme\" rank=0; \
         by bot of https://dev.example; org_id=\"acme\" rank=1; until 2000000090"
    );

    let refused = IssuerConfig { development: false, ..issuer };
    assert_eq!(
        SigningKey::of(&refused).unwrap_err().to_string(),
        "the issuer \"https://dev.example\" is not marked `development = true`, so nothing is \
         signed for it"
    );
}

#[test]
fn every_kind_of_development_key_signs() {
    let keys = Keys::new();
    let point = keys.ec.public_key().as_ref();
    let d = keys.ec.private_key().as_be_bytes().unwrap();
    let seed = keys.ed.seed().unwrap().as_be_bytes().unwrap();
    let sets = [
        keys.development_set()["keys"][0].clone(),
        json!({ "kty": "EC", "crv": "P-256", "kid": "ec", "d": text(d.as_ref()),
                "x": text(&point[1..33]), "y": text(&point[33..]) }),
        json!({ "kty": "OKP", "crv": "Ed25519", "d": text(seed.as_ref()),
                "x": text(keys.ed.public_key().as_ref()) }),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (number, key) in sets.iter().enumerate() {
        let path = folder.path().join(number.to_string());
        std::fs::write(&path, json!({ "keys": [key] }).to_string()).unwrap();
        let issuer = issuer("https://dev.example", &path, true);
        let grant = Grant {
            user: "alice".to_owned(),
            claims: json!({ "org_id": "acme" }).as_object().unwrap().clone(),
            agent: None,
            issued_at: at(NOW),
            expires_at: at(NOW + 60),
        };
        let token = SigningKey::of(&issuer).unwrap().sign(&grant).unwrap();
        let verifier = Verifier::new(vec![issuer], attributes()).unwrap();
        assert!(verifier.verify("alice", &token, at(NOW)).is_ok(), "{key}");
    }
}
