//! Hidden rows are not to be noticed, whatever stands in them: worlds that have the same visible
//! rows and other hidden ones answer the same.
//!
//! `tests/data/worlds/` holds the sources with the visible rows and places for hidden ones, the
//! hidden rows of each world, and the queries with the answers that all worlds give. With
//! `WORLDS_REWRITE` set the answers are written anew, to be read before they are believed.

mod parts;
mod world;

use portcullis::demo::answer::Answer;
use world::{World, data};

/// No hidden rows, ordinary ones, and all that can go wrong.
const WORLDS: [&str; 3] = ["none", "plain", "wild"];

#[tokio::test]
async fn hidden_rows_are_not_noticed() {
    let path = data().join("worlds.cases");
    let expected = std::fs::read_to_string(&path).unwrap();
    let mut wrong = Vec::new();
    for name in WORLDS {
        let found = played(&World::open(name).await, &expected).await;
        if name == "none" && std::env::var_os("WORLDS_REWRITE").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        for (expected, found) in expected.split("\n\n").zip(found.split("\n\n")) {
            if expected.trim_end() != found.trim_end() {
                wrong.push(format!("world {name}, expected\n{expected}\nand got\n{found}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers differ\n{}", wrong.len(), wrong.join("\n"));
}

/// Whoever can write into the file reads nothing of the others by it either.
#[tokio::test]
async fn nobody_reads_the_rows_of_others_as_part_of_an_own_one() {
    let world = World::open("wild").await;
    for table in ["sales", "events"] {
        let answer = world.ask_as("ember", &format!("SELECT id FROM lake.{table}")).await;
        // They have bad cells of their own, and are told so.
        let Answer::Error { sqlstate, message, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(sqlstate.as_deref(), Some("22P02"));
        assert_eq!(message, "a value of column \"id\" cannot be decoded as int8");
    }
    let answer = world.ask_as("ember", "SELECT note FROM lake.sales WHERE org_id = 'ember'").await;
    assert!(!answer.mentions("acme"), "{answer:?}");
}

/// The text of the cases as it would be if every case were as it turns out.
async fn played(world: &World, text: &str) -> String {
    let mut played = Vec::new();
    for case in text.split("\n\n").map(str::trim_end) {
        let (query, _) = case.split_once("\n---").unwrap_or((case, ""));
        if query.starts_with('#') {
            played.push(query.to_owned());
            continue;
        }
        played.push(format!("{query}\n---\n{}", shown(&world.ask_as("acme", query).await)));
    }
    played.join("\n\n") + "\n"
}

fn shown(answer: &Answer) -> String {
    match answer {
        Answer::Done => "done".to_owned(),
        Answer::Error { sqlstate, message, hint } => {
            let hint = hint.as_ref().map(|hint| format!("\nHINT {hint}")).unwrap_or_default();
            format!("ERROR {} {message}{hint}", sqlstate.as_deref().unwrap_or("?"))
        }
        Answer::Rows { columns, rows } => {
            let line = |row: &Vec<Option<String>>| {
                let cells = row.iter().map(|cell| cell.as_deref().unwrap_or("~"));
                cells.collect::<Vec<_>>().join("|").replace('\n', "⏎")
            };
            let lines = std::iter::once(columns.join("|")).chain(rows.iter().map(line));
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}
