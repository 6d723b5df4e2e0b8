//! The types that clients declare for parameters.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use portcullis_connector_api::SqlType;
use sqlparser::ast::DataType;

use crate::error::{ClientError, SqlState};

/// A parameter of this type. `numeric` has ten digits behind the point here.
pub(in crate::session) fn field(sql_type: &SqlType) -> FieldRef {
    Arc::new(sql_type.field("", true))
}

const NUMERIC: SqlType = SqlType::Numeric { precision: 38, scale: 10 };

/// The type with this OID; `None` for 0 (open) and `unknown`.
///
/// # Errors
/// 0A000 for a type that parameters cannot have here.
pub(in crate::session) fn of_oid(oid: u32) -> Result<Option<FieldRef>, ClientError> {
    let array = |item: SqlType| SqlType::Array(Box::new(item));
    let sql_type = match oid {
        0 | 705 => return Ok(None),
        16 => SqlType::Bool,
        17 => SqlType::Bytea,
        20 => SqlType::Int8,
        21 => SqlType::Int2,
        23 => SqlType::Int4,
        // oid: wide enough for every one of them
        26 => SqlType::Int8,
        // text, name, "char", character(n)
        25 | 19 | 18 | 1042 => SqlType::Text,
        114 => SqlType::Json,
        700 => SqlType::Float4,
        701 => SqlType::Float8,
        1043 => SqlType::Varchar,
        1082 => SqlType::Date,
        1083 => SqlType::Time,
        1114 => SqlType::Timestamp,
        1184 => SqlType::Timestamptz,
        1186 => SqlType::Interval,
        1700 => NUMERIC,
        2950 => SqlType::Uuid,
        3802 => SqlType::Jsonb,
        1000 => array(SqlType::Bool),
        1005 => array(SqlType::Int2),
        1007 => array(SqlType::Int4),
        1016 | 1028 => array(SqlType::Int8),
        1009 | 1015 | 1003 => array(SqlType::Text),
        1021 => array(SqlType::Float4),
        1022 => array(SqlType::Float8),
        1182 => array(SqlType::Date),
        1115 => array(SqlType::Timestamp),
        1185 => array(SqlType::Timestamptz),
        1231 => array(NUMERIC),
        2951 => array(SqlType::Uuid),
        other => {
            return Err(ClientError::new(
                SqlState::FEATURE_NOT_SUPPORTED,
                format!("parameters of the type with OID {other} are not supported"),
            ));
        }
    };
    Ok(Some(field(&sql_type)))
}

/// The type that `PREPARE` names.
///
/// # Errors
/// 0A000 for a type that parameters cannot have here.
pub(in crate::session) fn of_name(name: &DataType) -> Result<Option<FieldRef>, ClientError> {
    let text = name.to_string().to_ascii_lowercase();
    let base = text.split('(').next().unwrap_or_default().trim();
    let sql_type = match base {
        "unknown" => return Ok(None),
        "bool" | "boolean" => SqlType::Bool,
        "smallint" | "int2" => SqlType::Int2,
        "int" | "integer" | "int4" => SqlType::Int4,
        "bigint" | "int8" => SqlType::Int8,
        "real" | "float4" => SqlType::Float4,
        "double precision" | "float8" | "float" => SqlType::Float8,
        "numeric" | "decimal" | "dec" => NUMERIC,
        "text" | "char" | "character" | "bpchar" | "name" => SqlType::Text,
        "varchar" | "character varying" => SqlType::Varchar,
        "bytea" => SqlType::Bytea,
        "date" => SqlType::Date,
        "time" | "time without time zone" => SqlType::Time,
        "timestamp" | "timestamp without time zone" => SqlType::Timestamp,
        "timestamptz" | "timestamp with time zone" => SqlType::Timestamptz,
        "interval" => SqlType::Interval,
        "uuid" => SqlType::Uuid,
        "json" => SqlType::Json,
        "jsonb" => SqlType::Jsonb,
        other => {
            return Err(ClientError::new(
                SqlState::FEATURE_NOT_SUPPORTED,
                format!("parameters of type {other} are not supported"),
            ));
        }
    };
    Ok(Some(field(&sql_type)))
}
