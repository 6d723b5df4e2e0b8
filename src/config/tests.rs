use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::identity::{AttributeType, Presence};

const REFERENCE: &str = include_str!("../../config/reference.toml");

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config")
}

fn no_environment(_: &str) -> Option<String> {
    None
}

/// Each file in `bad/` begins with the faults it has, as `#! LINE: MESSAGE`; `DIR` is its folder.
#[test]
fn bad_configurations_name_file_line_and_key() {
    let folder = data().join("bad");
    let (mut cases, mut wrong) = (0, String::new());
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let expected = text
            .lines()
            .map_while(|line| line.strip_prefix("#! "))
            .map(|fault| format!("{}:{fault}", path.display()))
            .map(|fault| fault.replace("DIR", folder.to_str().unwrap()))
            .collect::<Vec<_>>();
        assert!(!expected.is_empty(), "{} expects nothing", path.display());
        let found = Config::parse(&path, &text, &no_environment)
            .map_or_else(|error| error.to_string(), |_| "taken".to_owned());
        if found != expected.join("\n") {
            wrong += &format!("{}\n  found:\n{found}\n\n", path.display());
        }
        cases += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases > 50, "the cases are gone");
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Path::new("/nowhere/portcullis.toml")).unwrap_err().to_string();
    assert_eq!(
        error,
        "cannot read \"/nowhere/portcullis.toml\": No such file or directory (os error 2)"
    );
}

/// The reference as it stands, in a folder with the files that it names.
fn load_reference() -> (tempfile::TempDir, Config, BTreeSet<String>) {
    let folder = tempfile::tempdir().unwrap();
    let files = ["server.crt", "server.key", "keys/jwks.json", "keys/token.key", "tickets.db"];
    for name in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "0123456789abcdef0123456789abcdef\n").unwrap();
    }
    for name in ["policies", "data/lake"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    let path = folder.path().join("portcullis.toml");
    let environment = |name: &str| match name {
        "CRM_URL" => Some("postgres://portcullis:secret@db.example/crm".to_owned()),
        _ => None,
    };
    let document = Document::new(&path, REFERENCE, &environment);
    let config = document.read(|root| Config::read(&path, root)).unwrap();
    let asked = document.asked.take();
    (folder, config, asked)
}

#[test]
fn the_reference_shows_the_defaults() {
    let (folder, reference, _) = load_reference();
    let text = "
        [[identity.jwt]]
        issuer = \"https://login.example\"
        audience = \"portcullis\"
        jwks = \"keys/jwks.json\"
        [identity.attributes]
        org_id = { claim = \"org_id\", type = \"string\" }
        [tenancy]
        attribute = \"org_id\"
        column = \"org_id\"
        [sources.tickets]
        kind = \"sqlite\"
        path = \"tickets.db\"";
    let path = folder.path().join("minimal.toml");
    let minimal = Config::parse(&path, text, &no_environment).unwrap();
    assert_eq!(minimal.tenancy, reference.tenancy);
    assert_eq!(minimal.limits, reference.limits);
    assert_eq!(minimal.audit, reference.audit);
    assert_eq!(minimal.policies.dir, reference.policies.dir);
    assert_eq!(minimal.server.listen, reference.server.listen);
    assert_eq!(minimal.server.database, reference.server.database);
    assert_eq!(minimal.server.max_connections, reference.server.max_connections);
    assert_eq!(minimal.identity.issuers, reference.identity.issuers);
}

#[test]
fn the_reference_means_what_it_says() {
    let (folder, config, _) = load_reference();
    let inside = |path: &str| folder.path().join(path);
    assert_eq!(config.audit.dir, inside("audit"));
    assert_eq!(config.audit.key_file, inside("audit.key"));
    assert_eq!(config.identity.issuers[0].jwks, inside("keys/jwks.json"));
    assert_eq!(config.identity.attributes["org_id"].kind, AttributeType::String);
    assert_eq!(config.identity.attributes["region"].presence, Presence::Optional);
    let names: Vec<_> = config.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["crm", "tickets", "lake"], "sources keep the order of the file");
    assert_eq!(config.sources[0].schemas(), ["crm", "crm_billing"]);
    let tables = &config.sources[0].tables;
    assert_eq!(tables[0].scope, TableScope::Column("customer_org".into()));
    assert!(tables.iter().any(|table| table.scope == TableScope::Shared));
    assert!(tables.iter().any(|table| table.scope == TableScope::Ignored));
    let shown = format!("{config:?}");
    for secret in ["secret", "0123456789abcdef"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_demonstration_is_configured_soundly() {
    let text = include_str!("../demo/company/portcullis.toml");
    let folder = tempfile::tempdir().unwrap();
    for name in ["keys", "policies", "lake"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    for name in ["crm.db", "keys/jwks.json", "keys/token.key"] {
        fs::write(folder.path().join(name), "0123456789abcdef0123456789abcdef\n").unwrap();
    }
    let path = folder.path().join("portcullis.toml");
    let config = Config::parse(&path, text, &no_environment).unwrap();
    assert!(config.policies.token_key.is_some());
}

/// Whatever key the code asks for stands in its section of the reference: set, or in a comment
/// as `# key = …`.
#[test]
fn the_reference_mentions_every_key() {
    let (_folder, _, asked) = load_reference();
    let mut mentioned = BTreeSet::new();
    let mut section = String::new();
    for line in REFERENCE.lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = general(header.trim_start_matches('[').split(']').next().unwrap());
            let mut outer = String::new();
            for part in section.split('.') {
                mentioned.insert((outer.clone(), part.to_owned()));
                outer = if outer.is_empty() { part.to_owned() } else { format!("{outer}.{part}") };
            }
            continue;
        }
        let Some((key, value)) = line.trim_start_matches("# ").split_once(" = ") else { continue };
        mentioned.insert((section.clone(), key.to_owned()));
        let inner = general(&format!("{section}.{key}"));
        for part in value.trim_start_matches('{').split(", ") {
            let key = part.split(" = ").next().unwrap().trim();
            mentioned.insert((inner.clone(), key.to_owned()));
        }
    }
    let missing: Vec<_> = asked
        .iter()
        .map(|asked| asked.rsplit_once(' ').unwrap())
        .map(|(label, key)| match label {
            "the top level" => (String::new(), key.to_owned()),
            label => (general(label.trim_matches(['[', ']'])), key.to_owned()),
        })
        .filter(|asked| !mentioned.contains(asked))
        .collect();
    assert!(missing.is_empty(), "config/reference.toml lacks {missing:#?}");
    assert!(asked.len() > 80, "the keys are no longer recorded");
}

/// A section without the names that are the user's; all credentials are of one kind.
fn general(section: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (number, part) in section.split('"').enumerate() {
        match number % 2 {
            0 => parts.extend(part.split('.').filter(|part| !part.is_empty()).map(str::to_owned)),
            _ => parts.push("quoted".to_owned()),
        }
    }
    for number in 1..parts.len() {
        if ["sources", "tables", "columns", "attributes"].contains(&parts[number - 1].as_str()) {
            parts[number] = "NAME".to_owned();
        }
    }
    match parts.last().map(String::as_str) {
        Some("url" | "token_key") => "CREDENTIAL".to_owned(),
        _ => parts.join("."),
    }
}
