//! Types by the names that PostgreSQL knows them by.

use std::str::FromStr;

use crate::catalog::SqlType;

/// A name that is no type here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\", which is no type; types are called as in PostgreSQL: text, bigint, numeric(12,2), …"
)]
pub struct UnknownType(String);

/// Takes what the type's `Display` gives, and PostgreSQL's longer names for the same. A length, as
/// in `varchar(20)`, is not among them: nothing here would keep it.
impl FromStr for SqlType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let unknown = || UnknownType(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        if let Some(item) = lower.strip_suffix("[]") {
            return match item.parse().map_err(|_| unknown())? {
                // PostgreSQL has no arrays of arrays.
                Self::Array(_) => Err(unknown()),
                item => Ok(Self::Array(Box::new(item))),
            };
        }
        let (name, arguments) = match lower.split_once('(') {
            Some((name, rest)) => (name, Some(rest.strip_suffix(')').ok_or_else(unknown)?)),
            None => (lower.as_str(), None),
        };
        let words: Vec<_> = name.split_ascii_whitespace().collect();
        let known = match (words.join(" ").as_str(), arguments) {
            ("numeric" | "decimal", None) => Self::Numeric { precision: 38, scale: 10 },
            ("numeric" | "decimal", Some(arguments)) => numeric(arguments).ok_or_else(unknown)?,
            (_, Some(_)) => return Err(unknown()),
            ("bool" | "boolean", None) => Self::Bool,
            ("int2" | "smallint", None) => Self::Int2,
            ("int4" | "int" | "integer", None) => Self::Int4,
            ("int8" | "bigint", None) => Self::Int8,
            ("float4" | "real", None) => Self::Float4,
            ("float8" | "double precision", None) => Self::Float8,
            ("text", None) => Self::Text,
            ("varchar" | "character varying", None) => Self::Varchar,
            ("bytea", None) => Self::Bytea,
            ("date", None) => Self::Date,
            ("time" | "time without time zone", None) => Self::Time,
            ("timestamp" | "timestamp without time zone", None) => Self::Timestamp,
            ("timestamptz" | "timestamp with time zone", None) => Self::Timestamptz,
            ("interval", None) => Self::Interval,
            ("uuid", None) => Self::Uuid,
            ("json", None) => Self::Json,
            ("jsonb", None) => Self::Jsonb,
            _ => return Err(unknown()),
        };
        Ok(known)
    }
}

/// `12,2` or `12`
fn numeric(arguments: &str) -> Option<SqlType> {
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let precision: u8 = precision.trim().parse().ok()?;
    let scale: i8 = scale.trim().parse().ok()?;
    let fits =
        (1..=38).contains(&precision) && scale >= 0 && u8::try_from(scale).ok()? <= precision;
    fits.then_some(SqlType::Numeric { precision, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let cases = [
            ("bool boolean", "bool"),
            ("int2 smallint", "int2"),
            ("int4 integer INT", "int4"),
            ("int8 bigint BigInt", "int8"),
            ("float4 real", "float4"),
            ("float8", "float8"),
            ("numeric decimal", "numeric(38,10)"),
            ("numeric(12,2) decimal(12,2) NUMERIC(12,2)", "numeric(12,2)"),
            ("numeric(9) numeric(9,0)", "numeric(9,0)"),
            ("text", "text"),
            ("varchar", "varchar"),
            ("bytea", "bytea"),
            ("date", "date"),
            ("time", "time"),
            ("timestamp", "timestamp"),
            ("timestamptz", "timestamptz"),
            ("interval", "interval"),
            ("uuid", "uuid"),
            ("json", "json"),
            ("jsonb", "jsonb"),
            ("int8[] bigint[]", "int8[]"),
            ("numeric(5,1)[]", "numeric(5,1)[]"),
        ];
        for (names, expected) in cases {
            for name in names.split(' ') {
                let found = name.parse::<SqlType>().map(|found| found.to_string());
                assert_eq!(found.as_deref(), Ok(expected), "{name}");
            }
        }
        for (name, expected) in [
            ("double  precision", "float8"),
            ("character varying", "varchar"),
            ("timestamp with time zone", "timestamptz"),
            ("timestamp without time zone", "timestamp"),
            ("time without time zone", "time"),
            (" numeric ( 12 , 2 ) ", "numeric(12,2)"),
        ] {
            let found = name.parse::<SqlType>().map(|found| found.to_string());
            assert_eq!(found.as_deref(), Ok(expected), "{name}");
        }
    }

    #[test]
    fn what_is_no_type() {
        for name in [
            "",
            "string",
            "int16",
            "varchar(20)",
            "text()",
            "numeric(0,0)",
            "numeric(39,0)",
            "numeric(5,6)",
            "numeric(5,-1)",
            "numeric(5,2",
            "numeric(a,b)",
            "int8[][]",
            "[]",
        ] {
            assert!(name.parse::<SqlType>().is_err(), "{name}");
        }
    }
}
