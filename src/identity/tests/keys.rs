//! Key files: which are taken, and how they are followed.

use super::*;

fn open(keys: &Value, development: bool) -> Result<Verifier, KeyError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::write(&path, keys.to_string()).unwrap();
    let issuers = vec![issuer("https://login.example", &path, development)];
    Verifier::new(issuers, attributes())
}

#[test]
fn a_changed_key_file_counts_and_a_broken_one_does_not() {
    let (folder, keys, verifier) = world();
    let path = folder.path().join("real");
    let token = |key: &str, header: &str| keys.token(key, header, &sound_claims().to_string());
    let new = r#"{"alg":"EdDSA","kid":"new"}"#;
    let holds = |token: &str| verifier.verify("alice", token, at(NOW)).is_ok();
    assert!(holds(&token("ed", SOUND_HEADER)));
    assert!(!holds(&token("ed2", new)));

    let x = text(keys.ed2.public_key().as_ref());
    let set = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "new", "x": x }] });
    std::fs::write(&path, set.to_string()).unwrap();
    assert!(holds(&token("ed2", new)));
    assert!(!holds(&token("ed", SOUND_HEADER)), "a key that is gone still counts");

    for broken in ["", "{", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"OKP","crv":"Ed25519"}]}"#] {
        std::fs::write(&path, broken).unwrap();
        assert!(holds(&token("ed2", new)), "{broken}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(holds(&token("ed2", new)));

    std::fs::write(&path, keys.public_set().to_string()).unwrap();
    assert!(holds(&token("ed", SOUND_HEADER)));
    assert!(!holds(&token("ed2", new)));
}

#[test]
fn key_sets_that_cannot_be_right_are_refused() {
    let keys = Keys::new();
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "a",
                     "x": text(keys.ed.public_key().as_ref()) });
    let mut private = ed.clone();
    private["d"] = text(&[7; 32]).into();
    let mut short = ed.clone();
    short["x"] = "AAAA".into();
    let none = "none of them verifies signatures that this issuer may make";
    let can_sign = "key 1 can sign, and the issuer is not marked `development = true`; keep the \
                    public half here";
    for (set, development, expected) in [
        (json!({ "keys": [] }), false, none),
        (json!({}), false, "there is no array \"keys\""),
        (json!({ "keys": {} }), false, "there is no array \"keys\""),
        (json!([]), false, "not an object"),
        (json!({ "keys": ["a"] }), false, "key 1 is not an object of text members"),
        (json!({ "keys": [{ "kty": "EC", "crv": "P-384" }] }), false, none),
        (
            json!({ "keys": [{ "kty": "RSA", "alg": "PS256", "n": text(&[255; 256]), "e": "AQAB" }] }),
            false,
            none,
        ),
        (
            json!({ "keys": [{ "kty": "RSA", "n": text(&[255; 128]), "e": "AQAB" }] }),
            false,
            "key 1 has fewer than 2048 bits",
        ),
        (json!({ "keys": [{ "kty": "RSA", "n": text(&[255; 256]) }] }), false, "key 1 lacks \"e\""),
        (json!({ "keys": [ed, short] }), false, "key 2 has a member \"x\" of the wrong length"),
        (json!({ "keys": [ed, ed] }), false, "key 2 has the \"kid\" of another one"),
        (json!({ "keys": [private] }), false, can_sign),
        (json!({ "keys": [{ "kty": "oct", "k": text(&[7; 32]) }] }), false, can_sign),
        (
            json!({ "keys": [{ "kty": "oct", "k": text(&[7; 16]) }] }),
            true,
            "key 1 has fewer than 256 bits",
        ),
        (
            json!({ "keys": [{ "kty": "oct", "k": "p@ssword" }] }),
            true,
            "key 1 has a member \"k\" that is not base64url",
        ),
    ] {
        let error = open(&set, development).unwrap_err().to_string();
        assert!(error.ends_with(&format!("keys.json\": {expected}")), "{error}");
    }
}

#[test]
fn algorithms_can_be_narrowed() {
    let (folder, keys, _) = world();
    let mut issuer = issuer("https://login.example", &folder.path().join("real"), false);
    issuer.algorithms = Some([Algorithm::Es256].into());
    let verifier = Verifier::new(vec![issuer], attributes()).unwrap();
    let claims = sound_claims().to_string();
    let header = r#"{"alg":"ES256","kid":"ec"}"#;
    assert!(verifier.verify("alice", &keys.token("ec", header, &claims), at(NOW)).is_ok());
    assert_eq!(
        verifier.verify("alice", &keys.token("ed", SOUND_HEADER, &claims), at(NOW)),
        Err(IdentityError::NoKey { algorithm: "EdDSA", kid: Some(Excerpt::of("ed")) })
    );
}

#[test]
fn a_huge_key_file_is_not_read() {
    let padding = "x".repeat(300_000);
    let error = open(&json!({ "keys": [], "padding": padding }), false).unwrap_err().to_string();
    assert!(error.ends_with("it is larger than 262144 bytes"), "{error}");
}

#[test]
fn nothing_shows_a_key() {
    let (_folder, keys, verifier) = world();
    let shown = format!("{verifier:?}");
    assert!(shown.contains("https://login.example"));
    assert!(!shown.contains(&text(&keys.hs)) && !shown.contains("hs"), "{shown}");
}
