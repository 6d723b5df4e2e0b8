#![allow(clippy::unwrap_used)]

use super::*;
use crate::demo::company::{Company, Silent, build};

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
    }
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
