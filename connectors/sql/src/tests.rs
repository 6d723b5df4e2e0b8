//! Tests of the crate as a whole; plans and what becomes of them.

mod forms;
mod hostile;
mod mutations;
mod verdicts;

use std::collections::HashMap;
use std::sync::Arc;

use portcullis_connector_api::predicate::LikePiece;
use portcullis_connector_api::subplan::{
    Aggregate, AggregateFunction, JoinKind, Node, SortKey, Subplan,
};
use portcullis_connector_api::{
    Column, ColumnName, CompareOp, LikePattern, Predicate, SqlType, Table, TableName, Value,
};

use crate::{Comparison, Postgres, Relation};

fn column(name: &str, sql_type: SqlType, fallible: bool) -> Column {
    Column { name: name.into(), sql_type, nullable: true, fallible }
}

fn table(name: &str, columns: Vec<Column>) -> Arc<Table> {
    Arc::new(Table { name: name.into(), columns })
}

fn customers() -> Arc<Table> {
    table(
        "customers",
        vec![
            column("id", SqlType::Int8, false),
            column("org_id", SqlType::Text, false),
            column("name", SqlType::Text, false),
            column("tier", SqlType::Text, false),
            column("born", SqlType::Date, true),
            column("balance", SqlType::Numeric { precision: 12, scale: 2 }, true),
            column("extra", SqlType::Jsonb, false),
            column("key", SqlType::Uuid, false),
            column("score", SqlType::Float4, false),
            column("measure", SqlType::Numeric { precision: 38, scale: 10 }, true),
        ],
    )
}

fn orders() -> Arc<Table> {
    table(
        "billing.orders",
        vec![
            column("id", SqlType::Int8, false),
            column("customer", SqlType::Int8, false),
            column("org_id", SqlType::Varchar, false),
            column("placed", SqlType::Timestamptz, true),
            column("amount", SqlType::Numeric { precision: 12, scale: 2 }, true),
        ],
    )
}

/// The dialect with what a catalog would have told of these tables: `tier` is an enum, `name`
/// has a collation of its own, `measure` is kept with more digits.
fn postgres(tables: &[&Arc<Table>]) -> Postgres {
    let relation = |table: &Table| {
        let (schema, name) = match table.name.as_str().split_once('.') {
            Some((schema, name)) => (schema, name),
            None => ("public", table.name.as_str()),
        };
        let columns = table.columns.iter().map(|column| {
            let comparison = match (column.name.as_str(), &column.sql_type) {
                ("measure", _) | (_, SqlType::Jsonb) => Comparison::Never,
                ("name", _) => Comparison::Collated,
                _ => Comparison::Plain,
            };
            (column.name.clone(), (comparison, column.name.as_str() == "tier"))
        });
        Relation { schema: schema.into(), name: name.into(), columns: columns.collect() }
    };
    let known =
        |table: &&Arc<Table>| -> (TableName, Relation) { (table.name.clone(), relation(table)) };
    Postgres::new(tables.iter().map(known).collect::<HashMap<_, _>>())
}

fn compare(column: &str, op: CompareOp, value: Value) -> Predicate {
    Predicate::Compare { column: column.into(), op, value }
}

fn scan(table: &Arc<Table>, columns: &[&str], guard: Predicate) -> Node {
    let columns = columns.iter().map(|&name| ColumnName::from(name)).collect();
    Node::Scan { table: table.clone(), columns, guard }
}

fn tenant(value: &str) -> Predicate {
    compare("org_id", CompareOp::Eq, Value::text(value))
}

/// Plans of every form, each under the name by which the expected texts know it.
fn plans() -> Vec<(&'static str, Node)> {
    use CompareOp::{Eq, Gt, Lt, LtEq, NotEq};
    let (customers, orders) = (customers(), orders());
    let c = |columns: &[&str]| scan(&customers, columns, tenant("acme"));
    let o = |columns: &[&str]| scan(&orders, columns, tenant("acme"));
    let guarded = |guard: Predicate| scan(&customers, &["id"], guard);
    let like = |pieces: &[LikePiece], negated| Predicate::Like {
        column: "name".into(),
        pattern: LikePattern(pieces.to_vec()),
        negated,
    };
    let join = |kind, left: Node, right: Node, on: &[(usize, usize)]| Node::Join {
        left: left.into(),
        right: right.into(),
        kind,
        on: on.to_vec(),
    };
    let aggregate = |function, column| Aggregate { function, column, sql_type: SqlType::Int8 };
    let key = |column, descending, nulls_first| SortKey { column, descending, nulls_first };
    let text = |text: &str| LikePiece::Literal(text.to_owned());
    vec![
        ("scan", c(&["id", "name"])),
        ("scan of nothing", c(&[])),
        ("scan of all rows", scan(&customers, &["id"], Predicate::True)),
        ("scan of no rows", guarded(Predicate::And(vec![Predicate::True, Predicate::False]))),
        ("cast", scan(&customers, &["tier"], compare("tier", NotEq, Value::text("gold")))),
        ("cast and order", guarded(compare("tier", Lt, Value::text("gold")))),
        ("collated equality", guarded(compare("name", Eq, Value::text("x")))),
        ("fence", guarded(compare("born", Lt, Value::Date(7)))),
        ("no fence for equality", guarded(compare("born", Eq, Value::Date(7)))),
        ("fence instead of not null", guarded(Predicate::IsNotNull("born".into()))),
        ("null", guarded(Predicate::IsNull("born".into()))),
        ("not null", guarded(Predicate::IsNotNull("name".into()))),
        (
            "fence in or",
            guarded(Predicate::Or(vec![
                compare("balance", Gt, Value::Decimal { unscaled: 1050, scale: 2 }),
                Predicate::And(vec![tenant("b"), compare("id", LtEq, Value::Int(-1))]),
            ])),
        ),
        (
            "equality beside not null",
            guarded(Predicate::Or(vec![
                Predicate::And(vec![tenant("b"), Predicate::IsNotNull("born".into())]),
                Predicate::IsNull("id".into()),
            ])),
        ),
        (
            "lists",
            guarded(Predicate::And(vec![
                Predicate::In { column: "tier".into(), values: vec![Value::text("a")] },
                Predicate::NotIn {
                    column: "balance".into(),
                    values: vec![Value::Int(1), Value::Int(2)],
                },
                Predicate::NotIn { column: "name".into(), values: vec![] },
            ])),
        ),
        ("like", guarded(like(&[text("a_"), text("%"), LikePiece::AnyText], false))),
        ("not like", guarded(like(&[LikePiece::AnyCharacter, text("[*?\\")], true))),
        (
            "columns",
            guarded(Predicate::CompareColumns {
                left: "org_id".into(),
                op: Eq,
                right: "tier".into(),
            }),
        ),
        (
            "columns of two collations",
            guarded(Predicate::CompareColumns {
                left: "org_id".into(),
                op: Eq,
                right: "name".into(),
            }),
        ),
        (
            "columns with fences",
            scan(
                &orders,
                &["id"],
                Predicate::CompareColumns { left: "amount".into(), op: Lt, right: "amount".into() },
            ),
        ),
        ("limited scan", Node::Limit { input: c(&["id"]).into(), skip: 0, fetch: Some(10) }),
        (
            "filter",
            Node::Filter {
                input: c(&["id", "born"]).into(),
                predicate: Predicate::Compare { column: 1, op: Gt, value: Value::Date(1) },
            },
        ),
        (
            "tail",
            Node::Limit {
                input: Node::Project {
                    input: Node::Sort {
                        input: c(&["id", "name", "born"]).into(),
                        keys: vec![key(1, true, true), key(2, false, false)],
                    }
                    .into(),
                    columns: vec![2, 0, 2],
                }
                .into(),
                skip: 5,
                fetch: Some(3),
            },
        ),
        ("join", join(JoinKind::Inner, c(&["id", "name"]), o(&["customer", "amount"]), &[(0, 0)])),
        (
            "join on text",
            join(
                JoinKind::Left,
                c(&["id", "org_id", "name"]),
                o(&["org_id", "id"]),
                &[(1, 0), (2, 0)],
            ),
        ),
        ("full join", join(JoinKind::Full, c(&["id"]), o(&["customer"]), &[(0, 0)])),
        ("right join", join(JoinKind::Right, c(&["id"]), o(&["customer"]), &[(0, 0)])),
        ("semi join", join(JoinKind::LeftSemi, c(&["id"]), o(&["customer"]), &[(0, 0)])),
        ("anti join", join(JoinKind::LeftAnti, c(&["id"]), o(&["id", "customer"]), &[(0, 1)])),
        (
            "count",
            Node::Aggregate {
                input: c(&[]).into(),
                keys: vec![],
                aggregates: vec![aggregate(AggregateFunction::Count, None)],
            },
        ),
        (
            "groups",
            Node::Sort {
                input: Node::Aggregate {
                    input: c(&["name", "tier", "balance", "born"]).into(),
                    keys: vec![0, 1],
                    aggregates: vec![
                        aggregate(AggregateFunction::Sum, Some(2)),
                        aggregate(AggregateFunction::Min, Some(0)),
                        aggregate(AggregateFunction::Max, Some(3)),
                        aggregate(AggregateFunction::CountDistinct, Some(0)),
                        aggregate(AggregateFunction::Count, Some(1)),
                    ],
                }
                .into(),
                keys: vec![key(2, true, false)],
            },
        ),
        (
            "distinct",
            Node::Aggregate { input: c(&["tier"]).into(), keys: vec![0], aggregates: vec![] },
        ),
        (
            "joins of joins",
            Node::Project {
                input: join(
                    JoinKind::Inner,
                    join(JoinKind::Inner, c(&["id"]), o(&["customer"]), &[(0, 0)]),
                    Node::Limit { input: o(&["id"]).into(), skip: 2, fetch: None },
                    &[(1, 0)],
                )
                .into(),
                columns: vec![2, 0],
            },
        ),
    ]
}

/// A subplan whose outputs do not matter to the text.
fn subplan(root: &Node, width: usize) -> Subplan {
    let output = portcullis_connector_api::subplan::Output {
        field: SqlType::Int8.field("x", true),
        sql_type: SqlType::Int8,
    };
    Subplan { root: root.clone(), output: vec![output; width] }
}
