//! What is sent to the sources, and what comes back: the cases of `tests/data/pushdown/*.cases`,
//! each a query, the columns and the statements that the audit log says were read and sent for it,
//! and the answer (its rows sorted where the query does not say an order). With
//! `PUSHDOWN_REWRITE` set the files are written anew, to be read before they are believed.

mod stage;

use std::fmt::Write as _;
use std::path::PathBuf;

use portcullis::demo::answer::Answer;
use stage::Stage;

#[tokio::test]
async fn cases() {
    let mut stage = Stage::open().await;
    let mut wrong = Vec::new();
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let found = played(&mut stage, &text).await;
        if std::env::var_os("PUSHDOWN_REWRITE").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        for (expected, found) in text.split("\n\n").zip(found.split("\n\n")) {
            if expected.trim_end() != found.trim_end() {
                let file = path.file_name().unwrap().to_string_lossy().into_owned();
                wrong.push(format!("{file} expects\n{expected}\nand got\n{found}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases differ\n{}", wrong.len(), wrong.join("\n"));
}

fn files() -> Vec<PathBuf> {
    let folder = stage::data();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cases"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// The text of a file as it would be if every case were as it turns out.
async fn played(stage: &mut Stage, text: &str) -> String {
    let mut played = Vec::new();
    for case in text.split("\n\n").map(str::trim_end) {
        let (head, _) = case.split_once("\n---").unwrap_or((case, ""));
        let query: Vec<_> = head.lines().filter(|line| !line.starts_with('#')).collect();
        if query.is_empty() {
            played.push(head.to_owned());
            continue;
        }
        let query = query.join("\n");
        let (answer, recorded) = stage.ask(&query).await;
        let mut case = format!("{head}\n---\n");
        for line in recorded {
            writeln!(case, "{line}").unwrap();
        }
        writeln!(case, "---").unwrap();
        case.push_str(&shown(&answer, query.contains("ORDER BY")));
        played.push(case);
    }
    played.join("\n\n") + "\n"
}

fn shown(answer: &Answer, in_order: bool) -> String {
    match answer {
        Answer::Done => "done".to_owned(),
        Answer::Error { sqlstate, message, .. } => {
            format!("ERROR {} {message}", sqlstate.as_deref().unwrap_or("?"))
        }
        Answer::Rows { columns, rows } => {
            let line = |row: &Vec<Option<String>>| {
                let cells = row.iter().map(|cell| cell.as_deref().unwrap_or("~"));
                cells.collect::<Vec<_>>().join("|")
            };
            let mut lines: Vec<_> = rows.iter().map(line).collect();
            if !in_order {
                lines.sort();
            }
            lines.insert(0, columns.join("|"));
            lines.join("\n")
        }
    }
}
