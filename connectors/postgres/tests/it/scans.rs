//! Values of every type, marks, order of columns, limits.

use portcullis_connector_api::{CompareOp, Connector, Predicate, Pushdown, ScanRequest, Value};
use portcullis_connector_postgres::Options;
use tokio_postgres::NoTls;

use crate::{batches, compare, request, rows, scanned, source, table};

#[tokio::test]
async fn every_type_arrives_as_it_was_stored() {
    let script = "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE t (
        b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, n2 numeric(38, 2),
        t text, c char(5), k \"char\", na name, e mood, ba bytea, d date, ti time, ts timestamp,
        tz timestamptz, iv interval, u uuid, j json, jb jsonb, ai int4[], at text[]);
        INSERT INTO t VALUES (true, -32768, 2147483647, -9223372036854775808, 1.5, -0.25,
        123.45678901235, -999999999999999999999999999999999999.99, 'ä', 'ab', 'x', 'n', 'happy',
        '\\x00ff', '2024-02-29', '23:59:59.999999', '1969-12-31 23:59:59.999999',
        '2024-02-29 12:00+02', '1 mon -2 days 00:00:00.000003',
        '6BA7B810-9DAD-11D1-80B4-00C04FD430C8', '{\"a\": 1}', '{\"b\":1,\"a\":2}', '{1,NULL,3}',
        '{}'); INSERT INTO t (b) VALUES (NULL)";
    let (connector, catalog) = source(script).await;
    let table = table(&catalog, "t");
    let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let found = scanned(&connector, &table, &columns, Predicate::True).await;
    let marks = table.columns.iter().filter(|column| column.fallible).count();
    let marks = " | false".repeat(marks);
    let values = [
        "true",
        "-32768",
        "2147483647",
        "-9223372036854775808",
        "1.5",
        "-0.25",
        "123.4567890124",
        "-999999999999999999999999999999999999.99",
        "ä",
        "ab",
        "x",
        "n",
        "happy",
        "00ff",
        "2024-02-29",
        "23:59:59.999999",
        "1969-12-31T23:59:59.999999",
        "2024-02-29T10:00:00Z",
        "1 mons -2 days 0.000003000 secs",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "{\"a\": 1}",
        "{\"a\": 2, \"b\": 1}",
        "[1, NULL, 3]",
        "[]",
    ];
    let nulls = vec!["NULL"; values.len()];
    assert_eq!(found, [values.join(" | ") + &marks, nulls.join(" | ") + &marks]);
}

#[tokio::test]
async fn a_cell_that_cannot_be_decoded_is_marked_and_no_error() {
    let script = "CREATE TABLE t (id int, n numeric, m numeric(5, 2), d date, ts timestamp,
        tz timestamptz, ti time, iv interval, a int[]);
        INSERT INTO t VALUES (1, 1, 1, '2024-01-01', '2024-01-01', '2024-01-01', '12:00', '1s', '{1}'),
        (2, 'NaN', 'NaN', 'infinity', 'infinity', '-infinity', '24:00', '3000000 hours', '{{1,2}}'),
        (3, 1e30, 3, '-infinity', '294260-01-01', '294260-01-01', NULL, NULL, NULL)";
    let (connector, catalog) = source(script).await;
    let table = table(&catalog, "t");
    let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let found = scanned(&connector, &table, &columns, Predicate::True).await;
    assert_eq!(
        found,
        [
            "1 | 1.0000000000 | 1.00 | 2024-01-01 | 2024-01-01T00:00:00 | 2024-01-01T00:00:00Z | \
             12:00:00 | 1.000000000 secs | [1] | false | false | false | false | false | false | \
             false | false",
            "2 | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | true | true | true | true \
             | true | true | true | true",
            "3 | NULL | 3.00 | NULL | NULL | NULL | NULL | NULL | NULL | true | false | true | true \
             | true | false | false | false",
        ]
    );
}

/// The fence: such a cell is admitted by no condition, there as here.
#[tokio::test]
async fn a_cell_that_cannot_be_decoded_is_admitted_by_nothing() {
    let script = "CREATE TABLE t (id int, m numeric(5, 2), d date, ts timestamp);
        INSERT INTO t VALUES (1, 2, '2024-01-01', '2024-01-01'), (2, 'NaN', 'infinity', 'infinity'),
        (3, 'NaN', '-infinity', '294260-01-01')";
    let (connector, catalog) = source(script).await;
    let table = table(&catalog, "t");
    let constants = [
        ("m", Value::Decimal { unscaled: 100, scale: 2 }),
        ("d", Value::Date(0)),
        ("ts", Value::Timestamp(0)),
    ];
    for (column, value) in constants {
        use CompareOp::{Gt, GtEq, Lt, LtEq, NotEq};
        for op in [NotEq, Gt, GtEq, Lt, LtEq] {
            let condition = compare(column, op, value.clone());
            assert_eq!(connector.pushdown(&table, &condition), Pushdown::Exact);
            let found = scanned(&connector, &table, &["id"], condition.clone()).await;
            let admitted = !matches!(op, Lt | LtEq);
            assert_eq!(found, ["1"][..usize::from(admitted)], "{condition}");
        }
        for condition in [
            Predicate::IsNotNull(column.into()),
            Predicate::NotIn { column: column.into(), values: vec![value.clone()] },
            Predicate::CompareColumns {
                left: column.into(),
                op: CompareOp::Eq,
                right: column.into(),
            },
        ] {
            assert_eq!(connector.pushdown(&table, &condition), Pushdown::Exact);
            let found = scanned(&connector, &table, &["id"], condition.clone()).await;
            assert_eq!(found, ["1"], "{condition}");
        }
    }
}

/// Conditions of a query: the server decides them, and by itself it knows every value it holds.
#[tokio::test]
async fn what_the_server_decides_it_decides_as_it_does_for_anybody() {
    let script = "CREATE TABLE t (id int, m numeric(5, 2), d date, ts timestamp);
        INSERT INTO t VALUES (1, 2, '2024-01-01', '2024-01-01'), (2, 'NaN', 'infinity', 'infinity'),
        (3, 'NaN', '-infinity', '294260-01-01'), (4, 0.5, '1969-01-01', '1969-01-01'),
        (5, NULL, NULL, NULL)";
    let url = crate::support::shared().database(script);
    let (connector, catalog) = crate::open(Options::new(&url)).await;
    let (server, driver) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(driver);
    let table = table(&catalog, "t");
    let columns = [
        ("m", "1.00", Value::Decimal { unscaled: 100, scale: 2 }),
        ("d", "date '1970-01-01'", Value::Date(0)),
        ("ts", "timestamp '1970-01-01'", Value::Timestamp(0)),
    ];
    for (column, constant, value) in columns {
        use CompareOp::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        let name = || column.into();
        let compares = [Eq, NotEq, Gt, GtEq, Lt, LtEq].map(|op| {
            (compare(column, op, value.clone()), format!("{column} {} {constant}", op.sql()))
        });
        let others = [
            (Predicate::IsNull(name()), format!("{column} IS NULL")),
            (Predicate::IsNotNull(name()), format!("{column} IS NOT NULL")),
            (
                Predicate::NotIn { column: name(), values: vec![value.clone()] },
                format!("{column} NOT IN ({constant})"),
            ),
            (
                Predicate::CompareColumns { left: name(), op: Eq, right: name() },
                format!("{column} = {column}"),
            ),
        ];
        for (condition, text) in compares.into_iter().chain(others) {
            assert!(connector.decides(&table, &condition), "{condition}");
            let mut asked = request(&table, &["id"], Predicate::True);
            asked.conditions = condition;
            let found = rows(&connector.scan(asked).await.unwrap()).await;
            let text = format!("SELECT id::text FROM t WHERE {text} ORDER BY id");
            let expected = server.query(&text, &[]).await.unwrap();
            let expected: Vec<String> = expected.iter().map(|row| row.get(0)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}

#[tokio::test]
async fn text_is_compared_by_its_bytes() {
    let script = "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2',
        deterministic = false); CREATE TYPE size AS ENUM ('small', 'large');
        CREATE TABLE t (id int, a text, b text COLLATE nocase, c char(6), e size);
        INSERT INTO t VALUES (1, 'acme', 'acme', 'acme', 'small'), (2, 'ACME', 'ACME', 'ACME',
        'large'), (3, 'Äcme', 'äcme', 'äcme', NULL), (4, 'acme ', 'acme ', 'acme ', NULL)";
    let (connector, catalog) = source(script).await;
    let table = table(&catalog, "t");
    for (column, op, value, expected) in [
        ("a", CompareOp::Eq, "acme", &["1"][..]),
        ("b", CompareOp::Eq, "acme", &["1"]),
        ("b", CompareOp::NotEq, "acme", &["2", "3", "4"]),
        ("c", CompareOp::Eq, "acme", &["1", "4"]),
        ("a", CompareOp::Lt, "a", &["2"]),
        ("b", CompareOp::Gt, "acme", &["3", "4"]),
        // By their names, not by their order of declaration.
        ("e", CompareOp::Lt, "medium", &["2"]),
        ("e", CompareOp::Eq, "small", &["1"]),
        ("e", CompareOp::Eq, "no such size", &[]),
    ] {
        let condition = compare(column, op, Value::text(value));
        assert_eq!(connector.pushdown(&table, &condition), Pushdown::Exact);
        let found = scanned(&connector, &table, &["id"], condition.clone()).await;
        assert_eq!(found, expected, "{condition}");
    }
}

#[tokio::test]
async fn columns_come_in_the_wanted_order_or_not_at_all() {
    let script = "CREATE TABLE t (a int, b int, c int);
        INSERT INTO t SELECT i, i * 10, i * 100 FROM generate_series(1, 20000) i";
    let (connector, catalog) = source(script).await;
    let table = table(&catalog, "t");
    let condition = compare("b", CompareOp::Eq, Value::Int(20));
    assert_eq!(scanned(&connector, &table, &["c", "a"], condition).await, ["200 | 2"]);

    let nothing = connector.scan(request(&table, &[], Predicate::True)).await.unwrap();
    let batches = batches(&nothing).await.unwrap();
    assert!(batches.iter().all(|batch| batch.num_columns() == 0 && batch.num_rows() <= 8192));
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 20_000);

    let limited = ScanRequest { limit: Some(3), ..request(&table, &["a"], Predicate::True) };
    assert_eq!(rows(&connector.scan(limited).await.unwrap()).await.len(), 3);
}

/// A batch of wide rows ends before it has its number of rows.
#[tokio::test]
async fn batches_are_bounded_in_bytes() {
    let script = "CREATE TABLE t (v text); ALTER TABLE t ALTER v SET STORAGE EXTERNAL;
        INSERT INTO t SELECT repeat('x', 1000000) FROM generate_series(1, 20)";
    let (connector, catalog) = source(script).await;
    let table = table(&catalog, "t");
    let scan = connector.scan(request(&table, &["v"], Predicate::True)).await.unwrap();
    let batches = batches(&scan).await.unwrap();
    assert!(batches.iter().all(|batch| batch.num_rows() <= 5));
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 20);
}

#[tokio::test]
async fn what_is_noted_as_sent_has_no_values() {
    let (connector, catalog) = source("CREATE TABLE t (a int, b text)").await;
    let table = table(&catalog, "t");
    let condition = compare("b", CompareOp::Eq, Value::text("canary"));
    let scan = connector.scan(request(&table, &["a"], condition)).await.unwrap();
    assert_eq!(
        scan.sent,
        "SELECT t0.\"a\" AS c0 FROM \"public\".\"t\" AS t0 WHERE t0.\"b\" = $1::text"
    );
}
