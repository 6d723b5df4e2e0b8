//! What the catalog says of tables, columns and types.

use portcullis_connector_api::{Connector, ConnectorError, SourceCatalog};
use portcullis_connector_postgres::{Options, PostgresConnector};

use crate::{open, support};

const SCRIPT: &str = include_str!("catalog.sql");

fn listing(catalog: &SourceCatalog) -> String {
    let mut listing = String::new();
    for table in &catalog.tables {
        listing.push_str(&format!("{}\n", table.name));
        for column in &table.columns {
            let null = if column.nullable { "" } else { " not null" };
            let fallible = if column.fallible { " fallible" } else { "" };
            listing.push_str(&format!("  {} {}{null}{fallible}\n", column.name, column.sql_type));
        }
    }
    for note in &catalog.notes {
        listing.push_str(&format!("note: {note}\n"));
    }
    listing
}

#[tokio::test]
async fn tables_and_types_are_those_of_the_server() {
    let mut options = Options::new(support::shared().database(SCRIPT));
    options.schemas = vec!["billing".to_owned()];
    let (_, catalog) = open(options).await;
    let listing = listing(&catalog);
    assert_eq!(listing, include_str!("catalog.txt"), "\n{listing}");
}

#[tokio::test]
async fn another_schema_can_be_the_main_one() {
    let mut options = Options::new(support::shared().database(SCRIPT));
    options.schema = "billing".to_owned();
    let (_, catalog) = open(options).await;
    let names: Vec<_> = catalog.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["invoices"]);
}

#[tokio::test]
async fn two_tables_of_one_name_are_an_error() {
    let script = "CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE TABLE \"s.t\" (a int);";
    let mut options = Options::new(support::shared().database(script));
    options.schemas = vec!["s".to_owned()];
    let outcome = PostgresConnector::new(options).unwrap().catalog().await;
    let error = outcome.unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Configuration(text) if text.contains("s.t")),
        "{error}"
    );
}

#[tokio::test]
async fn a_schema_that_is_not_there_is_an_error() {
    let mut options = Options::new(support::shared().database(""));
    options.schemas = vec!["absent".to_owned()];
    let error = PostgresConnector::new(options).unwrap().catalog().await.unwrap_err();
    assert_eq!(error.to_string(), "there is no schema \"absent\"");
}

#[tokio::test]
async fn what_the_user_may_not_read_is_left_out() {
    let server = support::shared();
    let url = server.database(
        "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'r'; \
         CREATE TABLE open (a int, b int); CREATE TABLE closed (a int); \
         GRANT SELECT (a) ON open TO reader;",
    );
    let url = url.replace(&url[..url.find('@').unwrap()], "postgres://reader:r");
    let (_, catalog) = open(Options::new(url)).await;
    assert_eq!(
        listing(&catalog),
        "open\n  a int4\n\
         note: column \"b\" of table \"open\" is left out: the source's user may not read it\n"
    );
}

#[tokio::test]
async fn text_in_another_encoding_is_not_compared_there() {
    let server = support::shared();
    server.run(
        "postgres",
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER 'libc' TEMPLATE template0",
    );
    server.run("latin", "CREATE TABLE t (a text, n int); INSERT INTO t VALUES ('\u{e9}', 1);");
    let (connector, catalog) = open(Options::new(server.url("latin"))).await;
    assert!(listing(&catalog).contains("note: the server's encoding is LATIN1"));
    let table = crate::table(&catalog, "t");
    let equal = |value| crate::compare("a", portcullis_connector_api::CompareOp::Eq, value);
    let condition = equal(portcullis_connector_api::Value::text("\u{e9}"));
    assert_eq!(connector.pushdown(&table, &condition), portcullis_connector_api::Pushdown::No);
    let all = portcullis_connector_api::Predicate::True;
    assert_eq!(crate::scanned(&connector, &table, &["a"], all).await, ["\u{e9}"]);
}
