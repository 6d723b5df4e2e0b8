//! Chains of operators, which parse into trees as deep as the chain is long.
//!
//! What is made of an expression is made for each node of it from all that stands beneath, its name
//! before all: in a tree as deep as it is large that grows with the third power of its size. A chain of
//! `AND`s or `OR`s means the same however it is put in brackets, so its tree is made flat; nobody is
//! told of it, since the tree is written as the chain was. Of other chains a length is allowed.

use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Expr, Ident, Query, VisitMut, VisitorMut};

/// How deep expressions stand in each other when `AND` and `OR` are flat, brackets not counted.
const MAX_DEPTH: usize = 200;

/// Shorter chains stay as they are.
const SHORT: usize = 16;

/// Makes chains flat; tells whether what remains is deeper than allowed.
pub(super) fn are_bounded(query: &mut Query) -> bool {
    query.visit(&mut Chains::default()).is_continue()
}

#[derive(Default)]
struct Chains {
    depth: usize,
}

impl VisitorMut for Chains {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        flatten(expr);
        self.depth += usize::from(counts(expr));
        if self.depth > MAX_DEPTH { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.depth -= usize::from(counts(expr));
        ControlFlow::Continue(())
    }
}

fn counts(expr: &Expr) -> bool {
    !matches!(expr, Expr::Nested(_))
}

fn is_flat(op: &BinaryOperator) -> bool {
    matches!(op, BinaryOperator::And | BinaryOperator::Or)
}

/// A long chain of one of the two, as a tree whose sides are equally large.
fn flatten(expr: &mut Expr) {
    let Expr::BinaryOp { op, .. } = &*expr else { return };
    if !is_flat(op) {
        return;
    }
    let op = op.clone();
    let mut members = Vec::new();
    let mut rest = vec![std::mem::replace(expr, nothing())];
    while let Some(part) = rest.pop() {
        match part {
            Expr::BinaryOp { left, op: own, right } if own == op => rest.extend([*right, *left]),
            member => members.push(member),
        }
    }
    *expr = if members.len() > SHORT { halved(members, &op) } else { in_turn(members, &op) };
}

fn both(left: Expr, op: &BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op: op.clone(), right: Box::new(right) }
}

fn in_turn(members: Vec<Expr>, op: &BinaryOperator) -> Expr {
    members.into_iter().reduce(|left, right| both(left, op, right)).unwrap_or_else(nothing)
}

fn halved(mut members: Vec<Expr>, op: &BinaryOperator) -> Expr {
    if members.len() <= SHORT {
        return in_turn(members, op);
    }
    let second = members.split_off(members.len() / 2);
    both(halved(members, op), op, halved(second, op))
}

/// Stands where an expression was taken out, until it is put back.
fn nothing() -> Expr {
    Expr::Identifier(Ident::new(""))
}

#[cfg(test)]
mod tests {
    use sqlparser::ast::{Statement, Visit, Visitor};
    use sqlparser::dialect::PostgreSqlDialect;
    use sqlparser::parser::Parser;

    use super::*;

    fn parsed(condition: &str) -> Box<Query> {
        let text = format!("SELECT 1 FROM t WHERE {condition}");
        match Parser::parse_sql(&PostgreSqlDialect {}, &text).unwrap().pop() {
            Some(Statement::Query(query)) => query,
            other => panic!("{other:?}"),
        }
    }

    /// How deep the deepest expression stands.
    #[derive(Default)]
    struct Deepest(usize, usize);

    impl Visitor for Deepest {
        type Break = ();

        fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
            self.0 += 1;
            self.1 = self.1.max(self.0);
            ControlFlow::Continue(())
        }

        fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
            self.0 -= 1;
            ControlFlow::Continue(())
        }
    }

    #[test]
    fn conditions_are_flat_and_written_as_they_were() {
        for word in ["AND", "OR"] {
            let terms: Vec<_> = (0..900).map(|n| format!("a = {n}")).collect();
            let chain = terms.join(&format!(" {word} "));
            let mut query = parsed(&chain);
            let before = query.to_string();
            assert!(are_bounded(&mut query));
            assert_eq!(query.to_string(), before);
            let mut deepest = Deepest::default();
            assert!(query.visit(&mut deepest).is_continue());
            assert!(deepest.1 < 30, "{}", deepest.1);
        }
        let mixed = "a OR b AND c OR (d OR e) AND NOT f OR g";
        let mut query = parsed(mixed);
        let before = query.clone();
        assert!(are_bounded(&mut query));
        assert_eq!(query, before);
    }

    #[test]
    fn other_chains_have_a_length_wherever_their_brackets_stand() {
        let chain = |times: usize| format!("{}1 > 2", "a + ".repeat(times));
        assert!(are_bounded(&mut parsed(&chain(MAX_DEPTH - 2))));
        assert!(!are_bounded(&mut parsed(&chain(MAX_DEPTH - 1))));
        let (open, close) =
            ("(".repeat(20), " + a + a + a + a + a + a + a + a + a + a + a)".repeat(20));
        assert!(!are_bounded(&mut parsed(&format!("{open}1{close} > 2"))));
    }
}
