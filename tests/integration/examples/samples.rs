//! `portcullis check` takes the sample policies, over a database made of the tables that their
//! cases name.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;

#[test]
fn check_takes_the_sample_policies() {
    let samples = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")).unwrap();
    let mut samples: Vec<_> =
        samples.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    samples.sort();
    for sample in samples {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("portcullis.toml");
        fs::write(&config, estate(&sample, folder.path())).unwrap();
        let run = |command: &str| {
            let mut portcullis = Command::new(env!("CARGO_BIN_EXE_portcullis"));
            let output = portcullis.arg(command).arg("--config").arg(&config).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {text}{errors}", sample.display());
            text
        };
        run("key");
        let checked = run("check");
        assert!(checked.contains("\n0 faults, "), "{}: {checked}", sample.display());
        assert!(run("schema").contains("entity"), "{}", sample.display());
    }
}

/// Makes a database for each source of the cases' world, and gives the configuration.
fn estate(sample: &Path, folder: &Path) -> String {
    let cases: toml::Table =
        fs::read_to_string(sample.join("cases.toml")).unwrap().parse().unwrap();
    let world = cases["world"].as_table().unwrap();
    let mut config = format!(
        "[[identity.jwt]]\nissuer = \"https://login.example\"\naudience = \"portcullis\"\n\
         jwks = \"keys/jwks.json\"\ndevelopment = true\n\
         [tenancy]\nattribute = \"org_id\"\ncolumn = \"org_id\"\n\
         [policies]\ndir = {:?}\ntags = {}\ntoken_key = {{ file = \"keys/token.key\" }}\n\
         [audit]\ndir = \"audit\"\n[identity.attributes]\n",
        sample.display(),
        world.get("tags").map_or_else(|| "[]".to_owned(), ToString::to_string),
    );
    for (name, kind) in world["attributes"].as_table().unwrap() {
        let kind = kind.as_str().unwrap();
        let optional = kind.ends_with('?');
        let kind = kind.trim_end_matches('?');
        writeln!(config, "{name} = {{ claim = {name:?}, type = {kind:?}, optional = {optional} }}")
            .unwrap();
    }
    let mut sources: Vec<&str> = Vec::new();
    for (name, columns) in world["tables"].as_table().unwrap() {
        let (source, table) = name.split_once('.').unwrap();
        let database = Connection::open(folder.join(format!("{source}.db"))).unwrap();
        if !sources.contains(&source) {
            writeln!(config, "[sources.{source}]\nkind = \"sqlite\"\npath = \"{source}.db\"")
                .unwrap();
            sources.push(source);
        }
        let columns: Vec<&str> =
            columns.as_array().unwrap().iter().map(|column| column.as_str().unwrap()).collect();
        let definitions: Vec<&str> =
            columns.iter().map(|column| column.split('#').next().unwrap().trim()).collect();
        database
            .execute_batch(&format!("CREATE TABLE {table} ({})", definitions.join(", ")))
            .unwrap();
        if !columns.iter().any(|column| column.starts_with("org_id ")) {
            writeln!(config, "[sources.{source}.tables.{table}]\nshared = true").unwrap();
        }
        writeln!(config, "[sources.{source}.tables.{table}.columns]").unwrap();
        for column in columns.iter().filter(|column| column.contains('#')) {
            let name = column.split(' ').next().unwrap();
            let tags: Vec<&str> = column.split('#').skip(1).map(str::trim).collect();
            writeln!(config, "{name} = {{ tags = {tags:?} }}").unwrap();
        }
    }
    config
}
