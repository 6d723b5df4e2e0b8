//! Names and values that try to leave their place, against the real server.

use portcullis_connector_api::predicate::LikePiece;
use portcullis_connector_api::{CompareOp, Connector, LikePattern, Predicate, Pushdown, Value};

use crate::{compare, scanned, source, table};

const VALUES: &[&str] = &[
    "x\\') OR (1=1)) -- ",
    "x') OR (1=1)) -- ",
    "'",
    "''",
    "\\",
    "\\'",
    "$1",
    "$$",
    "%",
    "_",
    "\"",
    "a\nb",
    "/* */",
    "日本 😀 \u{202e}",
    "",
    " ",
];

#[tokio::test]
async fn a_value_equals_itself_and_nothing_else() {
    let (connector, catalog) = source("CREATE TABLE t (id int, v text)").await;
    let empty = table(&catalog, "t");
    for value in VALUES {
        let condition = compare("v", CompareOp::Eq, Value::text(*value));
        assert!(scanned(&connector, &empty, &["v"], condition).await.is_empty(), "{value}");
    }
    let quoted: Vec<_> = VALUES
        .iter()
        .enumerate()
        .map(|(at, value)| format!("({at}, '{}')", value.replace('\'', "''")))
        .collect();
    let script =
        format!("CREATE TABLE t (id int, v text); INSERT INTO t VALUES {}", quoted.join(","));
    let (connector, catalog) = source(&script).await;
    let full = table(&catalog, "t");
    for (at, value) in VALUES.iter().enumerate() {
        let pattern = LikePattern(vec![LikePiece::Literal((*value).to_owned())]);
        for condition in [
            compare("v", CompareOp::Eq, Value::text(*value)),
            Predicate::In { column: "v".into(), values: vec![Value::text(*value)] },
            Predicate::Like { column: "v".into(), pattern, negated: false },
        ] {
            assert_eq!(connector.pushdown(&full, &condition), Pushdown::Exact);
            let found = scanned(&connector, &full, &["id"], condition.clone()).await;
            assert_eq!(found, [at.to_string()], "{condition}");
        }
    }
}

#[tokio::test]
async fn a_value_of_a_mebibyte_travels() {
    let script = "CREATE TABLE t (v text); INSERT INTO t VALUES (repeat('x''', 524288)), ('y')";
    let (connector, catalog) = source(script).await;
    let table = table(&catalog, "t");
    let long = "x'".repeat(524_288);
    let condition = compare("v", CompareOp::Eq, Value::text(long.as_str()));
    assert_eq!(scanned(&connector, &table, &["v"], condition).await, [long]);
}

#[tokio::test]
async fn nul_is_never_sent() {
    let (connector, catalog) = source("CREATE TABLE t (v text)").await;
    let table = table(&catalog, "t");
    let condition = compare("v", CompareOp::Eq, Value::text("a\0b"));
    assert_eq!(connector.pushdown(&table, &condition), Pushdown::No);
    assert!(connector.scan(crate::request(&table, &["v"], condition)).await.is_err());
}

#[tokio::test]
async fn names_are_taken_exactly() {
    let names = [
        "select",
        "Upper",
        "upper",
        "with space",
        "qu\"ote",
        "\"",
        "\"\"",
        "back\\slash",
        "a;b",
        "--",
        "/*",
        "naïve",
        "名前",
        "a.b",
        "$1",
        "'",
        "t0",
        "c0",
        "ctid\"",
        "new\nline",
    ];
    let quoted: Vec<_> =
        names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
    for (at, name) in quoted.iter().enumerate() {
        let columns: Vec<_> = quoted.iter().map(|name| format!("{name} int")).collect();
        let values: Vec<_> =
            (0..quoted.len()).map(|column| (at * 100 + column).to_string()).collect();
        let script = format!(
            "CREATE TABLE {name} ({}); INSERT INTO {name} VALUES ({})",
            columns.join(","),
            values.join(",")
        );
        // One database for each would be slow: every third name will do for tables.
        if at % 3 != 0 {
            continue;
        }
        let (connector, catalog) = source(&script).await;
        let table = table(&catalog, names[at]);
        let condition = compare(names[1], CompareOp::Eq, Value::Int((at * 100 + 1) as i64));
        let found = scanned(&connector, &table, &names, condition).await;
        assert_eq!(found, [values.join(" | ")]);
    }
}
