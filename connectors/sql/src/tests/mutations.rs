//! The reader refuses every text that is not the plan's.

use super::{customers, orders, plans, postgres};
use crate::dialect::Dialect;
use crate::normal::normal;
use crate::statement::Statement;
use crate::write::{Argument, Written, write};
use crate::{SqlError, Sqlite};

use portcullis_connector_api::subplan::Node;
use portcullis_connector_api::{Predicate, Value};

/// Names, numbers, signs and quoted names, each a piece; what stands between is kept with it.
fn pieces(text: &str) -> Vec<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if word(first) {
            rest.find(|c| !word(c)).unwrap_or(rest.len())
        } else if first == '"' {
            rest.get(1..).and_then(|rest| rest.find('"')).map_or(rest.len(), |end| end + 2)
        } else {
            first.len_utf8()
        };
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn each_plan(mut check: impl FnMut(&dyn Dialect, &str, &Node, &Written)) {
    let known = postgres(&[&customers(), &orders()]);
    for dialect in [&known as &dyn Dialect, &Sqlite] {
        for (name, plan) in plans() {
            let plan = normal(dialect, &plan).unwrap();
            if let Ok(written) = write(dialect, &plan) {
                check(dialect, name, &plan, &written);
            }
        }
    }
}

fn refused(dialect: &dyn Dialect, name: &str, plan: &Node, written: &Written, text: String) {
    let mutant = Written { text, arguments: written.arguments.clone() };
    let outcome = Statement::checked(dialect, mutant.clone(), plan);
    assert!(matches!(outcome, Err(SqlError::Mismatch(_))), "{name}: {}", mutant.text);
}

#[test]
fn every_change_of_one_piece_is_refused() {
    each_plan(|dialect, name, plan, written| {
        let pieces = pieces(&written.text);
        let others: std::collections::BTreeSet<&str> =
            pieces.iter().copied().filter(|piece| *piece != " ").collect();
        let extra = ["TRUE", "NULL", "OR TRUE", "'x'", "1", ";", "-- x", "/**/", "\\", "'"];
        for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| **piece != " ") {
            let with = |replacement: &str| {
                let replaced = pieces
                    .iter()
                    .enumerate()
                    .map(|(other, piece)| if other == at { replacement } else { *piece });
                replaced.collect::<String>()
            };
            // The grammar takes "a c0" and "a NOT NULL" too, with the same meaning.
            if !matches!(*piece, "AS" | "IS") {
                refused(dialect, name, plan, written, with(""));
            }
            // Every pair would take minutes; each piece meets every other within a few statements.
            let turn = others.iter().chain(&extra).skip(at % 9).step_by(9);
            for other in turn {
                if other != piece {
                    refused(dialect, name, plan, written, with(other));
                }
                let inserted = with(&format!("{piece} {other}"));
                refused(dialect, name, plan, written, inserted);
            }
        }
    });
}

#[test]
fn what_is_added_around_is_refused() {
    each_plan(|dialect, name, plan, written| {
        let text = &written.text;
        for mutant in [
            format!("{text}; {text}"),
            format!("{text};"),
            format!("{text} -- guard"),
            format!("/* */ {text}"),
            format!("EXPLAIN {text}"),
            format!("({text})"),
            format!("{text} FOR UPDATE"),
            format!("{text} FETCH FIRST 1 ROWS ONLY"),
            format!("{text} UNION ALL {text}"),
            format!("WITH t AS ({text}) {text}"),
            format!("SELECT * FROM ({text}) AS t0"),
            text.replace("SELECT", "SELECT DISTINCT"),
            text.replace("SELECT", "SELECT ALL"),
            text.replace(" FROM ", " INTO x FROM "),
            text.replace("FROM (", "FROM LATERAL ("),
            text.replace(" AS t0", " AS t0 TABLESAMPLE SYSTEM (1)"),
            text.replace(" AS t0", " AS t0, pg_sleep(1)"),
            text.replace(" AS t0", " AS t0 CROSS JOIN pg_authid"),
            text.replace("\"id\"", "\"secret\""),
            text.replace("\"public\".\"customers\"", "\"customers\""),
            text.replace("\"customers\"", "customers"),
            text.replace("\"customers\"", "\"orders\""),
            text.replace("count(*)", "pg_read_file(*)"),
            text.replace("count(*)", "count(*) FILTER (WHERE TRUE)"),
            text.replace("count(*)", "count(*) OVER ()"),
            text.replace(" = ", " <> "),
            text.replace(" = ", " >= "),
            text.replace(" AND ", " OR "),
            text.replace("::text", ""),
            text.replace("::text", "::name"),
            text.replace(" COLLATE \"C\"", ""),
            text.replace(" COLLATE \"C\"", " COLLATE \"de_DE\""),
            text.replace(" WHERE ", " WHERE TRUE OR "),
            text.replace("NULLS LAST", ""),
        ] {
            if mutant != *text {
                refused(dialect, name, plan, written, mutant);
            }
        }
    });
}

#[test]
fn other_values_are_refused() {
    each_plan(|dialect, name, plan, written| {
        for at in 0..written.arguments.len() {
            let mut fewer = written.clone();
            fewer.arguments.remove(at);
            assert!(Statement::checked(dialect, fewer, plan).is_err(), "{name}: {at} removed");
            let mut changed = written.clone();
            if let Some(argument) = changed.arguments.get_mut(at) {
                *argument = match argument {
                    Argument::Value(Value::Text(_), sql_type) => {
                        Argument::Value(Value::text("another"), sql_type.clone())
                    }
                    Argument::Rows(rows) => Argument::Rows(*rows + 1),
                    _ => {
                        Argument::Value(Value::Bool(true), portcullis_connector_api::SqlType::Bool)
                    }
                };
            }
            assert!(Statement::checked(dialect, changed, plan).is_err(), "{name}: {at} changed");
        }
        let mut more = written.clone();
        more.arguments.push(Argument::Rows(1));
        assert!(Statement::checked(dialect, more, plan).is_err(), "{name}: one more");
    });
}

/// The fault that matters most: the writer leaves a guard out.
#[test]
fn a_lost_guard_is_refused() {
    fn without_guards(plan: &Node) -> Node {
        let below = |input: &Node| Box::new(without_guards(input));
        match plan.clone() {
            Node::Scan { table, columns, .. } => {
                Node::Scan { table, columns, guard: Predicate::True }
            }
            Node::Filter { input, predicate } => Node::Filter { input: below(&input), predicate },
            Node::Project { input, columns } => Node::Project { input: below(&input), columns },
            Node::Join { left, right, kind, on } => {
                Node::Join { left: below(&left), right: below(&right), kind, on }
            }
            Node::Aggregate { input, keys, aggregates } => {
                Node::Aggregate { input: below(&input), keys, aggregates }
            }
            Node::Sort { input, keys } => Node::Sort { input: below(&input), keys },
            Node::Limit { input, skip, fetch } => Node::Limit { input: below(&input), skip, fetch },
        }
    }
    each_plan(|dialect, name, plan, _| {
        let bare = without_guards(plan);
        let written = write(dialect, &bare).unwrap();
        let outcome = Statement::checked(dialect, written, plan);
        assert_eq!(outcome.is_ok(), bare == *plan, "{name}");
    });
}
