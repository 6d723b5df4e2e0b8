//! The table of what errors may say (`docs/errors.md`): it lists every SQLSTATE that there is, and
//! no error that the data of the tests expect says more than it allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{repository, sources};

/// What the second to last column may name.
const HELD: [&str; 5] = ["own words", "names", "types", "source", "bound"];

/// What may stand beside a message.
const BESIDE: [&str; 2] = ["detail", "hint"];

struct Row {
    held: BTreeSet<String>,
    beside: BTreeSet<String>,
}

/// By SQLSTATE.
fn table() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(repository().join("docs/errors.md")).unwrap();
    let (_, table) = text.split_once("| SQLSTATE | when |").unwrap();
    let mut rows = BTreeMap::new();
    for line in table.lines().skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [code, when, held, beside] = cells[..] else { panic!("{line} has other columns") };
        assert!(!when.is_empty(), "{line}");
        let words = |cell: &str, known: &[&str]| -> BTreeSet<String> {
            let words = cell.split(", ").filter(|word| !word.is_empty());
            let check = |word: &&str| assert!(known.contains(word), "{code} names {word:?}");
            words.inspect(check).map(str::to_owned).collect()
        };
        let row = Row { held: words(held, &HELD), beside: words(beside, &BESIDE) };
        assert!(rows.insert(code.to_owned(), row).is_none(), "{code} stands there twice");
    }
    rows
}

/// The SQLSTATEs of the program, by name.
fn constants() -> BTreeMap<String, String> {
    let text = fs::read_to_string(repository().join("src/error.rs")).unwrap();
    let (_, list) = text.split_once("sqlstates! {\n").unwrap();
    let (list, _) = list.split_once("\n}\n").unwrap();
    let of_a_line = |line: &str| {
        let (name, code) = line.trim().strip_suffix("\";")?.split_once(" = \"")?;
        Some((name.to_owned(), code.to_owned()))
    };
    list.lines().filter_map(of_a_line).collect()
}

#[test]
fn every_sqlstate_stands_in_the_table() {
    let table = table();
    let constants = constants();
    let codes: BTreeSet<_> = constants.values().cloned().collect();
    assert_eq!(codes.len(), constants.len(), "a SQLSTATE has two names");
    assert_eq!(table.into_keys().collect::<BTreeSet<_>>(), codes);
    let code: String = sources("src")
        .into_iter()
        .filter(|(path, _)| !path.ends_with("src/error.rs"))
        .map(|(_, code)| code)
        .collect();
    for name in constants.keys() {
        assert!(code.contains(&format!("SqlState::{name}")), "nobody says {name}");
    }
}

/// An error that the data of a test expect.
#[derive(Debug, Default)]
struct Expected {
    code: String,
    said: String,
    detail: Option<String>,
    hint: Option<String>,
}

/// The errors of a transcript: `! CODE message` with its detail and hint beneath.
fn of_a_transcript(text: &str) -> Vec<Expected> {
    let mut found: Vec<Expected> = Vec::new();
    for line in text.lines() {
        if let Some((code, said)) = line.strip_prefix("! ").and_then(|line| line.split_once(' ')) {
            let place = said.split_once(' ').filter(|(first, _)| first.starts_with('@'));
            let said = place.map_or(said, |(_, said)| said);
            let (code, said) = (code.to_owned(), said.to_owned());
            found.push(Expected { code, said, ..Expected::default() });
        } else if let Some(last) = found.last_mut() {
            if let Some(detail) = line.strip_prefix("  detail: ") {
                last.detail = Some(detail.to_owned());
            } else if let Some(hint) = line.strip_prefix("  hint: ") {
                last.hint = Some(hint.to_owned());
            }
        }
    }
    found
}

/// Why the table does not allow an error.
fn too_much(row: &Row, expected: &Expected) -> Option<&'static str> {
    let holds = |any: &[&str]| any.iter().any(|word| row.held.contains(*word));
    let texts = [Some(&expected.said), expected.detail.as_ref(), expected.hint.as_ref()];
    let quotes = texts.iter().flatten().any(|text| text.contains('"'));
    let outside: String = expected.said.split('"').step_by(2).collect();
    if quotes && !holds(&["own words", "names", "source"]) {
        Some("it quotes something")
    } else if outside.contains(|c: char| c.is_ascii_digit())
        && !holds(&["own words", "types", "bound"])
    {
        Some("it holds a number")
    } else if expected.detail.is_some() && !row.beside.contains("detail") {
        Some("it has a detail")
    } else if expected.hint.is_some() && !row.beside.contains("hint") {
        Some("it has a hint")
    } else {
        None
    }
}

#[test]
fn no_error_that_is_expected_says_more_than_the_table_allows() {
    let table = table();
    let mut expected = Vec::new();
    for folder in ["tests/data/sql", "tests/data/errors"] {
        for entry in fs::read_dir(repository().join(folder)).unwrap() {
            expected.extend(of_a_transcript(&fs::read_to_string(entry.unwrap().path()).unwrap()));
        }
    }
    let parameters = fs::read_to_string(repository().join("tests/data/wire/refused.txt")).unwrap();
    for line in parameters.lines().filter(|line| !line.starts_with('#')) {
        let [_, _, code, said] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (code, said) = (code.to_owned(), said.to_owned());
        expected.push(Expected { code, said, ..Expected::default() });
    }
    assert!(expected.len() > 100, "{} errors were found", expected.len());
    for one in expected {
        let row = table.get(&one.code).unwrap_or_else(|| panic!("{one:?} is not in the table"));
        assert_eq!(too_much(row, &one), None, "{one:?}");
    }
}

#[test]
fn what_is_too_much_is_noticed() {
    let row = Row { held: BTreeSet::new(), beside: BTreeSet::new() };
    let told = "! 22012 @7 division by zero\n! 22012 division of 7\n! 22012 division of \"x\"\n\
                ! 22012 no\n  detail: x\n! 22012 no\n  hint: x\n";
    let found: Vec<_> =
        of_a_transcript(told).iter().map(|expected| too_much(&row, expected)).collect();
    let expected =
        ["it holds a number", "it quotes something", "it has a detail", "it has a hint"].map(Some);
    assert_eq!(found[0], None);
    assert_eq!(found[1..], expected);
}
