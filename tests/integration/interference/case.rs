//! A query and how it is asked: what is judged, and what is kept of a fault.

use std::fs;
use std::path::{Path as File, PathBuf};

use super::query::Query;
use super::session::Path;

#[derive(Clone, Debug)]
pub struct Case {
    pub sql: String,
    pub path: Path,
    /// Whether its rows come in one order alone.
    pub ordered: bool,
}

fn folder() -> PathBuf {
    File::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/interference")
}

impl Case {
    pub fn of(query: &Query, path: Path) -> Self {
        Self { sql: query.to_string(), path, ordered: query.is_ordered() }
    }

    /// Keeps it, for the company that is made from this seed.
    pub fn save(&self, seed: u64) -> PathBuf {
        let Self { sql, path, ordered } = self;
        let order = if *ordered { "ordered" } else { "unordered" };
        fs::create_dir_all(folder()).unwrap();
        let file = folder().join(format!("{seed}-{path:?}.case").to_lowercase());
        fs::write(&file, format!("seed {seed}, {path:?}, {order}\n{sql}\n")).unwrap();
        file
    }

    /// From the text of a file.
    fn read(text: &str) -> Option<(u64, Self)> {
        let (first, sql) = text.split_once('\n')?;
        let mut facts = first.strip_prefix("seed ")?.split(", ");
        let seed = facts.next()?.parse().ok()?;
        let path = Path::named(facts.next()?)?;
        let ordered = facts.next()? == "ordered";
        Some((seed, Self { sql: sql.trim_end().to_owned(), path, ordered }))
    }
}

/// All that were kept: the file, the seed of the company, and the case.
pub fn saved() -> Vec<(PathBuf, u64, Case)> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let file = entry.unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        let read = Case::read(&text);
        let (seed, case) = read.unwrap_or_else(|| panic!("{}: this is no case", file.display()));
        cases.push((file, seed, case));
    }
    cases
}
