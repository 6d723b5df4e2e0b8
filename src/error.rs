//! What a client may be told when something goes wrong.
//!
//! Each stage has an error type of its own, with everything the log needs. Here stands the only
//! type that reaches the wire: SQLSTATE, a message without internals, and a hint where one
//! helps. A stage turns its error into this one beside the error's definition. What each SQLSTATE may
//! say stands in `docs/errors.md`, where every one of them must stand.

use std::borrow::Cow;
use std::fmt;

/// A five-character SQLSTATE as PostgreSQL 15 lists it in its appendix A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SqlState(&'static str);

macro_rules! sqlstates {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl SqlState {
            $($(#[$doc])* pub const $name: Self = Self($code);)*
        }
    };
}

sqlstates! {
    /// `protocol_violation`
    PROTOCOL_VIOLATION = "08P01";
    /// `connection_failure`: a source cannot be reached
    CONNECTION_FAILURE = "08006";
    /// `feature_not_supported`
    FEATURE_NOT_SUPPORTED = "0A000";
    /// `null_value_not_allowed`
    NULL_VALUE_NOT_ALLOWED = "22004";
    /// `numeric_value_out_of_range`
    NUMERIC_VALUE_OUT_OF_RANGE = "22003";
    /// `invalid_datetime_format`
    INVALID_DATETIME_FORMAT = "22007";
    /// `datetime_field_overflow`
    DATETIME_FIELD_OVERFLOW = "22008";
    /// `invalid_time_zone_displacement_value`
    INVALID_TIME_ZONE_DISPLACEMENT = "22009";
    /// `invalid_argument_for_logarithm`
    INVALID_ARGUMENT_FOR_LOGARITHM = "2201E";
    /// `invalid_argument_for_power_function`: also of roots
    INVALID_ARGUMENT_FOR_POWER = "2201F";
    /// `division_by_zero`
    DIVISION_BY_ZERO = "22012";
    /// `character_not_in_repertoire`: text that is not UTF-8, or holds NUL
    CHARACTER_NOT_IN_REPERTOIRE = "22021";
    /// `interval_field_overflow`
    INTERVAL_FIELD_OVERFLOW = "22015";
    /// `invalid_escape_sequence`
    INVALID_ESCAPE_SEQUENCE = "22025";
    /// `invalid_use_of_escape_character`
    INVALID_USE_OF_ESCAPE_CHARACTER = "2200C";
    /// `substring_error`
    SUBSTRING_ERROR = "22011";
    /// `invalid_parameter_value`
    INVALID_PARAMETER_VALUE = "22023";
    /// `invalid_text_representation`
    INVALID_TEXT_REPRESENTATION = "22P02";
    /// `invalid_binary_representation`
    INVALID_BINARY_REPRESENTATION = "22P03";
    /// `data_exception`
    DATA_EXCEPTION = "22000";
    /// `invalid_regular_expression`
    INVALID_REGULAR_EXPRESSION = "2201B";
    /// `cardinality_violation`
    CARDINALITY_VIOLATION = "21000";
    /// `active_sql_transaction`
    ACTIVE_SQL_TRANSACTION = "25001";
    /// `no_active_sql_transaction`
    NO_ACTIVE_SQL_TRANSACTION = "25P01";
    /// `in_failed_sql_transaction`
    IN_FAILED_SQL_TRANSACTION = "25P02";
    /// `object_not_in_prerequisite_state`: a portal that has failed is run again
    OBJECT_NOT_IN_PREREQUISITE_STATE = "55000";
    /// `too_many_columns`
    TOO_MANY_COLUMNS = "54011";
    /// `too_many_arguments`
    TOO_MANY_ARGUMENTS = "54023";
    /// `invalid_sql_statement_name`: no such prepared statement
    INVALID_SQL_STATEMENT_NAME = "26000";
    /// `invalid_authorization_specification`
    INVALID_AUTHORIZATION = "28000";
    /// `invalid_password`
    INVALID_PASSWORD = "28P01";
    /// `invalid_cursor_name`: no such portal
    INVALID_CURSOR_NAME = "34000";
    /// `invalid_catalog_name`: no such database
    INVALID_CATALOG_NAME = "3D000";
    /// `invalid_schema_name`
    INVALID_SCHEMA_NAME = "3F000";
    /// `insufficient_privilege`
    INSUFFICIENT_PRIVILEGE = "42501";
    /// `syntax_error`
    SYNTAX_ERROR = "42601";
    /// `duplicate_cursor`
    DUPLICATE_CURSOR = "42P03";
    /// `duplicate_prepared_statement`
    DUPLICATE_PREPARED_STATEMENT = "42P05";
    /// `invalid_name`
    INVALID_NAME = "42602";
    /// `undefined_column`
    UNDEFINED_COLUMN = "42703";
    /// `undefined_object`, such as an unknown setting or type
    UNDEFINED_OBJECT = "42704";
    /// `duplicate_column`
    DUPLICATE_COLUMN = "42701";
    /// `ambiguous_column`
    AMBIGUOUS_COLUMN = "42702";
    /// `ambiguous_function`
    AMBIGUOUS_FUNCTION = "42725";
    /// `grouping_error`
    GROUPING_ERROR = "42803";
    /// `datatype_mismatch`
    DATATYPE_MISMATCH = "42804";
    /// `wrong_object_type`
    WRONG_OBJECT_TYPE = "42809";
    /// `invalid_column_reference`
    INVALID_COLUMN_REFERENCE = "42P10";
    /// `windowing_error`
    WINDOWING_ERROR = "42P20";
    /// `invalid_preceding_or_following_size`
    INVALID_PRECEDING_OR_FOLLOWING_SIZE = "22013";
    /// `invalid_argument_for_ntile_function`
    INVALID_ARGUMENT_FOR_NTILE = "22014";
    /// `invalid_argument_for_nth_value_function`
    INVALID_ARGUMENT_FOR_NTH_VALUE = "22016";
    /// `invalid_row_count_in_limit_clause`
    INVALID_ROW_COUNT_IN_LIMIT = "2201W";
    /// `invalid_row_count_in_result_offset_clause`
    INVALID_ROW_COUNT_IN_OFFSET = "2201X";
    /// `cannot_coerce`
    CANNOT_COERCE = "42846";
    /// `undefined_function`
    UNDEFINED_FUNCTION = "42883";
    /// `undefined_table`
    UNDEFINED_TABLE = "42P01";
    /// `undefined_parameter`
    UNDEFINED_PARAMETER = "42P02";
    /// `duplicate_alias`
    DUPLICATE_ALIAS = "42712";
    /// `insufficient_resources`: the system gives no threads
    INSUFFICIENT_RESOURCES = "53000";
    /// `disk_full`: no further audit record can be written
    DISK_FULL = "53100";
    /// `out_of_memory`: the query passed its memory limit
    OUT_OF_MEMORY = "53200";
    /// `too_many_connections`
    TOO_MANY_CONNECTIONS = "53300";
    /// `configuration_limit_exceeded`
    CONFIGURATION_LIMIT_EXCEEDED = "53400";
    /// `program_limit_exceeded`
    PROGRAM_LIMIT_EXCEEDED = "54000";
    /// `statement_too_complex`
    STATEMENT_TOO_COMPLEX = "54001";
    /// `query_canceled`
    QUERY_CANCELED = "57014";
    /// `admin_shutdown`: also when the session's token expires
    ADMIN_SHUTDOWN = "57P01";
    /// `cant_change_runtime_param`
    CANT_CHANGE_RUNTIME_PARAM = "55P02";
    /// `idle_session_timeout`
    IDLE_SESSION_TIMEOUT = "57P05";
    /// `system_error`: a source failed
    SYSTEM_ERROR = "58000";
    /// `io_error`: the audit record cannot be written
    IO_ERROR = "58030";
    /// `internal_error`
    INTERNAL_ERROR = "XX000";
    /// `data_corrupted`
    DATA_CORRUPTED = "XX001";
}

impl SqlState {
    /// The five characters.
    pub fn code(self) -> &'static str {
        self.0
    }
}

/// An error as a client sees it, and what the log and the audit record are told beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientError {
    /// The class of the error.
    pub sqlstate: SqlState,
    /// Lower case, names in double quotes, no internals and no values of rows.
    pub message: Cow<'static, str>,
    /// Further facts for the client.
    pub detail: Option<Cow<'static, str>>,
    /// What to do next.
    pub hint: Option<Cow<'static, str>>,
    /// Where in the statement, in characters from 1.
    pub position: Option<u32>,
    /// For the log and the audit record alone: what really happened.
    pub internal: Option<String>,
}

impl ClientError {
    /// 57014, as PostgreSQL says it.
    pub fn timed_out() -> Self {
        Self::new(SqlState::QUERY_CANCELED, "canceling statement due to statement timeout")
    }

    /// A fault of the gateway that ended a statement, and nothing else.
    pub fn panicked() -> Self {
        Self::new(SqlState::INTERNAL_ERROR, "internal error").internal("a panic")
    }
}

impl ClientError {
    /// An error with its class and message.
    pub fn new(sqlstate: SqlState, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            sqlstate,
            message: message.into(),
            detail: None,
            hint: None,
            position: None,
            internal: None,
        }
    }

    /// Adds a detail for the client.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a hint for the client.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the place in the statement, in characters from 1.
    #[must_use]
    pub fn at(mut self, position: Option<u32>) -> Self {
        self.position = position;
        self
    }

    /// Adds what only the log and the audit record may know.
    #[must_use]
    pub fn internal(mut self, internal: impl fmt::Display) -> Self {
        self.internal = Some(internal.to_string());
        self
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.sqlstate.code())
    }
}

impl std::error::Error for ClientError {}
