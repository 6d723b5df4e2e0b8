//! Names and values that try to leave their place. Seeded, so that a failure repeats.

use std::sync::Arc;

use portcullis_connector_api::predicate::LikePiece;
use portcullis_connector_api::subplan::{JoinKind, Node, SortKey};
use portcullis_connector_api::{
    Column, CompareOp, LikePattern, Predicate, ScanRequest, SqlType, Table, Value,
};

use super::{column, compare, postgres, scan, subplan, table};
use crate::{Dialect, SqlError, Sqlite, Statement};

/// Fragments that have broken quoting somewhere.
const FRAGMENTS: &[&str] = &[
    "\"",
    "\"\"",
    "'",
    "''",
    "\\",
    "\\'",
    "\\\"",
    "--",
    "/*",
    "*/",
    ";",
    "$1",
    "$$",
    "$a$",
    "?1",
    " OR (1=1)",
    ") OR TRUE",
    "E'",
    "U&\"",
    "\n",
    "\r",
    "\t",
    " ",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "ü",
    "\u{202e}",
    "日本",
    "😀",
    "t0",
    "c0",
    ".",
    ",",
    "::",
    "::text",
    "COLLATE",
    "a",
    "Z",
    "%",
    "_",
    "[",
    "]",
    "`",
    "\u{1}",
    "\u{7f}",
    "NULL",
    "{fn",
    "@",
    "#",
    "x\\') OR (1=1)) -- ",
];

struct Random(u64);

impl Random {
    /// xorshift64*
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(bits).unwrap() % bound
    }

    fn text(&mut self, most: usize) -> String {
        (0..1 + self.below(most)).map(|_| FRAGMENTS[self.below(FRAGMENTS.len())]).collect()
    }

    fn name(&mut self) -> String {
        loop {
            let name = self.text(6);
            if name.len() <= 60 {
                return name;
            }
        }
    }

    fn predicate(&mut self, table: &Table, depth: usize) -> Predicate {
        let column = table.columns[self.below(table.columns.len())].name.clone();
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => Predicate::Compare { column, op: self.op(), value: Value::text(self.text(8)) },
            1 => Predicate::In {
                column,
                values: (0..self.below(4)).map(|_| Value::text(self.text(3))).collect(),
            },
            2 => Predicate::Like {
                column,
                pattern: LikePattern(vec![
                    LikePiece::Literal(self.text(3)),
                    LikePiece::AnyText,
                    LikePiece::Literal(self.text(3)),
                ]),
                negated: self.below(2) == 0,
            },
            3 => Predicate::IsNotNull(column),
            4 => {
                let right = table.columns[self.below(table.columns.len())].name.clone();
                Predicate::CompareColumns { left: column, op: self.op(), right }
            }
            5 => Predicate::And((0..3).map(|_| self.predicate(table, depth - 1)).collect()),
            _ => Predicate::Or((0..3).map(|_| self.predicate(table, depth - 1)).collect()),
        }
    }

    fn op(&mut self) -> CompareOp {
        use CompareOp::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        [Eq, NotEq, Lt, LtEq, Gt, GtEq][self.below(6)]
    }

    fn table(&mut self, name: String) -> Arc<Table> {
        let mut columns: Vec<Column> = Vec::new();
        while columns.len() < 3 {
            let name = self.name();
            if columns.iter().all(|column| column.name.as_str() != name) {
                columns.push(column(&name, SqlType::Text, false));
            }
        }
        table(&name, columns)
    }
}

#[test]
fn names_and_values_stay_in_their_place() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..400 {
        let left = random.name().replace('.', "");
        let (left, right) = (random.table(format!("l{left}")), random.table("right".into()));
        let known = postgres(&[&left, &right]);
        for dialect in [&known as &dyn Dialect, &Sqlite] {
            let guard = random.predicate(&left, 2);
            let request = ScanRequest {
                table: left.clone(),
                columns: left.columns.iter().map(|column| column.name.clone()).collect(),
                predicate: guard.clone(),
                conditions: Predicate::True,
                limit: Some(7),
            };
            let statement = Statement::scan(dialect, &request)
                .unwrap_or_else(|error| panic!("round {round}: {error}: {request:?}"));
            let inputs = [&left, &right].map(|table| {
                let columns: Vec<_> = table.columns.iter().map(|c| c.name.as_str()).collect();
                scan(table, &columns, random.predicate(table, 1))
            });
            let [one, other] = inputs;
            let join = Node::Join {
                left: one.into(),
                right: other.into(),
                kind: JoinKind::Left,
                on: vec![(0, random.below(3))],
            };
            let keys = vec![SortKey { column: 5, descending: true, nulls_first: false }];
            let plan = subplan(&Node::Sort { input: join.into(), keys }, 6);
            Statement::subplan(dialect, &plan)
                .unwrap_or_else(|error| panic!("round {round}: {error}: {plan:?}"));
            assert_eq!(statement.binds().len(), placeholders(statement.text()));
        }
    }
}

/// Placeholders outside quoted names.
fn placeholders(text: &str) -> usize {
    let outside = text.split('"').step_by(2);
    outside.map(|text| text.matches(['$', '?']).count()).sum()
}

#[test]
fn values_are_never_in_the_text() {
    let one = table("t", vec![column("a", SqlType::Text, false)]);
    for text in ["canary", "x\\') OR (1=1)) -- ", &"canary".repeat(200_000)] {
        for dialect in [&postgres(&[&one]) as &dyn Dialect, &Sqlite] {
            let request = ScanRequest {
                table: one.clone(),
                columns: vec!["a".into()],
                predicate: compare("a", CompareOp::Gt, Value::text(text)),
                conditions: Predicate::True,
                limit: None,
            };
            let statement = Statement::scan(dialect, &request).unwrap();
            assert!(statement.text().len() < 100, "{}", statement.text());
            assert_eq!(statement.binds().first().unwrap().value, Value::text(text));
        }
    }
}

#[test]
fn names_that_cannot_be_quoted_are_refused() {
    let long = "n".repeat(64);
    for name in ["", "a\0b", &long] {
        let one = table("t", vec![column(name, SqlType::Text, false)]);
        let request = ScanRequest {
            table: one.clone(),
            columns: vec![name.into()],
            predicate: Predicate::True,
            conditions: Predicate::True,
            limit: None,
        };
        let outcome = Statement::scan(&postgres(&[&one]), &request);
        assert_eq!(outcome, Err(SqlError::Name(name.to_owned())));
    }
}

#[test]
fn nul_does_not_reach_postgres() {
    let one = table("t", vec![column("a", SqlType::Text, false)]);
    let like = |literal: &str| Predicate::Like {
        column: "a".into(),
        pattern: LikePattern(vec![LikePiece::Literal(literal.to_owned())]),
        negated: false,
    };
    for predicate in [compare("a", CompareOp::Eq, Value::text("x\0")), like("\0")] {
        let known = postgres(&[&one]);
        assert_eq!(
            crate::pushdown(&known, &one, &predicate),
            portcullis_connector_api::Pushdown::No
        );
        let request = ScanRequest {
            table: one.clone(),
            columns: vec![],
            predicate,
            conditions: Predicate::True,
            limit: None,
        };
        assert!(matches!(Statement::scan(&known, &request), Err(SqlError::Unsupported(_))));
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let one = table("t", vec![column("a", SqlType::Text, false)]);
    let known = postgres(&[&one]);
    // All different: equal ones are said once.
    let leaf = |number: usize| compare("a", CompareOp::Eq, Value::text(number.to_string()));
    let wide = Predicate::Or((0..1001).map(leaf).collect());
    let deep = (1..40).fold(leaf(0), |inner, round| match round % 2 {
        0 => Predicate::And(vec![leaf(round), inner]),
        _ => Predicate::Or(vec![leaf(round), inner]),
    });
    let many = Predicate::In { column: "a".into(), values: vec![Value::text("x"); 70_000] };
    for predicate in [wide, deep, many] {
        let request = ScanRequest {
            table: one.clone(),
            columns: vec![],
            predicate,
            conditions: Predicate::True,
            limit: None,
        };
        assert!(matches!(Statement::scan(&known, &request), Err(SqlError::Unsupported(_))));
    }
    let tower = (0..40).fold(scan(&one, &["a"], Predicate::True), |input, _| Node::Aggregate {
        input: input.into(),
        keys: vec![0],
        aggregates: vec![],
    });
    assert!(Statement::subplan(&known, &subplan(&tower, 1)).is_err());
}
