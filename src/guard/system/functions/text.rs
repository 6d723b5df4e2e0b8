//! Functions on text and arrays that catalog queries lean on and DataFusion lacks.

use super::{Args, Cell, Function, Outcome};
use crate::error::{ClientError, SqlState};
use crate::guard::system::SystemCatalog;

/// A name as SQL would spell it: between double quotes, unless it is plain and no keyword.
pub fn quote_ident(name: &str) -> String {
    let mut letters = name.chars();
    let plain = letters.next().is_some_and(|letter| letter.is_ascii_lowercase() || letter == '_')
        && letters
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if plain && KEYWORDS.binary_search(&name).is_err() {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// PostgreSQL 15's keywords that a bare name cannot be, in order.
#[rustfmt::skip]
const KEYWORDS: [&str; 151] = [
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric",
    "authorization", "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast",
    "char", "character", "check", "coalesce", "collate", "collation", "column", "concurrently",
    "constraint", "create", "cross", "current_catalog", "current_date", "current_role",
    "current_schema", "current_time", "current_timestamp", "current_user", "dec", "decimal",
    "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "exists",
    "extract", "false", "fetch", "float", "for", "foreign", "freeze", "from", "full", "grant",
    "greatest", "group", "grouping", "having", "ilike", "in", "initially", "inner", "inout",
    "int", "integer", "intersect", "interval", "into", "is", "isnull", "join", "lateral",
    "leading", "least", "left", "like", "limit", "localtime", "localtimestamp", "national",
    "natural", "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric",
    "offset", "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing",
    "position", "precision", "primary", "real", "references", "returning", "right", "row",
    "select", "session_user", "setof", "similar", "smallint", "some", "substring", "symmetric",
    "table", "tablesample", "then", "time", "timestamp", "to", "trailing", "treat", "trim",
    "true", "union", "unique", "user", "using", "values", "varchar", "variadic", "verbose",
    "when", "where", "window", "with", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists",
    "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
];

/// A text as an SQL literal.
fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') {
        return format!("E'{}'", quoted.replace('\\', "\\\\"));
    }
    format!("'{quoted}'")
}

/// `format`: `%s`, `%I`, `%L` and `%%`, with positions as in `%1$s`; no widths.
fn format(_: &SystemCatalog, args: &Args<'_>) -> Outcome {
    let invalid = |message: String| ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message);
    let Some(pattern) = args.text(0) else {
        return Ok(Cell::Null);
    };
    let (mut out, mut next) = (String::new(), 1);
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let mut position = String::new();
        while let Some(digit) = letters.next_if(char::is_ascii_digit) {
            position.push(digit);
        }
        let kind = match letters.next() {
            Some('$') if !position.is_empty() => {
                next =
                    position.parse().map_err(|_| invalid("number is out of range".to_owned()))?;
                letters.next()
            }
            kind if position.is_empty() => kind,
            _ => return Err(invalid("widths in format() are not supported".to_owned())),
        };
        let Some(kind) = kind else {
            return Err(invalid("unterminated format() type specifier".to_owned()));
        };
        if kind == '%' {
            out.push('%');
            continue;
        }
        if next == 0 || next >= args.len() {
            return Err(invalid("too few arguments for format()".to_owned()));
        }
        let argument = args.text(next);
        next += 1;
        match (kind, argument) {
            ('s', argument) => out.push_str(&argument.unwrap_or_default()),
            ('I', Some(name)) => out.push_str(&quote_ident(&name)),
            ('I', None) => {
                let message = "null values cannot be formatted as an SQL identifier";
                return Err(ClientError::new(SqlState::NULL_VALUE_NOT_ALLOWED, message));
            }
            ('L', argument) => {
                out.push_str(
                    &argument.map_or_else(|| "NULL".to_owned(), |text| quote_literal(&text)),
                );
            }
            (other, _) => {
                return Err(invalid(format!("unrecognized format() type specifier \"{other}\"")));
            }
        }
    }
    Ok(Cell::Text(out))
}

/// The bounds of an array's one dimension. The vector types count from 0 in PostgreSQL; whoever
/// asks for bounds to walk an array finds the same elements here, from 1.
fn upper(_: &SystemCatalog, args: &Args<'_>) -> Outcome {
    match args.get(0) {
        Cell::List(items) if args.int(1)? == 1 && !items.is_empty() => {
            Ok(Cell::Int(i64::try_from(items.len()).unwrap_or(i64::MAX)))
        }
        _ => Ok(Cell::Null),
    }
}

fn lower(_: &SystemCatalog, args: &Args<'_>) -> Outcome {
    match args.get(0) {
        Cell::List(items) if args.int(1)? == 1 && !items.is_empty() => Ok(Cell::Int(1)),
        _ => Ok(Cell::Null),
    }
}

/// A pattern of LIKE whose escape is another letter, or none, spelled with a backslash.
pub fn like_escape(pattern: &str, escape: &str) -> Result<String, ClientError> {
    let mut escapes = escape.chars();
    let (escape, more) = (escapes.next(), escapes.next());
    if more.is_some() {
        let message = "invalid escape string";
        return Err(ClientError::new(SqlState::INVALID_ESCAPE_SEQUENCE, message)
            .hint("Escape string must be empty or one character."));
    }
    let mut out = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if Some(letter) == escape {
            out.push('\\');
            out.extend(letters.next());
        } else {
            if letter == '\\' {
                out.push('\\');
            }
            out.push(letter);
        }
    }
    Ok(out)
}

/// `json_build_object`: names and values in turn.
fn json_object(_: &SystemCatalog, args: &Args<'_>) -> Outcome {
    let invalid =
        |message: &'static str| ClientError::new(SqlState::INVALID_PARAMETER_VALUE, message);
    if args.len() % 2 == 1 {
        return Err(invalid("argument list must have even number of elements"));
    }
    let mut parts = Vec::with_capacity(args.len() / 2);
    for at in (0..args.len()).step_by(2) {
        let name = args.text(at).ok_or_else(|| invalid("argument must not be null"))?;
        let value = json(args.get(at + 1));
        parts.push(format!("{} : {value}", serde_json::Value::from(name)));
    }
    Ok(Cell::Text(format!("{{{}}}", parts.join(", "))))
}

fn json(cell: &Cell) -> serde_json::Value {
    match cell {
        Cell::Null => serde_json::Value::Null,
        Cell::Bool(value) => (*value).into(),
        Cell::Int(value) => (*value).into(),
        Cell::Float(value) => (*value).into(),
        Cell::Text(text) => text.as_str().into(),
        Cell::List(items) => items.iter().map(json).collect(),
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("quote_ident", 1..=1, "text", |_, args| {
        Ok(Cell::optional(args.text(0).map(|name| quote_ident(&name))))
    }),
    Function::new("quote_literal", 1..=1, "text", |_, args| {
        Ok(Cell::optional(args.text(0).map(|text| quote_literal(&text))))
    }),
    Function::new("quote_nullable", 1..=1, "text", |_, args| {
        Ok(Cell::text(args.text(0).map_or_else(|| "NULL".to_owned(), |text| quote_literal(&text))))
    })
    .taking_null(),
    Function::new("format", 1..=32, "text", format).taking_null(),
    Function::new("like_escape", 2..=2, "text", |_, args| {
        let (pattern, escape) = (args.text(0), args.text(1).unwrap_or_default());
        like_escape(&pattern.unwrap_or_default(), &escape).map(Cell::Text)
    }),
    Function::new("json_build_object", 0..=64, "json", json_object).taking_null(),
    Function::new("array_upper", 2..=2, "int4", upper),
    Function::new("array_lower", 2..=2, "int4", lower),
];

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, like_escape, quote_ident, quote_literal};

    #[test]
    fn patterns_get_the_backslash_for_their_escape() {
        let escaped = |pattern, escape| like_escape(pattern, escape).ok();
        assert_eq!(escaped("pg/_%", "/").as_deref(), Some("pg\\_%"));
        assert_eq!(escaped("a\\b", "").as_deref(), Some("a\\\\b"));
        assert_eq!(escaped("//", "/").as_deref(), Some("\\/"));
        assert_eq!(escaped("x", "ab"), None);
    }

    #[test]
    fn names_and_literals_are_quoted_where_they_must_be() {
        assert!(KEYWORDS.is_sorted());
        assert_eq!(quote_ident("orders_2"), "orders_2");
        assert_eq!(quote_ident("order"), "\"order\"");
        assert_eq!(quote_ident("2x"), "\"2x\"");
        assert_eq!(quote_ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_ident("Straße"), "\"Straße\"");
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\'"), "E'a\\\\'''");
    }
}
