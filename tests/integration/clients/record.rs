//! What stands on record of one query: an agent's, over two sources, with a masked column.

use std::time::{Duration, Instant};

use chrono::Utc;
use portcullis::audit::{Decision, Entry, Intent, Outcome, Record, Sent, Subject};
use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;

use super::*;

const QUERY: &str = "SELECT p.name, p.email, count(v.at) AS visits
FROM box.people p JOIN lake.visits v ON v.person = p.id /* who came? */
GROUP BY p.name, p.email ORDER BY p.name";

/// The tenant is a bound value.
const TO_BOX: &str = "SELECT t0.\"id\" AS c0, t0.\"name\" AS c1, t0.\"email\" AS c2 \
                      FROM \"box\".\"people\" AS t0 WHERE t0.\"org_id\" = $1::text";

/// The details of the only event of this name.
fn event<'a>(records: &'a [Record], wanted: &str) -> &'a Value {
    let mut found = records.iter().filter_map(|record| match &record.entry {
        Entry::Event { name, details } if name == wanted => Some(details),
        _ => None,
    });
    let event = found.next().unwrap();
    assert_eq!(found.next(), None, "one {wanted}");
    event
}

/// The intents of a session and how they ended, in their order.
fn statements(records: &[Record]) -> Vec<(&Record, &Intent, &Outcome)> {
    let ended = |wanted: u64| {
        records.iter().find_map(|record| match &record.entry {
            Entry::Outcome { id, outcome } if *id == wanted => Some(outcome),
            _ => None,
        })
    };
    let intents = records.iter().filter_map(|record| match &record.entry {
        Entry::Intent(intent) => Some((record, &**intent, ended(record.seq).unwrap())),
        _ => None,
    });
    intents.collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_on_record_with_all_that_decided_and_all_that_was_sent() {
    let world = World::new();
    let token = world.house.agent_token(("ines", &["analyst"]), ("scout", &["analyst"]));
    let client = world.session("ines", &token, "weekly report").await;

    let (before, clock) = (Utc::now(), Instant::now());
    let messages = client.simple_query(QUERY).await.unwrap();
    let elapsed = clock.elapsed();
    let after = Utc::now();
    let rows: Vec<Vec<Option<String>>> = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        })
        .collect();
    let cell = |text: &str| Some(text.to_owned());
    assert_eq!(
        rows,
        [[cell("Ines"), cell("i***@example.com"), cell("2")], [cell("Kim"), None, cell("1")]]
    );
    // Of each DataRow: its tag, its length, the number of its cells; of each cell its length.
    let cell_bytes = |cell: &Option<String>| 4 + cell.as_ref().map_or(0, String::len);
    let bytes: usize = rows.iter().map(|row| 7 + row.iter().map(cell_bytes).sum::<usize>()).sum();

    let refused = client.simple_query("SELECT note FROM box.people").await.unwrap_err();
    drop(client);
    let records = world.record();

    let start = event(&records, "start");
    assert_eq!(start["shared"], Value::from(vec!["box.countries"]));
    let policy_set = start["policy_set"].as_str().unwrap();
    assert_eq!(policy_set.len(), 64);
    assert!(policy_set.bytes().all(|byte| byte.is_ascii_hexdigit()), "{policy_set}");

    let login = event(&records, "login");
    let subject: Subject = serde_json::from_value(login.clone()).unwrap();
    assert_eq!(
        subject,
        Subject {
            principal: "ines".to_owned(),
            agent: Some("scout".to_owned()),
            tenant: Some("acme".to_owned()),
            session: subject.session.clone(),
            client: Some([127, 0, 0, 1].into()),
            application_name: Some("weekly report".to_owned()),
        }
    );
    assert!(!subject.session.is_empty());

    let statements = statements(&records);
    let [(record, intent, outcome), (_, denied, denial)] = statements[..] else {
        panic!("{statements:?}")
    };
    assert!(before <= record.time && record.time <= after, "{before} {} {after}", record.time);
    assert_eq!(
        *intent,
        Intent {
            subject: subject.clone(),
            query: QUERY.into(),
            position: None,
            prepared: None,
            tables: vec![
                Decision {
                    table: "box.people".to_owned(),
                    columns: texts(&["id", "name", "email"]),
                    row_filter: "org_id = 'acme'".to_owned(),
                    masks: texts(&["email: mask_partial(email)"]),
                    policies: texts(&[
                        "house.analysts",
                        "house.others",
                        "house.pii",
                        "house.untagged",
                    ]),
                },
                Decision {
                    table: "lake.visits".to_owned(),
                    columns: texts(&["person", "at"]),
                    row_filter: "org_id = 'acme'".to_owned(),
                    masks: Vec::new(),
                    policies: texts(&["house.analysts", "house.untagged"]),
                },
            ],
            policy_set: Some(policy_set.to_owned()),
            sent: vec![
                Sent { source: "box".to_owned(), text: TO_BOX.into() },
                Sent { source: "lake".to_owned(), text: "read visits.csv".into() },
            ],
            notes: Vec::new(),
        }
    );
    let took = Duration::from_micros(outcome.duration_us);
    assert!(Duration::ZERO < took && took <= elapsed, "{took:?} of {elapsed:?}");
    let ran = portcullis::audit::Result::Ok;
    let expected =
        Outcome { result: ran, rows: 2, bytes: bytes as u64, duration_us: outcome.duration_us };
    assert_eq!(*outcome, expected);

    // What came to nothing says why, as the client was told.
    assert_eq!((&denied.subject, denied.query.here()), (&subject, "SELECT note FROM box.people"));
    assert_eq!((denied.tables.as_slice(), denied.sent.as_slice()), (&[][..], &[][..]));
    assert_eq!(denied.policy_set.as_deref(), Some(policy_set));
    assert_eq!((denial.rows, denial.bytes), (0, 0));
    let portcullis::audit::Result::Error { sqlstate, message, .. } = &denial.result else {
        panic!("{denial:?}")
    };
    let told = refused.as_db_error().unwrap();
    assert_eq!((sqlstate.as_str(), message.as_str()), ("42703", told.message()));
    assert_eq!(told.code().code(), "42703");
}
