//! The allowlist of statements. What is not named here as allowed is refused.

use std::sync::Arc;

use sqlparser::ast::{
    self, ContextModifier, DiscardObject, Expr, Ident, ObjectName, Reset, Set, UtilityOption, Value,
};

use super::error::SqlError;
use super::identifier::fold;
use super::query;
use super::statement::{Command, Explain, SetValue};

/// `text` is what the places in the statement refer to.
pub(super) fn command(statement: ast::Statement, text: &Arc<str>) -> Result<Command, SqlError> {
    use ast::Statement as S;
    match statement {
        S::Query(query) => Ok(Command::Query(query::check(*query, text)?)),
        S::Explain {
            analyze, verbose, statement, options, query_plan, estimate, format, ..
        } => {
            if query_plan || estimate || format.is_some() {
                return Err(SqlError::Unsupported("this form of EXPLAIN".to_owned()));
            }
            explain(analyze, verbose, *statement, options.unwrap_or_default(), text)
        }
        S::ShowVariable { variable } => Ok(show(&variable)),
        S::Set(set) => self::set(set),
        S::Reset(reset) => Ok(match reset.reset {
            Reset::ALL => Command::ResetAll,
            Reset::ConfigurationParameter(name) => Command::Reset(setting_name(&name)),
        }),
        S::StartTransaction { statements, exception: None, has_end_keyword: false, .. }
            if statements.is_empty() =>
        {
            Ok(Command::Begin)
        }
        S::Commit { chain: false, modifier: None, .. } => Ok(Command::Commit),
        S::Rollback { chain: false, savepoint: None } => Ok(Command::Rollback),
        S::Prepare { name, data_types, statement } => match *statement {
            S::Query(query) => Ok(Command::Prepare {
                name: fold(&name),
                types: data_types,
                query: query::check(*query, text)?,
            }),
            other => Err(refusal(&other)),
        },
        S::Execute { name: Some(name), parameters, immediate: false, into, using, .. }
            if into.is_empty() && using.is_empty() =>
        {
            parameters.iter().try_for_each(query::check_expr)?;
            Ok(Command::Execute { name: setting_name_exact(&name), values: parameters })
        }
        S::Deallocate { name, .. } if is_all(&name) => Ok(Command::DeallocateAll),
        S::Deallocate { name, .. } => Ok(Command::Deallocate(fold(&name))),
        S::Discard { object_type: DiscardObject::ALL } => Ok(Command::DiscardAll),
        S::Discard { object_type: DiscardObject::PLANS } => Ok(Command::Nothing("DISCARD PLANS")),
        S::UNLISTEN { .. } => Ok(Command::Nothing("UNLISTEN")),
        other => Err(refusal(&other)),
    }
}

fn explain(
    analyze: bool,
    verbose: bool,
    statement: ast::Statement,
    options: Vec<UtilityOption>,
    text: &Arc<str>,
) -> Result<Command, SqlError> {
    let (mut analyze, mut verbose) = (analyze, verbose);
    for option in options {
        let on = match &option.arg {
            None => true,
            Some(argument) => is_on(argument).ok_or_else(|| {
                SqlError::Unsupported(format!("EXPLAIN option \"{}\"", option.name.value))
            })?,
        };
        match option.name.value.to_ascii_lowercase().as_str() {
            "analyze" => analyze = on,
            "verbose" => verbose = on,
            "costs" | "buffers" | "timing" | "summary" | "settings" | "wal" => {}
            _ => {
                return Err(SqlError::Unsupported(format!(
                    "EXPLAIN option \"{}\"",
                    option.name.value
                )));
            }
        }
    }
    match statement {
        ast::Statement::Query(query) => {
            Ok(Command::Explain(Explain { query: query::check(*query, text)?, analyze, verbose }))
        }
        other => Err(refusal(&other)),
    }
}

fn is_on(argument: &Expr) -> Option<bool> {
    let word = match argument {
        Expr::Identifier(word) => word.value.clone(),
        Expr::Value(value) => match &value.value {
            Value::Boolean(on) => return Some(*on),
            Value::SingleQuotedString(text) => text.clone(),
            Value::Number(number, _) => number.clone(),
            _ => return None,
        },
        _ => return None,
    };
    match word.to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Some(true),
        "off" | "false" | "0" => Some(false),
        _ => None,
    }
}

fn show(variable: &[Ident]) -> Command {
    let words: Vec<String> = variable.iter().map(|word| word.value.to_ascii_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["all"] => Command::ShowAll,
        ["transaction", "isolation", "level"] => Command::Show("transaction_isolation".to_owned()),
        ["time", "zone"] => Command::Show("timezone".to_owned()),
        ["session", "authorization"] => Command::Show("session_authorization".to_owned()),
        words => Command::Show(words.join(".")),
    }
}

fn set(set: Set) -> Result<Command, SqlError> {
    match set {
        Set::SingleAssignment { scope, hivevar: false, variable, values } => {
            let name = setting_name(&variable);
            let value = if name == "search_path" { set_names(&values) } else { set_value(&values) };
            Ok(Command::Set { name, value: value?, local: is_local(scope) })
        }
        Set::SetTimeZone { local, value } => Ok(Command::Set {
            name: "timezone".to_owned(),
            value: set_value(std::slice::from_ref(&value))?,
            local,
        }),
        Set::SetNames { charset_name, collation_name: None } => Ok(Command::Set {
            name: "client_encoding".to_owned(),
            value: SetValue::Text(charset_name.value),
            local: false,
        }),
        // Every transaction here reads, and sees what its sources show at that moment; a
        // client that asks for more is told what it has by SHOW.
        Set::SetTransaction { snapshot: None, .. } => Ok(Command::Nothing("SET")),
        Set::SetRole { .. } => Err(SqlError::Forbidden("set a role")),
        Set::SetSessionAuthorization(_) => Err(SqlError::Forbidden("set session authorization")),
        _ => Err(SqlError::Unsupported("this form of SET".to_owned())),
    }
}

fn is_local(scope: Option<ContextModifier>) -> bool {
    matches!(scope, Some(ContextModifier::Local))
}

/// The value as `SHOW` will give it back: words and numbers, joined by commas.
fn set_value(values: &[Expr]) -> Result<SetValue, SqlError> {
    let words = values.iter().map(set_word).collect::<Result<Vec<_>, _>>()?;
    match words.as_slice() {
        [word] if word.eq_ignore_ascii_case("default") => Ok(SetValue::Default),
        _ => Ok(SetValue::Text(words.join(", "))),
    }
}

/// Names, each of them between double quotes: a text means just what it says, a word is folded.
fn set_names(values: &[Expr]) -> Result<SetValue, SqlError> {
    let quoted = |name: String| format!("\"{}\"", name.replace('"', "\"\""));
    let name = |value: &Expr| match value {
        Expr::Identifier(name) => Ok(quoted(fold(name))),
        other => set_word(other).map(quoted),
    };
    match set_value(values)? {
        SetValue::Default => Ok(SetValue::Default),
        SetValue::Text(_) => {
            let names = values.iter().map(name).collect::<Result<Vec<_>, _>>()?;
            Ok(SetValue::Text(names.join(", ")))
        }
    }
}

fn set_word(value: &Expr) -> Result<String, SqlError> {
    match value {
        Expr::Identifier(word) => Ok(word.value.clone()),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Ok(text.clone()),
            Value::Number(number, _) => Ok(number.clone()),
            Value::Boolean(on) => Ok(if *on { "on" } else { "off" }.to_owned()),
            _ => Err(unsupported_value()),
        },
        Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => {
            Ok(format!("-{}", set_word(expr)?))
        }
        _ => Err(unsupported_value()),
    }
}

fn unsupported_value() -> SqlError {
    SqlError::Unsupported("a computed value in SET".to_owned())
}

fn is_all(name: &Ident) -> bool {
    name.quote_style.is_none() && name.value.eq_ignore_ascii_case("all")
}

fn setting_name(name: &ObjectName) -> String {
    setting_name_exact(name).to_lowercase()
}

fn setting_name_exact(name: &ObjectName) -> String {
    let parts = name.0.iter().filter_map(|part| part.as_ident()).map(fold);
    parts.collect::<Vec<_>>().join(".")
}

/// Says why a statement is not on the list: a change, or something that is not built.
pub(super) fn refusal(statement: &ast::Statement) -> SqlError {
    use ast::Statement as S;
    let change = match statement {
        S::Insert(_) => "INSERT",
        S::Update(_) => "UPDATE",
        S::Delete(_) => "DELETE",
        S::Merge(_) => "MERGE",
        S::Truncate(_) => "TRUNCATE",
        S::Copy { to: false, .. } => "COPY FROM",
        S::Copy {
            target: ast::CopyTarget::File { .. } | ast::CopyTarget::Program { .. }, ..
        } => "COPY to a file or program",
        S::Grant(_) => "GRANT",
        S::Revoke(_) => "REVOKE",
        S::Comment { .. } => "COMMENT",
        S::Drop { .. }
        | S::DropFunction(_)
        | S::DropDomain(_)
        | S::DropProcedure { .. }
        | S::DropPolicy(_)
        | S::DropTrigger(_)
        | S::DropExtension(_) => "DROP",
        S::AlterTable(_)
        | S::AlterView { .. }
        | S::AlterIndex { .. }
        | S::AlterRole { .. }
        | S::AlterPolicy(_)
        | S::AlterSchema(_)
        | S::AlterType(_)
        | S::AlterFunction(_)
        | S::AlterUser(_)
        | S::AlterSession { .. } => "ALTER",
        S::CreateTable(_) => "CREATE TABLE",
        S::CreateView(_) => "CREATE VIEW",
        S::CreateFunction(_) => "CREATE FUNCTION",
        S::CreateIndex(_)
        | S::CreateSchema { .. }
        | S::CreateDatabase { .. }
        | S::CreateRole(_)
        | S::CreateUser(_)
        | S::CreatePolicy(_)
        | S::CreateSequence { .. }
        | S::CreateDomain(_)
        | S::CreateType { .. }
        | S::CreateProcedure { .. }
        | S::CreateTrigger(_)
        | S::CreateServer(_)
        | S::CreateVirtualTable { .. }
        | S::CreateExtension(_) => "CREATE",
        other => return SqlError::Unsupported(first_words(other)),
    };
    SqlError::ReadOnly(change)
}

/// Why a statement that the grammar does not know is refused, by its first word, where that word
/// says enough: PostgreSQL has more statements than the grammar, and ways to write them.
pub(super) fn refusal_by_word(word: &str) -> Option<SqlError> {
    const CHANGES: [&str; 12] = [
        "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE", "ALTER", "DROP", "GRANT",
        "REVOKE", "COMMENT", "REASSIGN",
    ];
    const OTHERS: [&str; 12] = [
        "CALL",
        "CHECKPOINT",
        "CLUSTER",
        "DO",
        "IMPORT",
        "LISTEN",
        "LOAD",
        "LOCK",
        "NOTIFY",
        "REFRESH",
        "REINDEX",
        "VACUUM",
    ];
    let is = |known: &&&str| word.eq_ignore_ascii_case(known);
    let change = CHANGES.iter().find(is).map(|change| SqlError::ReadOnly(change));
    let other = || OTHERS.iter().find(is).map(|other| SqlError::Unsupported((*other).to_owned()));
    change.or_else(other)
}

/// The statement's leading keyword, for the message; the rest of it stays out.
fn first_words(statement: &ast::Statement) -> String {
    let text = statement.to_string();
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).take(24).collect();
    if word.is_empty() { "this statement".to_owned() } else { word.to_ascii_uppercase() }
}
