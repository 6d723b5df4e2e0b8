//! The paths that the documents name are there: a file that was moved, or became a folder, is found
//! where it is told of.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{repository, tracked};

/// The documents that say how things are, with their text. The change log says how they were, too.
fn documents() -> Vec<(String, String)> {
    let mut names = tracked();
    names.retain(|name| name.ends_with(".md") && name != "CHANGELOG.md");
    for expected in ["README.md", "ARCHITECTURE.md", "docs/sql.md"] {
        assert!(names.iter().any(|name| name == expected), "{expected} is gone");
    }
    let read = |name: String| {
        let text = fs::read_to_string(repository().join(&name)).unwrap();
        (name, text)
    };
    names.into_iter().map(read).collect()
}

/// What stands in backticks, blocks of code aside.
fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// The targets of links that lead to files.
fn linked(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    files.map(|target| target.split('#').next().unwrap_or_default())
}

/// Whether a word looks like a path within the repository. One that begins with a slash is what
/// the gateway serves.
fn is_path(word: &str) -> bool {
    let of_a_path = |c: char| c.is_ascii_alphanumeric() || "_-./*".contains(c);
    let is_file = [".rs", ".md", ".toml"].iter().any(|end| word.ends_with(end));
    word.chars().all(of_a_path) && !word.starts_with('/') && (word.contains('/') || is_file)
}

/// Whether something is there; a star as its last part stands for anything in the folder.
fn exists(path: &Path) -> bool {
    match path.file_name() {
        Some(name) if name == "*" => {
            let within = path.parent().and_then(|folder| fs::read_dir(folder).ok());
            within.is_some_and(|mut entries| entries.next().is_some())
        }
        _ => path.exists(),
    }
}

#[test]
fn what_looks_like_a_path_is_told_apart() {
    let text = "`a/b.rs` and\n```\n`no/path`\n```\n`x` or `y.toml`, [z](z.md#at) [w](https://w/)";
    assert_eq!(in_backticks(text).collect::<Vec<_>>(), ["a/b.rs", "x", "y.toml"]);
    assert_eq!(linked(text).collect::<Vec<_>>(), ["z.md"]);
    for path in ["src/wire/", "connectors/*", "Cargo.toml", "guard/scan.rs", "README.md"] {
        assert!(is_path(path), "{path}");
    }
    for other in ["/readyz", "1 / 0", "|/", "SELECT", "crate::error", "[limits]"] {
        assert!(!is_path(other), "{other}");
    }
    for (path, there) in [("src/wire/", true), ("Cargo.toml/", false), ("src/*", true)] {
        assert_eq!(exists(&repository().join(path)), there, "{path}");
    }
    assert!(!exists(&repository().join("nowhere/*")));
}

/// A path is meant from the root, from `src/`, or from where the document lies; a link from there
/// alone.
#[test]
fn what_documents_name_is_there() {
    let text = fs::read_to_string(repository().join("tests/data/tidy/elsewhere.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let elsewhere: BTreeSet<(&str, &str)> =
        lines.map(|line| line.split_once(": ").unwrap()).collect();
    let documents = documents();
    let mut met = BTreeSet::new();
    let (mut wrong, mut found) = (Vec::new(), 0);
    for (document, text) in &documents {
        let folder = Path::new(document).parent().unwrap();
        let from = |base: &Path, path: &str| exists(&repository().join(base).join(path));
        for path in in_backticks(text).filter(|word| is_path(word)) {
            found += 1;
            if let Some(known) = elsewhere.get(&(document.as_str(), path)) {
                met.insert(*known);
            } else if ![Path::new(""), Path::new("src"), folder].iter().any(|base| from(base, path))
            {
                wrong.push(format!("{document}: `{path}`"));
            }
        }
        wrong.extend(
            linked(text)
                .filter(|target| !from(folder, target))
                .map(|target| format!("{document}: a link to {target}")),
        );
    }
    let unused = elsewhere.difference(&met);
    wrong
        .extend(unused.map(|(document, path)| format!("{document} does not name {path} any more")));
    assert!(wrong.is_empty(), "named and not there:\n{}", wrong.join("\n"));
    assert!(found > 50, "only {found} paths were found");
}
