//! A policy with a typo.

use super::*;

const TYPO: &str = "principle, action == Action::\"select\", resource";

fn spoilt() -> String {
    POLICIES.replacen("principal, action == Action::\"select\", resource", TYPO, 1)
}

#[test]
fn nothing_is_served_under_policies_that_do_not_load() {
    for (text, place) in [
        (spoilt(), "error: house.cedar:2:9: "),
        (POLICIES.replace("lake::secrets", "lake::secret"), "error: house.cedar:5:"),
        (POLICIES.replace("context.column", "context.colum"), "error: house.cedar:9:"),
    ] {
        let house = lake();
        house.file("policies/house.cedar", &text);
        for command in ["serve", "check"] {
            let ended = house.run(&[command]);
            assert_eq!(ended.code, Some(1), "{ended:?}");
            let said = ended.out + &ended.err;
            assert!(said.lines().any(|line| line.starts_with(place)), "{place}: {said}");
            assert!(!said.contains("serving"), "{said}");
        }
    }
}

/// Those in force stay in force, until there is a set that holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_typo_in_a_running_gateway_replaces_nothing() {
    let house = lake();
    let served = house.serve();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    house.file("policies/house.cedar", &spoilt());
    let line = served.logs("policies not replaced");
    assert!(line.contains("house.cedar:2:9: "), "{line}");
    assert_eq!(session.ask("SELECT count(*) FROM lake.visits").await.unwrap(), ["3"]);
    session.ask("SELECT * FROM lake.secrets").await.unwrap_err();
    assert_serves(&house, &served).await;

    house.file("policies/house.cedar", &POLICIES.replace("\"note\", ", ""));
    served.logs("policies replaced");
    assert_eq!(
        session.ask("SELECT note FROM lake.visits ORDER BY id").await.unwrap(),
        ["a", "b", "c"]
    );
    assert_on_record(&house, served, &["\"refused\":[", "house.cedar:2:9"]);
}

/// `check` tells of what is probably not meant, and lets it pass.
#[test]
fn what_is_probably_not_meant_is_warned_of() {
    const DOUBTFUL: &str = r#"
@id("everything")
permit (principal, action == Action::"reveal", resource);

@id("never")
permit (principal, action == Action::"select", resource is lake::people)
when { resource is lake::visits };
"#;
    let tagged = "[sources.lake.tables.people.columns]\n\
                  email = { tags = [\"pii\"] }\nphone = { tags = [\"pii\"] }\n";
    let checked = |sources: &str, policies: &str| {
        let house = house(sources);
        house.file("lake/people.csv", "id,org_id,email,phone\n1,acme,ines@example.com,5\n");
        house.file("policies/house.cedar", policies);
        let ended = house.run(&["check"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.out.contains("\n0 faults, "), "{ended:?}");
        ended.out
    };
    let doubts = checked(LAKE, &format!("{POLICIES}{DOUBTFUL}"));
    let sound = checked(&format!("{LAKE}{tagged}"), POLICIES);
    for warning in [
        "warning: columns \"email\", \"phone\" of \"lake.people\" \
         sound like personal data and have no tag\n",
        "warning: house.cedar:11:1: reveals every column of every table to everyone\n",
        "warning: house.cedar:14:1: for policy `house.never`, policy is impossible: \
         the policy expression evaluates to false for all valid requests\n",
    ] {
        assert_eq!(doubts.matches(warning).count(), 1, "{warning}{doubts}");
        let what = warning.rsplit_once(": ").unwrap().1;
        assert!(!sound.contains(what), "{sound}");
    }
}
