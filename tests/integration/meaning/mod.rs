//! What expressions mean: here as in PostgreSQL. Every expression of `tests/data/meaning/*.cases`
//! is asked of a PostgreSQL server and of the gateway; value as text, type, and SQLSTATE must be
//! the same.
//!
//! A line is an expression (a whole query where it begins with `select`, `values` or `with`), a
//! setting for those that follow (`set`), or a comment (`#`). Where the answers may differ, two lines follow: `  here: ` and what the
//! gateway answers, `  because: ` and the difference's title in `docs/sql.md`. Beside them come
//! some thousand expressions by chance, made of values at the ends of their types.

mod chance;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::house::{House, Served};
use crate::postgres;

/// The tables that expressions may read: in the gateway files with rows of others among them, in
/// PostgreSQL tables that hold none.
const TABLES: [(&str, &str); 2] = [
    ("item", include_str!("../../data/meaning/tables/item.csv")),
    ("part", include_str!("../../data/meaning/tables/part.csv")),
];

const COLUMNS: &str = "id integer, k integer, n integer, s text, org_id text";

const POLICIES: &str = r#"@id("rows")
permit (principal, action == Action::"select", resource);

@id("columns")
permit (principal, action == Action::"reveal", resource);
"#;

/// The two who are asked.
struct Both {
    postgres: Client,
    gateway: Client,
    _served: Served,
    _house: House,
}

impl Both {
    async fn open() -> Self {
        let mut sources = "\n[sources.lake]\nkind = \"files\"\npath = \"lake\"\n".to_owned();
        for (table, _) in TABLES {
            writeln!(sources, "\n[sources.lake.tables.{table}.columns]").unwrap();
            for column in COLUMNS.split(", ") {
                let (name, of) = column.split_once(' ').unwrap();
                writeln!(sources, "{name} = {{ type = \"{of}\" }}").unwrap();
            }
        }
        let house = House::new(&sources);
        for (table, rows) in TABLES {
            house.file(&format!("lake/{table}.csv"), rows);
        }
        house.file("policies/house.cedar", POLICIES);
        let served = house.serve();
        let token = house.token("ann", &[]);
        let gateway = connect(&format!("{} password={token}", served.address("ann"))).await;
        let url = postgres::shared().database("");
        let postgres = connect(&url).await;
        for setting in ["timezone = 'UTC'", "lc_messages = 'C'", "intervalstyle = 'postgres'"] {
            postgres.batch_execute(&format!("set {setting}")).await.unwrap();
        }
        for (table, rows) in TABLES {
            postgres.batch_execute(&format!("create table {table} ({COLUMNS})")).await.unwrap();
            for row in rows.lines().filter(|row| row.ends_with(",acme")) {
                let cells = row.split(',').map(|cell| format!("nullif('{cell}', '')"));
                let cells: Vec<_> = cells
                    .zip(COLUMNS.split(", "))
                    .map(|(cell, column)| format!("{cell}::{}", column.split_once(' ').unwrap().1))
                    .collect();
                let insert = format!("insert into {table} values ({})", cells.join(", "));
                postgres.batch_execute(&insert).await.unwrap();
            }
        }
        Self { postgres, gateway, _served: served, _house: house }
    }
}

async fn connect(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Words by which a message would tell what runs the query. What stands in quotes is the query's.
const ENGINE: &[&str] = &[
    "Utf8",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt",
    "Float16",
    "Float32",
    "Float64",
    "Decimal1",
    "Decimal2",
    "Date32",
    "Date64",
    "Time32",
    "Time64",
    "Timestamp(",
    "Interval(",
    "List(",
    "Struct(",
    "Binary",
    "FixedSize",
    "Field",
    "Schema",
    "DataFusion",
    "Arrow",
    "arrow",
    "Logical",
    "logical",
    "physical",
    "Physical",
    "optimizer",
    "analyzer",
    "UDF",
    "Expr",
    "Some(",
    "None",
    "Columnar",
    "RecordBatch",
    "signature",
    "coerc",
    "infer",
    "SqlToRel",
    "ast node",
    "Literal",
    "ScalarValue",
    "{",
    "}",
    "\u{0}",
    "internal",
];

fn engine_word(message: &str) -> Option<&'static str> {
    let outside: String = message.split('"').step_by(2).collect();
    ENGINE.iter().copied().find(|word| outside.contains(word))
}

/// The type and the text of what comes back, or the error's class.
async fn answer(client: &Client, query: &str) -> String {
    let rows = match client.simple_query(query).await {
        Ok(rows) => rows,
        Err(error) => {
            let Some(told) = error.as_db_error() else { return "! the session is gone".to_owned() };
            let state = told.code().code();
            return match engine_word(told.message()) {
                None => format!("! {state}"),
                Some(word) => format!("! {state}, and speaks of {word}: {}", told.message()),
            };
        }
    };
    let types = match client.prepare(query).await {
        Ok(prepared) => {
            let names = prepared.columns().iter().map(|column| column.type_().name().to_owned());
            names.collect::<Vec<_>>().join(", ")
        }
        Err(error) => format!("({error})"),
    };
    let mut text = format!("{types}:");
    let rows = rows.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            let values = (0..row.len()).map(|at| row.get(at).unwrap_or("NULL"));
            Some(values.collect::<Vec<_>>().join(", "))
        }
        _ => None,
    });
    for (at, row) in rows.enumerate() {
        write!(text, "{} {row}", if at == 0 { "" } else { " |" }).unwrap();
    }
    text
}

fn query(expression: &str) -> String {
    let whole = ["select ", "values ", "with "].iter().any(|word| expression.starts_with(word));
    if whole { expression.to_owned() } else { format!("select {expression}") }
}

/// One expression of a file, and how the answer here may differ.
struct Case<'a> {
    expression: &'a str,
    different: Option<(&'a str, &'a str)>,
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut lines =
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    let mut cases = Vec::new();
    while let Some(expression) = lines.next() {
        assert!(!expression.starts_with(' '), "no expression stands before {expression:?}");
        let mut next = |name: &str| {
            let line = lines.next_if(|line| line.starts_with(name))?;
            Some(line[name.len()..].trim())
        };
        let different = next("  here: ").map(|here| {
            let because = next("  because: ");
            (here, because.unwrap_or_else(|| panic!("{expression} differs without a reason")))
        });
        cases.push(Case { expression, different });
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn as_in_postgresql() {
    let both = Both::open().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documented = fs::read_to_string(root.join("docs/sql.md")).unwrap();
    let mut files: Vec<_> = fs::read_dir(root.join("tests/data/meaning"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cases"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let (mut wrong, mut count, mut reasons) = (String::new(), 0, BTreeSet::new());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for Case { expression, different } in cases(&text) {
            if expression.starts_with("set ") {
                both.postgres.batch_execute(expression).await.unwrap();
                both.gateway.batch_execute(expression).await.unwrap();
                continue;
            }
            count += 1;
            let query = query(expression);
            let there = answer(&both.postgres, &query).await;
            let here = answer(&both.gateway, &query).await;
            let fits = match different {
                None => here == there,
                Some((expected, because)) => {
                    reasons.insert(because.to_owned());
                    here == expected && here != there
                }
            };
            if !fits {
                let file = file.file_name().unwrap().to_string_lossy();
                writeln!(wrong, "{file}: {expression}\n  there: {there}\n  here: {here}").unwrap();
            }
        }
    }
    for reason in reasons {
        if !documented.contains(&format!("| {reason} |")) {
            writeln!(wrong, "docs/sql.md says nothing of {reason:?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "of {count} expressions these differ:\n{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_chance_too() {
    let both = Both::open().await;
    let mut wrong = String::new();
    for query in chance::queries(2_000) {
        let there = answer(&both.postgres, &query).await;
        let here = answer(&both.gateway, &query).await;
        if here != there && !chance::may_differ(&here, &there) {
            writeln!(wrong, "{query}\n  there: {there}\n  here: {here}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "these differ:\n{wrong}");
}

/// The types of the parameters and of the result.
async fn described(client: &Client, query: &str) -> String {
    match client.prepare(query).await {
        Ok(prepared) => {
            let parameters = prepared.params().iter().map(|of| of.name().to_owned());
            let columns = prepared.columns().iter().map(|column| column.type_().name().to_owned());
            let [parameters, columns] =
                [parameters.collect::<Vec<_>>(), columns.collect()].map(|names| names.join(", "));
            format!("{parameters} -> {columns}")
        }
        Err(error) => {
            let state = error.as_db_error().map(|told| told.code().code().to_owned());
            format!("! {}", state.unwrap_or_else(|| error.to_string()))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_have_the_types_of_postgresql() {
    let both = Both::open().await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/meaning/parameters.queries");
    let mut wrong = String::new();
    for query in fs::read_to_string(file).unwrap().lines() {
        let there = described(&both.postgres, query).await;
        let here = described(&both.gateway, query).await;
        if here != there {
            writeln!(wrong, "{query}\n  there: {there}\n  here: {here}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "these differ:\n{wrong}");
}

/// What the columns of the result are called.
async fn labels(client: &Client, query: &str) -> String {
    match client.prepare(query).await {
        Ok(prepared) => {
            let names = prepared.columns().iter().map(|column| column.name().to_owned());
            names.collect::<Vec<_>>().join(", ")
        }
        Err(error) => format!("! {error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_have_the_names_of_postgresql() {
    let both = Both::open().await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/meaning/names.queries");
    let mut wrong = String::new();
    for query in fs::read_to_string(file).unwrap().lines() {
        let there = labels(&both.postgres, query).await;
        let here = labels(&both.gateway, query).await;
        if here != there {
            writeln!(wrong, "{query}\n  there: {there}\n  here: {here}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "these differ:\n{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_may_be_a_parameter() {
    let both = Both::open().await;
    let from = "from (values (1), (2), (3), (4)) as t (a) order by a";
    for limit in ["limit $1 offset $2", "offset $2 limit $1"] {
        let query = format!("select a {from} {limit}");
        for client in [&both.postgres, &both.gateway] {
            let rows = client.query(&query, &[&2_i64, &1_i64]).await.unwrap();
            let found: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
            assert_eq!(found, [2, 3], "{query}");
        }
    }
}
