//! tokio-postgres: prepared and binary throughout, rows as they come.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use futures::StreamExt as _;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::*;

async fn connect(world: &World) -> Client {
    let (_, password) = world.analyst();
    world.session("ines", &password, "tokio").await
}

fn value<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row) -> T {
    row.try_get(0).unwrap()
}

/// The column of the first row, and its type.
async fn first(client: &Client, table: &str, column: &str) -> (Type, Row) {
    let query = format!("SELECT {column} FROM {table} WHERE id = $1");
    let statement = client.prepare(&query).await.unwrap();
    assert_eq!(statement.params(), [Type::INT4]);
    let row = client.query_one(&statement, &[&1_i32]).await.unwrap();
    (statement.columns()[0].type_().clone(), row)
}

macro_rules! holds {
    ($client:ident $table:literal: $($column:literal $constant:ident $kind:ty = $expected:expr;)*) => {$(
        let (sql_type, row) = first(&$client, $table, $column).await;
        assert_eq!(sql_type, Type::$constant, $column);
        assert_eq!(value::<$kind>(&row), $expected, $column);
    )*};
}

#[tokio::test(flavor = "multi_thread")]
async fn values_come_as_their_types() {
    let world = World::new();
    let client = connect(&world).await;
    holds! { client "box.types":
        "b" BOOL bool = true;
        "i2" INT2 i16 = 7;
        "i4" INT4 i32 = 70_000;
        "i8" INT8 i64 = 7_000_000_000;
        "f4" FLOAT4 f32 = 1.5;
        "f8" FLOAT8 f64 = 2.25;
        "t" TEXT String = "plain";
        "v" VARCHAR String = "short";
        "by" BYTEA Vec<u8> = vec![0, 255, 16];
        "ai" INT4_ARRAY Vec<Option<i32>> = [Some(1), None, Some(3)];
        "at" TEXT_ARRAY Vec<Option<String>> =
            [Some("a".to_owned()), Some("b,c".to_owned()), None, Some(String::new())];
    }
    let instant = SystemTime::UNIX_EPOCH + Duration::from_secs(1_709_205_255);
    holds! { client "box.types": "tz" TIMESTAMPTZ SystemTime = instant; }
    holds! { client "box.arrays":
        "b" BOOL_ARRAY Vec<Option<bool>> = [Some(true), Some(false), None];
        "i2" INT2_ARRAY Vec<i16> = [7, i16::MIN, i16::MAX];
        "i8" INT8_ARRAY Vec<Option<i64>> = [Some(7_000_000_000), None, Some(i64::MIN)];
        "f4" FLOAT4_ARRAY Vec<f32> = [1.5, -0.25];
        "f8" FLOAT8_ARRAY Vec<Option<f64>> = [Some(2.25), None, Some(-1e300)];
        "v" VARCHAR_ARRAY Vec<Option<String>> =
            [Some("short".to_owned()), Some("b,c".to_owned()), None, Some(String::new())];
        "tz" TIMESTAMPTZ_ARRAY Vec<Option<SystemTime>> = [Some(instant), None];
    }
    // Those that Rust has no type for.
    for (column, expected) in
        [("d", Type::DATE_ARRAY), ("ts", Type::TIMESTAMP_ARRAY), ("u", Type::UUID_ARRAY)]
    {
        assert_eq!(first(&client, "box.arrays", column).await.0, expected);
    }

    let nothing = client.query_one("SELECT i4 FROM box.types WHERE id = 4", &[]).await.unwrap();
    assert_eq!(nothing.get::<_, Option<i32>>(0), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_prepared_once_and_errors_end_nothing() {
    let world = World::new();
    let client = connect(&world).await;
    let query = "SELECT name FROM box.people WHERE id = $1 AND name <> $2 ORDER BY id";
    let statement = client.prepare(query).await.unwrap();
    assert_eq!(statement.params(), [Type::INT4, Type::VARCHAR]);
    let mut names = Vec::new();
    for id in 1..=4_i32 {
        let rows = client.query(&statement, &[&id, &"Jon"]).await.unwrap();
        names.extend(rows.iter().map(value::<String>));
    }
    assert_eq!(names, ["Ines", "Kim"]);
    for (query, sqlstate) in [
        ("SELECT * FROM box.secrets", "42P01"),
        ("SELECT note FROM box.people", "42703"),
        ("SELECT 1 / 0", "22012"),
        ("DELETE FROM box.people", "42501"),
    ] {
        let error = client.query(query, &[]).await.unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some(sqlstate), "{query}: {error}");
    }
    assert_eq!(client.query(&statement, &[&1_i32, &""]).await.unwrap().len(), 1);
}

/// Four hundred million rows, more than a statement may give: where the first ones come, nobody
/// has collected them.
#[tokio::test(flavor = "multi_thread")]
async fn rows_come_while_the_query_runs() {
    let world = World::new();
    let client = connect(&world).await;
    let query = "SELECT a.n, b.n FROM box.many a CROSS JOIN box.many b";
    let none: [&(dyn ToSql + Sync); 0] = [];
    let mut rows = pin!(client.query_raw(query, none).await.unwrap());
    for _ in 0..50_000 {
        rows.next().await.unwrap().unwrap();
    }
    client.cancel_token().cancel_query(NoTls).await.unwrap();
    let error = loop {
        if let Err(error) = rows.next().await.expect("the statement does not end well") {
            break error;
        }
    };
    assert_eq!(error.code().map(|code| code.code()), Some("57014"), "{error}");
    let row = client.query_one("SELECT count(*) FROM box.people", &[]).await.unwrap();
    assert_eq!(value::<i64>(&row), 3);
}
