//! The licence of every crate that is built here is one that `deny.toml` allows. `make deny` looks
//! more closely (texts of licences, other targets); this needs no tool and no internet.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::repository;

/// An expression of SPDX: identifiers, `WITH` an exception, `AND`, `OR` and parentheses, where
/// `AND` binds closer. Many crates still write `/` for `OR`, as Cargo did once.
struct Expression<'a> {
    left: Vec<&'a str>,
    allowed: &'a BTreeSet<String>,
}

impl<'a> Expression<'a> {
    /// Whether the terms can be kept with licences that are allowed; `None` for what is no
    /// expression.
    fn is_met(text: &'a str, allowed: &'a BTreeSet<String>) -> Option<bool> {
        let mut left = Vec::new();
        for word in text.split_whitespace() {
            let mut rest = word;
            while let Some(at) = rest.find(['(', ')', '/']) {
                left.extend((at > 0).then(|| &rest[..at]));
                left.push(&rest[at..=at]);
                rest = &rest[at + 1..];
            }
            left.extend((!rest.is_empty()).then_some(rest));
        }
        left.reverse();
        let mut expression = Self { left, allowed };
        let met = expression.any()?;
        expression.left.is_empty().then_some(met)
    }

    fn takes(&mut self, words: &[&str]) -> bool {
        let next = self.left.pop_if(|word| words.contains(word));
        next.is_some()
    }

    fn any(&mut self) -> Option<bool> {
        let mut met = self.all()?;
        while self.takes(&["OR", "/"]) {
            met |= self.all()?;
        }
        Some(met)
    }

    fn all(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.takes(&["AND"]) {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.takes(&["("]) {
            let met = self.any()?;
            return self.takes(&[")"]).then_some(met);
        }
        let mut license = self.name()?.to_owned();
        if self.takes(&["WITH"]) {
            license = format!("{license} WITH {}", self.name()?);
        }
        Some(self.allowed.contains(&license))
    }

    fn name(&mut self) -> Option<&'a str> {
        self.left.pop_if(|word| !["(", ")", "/", "AND", "OR", "WITH"].contains(word))
    }
}

#[test]
fn expressions_are_understood() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(String::from).into();
    for (text, expected) in [
        ("MIT", Some(true)),
        ("GPL-3.0", Some(false)),
        ("GPL-3.0 OR MIT", Some(true)),
        ("GPL-3.0/MIT", Some(true)),
        ("GPL-3.0 / BSL-1.0", Some(false)),
        ("MIT AND ISC", Some(true)),
        ("MIT AND GPL-3.0", Some(false)),
        ("GPL-3.0 AND ISC OR MIT", Some(true)),
        ("GPL-3.0 AND (ISC OR MIT)", Some(false)),
        ("(GPL-3.0 OR MIT) AND (ISC)", Some(true)),
        ("Apache-2.0", Some(false)),
        ("Apache-2.0 WITH LLVM-exception", Some(true)),
        ("MIT WITH LLVM-exception", Some(false)),
        ("", None),
        ("MIT ISC", None),
        ("MIT OR", None),
        ("(MIT", None),
        ("MIT)", None),
        ("MIT WITH", None),
    ] {
        assert_eq!(Expression::is_met(text, &allowed), expected, "{text:?}");
    }
}

#[test]
fn every_crate_has_a_license_that_is_allowed() {
    let deny = fs::read_to_string(repository().join("deny.toml")).unwrap();
    let deny: toml::Table = deny.parse().unwrap();
    let licenses = &deny["licenses"];
    let allowed = licenses["allow"].as_array().unwrap();
    let allowed: BTreeSet<String> =
        allowed.iter().map(|license| license.as_str().unwrap().to_owned()).collect();
    for key in ["exceptions", "clarify"] {
        assert!(licenses.get(key).is_none(), "deny.toml: this test does not know \"{key}\"");
    }

    // Of other systems Cargo may have nothing here.
    let metadata = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args(["--filter-platform", &host()])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{} crates", packages.len());
    let mut wrong = Vec::new();
    for package in packages {
        let name = format!("{} {}", package["name"], package["version"]);
        match package["license"].as_str() {
            None => wrong.push(format!("{name} names no license")),
            Some(text) => match Expression::is_met(text, &allowed) {
                Some(true) => {}
                Some(false) => wrong.push(format!("{name}: {text} is not allowed")),
                None => wrong.push(format!("{name}: {text} is not understood")),
            },
        }
    }
    assert!(wrong.is_empty(), "deny.toml says otherwise:\n{}", wrong.join("\n"));
}

fn host() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let told = Command::new(rustc).arg("-vV").output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}
