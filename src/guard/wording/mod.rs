//! The engine's words for what is wrong with a query, in PostgreSQL's.
//!
//! Planning sees no rows, so what the engine says holds only names that the caller may see and
//! what the caller wrote. But it calls types and parts of a plan by names of its own: none of those
//! passes. What is not recognised here is said in general words ([`in_plain_words`]).

mod running;
mod types;
mod written;

use super::system::types as catalog;
use super::undefined;
use crate::error::{ClientError, SqlState};
pub(in crate::guard) use running::of_a_function;
pub(in crate::guard) use types::in_sql;
pub(in crate::guard) use written::completed;

/// An error of planning, recognised by its words; `None` where it is not.
pub(in crate::guard) fn recognised(message: &str) -> Option<ClientError> {
    let line = message.lines().next().unwrap_or_default();
    function(message)
        .or_else(|| operator(line))
        .or_else(|| clause(line))
        .or_else(|| shape(line))
        .or_else(|| of_a_function(line))
}

/// Calls of functions that there are not.
fn function(message: &str) -> Option<ClientError> {
    if let Some(name) = between(message, "Invalid function '", "'") {
        let call = format!("{name}(…)");
        let message = format!("function {call} does not exist");
        return Some(
            ClientError::new(SqlState::UNDEFINED_FUNCTION, message)
                .hint("No function of this name is allowed here."),
        );
    }
    if let Some(call) = between(message, "given name and argument types '", ")'") {
        let call = in_sql(call);
        return Some(
            unmatched(&call).unwrap_or_else(|| undefined::function(format_args!("{call})"))),
        );
    }
    if let Some(name) = between(message, "satisfy a call to '", "'") {
        let of = between(message, "coercion from ", " to the signature").unwrap_or("…");
        return Some(undefined::function(format_args!("{name}({})", in_sql(of))));
    }
    let called =
        between(message, "Function '", "'").or_else(|| between(message, "function '", "'"));
    if let (Some(name), true) =
        (called, message.contains("does not support") || message.contains("failed to match"))
    {
        return Some(undefined::function(format_args!("{name}(…)")));
    }
    if message.contains("No function matches") || message.contains("does not support type") {
        let message = "no function matches the given name and argument types";
        return Some(
            ClientError::new(SqlState::UNDEFINED_FUNCTION, message)
                .hint("You might need to add explicit type casts."),
        );
    }
    None
}

/// What looks like a function and is a construct of SQL.
fn unmatched(call: &str) -> Option<ClientError> {
    let (name, types) = call.split_once('(')?;
    let mut types = types.split(", ").filter(|name| *name != "unknown");
    let first = types.next()?;
    let construct = match name {
        "coalesce" => "COALESCE",
        "greatest" => "GREATEST",
        "least" => "LEAST",
        "make_array" => "ARRAY",
        "array_element" => {
            let message = match first.strip_suffix("[]") {
                Some(_) => "array subscript must have type integer".to_owned(),
                None => format!(
                    "cannot subscript type {first} because it does not support subscripting"
                ),
            };
            return Some(ClientError::new(SqlState::DATATYPE_MISMATCH, message));
        }
        _ => return None,
    };
    let other = types.find(|name| *name != first)?;
    let message = format!("{construct} types {first} and {other} cannot be matched");
    Some(ClientError::new(SqlState::DATATYPE_MISMATCH, message))
}

/// Operators that there are not.
fn operator(line: &str) -> Option<ClientError> {
    for start in ["Cannot infer common argument type for ", "Cannot infer common string type for "]
    {
        if let Some(rest) = line.strip_prefix(start) {
            let operands = rest.split_once("operation ").map_or(rest, |(_, operands)| operands);
            return Some(undefined::operator(in_sql(operands)));
        }
    }
    if let Some(types) = between(line, "common type to coerce ", " expression") {
        let (types, construct) = types.rsplit_once(" in ")?;
        let op = match construct {
            "LIKE" => "~~",
            "ILIKE" => "~~*",
            _ => "~",
        };
        return Some(undefined::operator(in_sql(types).replacen(" and ", &format!(" {op} "), 1)));
    }
    if let Some(types) = line.strip_prefix("Cannot coerce arithmetic expression ") {
        return Some(undefined::operator(in_sql(types)));
    }
    if let Some(operator) = between(line, "Unary operator '", "' only supports") {
        return Some(undefined::operator(format_args!("{operator} of this type")));
    }
    if line.starts_with("Can not find compatible types to compare ") {
        return Some(undefined::operator("the types beside IN"));
    }
    None
}

/// Clauses that want another type, or something else.
fn clause(line: &str) -> Option<ClientError> {
    let not_boolean = |what: &str, of: &str| {
        let of = in_sql(of);
        let message = format!("argument of {what} must be type boolean, not type {of}");
        ClientError::new(SqlState::DATATYPE_MISMATCH, message)
    };
    let position = |clause: &str, at: &str| {
        let message = format!("{clause} position {at} is not in select list");
        ClientError::new(SqlState::INVALID_COLUMN_REFERENCE, message)
    };
    if line.starts_with("Cannot create filter with non-boolean predicate") {
        return Some(not_boolean("WHERE", line.rsplit_once(" returning ")?.1));
    }
    if let Some(of) = line.strip_prefix("Join condition must be boolean type, but got ") {
        return Some(not_boolean("JOIN/ON", of));
    }
    if let Some(of) = line.strip_prefix("Unary operator 'NOT' requires a boolean expression, got ")
    {
        return Some(not_boolean("NOT", of));
    }
    if let Some(at) = between(line, "Order by column out of bounds, specified: ", ",") {
        return Some(position("ORDER BY", at));
    }
    if line.starts_with("Order by index starts at 1") {
        return Some(position("ORDER BY", "0"));
    }
    if let Some(at) = between(line, "Cannot find column with position ", " ") {
        return Some(position("GROUP BY", at));
    }
    if let Some((from, to)) =
        line.strip_prefix("Unsupported CAST from ").and_then(|types| types.split_once(" to "))
    {
        let message = format!("cannot cast type {} to {}", in_sql(from), in_sql(to));
        return Some(ClientError::new(SqlState::CANNOT_COERCE, message));
    }
    if line.contains("not support logical expression WindowFunction") {
        let message = "window functions are not allowed in WHERE";
        return Some(ClientError::new(SqlState::WINDOWING_ERROR, message));
    }
    let (state, message) = match line {
        line if line.starts_with("Aggregate functions are not allowed in the WHERE") => {
            (SqlState::GROUPING_ERROR, "aggregate functions are not allowed in WHERE")
        }
        line if line.contains("Aggregate function calls cannot be nested") => {
            (SqlState::GROUPING_ERROR, "aggregate function calls cannot be nested")
        }
        line if line.starts_with("HAVING clause references:") => (
            SqlState::GROUPING_ERROR,
            "a condition of HAVING must be in GROUP BY or be used in an aggregate function",
        ),
        line if line.contains("DISTINCT ON expressions must match") => (
            SqlState::INVALID_COLUMN_REFERENCE,
            "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
        ),
        line if line.starts_with("For SELECT DISTINCT, ORDER BY") => (
            SqlState::INVALID_COLUMN_REFERENCE,
            "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
        ),
        line if line.contains("RANGE requires exactly one ORDER BY") => (
            SqlState::WINDOWING_ERROR,
            "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column",
        ),
        line if line.contains("frame offsets for ROWS / GROUPS must be non negative") => (
            SqlState::INVALID_PRECEDING_OR_FOLLOWING_SIZE,
            "frame offset must not be negative, null, or of another type than a whole number",
        ),
        line if line.to_ascii_lowercase().contains("window frame") => {
            (SqlState::WINDOWING_ERROR, "this window frame is not possible")
        }
        // What is left of subqueries when those that can be joined are.
        line if line.starts_with("Correlated scalar subquery")
            || line.starts_with("A GROUP BY clause in a scalar correlated subquery")
            || line.starts_with("Accessing outer reference columns is not allowed")
            || line.starts_with("In/Exist/SetComparison subquery can only be used")
            || line.starts_with("Window expressions should not contain a mixed") =>
        {
            (SqlState::FEATURE_NOT_SUPPORTED, "a subquery of this form is not supported")
        }
        line if line.contains("must be part of GROUP BY")
            || line.contains("could not be resolved from available columns") =>
        {
            (
                SqlState::GROUPING_ERROR,
                "a column must appear in the GROUP BY clause or be used in an aggregate function",
            )
        }
        _ => return None,
    };
    Some(ClientError::new(state, message))
}

/// How the engine takes `a.k` where an outer query has a column `a`, and no table of that name.
const OF_AN_OUTER_COLUMN: &str =
    "Nested identifiers are not yet supported for OuterReferenceColumn ";

/// Numbers of columns, and names that do not fit.
fn shape(line: &str) -> Option<ClientError> {
    if let Some((column, _)) = line.split_once("\" must appear in the GROUP BY") {
        let (_, column) = column.rsplit_once('"')?;
        let message = format!(
            "column \"{column}\" must appear in the GROUP BY clause or be used in an aggregate \
             function"
        );
        return Some(ClientError::new(SqlState::GROUPING_ERROR, message));
    }
    if let Some((kind, _)) = line.split_once(" queries have different number of columns") {
        let message = format!("each {kind} query must have the same number of columns");
        return Some(ClientError::new(SqlState::SYNTAX_ERROR, message));
    }
    if line.starts_with("Non-recursive term and recursive term must have the same number") {
        let message = "each UNION query must have the same number of columns";
        return Some(ClientError::new(SqlState::SYNTAX_ERROR, message));
    }
    if let Some((from, to)) = line
        .strip_prefix("Cannot automatically convert ")
        .and_then(|types| types.split_once(" to "))
    {
        let message = format!("type {} is not taken where {} stands", in_sql(from), in_sql(to));
        return Some(ClientError::new(SqlState::DATATYPE_MISMATCH, message));
    }
    if let Some(column) = line.strip_prefix(OF_AN_OUTER_COLUMN) {
        let name = column.rsplit('.').next().unwrap_or(column);
        return Some(super::error::missing_from(name.trim_matches('"')));
    }
    if let Some(table) = line.strip_prefix("Invalid qualifier ") {
        return Some(super::error::missing_from(table.trim_matches('"')));
    }
    if line.contains("can only be applied to array, struct and null") {
        let message = "function unnest of anything but an array does not exist";
        return Some(ClientError::new(SqlState::UNDEFINED_FUNCTION, message));
    }
    if let Some(name) = line.strip_prefix("Unsupported SQL type ") {
        let name = name.trim_matches('"');
        return Some(if catalog::by_sql_name(name).is_some() {
            let message = format!("type \"{name}\" is not supported");
            ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
        } else {
            let message = format!("type \"{name}\" does not exist");
            ClientError::new(SqlState::UNDEFINED_OBJECT, message)
        });
    }
    if line.starts_with("Decimal(precision =") {
        let message =
            "NUMERIC precision and scale must be between 1 and 38, and the scale no larger";
        return Some(ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message));
    }
    if line.starts_with("Step cannot be zero") {
        let message = "step size cannot equal zero";
        return Some(ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message));
    }
    if line.starts_with("Argument #") {
        return Some(undefined::function("generate_series of these types"));
    }
    if line.contains("to grouping function is not in grouping columns") {
        let message = "arguments to GROUPING must be grouping expressions of the query";
        return Some(ClientError::new(SqlState::GROUPING_ERROR, message));
    }
    if let Some(name) = between(line, "WITH query name \"", "\" specified more than once") {
        let message = format!("WITH query name \"{name}\" specified more than once");
        return Some(ClientError::new(SqlState::DUPLICATE_ALIAS, message));
    }
    if let Some(name) = between(line, "The window ", " is not defined") {
        let message = format!("window \"{name}\" does not exist");
        return Some(ClientError::new(SqlState::UNDEFINED_OBJECT, message));
    }
    if let Some(columns) = between(line, "Source table contains ", " columns but only ") {
        let names = between(line, "but only ", " names")?;
        let (few, many): (usize, usize) = (columns.parse().ok()?, names.parse().ok()?);
        return Some(if many > few {
            let message =
                format!("the table has {few} columns available but {many} columns specified");
            ClientError::new(SqlState::INVALID_COLUMN_REFERENCE, message)
        } else {
            let message = "an alias that names only some of the columns is not supported";
            ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message)
                .hint("Name all columns of the table, or none.")
        });
    }
    let message = match line {
        line if line.starts_with("Too many columns!") => "subquery must return only one column",
        line if line.starts_with("INTERSECT/EXCEPT query must have") => {
            "each INTERSECT or EXCEPT query must have the same number of columns"
        }
        _ => return None,
    };
    Some(ClientError::new(SqlState::SYNTAX_ERROR, message))
}

/// What an error says, without a word of the engine. `message` stays where it has none.
pub(in crate::guard) fn in_plain_words(said: ClientError) -> ClientError {
    let message = in_sql(&unmarked(&said.message));
    if !speaks_of_the_engine(&message) {
        return ClientError { message: message.into(), ..said };
    }
    let general = match said.sqlstate {
        SqlState::FEATURE_NOT_SUPPORTED => "this form of query is not supported",
        SqlState::DATATYPE_MISMATCH => "types in the query cannot be matched",
        _ => "the query cannot be planned",
    };
    let internal = said.internal.clone().unwrap_or_else(|| said.message.to_string());
    ClientError { message: general.into(), ..said }.internal(internal)
}

/// Words that are no client's business. Names in quotes are the client's own.
const ENGINE: &[&str] = &[
    "Utf8",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt",
    "Float16",
    "Float32",
    "Float64",
    "Decimal",
    "Date32",
    "Date64",
    "Time32",
    "Time64",
    "Timestamp(",
    "Interval(",
    "List(",
    "Struct(",
    "Dictionary(",
    "LargeBinary",
    "BinaryView",
    "FixedSize",
    "Field",
    "Schema",
    "schema error",
    "DataFusion",
    "datafusion",
    "Arrow",
    "arrow",
    "LogicalPlan",
    "logical expression",
    "logical plan",
    "physical",
    "Physical",
    "optimizer",
    "analyzer",
    "UDF",
    "Expr",
    "Some(",
    "None",
    "ColumnarValue",
    "RecordBatch",
    "signature",
    "coerc",
    "infer",
    "SqlToRel",
    "sqltorel",
    "ast node",
    "TableProvider",
    "Literal",
    "ScalarValue",
    "plan_",
    "{",
    "Error during",
];

pub(in crate::guard) fn speaks_of_the_engine(message: &str) -> bool {
    let outside: String = message
        .split('"')
        .enumerate()
        .filter(|(at, _)| at % 2 == 0)
        .map(|(_, text)| text)
        .collect();
    ENGINE.iter().any(|word| outside.contains(word))
}

/// A text without the marks that make names of the gateway's own differ from any client's.
pub fn unmarked(text: &str) -> String {
    let mut parts = text.split('\u{0}');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(part.trim_start_matches(|c: char| c == '~' || c.is_ascii_alphanumeric()));
    }
    kept
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_recognised_is_said_in_general() {
        let said = ClientError::new(SqlState::SYNTAX_ERROR, "no LogicalPlan for Field { name }");
        let plain = in_plain_words(said);
        assert_eq!(plain.message, "the query cannot be planned");
        assert_eq!(plain.internal.as_deref(), Some("no LogicalPlan for Field { name }"));
        let said = ClientError::new(SqlState::SYNTAX_ERROR, "column \"LogicalPlan\" is not there");
        assert_eq!(in_plain_words(said.clone()).message, said.message);
    }
}
