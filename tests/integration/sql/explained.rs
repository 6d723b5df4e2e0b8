//! `EXPLAIN` for those who may see how a query is guarded, and for those who may not.

use std::fmt::Write as _;

use portcullis::audit::{Entry, Result as Ending, records};
use portcullis::demo::answer::Answer;
use portcullis::demo::client::Client;
use serde_json::json;

use crate::gateway::Gateway;
use crate::house::House;

const SOURCES: &str = "[sources.lake]\nkind = \"files\"\npath = \"lake\"\n";

const POLICIES: &str = r#"
@id("rows")
permit (principal, action == Action::"select", resource);

@id("columns")
permit (principal, action == Action::"reveal", resource) unless { context.column == "note" };

@id("notes")
permit (principal, action == Action::"mask_null", resource) when { context.column == "note" };

@id("plans")
permit (principal in Role::"keeper", action == Action::"explain_guard", resource);
"#;

const QUERY: &str = "SELECT size + 1 FROM lake.visits WHERE size * 2 > 2";

/// Three of five rows are the asker's, and two of these are asked for.
async fn gateway() -> Gateway {
    let house = House::new(SOURCES);
    house.file("policies/house.cedar", POLICIES);
    house.file(
        "lake/visits.csv",
        "id,org_id,note,size\n1,acme,a,1\n2,other,b,7\n3,acme,c,2\n4,other,d,8\n5,acme,e,3\n",
    );
    Gateway::open(house.into_folder()).await
}

async fn client(gateway: &Gateway, roles: &[&str]) -> Client {
    let claims = json!({ "org_id": "acme", "roles": roles });
    let token = gateway.token_of("ann", claims.as_object().unwrap().clone());
    Client::login(gateway.address, "ann", &token).await.ok().unwrap()
}

async fn lines(client: &Client, sql: &str) -> String {
    let Answer::Rows { columns, rows } = client.ask(sql).await else { panic!("{sql}") };
    assert_eq!(columns, ["QUERY PLAN"]);
    rows.into_iter().fold(String::new(), |mut lines, row| {
        writeln!(lines, "{}", row[0].as_deref().unwrap()).unwrap();
        lines
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_see_the_guard_sees_all_of_it() {
    let gateway = gateway().await;
    let (keeper, other) = (client(&gateway, &["keeper"]).await, client(&gateway, &[]).await);
    let explain = format!("EXPLAIN {QUERY}");
    let (told, whole) = (lines(&other, &explain).await, lines(&keeper, &explain).await);
    assert!(whole.starts_with(&told), "{told}\n{whole}");
    for part in ["org_id", "policies", "rows", "BarrierExec", "Sent to lake"] {
        assert!(whole.contains(part) && !told.contains(part), "{part}: {told}\n{whole}");
    }
    assert!(!whole.contains("actual"), "{whole}");
}

/// Rows are counted above the guard alone: what is beneath it counts the rows of others, too.
#[tokio::test(flavor = "multi_thread")]
async fn what_ran_is_counted_above_the_guard() {
    let gateway = gateway().await;
    let (keeper, other) = (client(&gateway, &["keeper"]).await, client(&gateway, &[]).await);
    let analyze = format!("EXPLAIN (ANALYZE) {QUERY}");
    let Answer::Error { sqlstate, .. } = other.ask(&analyze).await else { panic!("it was told") };
    assert_eq!(sqlstate.as_deref(), Some("42501"));

    let told = lines(&keeper, &analyze).await;
    let barrier = told.lines().position(|line| line.contains("BarrierExec")).unwrap();
    let counted: Vec<_> = told
        .lines()
        .enumerate()
        .filter_map(|(at, line)| {
            let (_, count) = line.split_once("(actual rows=")?;
            Some((at <= barrier, count.trim_end_matches(')').parse().unwrap()))
        })
        .collect();
    assert!(counted.iter().all(|(above, _)| *above), "{told}");
    let counts: Vec<usize> = counted.into_iter().map(|(_, count)| count).collect();
    assert_eq!((counts.first(), counts.last()), (Some(&2), Some(&3)), "{told}");
    assert!(told.contains("\nRows: 2\nExecution Time: "), "{told}");

    // It is on record as what it is, and what fails while it runs fails as the query does.
    let failing = format!("EXPLAIN ANALYZE {}", QUERY.replace("size + 1", "1 / (size - 2)"));
    let Answer::Error { sqlstate, message, .. } = keeper.ask(&failing).await else { panic!() };
    assert_eq!((sqlstate.as_deref(), message.as_str()), (Some("22012"), "division by zero"));
    let told = told.lines().count();
    keeper.leave().await;
    other.leave().await;
    let endings: Vec<_> = records(&gateway.config.audit.dir)
        .unwrap()
        .filter_map(|record| match record.unwrap().entry {
            Entry::Outcome { outcome, .. } => Some((outcome.rows as usize, outcome.result)),
            _ => None,
        })
        .collect();
    let [(_, Ending::Error { .. }), (rows, Ending::Ok), (_, Ending::Error { .. })] =
        endings.as_slice()
    else {
        panic!("{endings:?}")
    };
    assert_eq!(*rows, told);
}
