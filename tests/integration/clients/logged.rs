//! What the gateway logs when it logs all it can: every stage of a statement, in the statement's
//! span, and nothing of what was asked, answered or trusted to it.

use std::collections::BTreeMap;

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::*;
use crate::postgres::PASSWORD;

/// A line of a file that is no row, and of which a connector warns.
const NO_ROW: &str = "4,other,\"cell-of-no-row\n";

/// What stands for a statement from its text to its end where sources are asked.
const STAGES: [&str; 8] = [
    "parsed",
    "admitted",
    "permit decided",
    "planned",
    "prepared",
    "on record",
    "first rows",
    "ended",
];

async fn connect(address: &str, password: &str) -> Result<Client, tokio_postgres::Error> {
    let mut config: tokio_postgres::Config = address.parse().unwrap();
    let (client, connection) = config.password(password).connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn rows(client: &Client, query: &str) -> usize {
    let messages = client.simple_query(query).await.unwrap();
    messages.iter().filter(|message| matches!(message, SimpleQueryMessage::Row(_))).count()
}

/// The lines of each statement's span, by the number that the session gave it.
fn statements(log: &str) -> BTreeMap<u32, Vec<&str>> {
    let mut statements: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for line in log.lines() {
        let Some((_, span)) = line.split_once(":statement{session=") else { continue };
        let (fields, _) = span.split_once('}').unwrap();
        let number = fields.split(' ').find_map(|field| field.strip_prefix("number="));
        statements.entry(number.unwrap().parse().unwrap()).or_default().push(line);
    }
    statements
}

/// These events, in this order; others may stand between them.
fn assert_holds(lines: &[&str], events: &[&str]) {
    let mut left = lines.iter();
    for event in events {
        let found = left.any(|line| line.contains(&format!(": {event}")));
        assert!(found, "\"{event}\" is missing, or not in its place:\n{}", lines.join("\n"));
    }
}

/// Whether a statement's span and its record name each other.
fn assert_on_record(lines: &[&str], house: &House, kind: &str) {
    let (_, span) = lines.last().unwrap().split_once(":statement{").unwrap();
    let (fields, _) = span.split_once('}').unwrap();
    let record = fields.split(' ').find_map(|field| field.strip_prefix("record="));
    let record = record.unwrap_or_else(|| panic!("no record in {fields}"));
    let shown =
        house.program().args(["audit", "show", "audit", "--last", "1000"]).output().unwrap();
    let shown = Ended::from(shown).out;
    let line = shown.lines().find(|line| line.starts_with(&format!("#{record} ")));
    assert!(line.is_some_and(|line| line.contains(kind)), "#{record}: {kind}: {shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_everything_tells_each_stage_and_no_secret() {
    let house = World::house("", |house| {
        let visits = fs::read_to_string(house.path("lake/visits.csv")).unwrap();
        house.file("lake/visits.csv", &format!("{visits}{NO_ROW}"));
    });
    let served = house.serve_logging("trace");
    let address = served.address("ines");
    let token = house.token("ines", &["analyst"]);
    let forged = House::new("").token("ines", &["analyst"]);
    assert!(connect(&address, &forged).await.is_err());
    assert!(connect(&address, "no-token-at-all").await.is_err());

    let client = connect(&address, &token).await.unwrap();
    let joined = "SELECT p.name, p.email, v.at FROM box.people AS p \
                  JOIN lake.visits AS v ON v.person = p.id WHERE p.country <> 'literal-of-ines'";
    assert_eq!(rows(&client, joined).await, 2);
    let by_name =
        client.prepare("SELECT id, email FROM box.people WHERE name <> $1").await.unwrap();
    for _ in 0..2 {
        let found = client.query(&by_name, &[&"parameter-of-ines"]).await.unwrap();
        assert_eq!(found.len(), 3);
    }
    let two = "SELECT count(*) FROM box.countries; SELECT country FROM box.people";
    assert_eq!(rows(&client, two).await, 4);
    for (query, _) in REFUSED {
        assert!(client.simple_query(query).await.is_err(), "{query}");
    }
    assert_eq!(rows(&client, "SHOW TimeZone").await, 1);
    drop(client);
    served.logs("session ended");
    let log = served.log();
    assert_eq!(served.stop(), Some(0));

    let statements = statements(&log);
    let shown: Vec<String> =
        statements.iter().map(|(n, lines)| format!("{n}: {}", lines.len())).collect();
    let of = |number: u32| statements.get(&number).unwrap_or_else(|| panic!("{number}: {shown:?}"));
    assert_holds(of(1), &STAGES);
    // A scan is made on other threads than its query.
    assert_holds(of(1), &["lines that are no rows were passed over"]);
    assert_on_record(of(1), &house, "2 rows");
    // The first run of what was prepared has the span of its text.
    assert_holds(of(2), &["parsed", "permit decided", "described", "planned", "prepared"]);
    assert_holds(of(2), &STAGES);
    assert_holds(of(3), &STAGES[1..]);
    assert_holds(of(4), &STAGES);
    assert_holds(of(5), &STAGES);
    for (number, (_, sqlstate)) in (6..).zip(REFUSED) {
        assert_holds(of(number), &["on record", "ended"]);
        assert!(of(number).last().unwrap().contains(sqlstate), "{:?}", of(number));
        assert_on_record(of(number), &house, sqlstate);
    }
    assert_holds(of(6 + REFUSED.len() as u32), &["parsed", "answered without a source"]);
    assert!(log.contains("the token is good"), "{log}");

    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let mut secrets = [parts(&token), parts(&forged)].concat();
    secrets.extend([fs::read_to_string(house.path("box.url")).unwrap(), PASSWORD.to_owned()]);
    secrets.extend(SECRETS.map(str::to_owned));
    for secret in secrets {
        assert!(!log.contains(&secret), "\"{secret}\" was logged:\n{log}");
    }
}

/// Each with its SQLSTATE, which is all that the log says of why.
const REFUSED: [(&str, &str); 6] = [
    ("SELECT note FROM box.people", "42703"),
    ("SELECT secret FROM box.secrets", "42P01"),
    ("SELECT CAST(name AS integer) FROM box.people", "22P02"),
    ("SELECT CAST('refused-literal' AS integer)", "22P02"),
    ("SELECT 1 / (id - id), 'spoilt-literal' FROM box.people", "22012"),
    ("SELEC 'misspelt-literal'", "42601"),
];

/// Literals, parameters, and cells: those that are seen, masked ones, hidden ones and another
/// tenant's.
const SECRETS: [&str; 22] = [
    "no-token-at-all",
    "S3cret",
    "a key for the tokens",
    "literal-of-ines",
    "parameter-of-ines",
    "refused-literal",
    "spoilt-literal",
    "misspelt-literal",
    "SELECT",
    "SELEC",
    "WHERE",
    "Ines",
    "Switzerland",
    "2024-05-01",
    "ines@example.com",
    "i***@",
    "jon@",
    "likes tea",
    "nobody reads this",
    "Leo",
    "not yours",
    "cell-of-no-row",
];
