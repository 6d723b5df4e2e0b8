use std::path::Path;

use super::*;
use crate::demo::company::SEED;
use crate::demo::people::{ADA, MIRA, OTTO, PEOPLE, SCOUT, TOVE};

fn company() -> Company {
    Company::new(Path::new("nowhere"), SEED)
}

#[test]
fn each_person_sees_something_of_their_own() {
    let company = company();
    let counts = |person: &Person| {
        let view = View::new(&company, person);
        (view.customers().count(), view.orders().count(), view.tickets().count())
    };
    let [ada, scout, otto, tove, mira] = [ADA, SCOUT, OTTO, TOVE, MIRA].map(|who| counts(&who));
    assert!(scout.0 < ada.0 && ada.0 < otto.0 && tove.0 < ada.0, "{scout:?} {ada:?} {otto:?}");
    assert!(tove.2 < ada.2 && ada.2 == otto.2 && ada.1 == tove.1);
    assert_eq!(otto.1 + mira.1, company.orders().len());
    assert!(View::new(&company, &TOVE).events().is_none());
}

#[test]
fn an_agent_is_never_more_than_its_person() {
    let company = company();
    let agents_of = PEOPLE.map(|person| Person { agent: Some("scout"), ..person });
    for (person, agent) in PEOPLE.iter().zip(&agents_of) {
        let (person, agent) = (View::new(&company, person), View::new(&company, agent));
        let seen: Vec<i64> = person.customers().map(|customer| customer.id).collect();
        assert!(agent.customers().all(|customer| seen.contains(&customer.id)));
        for tag in [Tag::Pii, Tag::Pci, Tag::Internal] {
            assert!(agent.sight(tag) <= person.sight(tag));
        }
    }
}

#[test]
fn masks_leave_what_their_form_says() {
    let cases: [(masks::Form, &str, Option<&str>); 9] = [
        (masks::first1, "Éa", Some("É***")),
        (masks::first1, "", None),
        (masks::email, "linnea.lowell7@example.org", Some("l***@example.org")),
        (masks::email, "nobody", None),
        (masks::last4, "4000001234567899", Some("7899")),
        (masks::last4, "1234567", None),
        (masks::zip3, "LS1 07", Some("LS1**")),
        (masks::year, "1987-06-05", Some("1987-01-01")),
        (masks::ip24, "192.0.2.77", Some("192.0.2.0")),
    ];
    for (form, value, expected) in cases {
        assert_eq!(form(value).as_deref(), expected, "{value}");
    }
}

#[test]
fn changed_rules_change_the_view() {
    let company = company();
    let shipped = View::new(&company, &SCOUT).customers().count();
    let rules = Rules { agents_with_consent_only: false, ..Rules::default() };
    let view = View::under(rules, &company, &SCOUT);
    assert!(view.customers().count() > shipped);
    let rules = Rules { personal_data: Sight::Null, ..Rules::default() };
    let view = View::under(rules, &company, &ADA);
    assert_eq!(view.name(&company.customers()[0]), Cell::Null);
}

#[test]
fn changed_rules_change_who_is_refused() {
    let company = company();
    let events_shown = Rules { events_hidden_from_support: false, ..Rules::default() };
    let notes_shown = Rules { internal_hidden_from_agents: false, ..Rules::default() };
    for (showcase, person, sqlstate, rules) in [
        ("events", TOVE, "42P01", events_shown),
        ("tickets", SCOUT, "42703", notes_shown),
        ("desk", SCOUT, "42703", notes_shown),
    ] {
        let showcase = Showcase::named(showcase).unwrap();
        let shipped = showcase.expected(&View::new(&company, &person));
        assert_eq!(shipped, Expected::Error(sqlstate), "{}", showcase.name);
        let changed = showcase.expected(&View::under(rules, &company, &person));
        assert!(matches!(changed, Expected::Rows(rows) if !rows.is_empty()), "{}", showcase.name);
    }
}

#[test]
fn an_answer_is_held_to_its_expectation() {
    let value = |text: &str| Cell::TokenOf(text.to_owned());
    let row = |cells: &[Cell]| cells.to_vec();
    let expected = Expected::Rows(vec![
        row(&[Cell::text(1), value("4000001"), Cell::Null]),
        row(&[Cell::text(2), value("4000002"), Cell::Null]),
        row(&[Cell::text(3), value("4000001"), Cell::Null]),
    ]);
    let answer = |tokens: [Option<&str>; 3]| Answer::Rows {
        columns: Vec::new(),
        rows: (1..)
            .zip(tokens)
            .map(|(id, token)| vec![Some(id.to_string()), token.map(str::to_owned), None])
            .collect(),
    };
    assert!(expected.is_met_by(&answer([Some("a"), Some("b"), Some("a")])));
    for wrong in [
        [Some("a"), Some("b"), Some("c")],
        [Some("a"), Some("a"), Some("a")],
        [Some("4000001"), Some("b"), Some("4000001")],
        [Some("a"), None, Some("a")],
    ] {
        assert!(!expected.is_met_by(&answer(wrong)), "{wrong:?}");
    }
    assert!(!expected.is_met_by(&Answer::Done));
    assert!(!Expected::Rows(Vec::new()).is_met_by(&answer([None; 3])));
    let refused =
        Answer::Error { sqlstate: Some("42703".to_owned()), message: String::new(), hint: None };
    assert!(Expected::Error("42703").is_met_by(&refused));
    assert!(!Expected::Error("42P01").is_met_by(&refused));
}

#[test]
fn the_showcases_tell_the_people_apart() {
    let company = company();
    for showcase in &SHOWCASES {
        let answers = PEOPLE.map(|person| showcase.expected(&View::new(&company, &person)));
        let rows = |answer: &Expected| match answer {
            Expected::Rows(rows) => rows.len(),
            Expected::Error(_) => 0,
        };
        assert!(rows(&answers[0]) > 0 || rows(&answers[2]) > 0, "{}", showcase.name);
        assert_ne!(answers[0], answers[4], "{}", showcase.name);
        assert!(answers.iter().any(|answer| answer != &answers[0]), "{}", showcase.name);
    }
}
