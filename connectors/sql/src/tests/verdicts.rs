//! What may be pushed down.

use portcullis_connector_api::subplan::{Node, SortKey};
use portcullis_connector_api::{CompareOp, Predicate, Pushdown, ScanRequest, SqlType, Value};

use super::{column, compare, customers, postgres, scan, subplan, table, tenant};
use crate::{SqlError, Sqlite, Statement, decides, pushdown};

#[test]
fn postgres_is_trusted_where_it_means_the_same() {
    use CompareOp::{Eq, Gt, NotEq};
    let table = customers();
    let known = postgres(&[&table]);
    let decimal = Value::Decimal { unscaled: 15, scale: 1 };
    let canonical = Value::text("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    for (condition, expected) in [
        (tenant("acme"), Pushdown::Exact),
        (compare("name", Gt, Value::text("x")), Pushdown::Exact),
        (compare("id", NotEq, Value::Int(1)), Pushdown::Exact),
        (compare("id", Eq, Value::text("1")), Pushdown::No),
        (compare("born", Gt, Value::Date(1)), Pushdown::Exact),
        (compare("born", Gt, Value::Date(i32::MAX)), Pushdown::No),
        (compare("balance", Gt, decimal.clone()), Pushdown::Exact),
        (compare("measure", Gt, decimal), Pushdown::No),
        (Predicate::IsNull("measure".into()), Pushdown::Exact),
        (Predicate::IsNotNull("measure".into()), Pushdown::Superset),
        (Predicate::IsNotNull("born".into()), Pushdown::Exact),
        (compare("extra", Eq, Value::text("{}")), Pushdown::No),
        (compare("key", Eq, canonical), Pushdown::Exact),
        (compare("key", Eq, Value::text("6BA7B810")), Pushdown::No),
        (compare("score", Gt, Value::Float(0.5)), Pushdown::Exact),
        (compare("score", Gt, Value::Float(0.1)), Pushdown::No),
        (compare("absent", Eq, Value::Int(1)), Pushdown::No),
        (
            Predicate::Or(vec![tenant("a"), Predicate::IsNotNull("measure".into())]),
            Pushdown::Superset,
        ),
        (Predicate::And(vec![tenant("a"), compare("extra", Eq, Value::text("{}"))]), Pushdown::No),
    ] {
        assert_eq!(pushdown(&known, &table, &condition), expected, "{condition}");
    }
}

#[test]
fn sqlite_gives_a_superset_of_fallible_columns() {
    let mut table = (*customers()).clone();
    assert_eq!(pushdown(&Sqlite, &table, &tenant("acme")), Pushdown::Exact);
    for column in &mut table.columns {
        column.fallible = true;
    }
    assert_eq!(pushdown(&Sqlite, &table, &tenant("acme")), Pushdown::Superset);
    let born = compare("born", CompareOp::Eq, Value::Date(1));
    assert_eq!(pushdown(&Sqlite, &table, &born), Pushdown::No);
}

#[test]
fn a_subplan_with_an_inexact_guard_stays_here() {
    let table = customers();
    let known = postgres(&[&table]);
    let plan = |guard| subplan(&scan(&table, &["id"], guard), 1);
    assert!(Statement::subplan(&known, &plan(tenant("acme"))).is_ok());
    let inexact = Predicate::IsNotNull("measure".into());
    assert!(Statement::subplan(&known, &plan(inexact.clone())).is_err());
    // `measure` is kept with more digits than we compare by.
    let value = Value::Decimal { unscaled: 1, scale: 0 };
    let filtered = |predicate| Node::Filter {
        input: scan(&table, &["measure"], tenant("acme")).into(),
        predicate,
    };
    let compared = filtered(Predicate::Compare { column: 0, op: CompareOp::Gt, value });
    assert!(Statement::subplan(&known, &subplan(&compared, 1)).is_err());
    // Above the scan a cell that we cannot decode is a value like any other.
    let present = filtered(Predicate::IsNotNull(0));
    assert!(Statement::subplan(&known, &subplan(&present, 1)).is_ok());
}

/// What SQLite keeps in a column is of any class, so a cell that does not fit stays behind.
#[test]
fn a_fallible_column_leaves_its_scan_only_where_the_source_decides() {
    let fallible = table("t", vec![column("n", SqlType::Int8, true)]);
    let plan = subplan(&scan(&fallible, &["n"], Predicate::True), 1);
    assert!(Statement::subplan(&postgres(&[&fallible]), &plan).is_ok());
    assert!(matches!(Statement::subplan(&Sqlite, &plan), Err(SqlError::Unsupported(_))));
    let large = compare("n", CompareOp::Gt, Value::Int(1));
    assert!(decides(&postgres(&[&fallible]), &fallible, &large));
    assert!(!decides(&Sqlite, &fallible, &large));
}

#[test]
fn postgres_decides_what_it_can_be_told() {
    use CompareOp::{Gt, NotEq};
    let table = customers();
    let known = postgres(&[&table]);
    for (condition, expected) in [
        (compare("born", Gt, Value::Date(1)), true),
        (compare("born", Gt, Value::Date(i32::MAX)), false),
        (compare("balance", NotEq, Value::Int(1)), true),
        (compare("measure", Gt, Value::Int(1)), false),
        (Predicate::IsNotNull("measure".into()), true),
        (compare("extra", NotEq, Value::text("{}")), false),
        (compare("absent", Gt, Value::Int(1)), false),
    ] {
        assert_eq!(decides(&known, &table, &condition), expected, "{condition}");
    }
}

#[test]
fn a_condition_stands_above_the_guard_and_without_a_fence() {
    let table = customers();
    let known = postgres(&[&table]);
    let born = |op| compare("born", op, Value::Date(1));
    let request = |columns: &[&str], conditions, limit| ScanRequest {
        table: table.clone(),
        columns: columns.iter().map(|name| (*name).into()).collect(),
        predicate: born(CompareOp::Lt),
        conditions,
        limit,
    };
    for (columns, conditions, limit, text) in [
        (
            &["id"][..],
            born(CompareOp::Gt),
            None,
            "SELECT t0.c0 AS c0 FROM (SELECT t1.c0 AS c0, t1.c1 AS c1 FROM (SELECT t2.\"id\" AS c0, \
             t2.\"born\" AS c1 FROM \"public\".\"customers\" AS t2 WHERE (t2.\"born\" < $1::date \
             AND t2.\"born\" BETWEEN $2::date AND $3::date)) AS t1 WHERE t1.c1 > $4::date) AS t0",
        ),
        (
            &["born"],
            Predicate::IsNotNull("born".into()),
            Some(7),
            "SELECT t0.c0 AS c0 FROM (SELECT t1.c0 AS c0 FROM (SELECT t2.\"born\" AS c0 FROM \
             \"public\".\"customers\" AS t2 WHERE (t2.\"born\" < $1::date AND t2.\"born\" BETWEEN \
             $2::date AND $3::date)) AS t1 WHERE t1.c0 IS NOT NULL) AS t0 LIMIT $4::int8",
        ),
        (
            &[],
            Predicate::True,
            None,
            "SELECT NULL AS c0 FROM \"public\".\"customers\" AS t0 WHERE (t0.\"born\" < $1::date \
             AND t0.\"born\" BETWEEN $2::date AND $3::date)",
        ),
    ] {
        let statement = Statement::scan(&known, &request(columns, conditions, limit)).unwrap();
        assert_eq!(statement.text(), text);
    }
    let undecided = compare("measure", CompareOp::Gt, Value::Int(1));
    let refused = Statement::scan(&known, &request(&["id"], undecided, None));
    assert!(matches!(refused, Err(SqlError::Unsupported(_))));
}

#[test]
fn an_order_that_sql_would_not_keep_stays_here() {
    let table = customers();
    let known = postgres(&[&table]);
    let sorted = Node::Sort {
        input: scan(&table, &["id"], tenant("acme")).into(),
        keys: vec![SortKey { column: 0, descending: false, nulls_first: false }],
    };
    let above =
        |input: Node| Node::Filter { input: input.into(), predicate: Predicate::IsNotNull(0) };
    let lost = Statement::subplan(&known, &subplan(&above(sorted.clone()), 1));
    assert!(matches!(lost, Err(SqlError::Unsupported(_))));
    let limited = Node::Limit { input: sorted.into(), skip: 0, fetch: Some(1) };
    assert!(Statement::subplan(&known, &subplan(&above(limited), 1)).is_ok());
}
