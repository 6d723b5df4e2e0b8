//! What keeps the house in order: arrows between rooms, the size of files, crates that must be
//! there once or not at all, samples that are complete, merges that were finished, documents that
//! name what there is.

mod documents;
mod errors;
mod licenses;
mod mutants;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines of a file, tests aside, past which it asks to be two rooms.
const MOST_LINES: usize = 600;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder that is no test, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !matches!(name.as_str(), "tests" | "target") {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                let text = fs::read_to_string(&path).unwrap();
                let (code, _) = text.split_once("\n#[cfg(test)]\n").unwrap_or((&text, ""));
                let inside = path.strip_prefix(repository()).unwrap().to_owned();
                found.push((inside, code.to_owned()));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no Rust files");
    found.sort();
    found
}

/// The names right after each `crate::` of the code: one, or those within braces.
fn named_rooms(code: &str) -> BTreeSet<String> {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.flat_map(|line| [line, "\n"]).collect();
    let mut rooms = BTreeSet::new();
    let word = |text: &str| {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        text[..end].to_owned()
    };
    for (at, _) in code.match_indices("crate::") {
        // `portcullis_crate::` would be another crate's.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            rooms.insert(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut begins = true;
        for (at, character) in group.char_indices() {
            match character {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if begins && c.is_alphabetic() => {
                    begins = false;
                    rooms.insert(word(&group[at..]));
                }
                _ => {}
            }
        }
    }
    rooms
}

#[test]
fn a_group_of_imports_is_understood() {
    let code = "use crate::{a::{x, y}, b};\n// use crate::no;\nfn f(e: crate::c::E) {}";
    assert_eq!(named_rooms(code), ["a", "b", "c"].map(String::from).into());
}

#[test]
fn arrows_point_one_way() {
    let text = fs::read_to_string(repository().join("tests/data/tidy/arrows.txt")).unwrap();
    let mut allowed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (room, known) = line.split_once(':').unwrap();
        let known: Vec<&str> = known.split_whitespace().collect();
        for name in &known {
            assert!(allowed.contains_key(name), "\"{}\" names \"{name}\" too early", room.trim());
        }
        allowed.insert(room.trim(), known);
    }
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, code) in sources("src") {
        let room = path.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
        let room = room.trim_end_matches(".rs").to_owned();
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let Some(known) = allowed.get(room.as_str()) else {
            wrong.push(format!("the room \"{room}\" is not listed"));
            continue;
        };
        for name in named_rooms(&code).into_iter().filter(|name| *name != room) {
            if known.contains(&name.as_str()) {
                seen.insert((room.clone(), name));
            } else if allowed.contains_key(name.as_str()) {
                wrong.push(format!("{} imports crate::{name}", path.display()));
            }
        }
    }
    for (room, known) in &allowed {
        let unused =
            known.iter().filter(|name| !seen.contains(&((*room).to_owned(), (**name).to_owned())));
        wrong.extend(unused.map(|name| format!("\"{room}\" does not need \"{name}\" any more")));
    }
    assert!(wrong.is_empty(), "tests/data/tidy/arrows.txt says otherwise:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_two_rooms() {
    let folders = ["src", "connectors", "benches", "examples"];
    let long: Vec<String> = folders
        .into_iter()
        .flat_map(sources)
        .map(|(path, code)| (path, code.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "longer than {MOST_LINES}:\n{}", long.join("\n"));
}

#[test]
fn what_must_be_there_once_is_and_rivals_are_not() {
    let lock = fs::read_to_string(repository().join("Cargo.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let text = |key: &str| package[key].as_str().unwrap().to_owned();
        versions.entry(text("name")).or_default().push(text("version"));
    }
    for name in ["arrow", "parquet", "datafusion", "sqlparser", "cedar-policy", "rustls"] {
        let found = versions.get(name).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(found.len(), 1, "{name}: {found:?}");
    }
    let family = |name: &str| name.starts_with("arrow-") || name.starts_with("datafusion-");
    let twice: Vec<_> =
        versions.iter().filter(|(name, found)| family(name) && found.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    // TLS is rustls's; a second library would double what has to be trusted.
    for name in ["openssl", "openssl-sys", "native-tls"] {
        assert!(!versions.contains_key(name), "{name} came in");
    }
}

#[test]
fn samples_of_policies_are_complete() {
    let mut samples = 0;
    for entry in fs::read_dir(repository().join("policies")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let shown = path.display();
        let read = |name: &str| fs::read_to_string(path.join(name)).unwrap_or_default();
        assert!(read("README.md").starts_with("# "), "{shown} lacks a README.md with a title");
        assert!(read("cases.toml").contains("[[case]]"), "{shown} lacks cases");
        let all = fs::read_to_string(repository().join("policies/README.md")).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(all.contains(&format!("({name}/)")), "policies/README.md does not name {name}");
        samples += 1;
    }
    assert!(samples >= 3, "the samples are gone");
}

/// The files that belong to the repository.
fn tracked() -> Vec<String> {
    let listed =
        Command::new("git").args(["ls-files", "-z"]).current_dir(repository()).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    assert!(names.iter().any(|name| name == "Cargo.toml"), "not the tracked files: {listed}");
    names
}

#[test]
fn no_merge_was_left_half_way() {
    let mut wrong = Vec::new();
    for name in tracked() {
        // A file that was removed and not committed is of no concern.
        let Ok(bytes) = fs::read(repository().join(&name)) else { continue };
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            if line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ") {
                wrong.push(format!("{name}:{number}"));
            }
        }
    }
    assert!(wrong.is_empty(), "both sides of a merge stand in:\n{}", wrong.join("\n"));
}
