//! The form of a scene: blocks with blank lines between them, of comments (`#`), a first line that
//! says what is done, the statement, and for each person `---- NAME` with the answer beneath it.
//!
//! `query` is asked of both; where the answers are to differ, `---- NAME there` is followed by
//! `---- NAME here: REASON`. `refused CODE` is a statement that the gateway refuses, whatever
//! PostgreSQL would do: it is asked of the gateway alone. An answer is a line for each row, with
//! ` | ` between the values, `! ` and the SQLSTATE of an error, or `done`.

use std::collections::BTreeSet;

pub struct Scene {
    /// What stands between the cases, and the cases.
    blocks: Vec<(Vec<String>, Option<Case>)>,
}

pub struct Case {
    pub kind: Kind,
    pub statement: String,
    pub answers: Vec<Told>,
}

pub enum Kind {
    Query,
    Refused(String),
}

pub struct Told {
    pub person: String,
    pub side: Side,
    pub text: String,
}

/// Who answers so.
pub enum Side {
    Both,
    There,
    /// With the reason why the gateway answers otherwise.
    Here(String),
}

impl Scene {
    pub fn read(text: &str) -> Self {
        Self { blocks: text.trim_end().split("\n\n").map(block).collect() }
    }

    pub fn people(&self) -> BTreeSet<String> {
        let cases = self.blocks.iter().filter_map(|(_, case)| case.as_ref());
        cases.flat_map(|case| &case.answers).map(|told| told.person.clone()).collect()
    }

    pub fn cases_mut(&mut self) -> impl Iterator<Item = &mut Case> {
        self.blocks.iter_mut().filter_map(|(_, case)| case.as_mut())
    }

    /// The text of the scene.
    pub fn written(&self) -> String {
        let blocks: Vec<_> = self
            .blocks
            .iter()
            .map(|(comments, case)| {
                let comments: String = comments.iter().map(|line| format!("{line}\n")).collect();
                comments + &case.as_ref().map(Case::written).unwrap_or_default()
            })
            .collect();
        blocks.join("\n")
    }
}

fn block(text: &str) -> (Vec<String>, Option<Case>) {
    let mut lines = text.lines().peekable();
    let mut comments = Vec::new();
    while let Some(line) = lines.next_if(|line| line.starts_with('#')) {
        comments.push(line.to_owned());
    }
    let Some(first) = lines.next() else { return (comments, None) };
    let kind = match first.split_once(' ') {
        None if first == "query" => Kind::Query,
        Some(("refused", code)) => Kind::Refused(code.to_owned()),
        _ => panic!("a block begins with {first:?}"),
    };
    let mut statement = Vec::new();
    while let Some(line) = lines.next_if(|line| !line.starts_with("---- ")) {
        statement.push(line);
    }
    let mut answers = Vec::new();
    while let Some(line) = lines.next() {
        let head = line.strip_prefix("---- ").unwrap_or_else(|| panic!("nobody is told {line:?}"));
        let (person, side) = match head.split_once(' ') {
            None => (head, Side::Both),
            Some((person, "there")) => (person, Side::There),
            Some((person, rest)) => {
                let reason = rest.strip_prefix("here: ").unwrap_or_else(|| panic!("{line:?}"));
                (person, Side::Here(reason.to_owned()))
            }
        };
        let mut text = String::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("---- ")) {
            text.push_str(line);
            text.push('\n');
        }
        answers.push(Told { person: person.to_owned(), side, text });
    }
    assert!(!statement.is_empty() && !answers.is_empty(), "nobody asks anything: {text}");
    (comments, Some(Case { kind, statement: statement.join("\n"), answers }))
}

impl Case {
    fn written(&self) -> String {
        let first = match &self.kind {
            Kind::Query => "query".to_owned(),
            Kind::Refused(code) => format!("refused {code}"),
        };
        let mut text = format!("{first}\n{}\n", self.statement);
        for Told { person, side, text: answer } in &self.answers {
            let side = match side {
                Side::Both => String::new(),
                Side::There => " there".to_owned(),
                Side::Here(reason) => format!(" here: {reason}"),
            };
            text += &format!("---- {person}{side}\n{answer}");
        }
        text
    }
}
