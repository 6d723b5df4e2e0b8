//! "Serving your own data" of the README: its configuration, and the commands that it is for.

use std::fs;
use std::process::{Command, Stdio};

use portcullis::config::Config;
use tempfile::TempDir;

use crate::house::Ended;
use crate::postgres;

const TABLE: &str = "CREATE TABLE customers (id integer PRIMARY KEY, org_id text NOT NULL);
    INSERT INTO customers VALUES (1, 'acme'), (2, 'other');";

fn block() -> String {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, block) = readme.split_once("```toml\n# portcullis.toml\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// As somebody would who follows the README.
fn typed(folder: &TempDir, url: &str, arguments: &[&str]) -> Ended {
    Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(arguments)
        .current_dir(folder.path())
        .env("CRM_URL", url)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .into()
}

#[test]
fn the_configuration_of_the_readme_holds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("portcullis.toml");
    fs::write(&file, block()).unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    let url = postgres::shared().database(TABLE);
    let succeeds = |arguments: &[&str], fact: &str| {
        let ended = typed(&folder, &url, arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        assert!(ended.out.contains(fact), "{arguments:?}: {ended:?}");
    };
    succeeds(&["key"], "");
    succeeds(&["schema"], "entity customers");
    let policy = "permit (principal, action == Action::\"select\", resource is crm::customers);";
    fs::write(folder.path().join("policies/all.cedar"), policy).unwrap();
    succeeds(&["check"], "crm.customers");
    succeeds(&["token", "--user", "ada", "--claim", "org_id=acme"], "eyJ");
    let identity = Config::load_identity(&file).unwrap();
    assert_eq!(identity.issuers.len(), 1);
}
