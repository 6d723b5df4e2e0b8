//! The demonstration's questions, asked by psycopg as each of its people.

use std::net::Ipv4Addr;

use portcullis::demo::answer::Answer;
use portcullis::demo::company::{Silent, build};
use portcullis::demo::expected::{SHOWCASES, View};
use portcullis::demo::people::PEOPLE;
use portcullis::demo::stage::Stage;
use serde_json::Value;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_through_psycopg_what_the_rules_say() {
    let dir = tempfile::tempdir().unwrap();
    let company = build(dir.path(), &mut Silent).unwrap();
    let stage = Stage::open(company, (Ipv4Addr::LOCALHOST, 0).into(), "audit").await.unwrap();
    let mut wrong = Vec::new();
    let mut asked = 0;
    for person in PEOPLE {
        let token = stage.badges().good(&person).unwrap();
        let (port, user) = (stage.address().port(), person.user);
        let address = format!("host=127.0.0.1 port={port} user={user} dbname=portcullis");
        let queries =
            Value::from(SHOWCASES.iter().map(|showcase| showcase.sql).collect::<Vec<_>>());
        let said = tokio::task::spawn_blocking(move || {
            let mut command = Command::new(crate::python::interpreter());
            command.arg(data("clients/ask.py")).arg(address).arg(queries.to_string());
            Ended::from(command.env("PGPASSWORD", token).output().unwrap())
        });
        let said = said.await.unwrap();
        let answers: Vec<Value> = serde_json::from_str(&said.out)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", person.name(), said.err));
        for (showcase, answer) in SHOWCASES.iter().zip(answers) {
            let expected = showcase.expected(&View::new(stage.company(), &person));
            let answer = read(&answer);
            asked += 1;
            if !expected.is_met_by(&answer) {
                let name = person.name();
                wrong.push(format!("{name}, {}: {answer:?}, not {expected:?}", showcase.name));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(asked, PEOPLE.len() * SHOWCASES.len());
    stage.close().await.unwrap();
}

/// `{"columns": […], "rows": [[…]]}` or `{"sqlstate": "…", "message": "…"}`.
fn read(answer: &Value) -> Answer {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match answer.get("rows") {
        Some(rows) => Answer::Rows {
            columns: answer["columns"].as_array().unwrap().iter().filter_map(text).collect(),
            rows: rows
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row.as_array().unwrap().iter().map(text).collect())
                .collect(),
        },
        None => Answer::Error {
            sqlstate: text(&answer["sqlstate"]),
            message: text(&answer["message"]).unwrap(),
            hint: None,
        },
    }
}
