//! Which type a column has, by how it was declared.
//!
//! SQLite's own rule ("Datatypes In SQLite", section 3.1) gives a column an affinity: what kind
//! of value it prefers to store. A few names mean more by common use, and are looked at first.

use portcullis_connector_api::SqlType;

/// A declared type, as it is understood here.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Its type here.
    pub sql_type: SqlType,
    /// Whether every cell that decodes is stored in the one class that SQLite compares the type
    /// by, thanks to the affinity: integers as integers, floats as reals, text as text.
    pub native: bool,
}

/// Understands a declared type; empty where there was none.
pub fn declared(text: &str) -> Declared {
    let lower = text.trim().to_ascii_lowercase();
    let (name, arguments) = match lower.split_once('(') {
        Some((name, rest)) => (name.trim_end(), rest.split(')').next().unwrap_or_default()),
        None => (lower.as_str(), ""),
    };
    let by_use = match name {
        "bool" | "boolean" => Some(SqlType::Bool),
        "date" => Some(SqlType::Date),
        "time" => Some(SqlType::Time),
        "datetime" | "timestamp" | "timestamp without time zone" => Some(SqlType::Timestamp),
        "timestamptz" | "timestamp with time zone" | "datetimeoffset" => Some(SqlType::Timestamptz),
        "uuid" | "guid" | "uniqueidentifier" => Some(SqlType::Uuid),
        "json" => Some(SqlType::Json),
        "jsonb" => Some(SqlType::Jsonb),
        "numeric" | "decimal" | "number" => Some(numeric(arguments)),
        _ => None,
    };
    if let Some(sql_type) = by_use {
        return Declared { sql_type, native: false };
    }
    let holds = |part: &str| lower.contains(part);
    let (sql_type, native) = if holds("int") {
        (SqlType::Int8, true)
    } else if holds("char") && holds("var") {
        (SqlType::Varchar, true)
    } else if holds("char") || holds("clob") || holds("text") {
        (SqlType::Text, true)
    } else if holds("blob") {
        (SqlType::Bytea, false)
    } else if holds("real") || holds("floa") || holds("doub") {
        (SqlType::Float8, true)
    } else {
        // No type, or one that nobody knows: anything may be stored, and text can tell it.
        (SqlType::Text, false)
    };
    Declared { sql_type, native }
}

/// `numeric(p,s)`, within what is supported here.
fn numeric(arguments: &str) -> SqlType {
    let mut numbers = arguments.split(',').map(|number| number.trim().parse::<u8>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(precision @ 1..=38), scale) => {
            let scale = scale.unwrap_or(0).min(precision);
            SqlType::Numeric { precision, scale: i8::try_from(scale).unwrap_or(0) }
        }
        _ => SqlType::Numeric { precision: 38, scale: 10 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        let cases = [
            ("INTEGER", "int8", true),
            ("int", "int8", true),
            ("BIGINT UNSIGNED", "int8", true),
            ("SMALLINT", "int8", true),
            ("TEXT", "text", true),
            ("VARCHAR(20)", "varchar", true),
            ("character varying(20)", "varchar", true),
            ("CHAR(3)", "text", true),
            ("NCHAR(55)", "text", true),
            ("CLOB", "text", true),
            ("BLOB", "bytea", false),
            ("REAL", "float8", true),
            ("DOUBLE PRECISION", "float8", true),
            ("FLOAT", "float8", true),
            ("NUMERIC", "numeric(38,10)", false),
            ("DECIMAL(10, 2)", "numeric(10,2)", false),
            ("decimal(10)", "numeric(10,0)", false),
            ("decimal(60,2)", "numeric(38,10)", false),
            ("decimal(2,5)", "numeric(2,2)", false),
            ("BOOLEAN", "bool", false),
            ("DATE", "date", false),
            ("DATETIME", "timestamp", false),
            ("timestamp with time zone", "timestamptz", false),
            ("TIME", "time", false),
            ("UUID", "uuid", false),
            ("JSON", "json", false),
            ("STRING", "text", false),
            ("", "text", false),
            ("ANY", "text", false),
        ];
        for (text, sql_type, native) in cases {
            let found = declared(text);
            assert_eq!(
                (found.sql_type.to_string().as_str(), found.native),
                (sql_type, native),
                "{text}"
            );
        }
    }
}
