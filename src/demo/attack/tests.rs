use super::*;
use crate::audit::{Decision, Outcome, Result as Ending};
use crate::demo::company::{Company, Silent, build};
use crate::demo::screen::{Screen, WIDTH, width};
use crate::demo::trail::Trail;

/// Those that a plain filter withstands: it has no such setting.
const HELD_BY_PLAIN: [&str; 1] = ["Switch the filter off"];

async fn ask_plain(company: &Company, attack: &Attack) -> Answer {
    let plain = PlainFilter::open(company, attack.told).await.unwrap();
    match attack.way {
        Way::Here => plain.run(&attack.sql).await,
        Way::AtSource => plain.run_at_source(&attack.sql).await,
    }
}

#[tokio::test]
async fn each_attack_works_on_a_plain_filter() {
    let dir = tempfile::tempdir().unwrap();
    let company = build(dir.path(), &mut Silent).unwrap();
    let attacks = attacks(&company).unwrap();
    assert!(attacks.len() >= 12);
    for attack in &attacks {
        let answer = ask_plain(&company, attack).await;
        let held = HELD_BY_PLAIN.contains(&attack.title);
        assert_eq!(attack.gives_away(&answer), !held, "{}: {answer:?}", attack.title);
        if let Leak::File(path) = &attack.leak {
            std::fs::remove_file(path).unwrap();
            assert!(!attack.gives_away(&answer));
        }
        let refused = refused(attack);
        assert!(!attack.gives_away(&refused), "{}", attack.title);
        let shown = shown(Tried {
            attack,
            plain: (answer, !held),
            guarded: (refused, false),
            trail: Some(trail()),
        });
        assert!(shown.lines().all(|line| width(line) <= WIDTH), "{shown}");
        assert_eq!(shown.contains("✗ gives it away"), !held, "{shown}");
    }
}

fn refused(attack: &Attack) -> Answer {
    Answer::Error {
        sqlstate: Some("42501".to_owned()),
        message: format!("permission denied for \"{}\"", attack.title),
        hint: Some("ask whoever keeps the policies; they are in the folder policies".to_owned()),
    }
}

fn trail() -> Trail {
    let decision = Decision {
        table: "crm.customers".to_owned(),
        columns: vec!["card".to_owned()],
        row_filter: "org_id = 'tarn' AND protected = false".to_owned(),
        masks: vec!["card: mask_partial(last4)".to_owned()],
        policies: vec!["columns.pci-last-four".to_owned(), "rows.own-customers".to_owned()],
    };
    let outcome = Outcome { result: Ending::Ok, rows: 1, bytes: 12, duration_us: 900 };
    Trail { seq: 31, who: "ada".to_owned(), tables: vec![decision], outcome: Some(outcome) }
}

fn shown(tried: Tried<'_>) -> String {
    let mut bytes = Vec::new();
    let mut screen = Screen::new(&mut bytes, false);
    tried.show(3, &mut screen).unwrap();
    summary(&[tried], &mut screen).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The screen lies beside this file, as it should look.
#[test]
fn an_attack_looks_as_it_should() {
    let count = |count: &str| Answer::Rows {
        columns: vec!["count(*)".to_owned()],
        rows: vec![vec![Some(count.to_owned())]],
    };
    let attack = Attack {
        title: "A guess at a masked value",
        story: "Ada sees the last four digits of a card. She guesses the others and lets WHERE \
                check the guess.",
        entry: Entry::Own(crate::demo::people::ADA),
        sql: "SELECT count(*) FROM crm.customers WHERE card = '4000000000000002'".to_owned(),
        way: Way::Here,
        told: Tenant::Tarn,
        leak: Leak::Values(vec!["1".to_owned()]),
    };
    let (plain, guarded) = (count("1"), count("0"));
    let plain = (plain.clone(), attack.gives_away(&plain));
    let guarded = (guarded.clone(), attack.gives_away(&guarded));
    let shown = shown(Tried { attack: &attack, plain, guarded, trail: Some(trail()) });
    assert!(shown == include_str!("guess.screen"), "{shown}");
}

#[tokio::test]
async fn the_plain_filter_filters_plain_queries() {
    let dir = tempfile::tempdir().unwrap();
    let company = build(dir.path(), &mut Silent).unwrap();
    let plain = PlainFilter::open(&company, Tenant::Ember).await.unwrap();
    let own = company.customers().iter().filter(|row| row.org == Tenant::Ember).count();
    for sql in [
        "SELECT count(*) FROM crm.customers",
        "SELECT count(*) FROM crm.customers AS c WHERE c.id > 0 OR c.org_id = 'tarn'",
        "SELECT count(*) FROM crm.customers JOIN crm.countries ON code = country",
    ] {
        assert_eq!(plain.run(sql).await.first_cells(), [own.to_string()], "{sql}");
        let handed_on = plain.run_at_source(sql).await;
        assert_eq!(handed_on.first_cells(), [own.to_string()], "{sql}: {handed_on:?}");
    }
    let none = plain.run("SELECT id FROM lake.tickets WHERE id < 0").await;
    assert_eq!(none, Answer::Rows { columns: vec!["id".to_owned()], rows: vec![] });
}
