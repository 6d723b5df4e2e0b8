//! The whole journey: the company, the gateway in front of it, a client on a real port.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::client::Client;
use super::company::{Silent, build};
use super::expected::{Rules, SHOWCASES, Sight, View};
use super::people::PEOPLE;
use super::screen::{Screen, WIDTH, width};
use super::stage::Stage;
use super::*;

const ANYWHERE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

async fn stage(dir: &Path) -> Stage {
    let company = build(dir, &mut Silent).unwrap();
    Stage::open(company, ANYWHERE.into(), "audit").await.unwrap()
}

/// Asks everything as everybody. Gives who got what they should not, or did not get what they
/// should.
async fn wrong_answers(stage: &Stage, rules: Rules) -> Vec<String> {
    let mut wrong = Vec::new();
    for person in PEOPLE {
        let token = stage.badges().good(&person).unwrap();
        let client = Client::login(stage.address(), person.user, &token).await;
        let client = client.unwrap_or_else(|refused| panic!("{}: {refused:?}", person.name()));
        for showcase in &SHOWCASES {
            let expected = showcase.expected(&View::under(rules, stage.company(), &person));
            let answer = client.ask(showcase.sql).await;
            if !expected.is_met_by(&answer) {
                let name = person.name();
                wrong.push(format!("{name}, {}: {answer:?}, not {expected:?}", showcase.name));
            }
        }
        client.leave().await;
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_what_the_rules_say_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let stage = stage(dir.path()).await;
    assert_eq!(wrong_answers(&stage, Rules::default()).await, [""; 0]);
    stage.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_policy_changes_the_answers_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let stage = stage(dir.path()).await;
    let rules = Rules { protected_for_administrators_only: false, ..Rules::default() };
    assert!(!wrong_answers(&stage, rules).await.is_empty());

    let drop_rule = |file: &str, id: &str| {
        let path = dir.path().join("policies").join(file);
        let text = fs::read_to_string(&path).unwrap();
        let start = text.find(&format!("@id(\"{id}\")")).unwrap();
        let end = start + text[start..].find(';').unwrap() + 1;
        fs::write(&path, format!("{}{}", &text[..start], &text[end..])).unwrap();
    };
    drop_rule("rows.cedar", "protected-customers");
    assert_eq!(settled(&stage, rules).await, [""; 0]);

    drop_rule("rows.cedar", "agent-consent");
    let rules = Rules { agents_with_consent_only: false, ..rules };
    assert_eq!(settled(&stage, rules).await, [""; 0]);

    let path = dir.path().join("policies/columns.cedar");
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replacen(
        "permit (principal, action == Action::\"mask_partial\", resource)\n\
         when { context.tags.contains(Tag::\"pii\") }",
        "permit (principal, action == Action::\"mask_null\", resource)\n\
         when { context.tags.contains(Tag::\"pii\") }",
        1,
    );
    assert_ne!(changed, text);
    fs::write(&path, changed).unwrap();
    let rules = Rules { personal_data: Sight::Null, ..rules };
    assert_eq!(settled(&stage, rules).await, [""; 0]);
    stage.close().await.unwrap();
}

/// The wrong answers once the gateway has taken over the changed files: it looks at them now and
/// then, so the question is asked again for a while.
async fn settled(stage: &Stage, rules: Rules) -> Vec<String> {
    let mut wrong = Vec::new();
    for _ in 0..20 {
        wrong = wrong_answers(stage, rules).await;
        if wrong.is_empty() {
            break;
        }
    }
    wrong
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
