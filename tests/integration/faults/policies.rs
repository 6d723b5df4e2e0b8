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
