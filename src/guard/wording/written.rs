//! What an error in planning does not say, and the client's text does: of which types the arguments of
//! a function are that there is none of, and where a text stands that is no value of its type.

use std::ops::ControlFlow;

use sqlparser::ast::{
    self, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, TableFactor,
    UnaryOperator, Value, Visit, Visitor,
};
use sqlparser::tokenizer::Location;

use super::between;
use crate::error::{ClientError, SqlState};
use crate::sql::{Query, fold};

/// Adds it, where the text leaves no doubt.
pub(in crate::guard) fn completed(query: &Query, said: ClientError) -> ClientError {
    match said.sqlstate {
        SqlState::UNDEFINED_FUNCTION => called(query, said),
        SqlState::INVALID_TEXT_REPRESENTATION | SqlState::INVALID_DATETIME_FORMAT
            if said.position.is_none() =>
        {
            read(query, said)
        }
        _ => said,
    }
}

/// `…` in the place of arguments that are constants.
fn called(query: &Query, said: ClientError) -> ClientError {
    let Some(name) = between(&said.message, "function ", "(…) does not exist") else {
        return said;
    };
    let mut calls = Calls { name: name.to_owned(), found: Vec::new() };
    let _ = query.ast().visit(&mut calls);
    let Some((types, at)) = calls.found.into_iter().next() else { return said };
    let position = said.position.or_else(|| query.position(at.line, at.column));
    let message = match types {
        Some(types) => format!("function {name}({}) does not exist", types.join(", ")).into(),
        None => said.message,
    };
    ClientError { message, ..said }.at(position)
}

/// The place of the one text that there is. Planning reads no other.
fn read(query: &Query, said: ClientError) -> ClientError {
    let mut texts = Texts::default();
    let _ = query.ast().visit(&mut texts);
    match texts.found.as_slice() {
        [at] if !texts.parameters => {
            let position = query.position(at.line, at.column);
            said.at(position)
        }
        _ => said,
    }
}

/// The calls of a function: the types of their arguments, where these are constants.
struct Calls {
    name: String,
    found: Vec<(Option<Vec<&'static str>>, Location)>,
}

impl Calls {
    fn note(&mut self, name: &ObjectName, arguments: &[FunctionArg]) {
        let Some(last) = name.0.last().and_then(|part| part.as_ident()) else { return };
        let Some(first) = name.0.first().and_then(|part| part.as_ident()) else { return };
        if fold(last) == self.name {
            let types = arguments.iter().map(type_of).collect();
            self.found.push((types, first.span.start));
        }
    }
}

impl Visitor for Calls {
    type Break = std::convert::Infallible;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        if let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr {
            self.note(name, &list.args);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        match factor {
            TableFactor::Table { name, args: Some(arguments), .. } => {
                self.note(name, &arguments.args);
            }
            TableFactor::Function { name, args, .. } => self.note(name, args),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn type_of(argument: &FunctionArg) -> Option<&'static str> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => type_of_constant(expr),
        _ => None,
    }
}

/// The type that PostgreSQL reads a constant as.
fn type_of_constant(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Nested(expr) => type_of_constant(expr),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => {
            type_of_constant(expr).filter(|of| *of != "boolean")
        }
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) if digits.parse::<i32>().is_ok() => Some("integer"),
            Value::Number(digits, _) if digits.parse::<i64>().is_ok() => Some("bigint"),
            Value::Number(..) => Some("numeric"),
            Value::Boolean(_) => Some("boolean"),
            Value::Null | Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_) => {
                Some("unknown")
            }
            _ => None,
        },
        _ => None,
    }
}

/// Where texts stand.
#[derive(Default)]
struct Texts {
    found: Vec<Location>,
    /// Whether there are values besides.
    parameters: bool,
}

impl Visitor for Texts {
    type Break = std::convert::Infallible;

    fn pre_visit_value(&mut self, value: &ast::ValueWithSpan) -> ControlFlow<Self::Break> {
        match &value.value {
            Value::Placeholder(_) => self.parameters = true,
            Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_) => {
                self.found.push(value.span.start);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Command, Limits, parse};

    fn said(text: &str, sqlstate: SqlState, message: &'static str) -> (String, Option<u32>) {
        let statement = parse(text, &Limits::default()).unwrap().remove(0);
        let Command::Query(query) = statement.command else { panic!("{text} is no query") };
        let said = completed(&query, ClientError::new(sqlstate, message));
        (said.message.to_string(), said.position)
    }

    #[test]
    fn arguments_that_are_constants_have_types() {
        let told = "function f(…) does not exist";
        for (text, types, at) in [
            (
                "SELECT f(1, 'a', 1.5, true, null, -3000000000)",
                "integer, unknown, numeric, boolean, unknown, bigint",
                8,
            ),
            ("SELECT * FROM f()", "", 15),
            ("SELECT g(1), f(x)", "…", 14),
        ] {
            let expected = (format!("function f({types}) does not exist"), Some(at));
            assert_eq!(said(text, SqlState::UNDEFINED_FUNCTION, told), expected, "{text}");
        }
    }

    #[test]
    fn one_text_is_the_one_that_was_read() {
        for (text, at) in [
            ("SELECT 'a'::int", Some(8)),
            ("SELECT 1,\n  date 'a'", Some(18)),
            ("SELECT 'a'::int, 'b'", None),
            ("SELECT 'a' || $1::int", None),
        ] {
            let (_, position) = said(text, SqlState::INVALID_TEXT_REPRESENTATION, "invalid");
            assert_eq!(position, at, "{text}");
        }
    }
}
