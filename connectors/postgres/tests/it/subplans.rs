//! Whole subplans: random ones, each compared with an evaluation over the same rows in memory,
//! and the cases where the gateway must not send them.

mod memory;
mod random;

use arrow::datatypes::{DataType, Field};
use portcullis_connector_api::subplan::{
    Aggregate, AggregateFunction, JoinKind, Node, Output, SortKey,
};
use portcullis_connector_api::{
    CompareOp, Connector, ConnectorError, Predicate, SqlType, Subplan, Value,
};

use crate::{batches, compare, rows, source, table};

#[tokio::test]
async fn random_subplans_give_what_they_mean() {
    let (connector, catalog) = source(&memory::script()).await;
    let tables = memory::tables(&catalog);
    let mut dice = random::Dice(0x0070_6f72_7463);
    let (mut taken, mut rows_seen, mut not_carried) = (0, 0, 0);
    for round in 0..500 {
        let subplan = random::subplan(&mut dice, &tables);
        if !connector.accepts(&subplan) {
            continue;
        }
        taken += 1;
        let scan = connector.run(subplan.clone()).await.unwrap();
        let Some(mut expected) = memory::evaluate(&subplan.root, &tables) else {
            not_carried += 1;
            let error = batches(&scan).await.map(|_| ()).unwrap_err();
            assert!(error.contains("cannot be decoded"), "round {round}: {error}\n{}", scan.sent);
            continue;
        };
        let mut found = rows(&scan).await;
        if !matches!(subplan.root, Node::Sort { .. }) {
            found.sort();
            expected.sort();
        }
        rows_seen += expected.len();
        assert_eq!(found, expected, "round {round}: {}\n{subplan:#?}", scan.sent);
    }
    assert!(taken > 430, "only {taken} were taken");
    assert!((20..200).contains(&not_carried), "{not_carried} could not be carried");
    assert!(rows_seen > 2000, "only {rows_seen} rows were seen");
}

fn output(name: &str, data_type: DataType, sql_type: SqlType) -> Output {
    Output { field: Field::new(name, data_type, true), sql_type }
}

#[tokio::test]
async fn types_become_what_the_plan_expects() {
    let script =
        "CREATE TABLE t (k varchar(9), i2 int2, i4 int4, i8 int8, n numeric(12, 2), d date,
        f float8); INSERT INTO t VALUES ('a', 1, 2, 9223372036854775807, 1.25, '2024-01-01', 0.5),
        ('a', 1, 2, 1, 2.50, '2023-01-01', 'NaN'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL)";
    let (connector, catalog) = source(script).await;
    let table = table(&catalog, "t");
    let columns = table.columns.iter().map(|column| column.name.clone()).collect();
    let sum = |column, sql_type| Aggregate {
        function: AggregateFunction::Sum,
        column: Some(column),
        sql_type,
    };
    let extreme =
        |function, column| Aggregate { function, column: Some(column), sql_type: SqlType::Date };
    let wide = SqlType::Numeric { precision: 22, scale: 2 };
    let root = Node::Sort {
        input: Node::Aggregate {
            input: Node::Scan { table, columns, guard: Predicate::True }.into(),
            keys: vec![0],
            aggregates: vec![
                sum(1, SqlType::Int8),
                sum(2, SqlType::Int8),
                sum(3, SqlType::Numeric { precision: 38, scale: 0 }),
                sum(4, wide.clone()),
                extreme(AggregateFunction::Min, 5),
                extreme(AggregateFunction::Max, 6),
            ],
        }
        .into(),
        keys: vec![SortKey { column: 0, descending: true, nulls_first: true }],
    };
    let subplan = Subplan {
        root,
        output: vec![
            output("k", DataType::Utf8View, SqlType::Varchar),
            output("i2", DataType::Int64, SqlType::Int8),
            output("i4", DataType::Int64, SqlType::Int8),
            output("i8", DataType::Decimal128(38, 0), SqlType::Numeric { precision: 38, scale: 0 }),
            output("n", DataType::Decimal128(22, 2), wide),
            output("d", DataType::Date32, SqlType::Date),
            output("f", DataType::Float64, SqlType::Float8),
        ],
    };
    assert!(connector.accepts(&subplan));
    let found = rows(&connector.run(subplan.clone()).await.unwrap()).await;
    assert_eq!(
        found,
        [
            "NULL | NULL | NULL | NULL | NULL | NULL | NULL",
            "a | 2 | 4 | 9223372036854775808 | 3.75 | 2023-01-01 | NaN",
        ]
    );

    // What does not fit the expected type is an error that names the column alone.
    let mut narrow = subplan;
    narrow.output[3] = output("i8", DataType::Int64, SqlType::Int8);
    let scan = connector.run(narrow.clone()).await.unwrap();
    let error = batches(&scan).await.unwrap_err();
    assert!(error.contains("column \"i8\" cannot be decoded as int8"), "{error}");

    narrow.output[3] = output("i8", DataType::Utf8View, SqlType::Text);
    assert!(!connector.accepts(&narrow));
}

#[tokio::test]
async fn what_would_differ_is_not_accepted() {
    let script = "CREATE TABLE t (id int8, n numeric, j jsonb, iv interval, b bool)";
    let (connector, catalog) = source(script).await;
    let table = table(&catalog, "t");
    let scan = |column: &str, guard| {
        let columns = vec![column.into()];
        Box::new(Node::Scan { table: table.clone(), columns, guard })
    };
    let all = || Predicate::True;
    let key = SortKey { column: 0, descending: false, nulls_first: false };
    let function = |function| Aggregate { function, column: Some(0), sql_type: SqlType::Int8 };
    let aggregate = |column, function_| Node::Aggregate {
        input: scan(column, all()),
        keys: vec![],
        aggregates: vec![function(function_)],
    };
    let half = Value::Decimal { unscaled: 5, scale: 1 };
    for (what, root) in [
        ("a guard over rounded numbers", *scan("id", compare("n", CompareOp::Gt, half))),
        (
            "a group of rounded numbers",
            Node::Aggregate { input: scan("n", all()), keys: vec![0], aggregates: vec![] },
        ),
        ("a sum of rounded numbers", aggregate("n", AggregateFunction::Sum)),
        ("an order of jsonb", Node::Sort { input: scan("j", all()), keys: vec![key] }),
        ("an order of intervals", Node::Sort { input: scan("iv", all()), keys: vec![key] }),
        ("the least bool", aggregate("b", AggregateFunction::Min)),
        (
            "a lost order",
            Node::Filter {
                input: Node::Sort { input: scan("id", all()), keys: vec![key] }.into(),
                predicate: Predicate::IsNotNull(0),
            },
        ),
        (
            "a join of two types",
            Node::Join {
                left: scan("id", all()),
                right: scan("b", all()),
                kind: JoinKind::LeftSemi,
                on: vec![(0, 0)],
            },
        ),
    ] {
        let subplan = Subplan { root, output: vec![output("x", DataType::Int64, SqlType::Int8)] };
        assert!(!connector.accepts(&subplan), "{what}");
        let refused = connector.run(subplan).await.unwrap_err();
        assert!(matches!(refused, ConnectorError::Unsupported(_)), "{what}: {refused}");
    }
}
