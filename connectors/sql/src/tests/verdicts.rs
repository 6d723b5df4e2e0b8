//! What may be pushed down.

use portcullis_connector_api::subplan::{Node, SortKey};
use portcullis_connector_api::{CompareOp, Predicate, Pushdown, Value};

use super::{compare, customers, postgres, scan, subplan, tenant};
use crate::{SqlError, Sqlite, Statement, pushdown};

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
    let filtered = Node::Filter {
        input: scan(&table, &["measure"], tenant("acme")).into(),
        predicate: Predicate::IsNotNull(0),
    };
    assert!(Statement::subplan(&known, &subplan(&filtered, 1)).is_err());
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
