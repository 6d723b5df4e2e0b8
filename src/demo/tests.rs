//! The whole journey: the company, the gateway in front of it, a client on a real port.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use super::client::Client;
use super::company::{Silent, build};
use super::expected::{Rules, SHOWCASES, Showcase, Sight, View};
use super::people::{PEOPLE, Person};
use super::screen::{Screen, WIDTH, width};
use super::stage::Stage;
use super::*;

const ANYWHERE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

async fn stage(dir: &Path) -> Stage {
    let company = build(dir, &mut Silent).unwrap();
    Stage::open(company, ANYWHERE.into(), "audit").await.unwrap()
}

/// Who was answered wrongly, to which question, and how.
type Wrong = (Person, &'static Showcase, String);

/// Asks these questions as these people, up to the first wrong answer.
async fn first_wrong(
    stage: &Stage,
    rules: Rules,
    people: &[Person],
    showcases: &'static [Showcase],
) -> Option<Wrong> {
    for person in people {
        let token = stage.badges().good(person).unwrap();
        let client = Client::login(stage.address(), person.user, &token).await;
        let client = client.unwrap_or_else(|refused| panic!("{}: {refused:?}", person.name()));
        for showcase in showcases {
            let expected = showcase.expected(&View::under(rules, stage.company(), person));
            let answer = client.ask(showcase.sql).await;
            if !expected.is_met_by(&answer) {
                let what = format!("{answer:?}, not {expected:?}");
                return Some((*person, showcase, what));
            }
        }
        client.leave().await;
    }
    None
}

fn described((person, showcase, what): Wrong) -> String {
    format!("{}, {}: {what}", person.name(), showcase.name)
}

/// Asks everything as everybody.
async fn wrong_answer(stage: &Stage, rules: Rules) -> Option<Wrong> {
    first_wrong(stage, rules, &PEOPLE, &SHOWCASES).await
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_what_the_rules_say_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let stage = stage(dir.path()).await;
    assert_eq!(wrong_answer(&stage, Rules::default()).await.map(described), None);
    stage.close().await.unwrap();
}

/// Rows, masks and refusals come and go with the policies, for exactly those whom they concern.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_policy_changes_the_answers_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let stage = stage(dir.path()).await;
    let policies = dir.path().join("policies");
    let read = |file: &str| fs::read_to_string(policies.join(file)).unwrap();
    let (rows, columns) = (read("rows.cedar"), read("columns.cedar"));
    let shipped = Rules::default();

    let open = Rules {
        protected_for_administrators_only: false,
        support_in_its_region_only: false,
        ..shipped
    };
    let region = without(&without(&rows, "support-region-customers"), "support-region-tickets");
    let text = without(&region, "protected-customers");
    change(&stage, "rows.cedar", &text, open).await;

    let open = Rules { agents_with_consent_only: false, events_hidden_from_support: false, ..open };
    let text = without(&without(&text, "agent-consent"), "support-no-events");
    change(&stage, "rows.cedar", &text, open).await;

    let open = Rules { personal_data: Sight::Null, internal_hidden_from_agents: false, ..open };
    let text = replaced(
        &columns,
        "permit (principal, action == Action::\"mask_partial\", resource)\n\
         when { context.tags.contains(Tag::\"pii\") }",
        "permit (principal, action == Action::\"mask_null\", resource)\n\
         when { context.tags.contains(Tag::\"pii\") }",
    );
    let text = replaced(
        &text,
        "when { context.tags.contains(Tag::\"internal\") }\n\
         unless { principal in Role::\"agent\" };",
        "when { context.tags.contains(Tag::\"internal\") };",
    );
    change(&stage, "columns.cedar", &text, open).await;

    // And all the way back.
    let rows_shipped = Rules {
        personal_data: open.personal_data,
        internal_hidden_from_agents: open.internal_hidden_from_agents,
        ..shipped
    };
    change(&stage, "rows.cedar", &rows, rows_shipped).await;
    change(&stage, "columns.cedar", &columns, shipped).await;
    stage.close().await.unwrap();
}

/// Writes one policy file. What holds afterwards must not hold before.
async fn change(stage: &Stage, file: &str, text: &str, rules: Rules) {
    let before = wrong_answer(stage, rules).await;
    let (person, showcase, _) = before.expect("the rules are not in force yet");
    fs::write(stage.company().dir().join("policies").join(file), text).unwrap();
    // The gateway looks at its policies now and then. Until it has, only this is asked again.
    let (person, showcase) = ([person], std::slice::from_ref(showcase));
    let patience = Instant::now() + Duration::from_secs(60);
    while first_wrong(stage, rules, &person, showcase).await.is_some() && Instant::now() < patience
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(wrong_answer(stage, rules).await.map(described), None, "{rules:?}");
}

/// The text without the policy of this id.
fn without(text: &str, id: &str) -> String {
    let start = text.find(&format!("@id(\"{id}\")")).unwrap();
    let end = start + text[start..].find(';').unwrap() + 1;
    format!("{}{}", &text[..start], &text[end..])
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_is_as_expected_and_fits_the_screen() {
    let dir = tempfile::tempdir().unwrap();
    let company = build(dir.path(), &mut Silent).unwrap();
    let mut bytes = Vec::new();
    let as_expected = show_tour(company, &mut Screen::new(&mut bytes, false)).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(as_expected, "{text}");
    assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
    for told in ["crm.customers: org_id = 'tarn'", "card: mask_token", "rows.agent-consent"] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_attack_gets_anything_and_each_is_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let company = build(dir.path(), &mut Silent).unwrap();
    let attacks = attack::attacks(&company).unwrap().len();
    let mut bytes = Vec::new();
    let given_away = show_attacks(company, &mut Screen::new(&mut bytes, false)).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(given_away, 0, "{text}");
    assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
    let records = text.lines().filter(|line| line.starts_with(" audit        │ #")).count();
    assert_eq!(records, attacks, "{text}");
    assert!(text.contains("the token belongs to the user \"ada\""), "{text}");
    let key = fs::read_to_string(dir.path().join("keys/token.key")).unwrap();
    assert!(!text.contains(key.trim()));
}

#[tokio::test]
async fn tokens_do_not_travel_in_the_clear() {
    let dir = tempfile::tempdir().unwrap();
    let company = build(dir.path(), &mut Silent).unwrap();
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let refused = Stage::open(company, everywhere, "audit").await.map(drop).unwrap_err();
    assert!(matches!(refused, DemoError::Exposed(_)), "{refused}");
}
