//! Words that are planted where errors are made: in cells, in what a source says, in paths, hosts and
//! credentials. Whatever fails, no client is told one; the audit record has what it is to have.
//!
//! The statements stand in `tests/data/errors/canaries.cases`, with what is told beneath, in the form
//! of the transcripts of `tests/data/sql/`.

use super::*;
use crate::house::data;
use crate::postgres;

/// What no client is told, by any error.
const PLANTED: &[&str] = &[
    "canary",
    // Of the machine and of the sources' addresses.
    "127.0.0.1",
    "/tmp",
    ":1/",
    postgres::USER,
    "S3cret",
];

const SOURCES: &str = r#"
[sources.lake]
kind = "files"
path = "canary-lake"

[sources.desk]
kind = "sqlite"
path = "canary-desk.db"

[sources.box]
kind = "postgres"
url = { file = "box.url" }

[sources.far]
kind = "postgres"
url = { file = "far.url" }
"#;

const RULES: &str = r#"@id("rows")
permit (principal, action == Action::"select", resource);

@id("columns")
permit (principal, action == Action::"reveal", resource)
unless { context.column == "org_id" };

@id("canary-policy")
forbid (principal, action == Action::"reveal", resource is desk::tickets)
when { context.column == "canary_column" };
"#;

/// The notes are texts of two kinds: what quotes nothing, and what pretends to be a quotation. The
/// note of a row of another tenant is a third.
const VISITS: &str = "id,org_id,note\n1,acme,canary-cell\n2,acme,\"q\"\" canary-quote \"\"q\"\n\
                      3,other,canary-hidden\n";

const DESK: &str = "CREATE TABLE tickets
        (id INTEGER PRIMARY KEY, org_id TEXT, stars INTEGER, canary_column TEXT);
    INSERT INTO tickets VALUES (1, 'acme', 'canary-stars', ''), (2, 'other', 'canary-hidden', '');";

/// A view whose expression fails there, with a value in what PostgreSQL says of it.
const BOX: &str = "CREATE TABLE letters (id integer, org_id text, body text);
    INSERT INTO letters VALUES (1, 'acme', 'canary-remote'), (2, 'other', 'canary-hidden');
    CREATE VIEW counted AS SELECT id, org_id, CAST(body AS integer) AS number FROM letters;";

fn furnished() -> House {
    let house = House::new(SOURCES);
    house.file("policies/house.cedar", RULES);
    house.file("canary-lake/visits.csv", VISITS);
    house.file("canary-lake/gone.csv", VISITS);
    let desk = rusqlite::Connection::open(house.path("canary-desk.db")).unwrap();
    desk.execute_batch(DESK).unwrap();
    house.file("box.url", &postgres::shared().database(BOX));
    house.file("far.url", "postgres://canary-user:canary-password@127.0.0.1:1/canary-database");
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_planted_is_ever_told() {
    let house = furnished();
    let served = house.serve();
    std::fs::remove_file(house.path("canary-lake/gone.csv")).unwrap();
    let session = Session::open(&served, "ines", &house.token("ines", &[])).await.unwrap();
    let expected = std::fs::read_to_string(data("data/errors/canaries.cases")).unwrap();
    let mut found = Vec::new();
    for block in Block::all(&expected) {
        let answer = transcribed(&session, &block.statement).await;
        let foreign = |planted: &&&str| !block.statement.contains(**planted);
        for planted in PLANTED.iter().filter(foreign).filter(|_| answer.starts_with("! ")) {
            assert!(!answer.contains(planted), "{}\n{answer}", block.statement);
        }
        found.push(block.answered(&answer));
    }
    let found = found.join("\n");
    assert!(found == expected, "what really comes back:\n{found}");
    assert!(!found.contains("\n= "), "something does not fail:\n{found}");
    assert!(!served.log().contains("canary-password"), "{}", served.log());
    // What sources said, without a value.
    assert_on_record(&house, served, &["failed: SQLSTATE 22P02", "failed: table \\\"gone\\\""]);
    let records = records(&house.path("audit"));
    for planted in ["canary-hidden", "canary-stars", "canary-remote", "canary-password"] {
        assert!(!records.contains(planted), "{planted} is on record:\n{records}");
    }
}
