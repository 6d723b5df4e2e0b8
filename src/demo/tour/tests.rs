use std::path::Path;

use super::*;
use crate::audit::{Decision, Outcome, Result as Ending};
use crate::demo::company::SEED;
use crate::demo::expected::{self, Expected};
use crate::demo::people::PEOPLE;
use crate::demo::screen::WIDTH;

/// An answer as the gateway should give it, with made-up tokens and a made-up record.
fn heard(showcase: &Showcase, columns: &[&str], company: &Company, person: Person) -> Heard {
    let cell = |cell: &expected::Cell| match cell {
        expected::Cell::Null => None,
        expected::Cell::Text(text) => Some(text.clone()),
        expected::Cell::TokenOf(value) => {
            Some(format!("{:032x}", value.bytes().map(u128::from).sum::<u128>() << 64))
        }
    };
    let answer = match showcase.expected(&View::new(company, &person)) {
        Expected::Rows(rows) => Answer::Rows {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
        },
        Expected::Error(sqlstate) => Answer::Error {
            sqlstate: Some(sqlstate.to_owned()),
            message: "column \"internal_note\" does not exist".to_owned(),
            hint: None,
        },
    };
    let masks = if person.is("administrator") {
        vec!["card"]
    } else {
        vec!["name", "email", "born_on", "card"]
    };
    let decision = Decision {
        table: "crm.customers".to_owned(),
        columns: Vec::new(),
        row_filter: "org_id = 'tarn' AND protected = false".to_owned(),
        masks: masks.iter().map(|column| format!("{column}: mask_partial(first1)")).collect(),
        policies: vec!["rows.own-customers".to_owned()],
    };
    let outcome = Outcome { result: Ending::Ok, rows: 2, bytes: 90, duration_us: 900 };
    let trail = Trail {
        seq: 12,
        who: person.name().to_owned(),
        tables: vec![decision],
        outcome: Some(outcome),
    };
    Heard { person, answer, trail: Some(trail) }
}

/// With colours, a masked value looks masked under any name.
#[test]
fn what_is_masked_has_its_colour() {
    let company = Company::new(Path::new("nowhere"), SEED);
    let showcase = Showcase::named("four").unwrap();
    let columns = ["id", "name", "email", "born", "card"];
    let heard = PEOPLE.map(|person| heard(showcase, &columns, &company, person));
    let mut bytes = Vec::new();
    scene(1, showcase, &heard, &mut Screen::new(&mut bytes, true)).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let masked = |value: &str| text.contains(&format!("\u{1b}[33m{value}"));
    assert!(masked("1948-01-01") && !masked("1948-05-06"), "{text}");
}

fn drawn(name: &str, columns: &[&str]) -> String {
    let company = Company::new(Path::new("nowhere"), SEED);
    let showcase = Showcase::named(name).unwrap();
    let heard = PEOPLE.map(|person| heard(showcase, columns, &company, person));
    let mut bytes = Vec::new();
    let mut screen = Screen::new(&mut bytes, false);
    scene(1, showcase, &heard, &mut screen).unwrap();
    decisions(heard.get(..1).unwrap(), &mut screen).unwrap();
    assert!(check(&company, showcase, &heard, &mut screen).unwrap());
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
    text
}

/// The screens lie beside this file, as they should look.
#[test]
fn scenes_look_as_they_should() {
    for (name, columns, screen) in [
        ("four", &["id", "name", "email", "born", "card"][..], include_str!("four.screen")),
        ("revenue", &["country", "revenue"], include_str!("revenue.screen")),
        ("desk", &["status", "tickets", "notes"], include_str!("desk.screen")),
    ] {
        let drawn = drawn(name, columns);
        assert!(drawn == screen, "{drawn}");
    }
}

#[test]
fn an_answer_that_is_not_expected_is_pointed_at() {
    let company = Company::new(Path::new("nowhere"), SEED);
    let showcase = Showcase::named("revenue").unwrap();
    let mut heard = PEOPLE.map(|person| heard(showcase, &["country", "revenue"], &company, person));
    let (first, rest) = heard.split_first_mut().unwrap();
    first.answer = rest.last().unwrap().answer.clone();
    let mut bytes = Vec::new();
    let mut screen = Screen::new(&mut bytes, false);
    assert!(!check(&company, showcase, &heard, &mut screen).unwrap());
    let said = String::from_utf8(bytes).unwrap();
    assert!(said.contains("not what the shipped policies give: ada."), "{said}");
}
