//! One hook resolves tables: whichever path a query takes, and whichever shape it has, its caller
//! sees the rows and masks that the plain query gives, or that there is no such table.
//!
//! `tests/data/paths/`: the table three times over (a file, a table of SQLite, and a view), the
//! shapes, and what each person sees.

use std::fmt::Write as _;
use std::fs;

use futures::TryStreamExt as _;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, NoTls, Row, SimpleQueryMessage};

use crate::house::{House, Served, data};

const TABLES: [&str; 3] = ["lake.people", "desk.people", "desk.seen"];
const PEOPLE: [&str; 3] = ["staff", "guest", "stranger"];
const PLAIN: &str = "select id, email, salary from lake.people order by id";

/// How a query gets to the gateway, and its rows back.
#[derive(Clone, Copy, Debug)]
enum Way {
    Simple,
    Extended,
    Prepared,
    Cursor,
    Copy,
}

const WAYS: [Way; 5] = [Way::Simple, Way::Extended, Way::Prepared, Way::Cursor, Way::Copy];

fn text(name: &str) -> String {
    fs::read_to_string(data("data/paths").join(name)).unwrap()
}

fn house() -> House {
    let house = House::new(&text("sources.toml"));
    house.file("policies/rules.cedar", &text("rules.cedar"));
    house.file("lake/people.csv", &text("people.csv"));
    let desk = rusqlite::Connection::open(house.path("desk.db")).unwrap();
    desk.execute_batch(&text("desk.sql")).unwrap();
    for line in text("people.csv").lines().skip(1) {
        let cells = line.split(',').map(|cell| (!cell.is_empty()).then_some(cell));
        let cells = rusqlite::params_from_iter(cells.collect::<Vec<_>>());
        desk.execute("INSERT INTO people VALUES (?1, ?2, ?3, ?4, ?5)", cells).unwrap();
    }
    house
}

async fn session(house: &House, served: &Served, person: &str) -> Client {
    let mut config: tokio_postgres::Config = served.address(person).parse().unwrap();
    config.password(house.token(person, &[person]));
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_gives_what_the_plain_query_gives() {
    let house = house();
    let served = house.serve();
    let expected = text("answers.txt");
    let mut found = String::new();
    let mut different = String::new();
    for person in PEOPLE {
        let client = session(&house, &served, person).await;
        let plain = ask(&client, Way::Simple, PLAIN).await;
        writeln!(found, "== {person}\n{plain}").unwrap();
        for table in TABLES {
            let plain = plain.replace("lake.people", table);
            for shape in text("shapes.txt").lines().filter(|line| !line.starts_with('#')) {
                let (name, query) = shape.split_once(": ").unwrap();
                let query = query.replace("{t}", table);
                for way in WAYS {
                    let answer = ask(&client, way, &query).await;
                    if answer != plain {
                        let place = format!("{person}, {table}, {name}, {way:?}");
                        writeln!(different, "{place}:\n{answer}\n").unwrap();
                    }
                }
            }
        }
    }
    assert!(different.is_empty(), "{found}\notherwise than that:\n{different}");
    assert!(found == expected, "{found}");
}

/// The rows as lines, or the error.
async fn ask(client: &Client, way: Way, query: &str) -> String {
    let rows = match way {
        Way::Simple => simple(client, query).await,
        Way::Extended => extended(client, query).await,
        Way::Prepared => prepared(client, query).await,
        Way::Cursor => cursor(client, query).await,
        Way::Copy => copied(client, query).await,
    };
    match rows {
        Ok(rows) => rows.iter().fold(String::new(), |text, row| text + &row.join("|") + "\n"),
        Err(error) => refused(&error) + "\n",
    }
}

type Rows = Result<Vec<Vec<String>>, Error>;

fn refused(error: &Error) -> String {
    let error = error.as_db_error().expect("the session lives");
    format!("! {} {}", error.code().code(), error.message())
}

async fn simple(client: &Client, query: &str) -> Rows {
    let messages = client.simple_query(query).await?;
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => {
            let cells = (0..row.len()).map(|at| row.get(at).unwrap_or("~").to_owned());
            Some(cells.collect())
        }
        _ => None,
    };
    Ok(messages.into_iter().filter_map(row).collect())
}

async fn extended(client: &Client, query: &str) -> Rows {
    let statement = client.prepare(query).await?;
    Ok(client.query(&statement, &[]).await?.iter().map(cells).collect())
}

fn cells(row: &Row) -> Vec<String> {
    let cell = |at: usize| match *row.columns()[at].type_() {
        Type::INT8 => row.get::<_, Option<i64>>(at).map(|number| number.to_string()),
        _ => row.get::<_, Option<String>>(at),
    };
    (0..row.len()).map(|at| cell(at).unwrap_or_else(|| "~".to_owned())).collect()
}

async fn prepared(client: &Client, query: &str) -> Rows {
    simple(client, &format!("PREPARE path AS {query}")).await?;
    let rows = simple(client, "EXECUTE path").await;
    simple(client, "DEALLOCATE path").await?;
    rows
}

async fn cursor(client: &Client, query: &str) -> Rows {
    let rows = fetched(client, query).await;
    simple(client, "ROLLBACK").await?;
    rows
}

async fn fetched(client: &Client, query: &str) -> Rows {
    simple(client, "BEGIN").await?;
    simple(client, &format!("DECLARE path CURSOR FOR {query}")).await?;
    let mut rows = Vec::new();
    loop {
        let more = simple(client, "FETCH 2 FROM path").await?;
        if more.is_empty() {
            return Ok(rows);
        }
        rows.extend(more);
    }
}

async fn copied(client: &Client, query: &str) -> Rows {
    let stream = client.copy_out(&format!("COPY ({query}) TO STDOUT")).await?;
    let data: Vec<_> = stream.try_collect().await?;
    let text = String::from_utf8(data.concat()).unwrap();
    let cell = |cell: &str| if cell == "\\N" { "~".to_owned() } else { cell.to_owned() };
    Ok(text.lines().map(|line| line.split('\t').map(cell).collect()).collect())
}

/// What is kept between statements holds no permit; a query that runs has the one it began with.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_authorised_again_under_new_policies() {
    const HIDDEN: &str = "! 42P01 relation \"lake.people\" does not exist";
    let house = house();
    let served = house.serve();
    let client = session(&house, &served, "staff").await;
    let statement = client.prepare(PLAIN).await.unwrap();
    simple(&client, &format!("PREPARE kept AS {PLAIN}")).await.unwrap();
    assert_eq!(client.query(&statement, &[]).await.unwrap().len(), 5);
    assert_eq!(simple(&client, "EXECUTE kept").await.unwrap().len(), 5);

    let reader = session(&house, &served, "staff").await;
    let declare = format!("DECLARE path CURSOR FOR {PLAIN}");
    for statement in ["BEGIN", &declare] {
        simple(&reader, statement).await.unwrap();
    }
    assert_eq!(simple(&reader, "FETCH 2 FROM path").await.unwrap().len(), 2);
    let mut holder = session(&house, &served, "staff").await;
    let transaction = holder.transaction().await.unwrap();
    let bound = transaction.bind(PLAIN, &[]).await.unwrap();
    let begun = transaction.bind(PLAIN, &[]).await.unwrap();
    assert_eq!(transaction.query_portal(&begun, 2).await.unwrap().len(), 2);

    let fewer = text("rules.cedar").replace(
        "Role::\"staff\", action == Action::\"select\"",
        "Role::\"nobody\", action == Action::\"select\"",
    );
    house.file("policies/rules.cedar", &fewer);
    served.logs("policies replaced");

    assert_eq!(refused(&client.query(&statement, &[]).await.unwrap_err()), HIDDEN);
    assert_eq!(refused(&simple(&client, "EXECUTE kept").await.unwrap_err()), HIDDEN);
    assert_eq!(refused(&simple(&client, PLAIN).await.unwrap_err()), HIDDEN);

    // What runs goes on as it began.
    assert_eq!(simple(&reader, "FETCH ALL FROM path").await.unwrap().len(), 3);
    let again = declare.replace("path", "again");
    assert_eq!(refused(&simple(&reader, &again).await.unwrap_err()), HIDDEN);
    assert_eq!(transaction.query_portal(&begun, 0).await.unwrap().len(), 3);
    assert_eq!(refused(&transaction.query_portal(&bound, 0).await.unwrap_err()), HIDDEN);
}
