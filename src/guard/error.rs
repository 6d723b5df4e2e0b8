//! What the guard and the engine beneath it may say to a client.
//!
//! The engine's own messages can hold values of cells, names of internals, and suggestions made
//! from everything it knows. None of that passes: [`client_error`] recognises the error and says
//! it in PostgreSQL's words, from what the caller wrote alone; the original goes to the audit
//! record.

use datafusion::arrow::error::ArrowError;
use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;
use portcullis_connector_api::{ConnectorError, SourceName};

use super::echo::echoed;
use super::wording;
use crate::error::{ClientError, SqlState};
use crate::sql::Query;

/// Why a query is not planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// There is no such table, or the caller may see nothing of it: the same.
    #[error("relation \"{0}\" does not exist")]
    UndefinedTable(String),
    /// A source that has not answered yet; said only to those who might see something of it.
    #[error("source \"{0}\" cannot be reached")]
    Unreachable(SourceName),
    /// A source that answered late and cannot be guarded; said to the same people.
    #[error("source \"{0}\" is left out")]
    LeftOut(SourceName),
    /// A table that could not be read when it was looked at; said to the same people.
    #[error("stored data of source \"{0}\" cannot be read")]
    Damaged(SourceName),
    /// There is no such schema, or the caller may see nothing in it: the same.
    #[error("schema \"{0}\" does not exist")]
    UndefinedSchema(String),
    /// A name with three parts names another database.
    #[error("cross-database references are not implemented: \"{0}\"")]
    OtherDatabase(String),
    /// A function that is not on the allowlist.
    #[error("function {0} does not exist")]
    UndefinedFunction(String),
    /// A query that the gateway could plan but does not.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// A plan holds something that has not passed the guard. A fault of the gateway.
    #[error("a plan holds {0}, which did not pass the guard")]
    Unguarded(String),
}

impl From<GuardError> for DataFusionError {
    fn from(error: GuardError) -> Self {
        Self::External(Box::new(error))
    }
}

impl From<&GuardError> for ClientError {
    fn from(error: &GuardError) -> Self {
        let message = error.to_string();
        match error {
            GuardError::UndefinedTable(_) => Self::new(SqlState::UNDEFINED_TABLE, message),
            GuardError::Unreachable(_) => Self::new(SqlState::CONNECTION_FAILURE, message),
            GuardError::LeftOut(_) => {
                Self::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, message)
                    .hint("It does not fit the configuration. Tell whoever runs the gateway.")
            }
            GuardError::Damaged(_) => Self::new(SqlState::DATA_CORRUPTED, message),
            GuardError::UndefinedSchema(_) => Self::new(SqlState::INVALID_SCHEMA_NAME, message),
            GuardError::UndefinedFunction(_) => Self::new(SqlState::UNDEFINED_FUNCTION, message)
                .hint("No function of this name is allowed here."),
            GuardError::OtherDatabase(_) | GuardError::Unsupported(_) => {
                Self::new(SqlState::FEATURE_NOT_SUPPORTED, message)
            }
            GuardError::Unguarded(_) => {
                Self::new(SqlState::INTERNAL_ERROR, "the query cannot be run safely")
                    .internal(message)
            }
        }
    }
}

/// Says an error of the engine, or of a source beneath it, to a client.
pub fn client_error(error: &DataFusionError) -> ClientError {
    let said = match root(error) {
        DataFusionError::External(inner) => {
            if let Some(error) = inner.downcast_ref::<GuardError>() {
                ClientError::from(error)
            } else if let Some(error) = inner.downcast_ref::<ConnectorError>() {
                connector_error(error)
            } else if let Some(error) = inner.downcast_ref::<ClientError>() {
                return error.clone();
            } else if let Some(OfASource(error)) = inner.downcast_ref() {
                return error.clone();
            } else if is_pattern(&inner.to_string()) {
                wording::of_a_function(&inner.to_string()).unwrap_or_else(invalid_pattern)
            } else {
                internal()
            }
        }
        DataFusionError::SchemaError(error, _) => schema_error(error),
        DataFusionError::ArrowError(error, _) => arrow_error(error),
        DataFusionError::ResourcesExhausted(_) => {
            ClientError::new(SqlState::OUT_OF_MEMORY, "the query needs more memory than it may use")
                .hint("Read fewer rows or columns at once, or aggregate earlier.")
        }
        DataFusionError::NotImplemented(message) => {
            wording::recognised(message).unwrap_or_else(|| {
                let message = one_line(message).replace("not yet supported", "not supported");
                ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, lower_first(&message))
            })
        }
        DataFusionError::SQL(_, _) => ClientError::new(SqlState::SYNTAX_ERROR, "syntax error"),
        DataFusionError::Plan(message) => plan_error(message),
        DataFusionError::Execution(message) => execution_error(message),
        DataFusionError::ParquetError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_) => {
            ClientError::new(SqlState::DATA_CORRUPTED, "stored data of a source cannot be read")
        }
        _ => internal(),
    };
    let said = wording::in_plain_words(said);
    match (&said.internal, root(error)) {
        (Some(_), _) => said,
        // What it says is all there is.
        (None, DataFusionError::External(inner)) if inner.is::<GuardError>() => said,
        // Connectors leave out what may be a cell.
        (None, DataFusionError::External(inner)) if inner.is::<ConnectorError>() => {
            said.internal(inner)
        }
        // These quote cells, which are not for the record either.
        (
            None,
            DataFusionError::ArrowError(..)
            | DataFusionError::Execution(_)
            | DataFusionError::External(_),
        ) => {
            let told = without_values(&error.to_string());
            said.internal(told)
        }
        (None, _) => said.internal(error),
    }
}

/// A text with `…` for whatever stands in quotes, and for numbers.
fn without_values(text: &str) -> String {
    let mut kept = String::new();
    let mut quote = None;
    for character in text.chars() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if matches!(character, '\'' | '"' | '`') => {
                quote = Some(character);
                kept.push('…');
            }
            None if character.is_ascii_digit() => {
                if !kept.ends_with('…') {
                    kept.push('…');
                }
            }
            None => kept.push(character),
        }
    }
    kept
}

/// As [`client_error`], of an error in planning a query, with the place in the client's text where
/// the engine knows it.
pub fn planning_error(query: &Query, error: &DataFusionError) -> ClientError {
    let said = client_error(error);
    let place = error.diagnostic().and_then(|diagnostic| diagnostic.span);
    let position = place.and_then(|place| query.position(place.start.line, place.start.column));
    wording::completed(query, said.at(position))
}

/// The error beneath all contexts, diagnostics and collections of the engine.
fn root(error: &DataFusionError) -> &DataFusionError {
    match error.find_root() {
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => root(inner),
        DataFusionError::Shared(inner) => root(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(error, root),
        root => root,
    }
}

fn internal() -> ClientError {
    ClientError::new(SqlState::INTERNAL_ERROR, "internal error")
}

/// As [`client_error`], of an error that came after planning the query. What the engine then says of
/// plans is about its own operators, and no fault of the query; what functions say may be of any row.
pub fn running_error(query: &Query, error: &DataFusionError) -> ClientError {
    match root(error) {
        DataFusionError::Plan(message) => {
            wording::of_a_function(message).unwrap_or_else(internal).internal(error)
        }
        DataFusionError::NotImplemented(message) => {
            let told = wording::recognised(message).unwrap_or_else(unsupported);
            echoed(query, told.internal(error))
        }
        DataFusionError::SchemaError(..) => internal().internal(error),
        DataFusionError::External(inner) if is_of_names(inner.as_ref()) => client_error(error),
        _ => echoed(query, client_error(error)),
    }
}

fn unsupported() -> ClientError {
    ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, "this form of query is not supported")
}

/// Whether an error is made of names that the caller may see, and of nothing from a row: its types
/// have no place for more.
fn is_of_names(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    error.is::<OfASource>() || error.is::<ConnectorError>() || error.is::<GuardError>()
}

/// What is told of a source: its name, and of a cell the name of its column.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct OfASource(ClientError);

/// Carries what is told of a source through the engine.
pub fn of_a_source(told: ClientError) -> DataFusionError {
    DataFusionError::External(Box::new(OfASource(told)))
}

/// Says an error of one source, which is all that a client may know of where data come from.
pub(in crate::guard) fn source_error(
    source: &SourceName,
    error: DataFusionError,
) -> DataFusionError {
    match root(&error) {
        DataFusionError::External(inner) if inner.is::<ConnectorError>() => {}
        DataFusionError::ParquetError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_) => {}
        _ => return error,
    }
    let mut said = client_error(&error);
    if said.sqlstate != SqlState::INVALID_TEXT_REPRESENTATION {
        said.message = said.message.replace(SOME_SOURCE, &format!("source \"{source}\"")).into();
    }
    of_a_source(said)
}

/// Stands in a message until the source's name is known.
const SOME_SOURCE: &str = "a source";

fn connector_error(error: &ConnectorError) -> ClientError {
    match error {
        ConnectorError::Unreachable(_) => {
            ClientError::new(SqlState::CONNECTION_FAILURE, "a source cannot be reached")
        }
        ConnectorError::Busy(_) => {
            ClientError::new(SqlState::TOO_MANY_CONNECTIONS, "a source is busy")
                .hint("Try again when fewer statements read it.")
        }
        ConnectorError::Damaged(_) => {
            ClientError::new(SqlState::DATA_CORRUPTED, "stored data of a source cannot be read")
        }
        ConnectorError::BadCell { .. } => {
            ClientError::new(SqlState::INVALID_TEXT_REPRESENTATION, error.to_string())
        }
        ConnectorError::Unsupported(_) => {
            ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, "a source cannot do this")
        }
        ConnectorError::Configuration(_) | ConnectorError::Failed(_) => {
            ClientError::new(SqlState::SYSTEM_ERROR, "a source failed")
        }
    }
}

fn schema_error(error: &SchemaError) -> ClientError {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let Some(table) = &field.relation else {
                let message = format!("column \"{}\" does not exist", field.name);
                return ClientError::new(SqlState::UNDEFINED_COLUMN, message);
            };
            let read = |column: &Column| {
                column.relation.as_ref().is_some_and(|known| table.resolved_eq(known))
            };
            if valid_fields.iter().any(read) {
                let message = format!("column {}.{} does not exist", table.table(), field.name);
                ClientError::new(SqlState::UNDEFINED_COLUMN, message)
            } else {
                missing_from(table.table())
            }
        }
        SchemaError::AmbiguousReference { field } => ClientError::new(
            SqlState::AMBIGUOUS_COLUMN,
            format!("column reference \"{}\" is ambiguous", field.name),
        ),
        SchemaError::DuplicateQualifiedField { qualifier, .. } => ClientError::new(
            SqlState::DUPLICATE_ALIAS,
            format!("table name \"{}\" specified more than once", qualifier.table()),
        ),
        SchemaError::DuplicateUnqualifiedField { name } => ClientError::new(
            SqlState::AMBIGUOUS_COLUMN,
            format!("column name \"{name}\" appears more than once"),
        ),
    }
}

/// A table that is named beside a column and not read.
pub(in crate::guard) fn missing_from(table: &str) -> ClientError {
    let message = format!("missing FROM-clause entry for table \"{table}\"");
    ClientError::new(SqlState::UNDEFINED_TABLE, message)
}

fn arrow_error(error: &ArrowError) -> ClientError {
    match error {
        ArrowError::DivideByZero => {
            ClientError::new(SqlState::DIVISION_BY_ZERO, "division by zero")
        }
        ArrowError::ArithmeticOverflow(_) => {
            ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range")
        }
        ArrowError::CastError(message) | ArrowError::ParseError(message) => cast_error(message),
        ArrowError::ComputeError(message) | ArrowError::InvalidArgumentError(message)
            if message.to_ascii_lowercase().contains("overflow")
                || message.contains("too large to store") =>
        {
            ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range")
        }
        ArrowError::ExternalError(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(error) => client_error(error),
            None => internal(),
        },
        ArrowError::NotYetImplemented(_) => {
            ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, "this operation is not supported")
        }
        ArrowError::MemoryError(_) => {
            ClientError::new(SqlState::OUT_OF_MEMORY, "the query needs more memory than it may use")
        }
        ArrowError::ComputeError(message) if is_pattern(message) => invalid_pattern(),
        ArrowError::ComputeError(message) => {
            wording::of_a_function(message).unwrap_or_else(internal)
        }
        _ => internal(),
    }
}

/// Whether a message is about a regular expression.
fn is_pattern(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    lower.contains("regex") || lower.contains("regular expression")
}

fn invalid_pattern() -> ClientError {
    ClientError::new(SqlState::INVALID_REGULAR_EXPRESSION, "invalid regular expression")
}

fn no_such_function() -> ClientError {
    ClientError::new(
        SqlState::UNDEFINED_FUNCTION,
        "no function matches the given name and argument types",
    )
    .hint("You might need to add explicit type casts.")
}

/// The value itself stays out: it may come from any row that the caller can see, but an error
/// is not where values are shown.
fn cast_error(message: &str) -> ClientError {
    let lower = message.to_ascii_lowercase();
    let overflows = ["out of range", "can't cast value", "overflow", "too large to store"];
    if overflows.iter().any(|words| lower.contains(words)) {
        return ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range");
    }
    let timely = ["timestamp", "date32", "date64", "time64", "time32", "interval"];
    if timely.iter().any(|word| lower.contains(word)) {
        return ClientError::new(
            SqlState::INVALID_DATETIME_FORMAT,
            "invalid input syntax for a date or time",
        );
    }
    let wanted = message.rsplit_once("value of ").map(|(_, rest)| rest);
    let wanted = wanted.and_then(|rest| rest.strip_suffix(" type")).and_then(sql_name);
    let wanted = wanted.map_or("this type".to_owned(), |name| format!("type {name}"));
    let message = format!("invalid input syntax for {wanted}");
    ClientError::new(SqlState::INVALID_TEXT_REPRESENTATION, message)
}

/// What PostgreSQL calls an Arrow type.
fn sql_name(arrow: &str) -> Option<&'static str> {
    Some(match arrow {
        "Int16" => "smallint",
        "Int32" => "integer",
        "Int64" => "bigint",
        "Float32" => "real",
        "Float64" => "double precision",
        "Boolean" => "boolean",
        decimal if decimal.starts_with("Decimal") => "numeric",
        _ => return None,
    })
}

/// Planning sees no rows, so the engine's words hold only names that the caller may see, and
/// what the caller wrote; its suggestions are cut off.
fn plan_error(message: &str) -> ClientError {
    wording::recognised(message).unwrap_or_else(|| {
        let line = one_line(message);
        let state = if line.contains("coerce") {
            SqlState::DATATYPE_MISMATCH
        } else {
            SqlState::SYNTAX_ERROR
        };
        ClientError::new(state, lower_first(&line))
    })
}

fn execution_error(message: &str) -> ClientError {
    if let Some(said) = wording::of_a_function(message) {
        return said;
    }
    let lower = message.to_ascii_lowercase();
    if lower.contains("divide by zero") || lower.contains("division by zero") {
        ClientError::new(SqlState::DIVISION_BY_ZERO, "division by zero")
    } else if lower.contains("overflow") || lower.contains("out of range") {
        ClientError::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range")
    } else if is_pattern(message) {
        invalid_pattern()
    } else if lower.contains("no function matches") {
        no_such_function()
    } else if lower.contains("more than one row") {
        ClientError::new(
            SqlState::CARDINALITY_VIOLATION,
            "more than one row returned by a subquery used as an expression",
        )
    } else if lower.contains("parsing timestamp") || lower.contains("parse") {
        ClientError::new(SqlState::INVALID_TEXT_REPRESENTATION, "invalid input syntax")
    } else {
        ClientError::new(SqlState::DATA_EXCEPTION, "a function refused its argument")
    }
}

fn one_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

fn lower_first(message: &str) -> String {
    let mut characters = message.chars();
    match (characters.next(), characters.clone().next()) {
        // An abbreviation or a keyword.
        (_, Some(second)) if second.is_uppercase() => message.to_owned(),
        (Some(first), _) => first.to_lowercase().chain(characters).collect(),
        (None, _) => String::new(),
    }
}
