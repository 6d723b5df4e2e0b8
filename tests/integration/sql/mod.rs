//! Transcripts: what people of the demonstration type, and what they are told, in
//! `tests/data/sql/*.sql`.
//!
//! A file is a sequence of blocks with blank lines between them. A block is a statement, which ends
//! with `;`, and beneath it what comes back: rows with ` | ` between the values, the command's tag
//! behind `=`, or an error as `! SQLSTATE`, the place in the statement behind `@` where there is
//! one, and the message; its detail and hint follow. `-- as NAME` opens a new session.

mod demonstration;
mod explained;

use std::fmt::Write as _;
use std::fs;

use tokio_postgres::error::{DbError, ErrorPosition};
use tokio_postgres::{Client, SimpleQueryMessage};

use demonstration::Demonstration;

#[tokio::test(flavor = "multi_thread")]
async fn transcripts() {
    let demonstration = Demonstration::start();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sql");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut different = String::new();
    for file in files {
        let expected = fs::read_to_string(&file).unwrap();
        let found = transcript(&demonstration, &expected).await;
        if found != expected {
            write!(different, "==== {}\n{found}", file.display()).unwrap();
        }
    }
    assert!(different.is_empty(), "what really comes back:\n{different}");
}

/// The same statements with what comes back now.
async fn transcript(demonstration: &Demonstration, expected: &str) -> String {
    let mut found = Vec::new();
    let mut client = None;
    for block in expected.trim_end().split("\n\n") {
        let mut text = String::new();
        let mut statement = String::new();
        for line in block.lines() {
            writeln!(text, "{line}").unwrap();
            if let Some(name) = line.strip_prefix("-- as ") {
                client = Some(demonstration.connect(name).await);
            } else if !line.starts_with("-- ") {
                writeln!(statement, "{line}").unwrap();
            }
            if statement.ends_with(";\n") {
                break;
            }
        }
        if !statement.is_empty() {
            let client = client.as_ref().expect("a file begins with `-- as NAME`");
            text.push_str(&answer(client, statement.trim_end()).await);
        }
        found.push(text);
    }
    found.join("\n")
}

async fn answer(client: &Client, statement: &str) -> String {
    match client.simple_query(statement).await {
        Ok(messages) => messages.iter().map(told).collect(),
        Err(error) => refused(error.as_db_error().expect("the session lives")),
    }
}

fn told(message: &SimpleQueryMessage) -> String {
    match message {
        SimpleQueryMessage::Row(row) => {
            let values: Vec<_> =
                (0..row.len()).map(|at| row.get(at).unwrap_or("NULL").to_owned()).collect();
            format!("{}\n", values.join(" | "))
        }
        SimpleQueryMessage::CommandComplete(rows) => format!("= {rows}\n"),
        _ => String::new(),
    }
}

fn refused(error: &DbError) -> String {
    let place = match error.position() {
        Some(ErrorPosition::Original(place)) => format!(" @{place}"),
        _ => String::new(),
    };
    let mut text = format!("! {}{place} {}\n", error.code().code(), error.message());
    for (name, more) in [("detail", error.detail()), ("hint", error.hint())] {
        if let Some(more) = more {
            writeln!(text, "  {name}: {more}").unwrap();
        }
    }
    text
}
