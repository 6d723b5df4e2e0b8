//! Names of types.

use crate::guard::system::types;

/// A text whose names of Arrow's types have become those of PostgreSQL.
pub(in crate::guard) fn in_sql(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut quoted = false;
    while let Some(character) = rest.chars().next() {
        let at_word = !out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if !quoted
            && at_word
            && let Some((name, after)) = type_at(rest)
        {
            out.push_str(&name);
            rest = after;
            continue;
        }
        quoted ^= character == '"';
        out.push(character);
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    out
}

/// The type that a text begins with, and what follows it.
fn type_at(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    let inner = rest.strip_prefix('(').and_then(|inner| {
        let mut depth = 1;
        let end = inner.char_indices().find_map(|(at, c)| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            (depth == 0).then_some(at)
        })?;
        Some((inner.get(..end)?, inner.get(end + 1..)?))
    });
    let name = match word {
        "Boolean" => "bool",
        "Int8" | "UInt8" | "Int16" => "int2",
        "UInt16" | "Int32" => "int4",
        "Int64" | "UInt64" => "int8",
        "UInt32" => "oid",
        "Float16" | "Float32" => "float4",
        "Float64" => "float8",
        "Utf8" | "Utf8View" | "LargeUtf8" => "text",
        "Binary" | "BinaryView" | "LargeBinary" => "bytea",
        "Date32" | "Date64" => "date",
        "Null" => return Some(("unknown".to_owned(), rest)),
        "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" => {
            return named("numeric", inner?.1);
        }
        "Time32" | "Time64" => return named("time", inner?.1),
        "Interval" | "Duration" => return named("interval", inner?.1),
        "Timestamp" => {
            let (unit, after) = inner?;
            let zoned = unit.contains(',') && !unit.ends_with("None");
            return named(if zoned { "timestamptz" } else { "timestamp" }, after);
        }
        "List" | "LargeList" => {
            let (item, after) = inner?;
            let item = item.strip_prefix("non-null ").unwrap_or(item);
            let (item, _) = type_at(item)?;
            return Some((format!("{item}[]"), after));
        }
        _ => return None,
    };
    named(name, rest)
}

fn named<'a>(internal: &str, after: &'a str) -> Option<(String, &'a str)> {
    let found = types::by_name(internal)?;
    Some((types::format(found.oid, None), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_names_of_postgresql() {
        let cases = [
            ("abs(Utf8View, Decimal128(38, 10))", "abs(text, numeric)"),
            ("List(List(Int64)) = Int32", "bigint[][] = integer"),
            (
                "Timestamp(µs, \"UTC\") and Timestamp(ns)",
                "timestamp with time zone and timestamp without time zone",
            ),
            ("Interval(MonthDayNano) < Time64(µs)", "interval < time without time zone"),
            ("column \"Utf8\" and MyInt64", "column \"Utf8\" and MyInt64"),
        ];
        for (engine, sql) in cases {
            assert_eq!(in_sql(engine), sql);
        }
    }
}
