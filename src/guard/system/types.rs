//! PostgreSQL's types as the catalog tells them, and the Arrow fields that carry them.

use std::collections::HashMap;
use std::sync::LazyLock;

use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use portcullis_connector_api::catalog::PG_TYPE_KEY;

use super::csv;

/// A row of `pg_type`, as far as the gateway itself needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// `oid`
    pub oid: u32,
    /// `typname`
    pub name: String,
    /// `typnamespace`
    pub namespace: u32,
    /// `typlen`: bytes, -1 where the length varies
    pub len: i16,
    /// `typbyval`
    pub by_value: bool,
    /// `typelem` of a true array, else 0
    pub element: u32,
    /// `typarray`
    pub array: u32,
    /// `typalign`
    pub align: String,
    /// `typstorage`
    pub storage: String,
    /// `typbasetype` of a domain, else 0
    pub base: u32,
    /// `typcollation`
    pub collation: u32,
}

/// The types that every PostgreSQL 15 has, by OID and by name.
pub struct Types {
    by_oid: HashMap<u32, Type>,
    by_name: HashMap<String, u32>,
}

/// The function that marks a true array, unlike `name` and `int2vector`.
const ARRAY_SUBSCRIPT_HANDLER: &str = "6179";

static TYPES: LazyLock<Types> = LazyLock::new(|| {
    let rows = csv::Rows::parse(include_str!("data/pg_type.csv"));
    let by_oid: HashMap<u32, Type> = rows
        .iter()
        .map(|row| {
            let number = |column| row.get(column).parse().unwrap_or(0);
            // `oidvector` is subscripted as an array but stored, and written, as no other.
            let is_array =
                row.get("typsubscript") == ARRAY_SUBSCRIPT_HANDLER && row.get("typstorage") != "p";
            let type_ = Type {
                oid: number("oid"),
                name: row.get("typname").to_owned(),
                namespace: number("typnamespace"),
                len: row.get("typlen").parse().unwrap_or(-1),
                by_value: row.get("typbyval") == "t",
                element: if is_array { number("typelem") } else { 0 },
                array: number("typarray"),
                align: row.get("typalign").to_owned(),
                storage: row.get("typstorage").to_owned(),
                base: number("typbasetype"),
                collation: number("typcollation"),
            };
            (type_.oid, type_)
        })
        .collect();
    let by_name = by_oid.values().map(|type_| (type_.name.clone(), type_.oid)).collect();
    Types { by_oid, by_name }
});

/// The type of this OID.
pub fn by_oid(oid: u32) -> Option<&'static Type> {
    TYPES.by_oid.get(&oid)
}

/// The type of this internal name, such as `int4` or `_text`.
pub fn by_name(name: &str) -> Option<&'static Type> {
    TYPES.by_name.get(name).and_then(|oid| by_oid(*oid))
}

/// All of them, in no order.
pub fn all() -> impl Iterator<Item = &'static Type> {
    TYPES.by_oid.values()
}

/// The types whose values are OIDs and whose text is the name of what the OID stands for.
pub fn is_reg(name: &str) -> bool {
    matches!(
        name,
        "regclass"
            | "regtype"
            | "regproc"
            | "regprocedure"
            | "regoper"
            | "regoperator"
            | "regnamespace"
            | "regrole"
            | "regcollation"
            | "regconfig"
            | "regdictionary"
    )
}

/// The Arrow type that carries a type of this internal name. A domain is carried as its base
/// type, as PostgreSQL describes it to clients.
pub fn field(name: &str, type_name: &str, nullable: bool) -> Field {
    let type_name = match type_name {
        "sql_identifier" => "name",
        "character_data" | "yes_or_no" => "varchar",
        "cardinal_number" => "int4",
        "time_stamp" => "timestamptz",
        other => other,
    };
    if let Some(item) = type_name.strip_prefix('_') {
        let item = field("item", item, true);
        return Field::new(name, DataType::List(item.into()), nullable);
    }
    let (data_type, hinted) = match type_name {
        "bool" => (DataType::Boolean, false),
        "int2" => (DataType::Int16, false),
        "int4" => (DataType::Int32, false),
        "int8" => (DataType::Int64, false),
        "float4" => (DataType::Float32, false),
        "float8" => (DataType::Float64, false),
        "numeric" => (DataType::Decimal128(38, 10), false),
        "text" => (DataType::Utf8, false),
        "bytea" => (DataType::Binary, false),
        "date" => (DataType::Date32, false),
        "time" => (DataType::Time64(TimeUnit::Microsecond), false),
        "timestamp" => (DataType::Timestamp(TimeUnit::Microsecond, None), false),
        "timestamptz" => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        "interval" => (DataType::Interval(IntervalUnit::MonthDayNano), false),
        "oid" | "xid" | "cid" => (DataType::UInt32, true),
        "int2vector" => (DataType::List(field("item", "int2", true).into()), true),
        "oidvector" => (DataType::List(field("item", "oid", true).into()), true),
        reg if is_reg(reg) => (DataType::UInt32, true),
        _ => (DataType::Utf8, true),
    };
    let plain = Field::new(name, data_type, nullable);
    if hinted { with_hint(plain, type_name) } else { plain }
}

/// The field with this PostgreSQL type written on it.
pub fn with_hint(field: Field, type_name: &str) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(PG_TYPE_KEY.to_owned(), type_name.to_owned());
    field.with_metadata(metadata)
}

/// The PostgreSQL type written on a field.
pub fn hint(field: &Field) -> Option<&str> {
    field.metadata().get(PG_TYPE_KEY).map(String::as_str)
}

/// The internal name of the type that a field has.
pub fn name_of(field: &Field) -> String {
    if let Some(hint) = hint(field) {
        return hint.to_owned();
    }
    let name = match field.data_type() {
        DataType::Boolean => "bool",
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => "int2",
        DataType::UInt16 | DataType::Int32 => "int4",
        DataType::Int64 => "int8",
        DataType::UInt32 => "oid",
        DataType::Float16 | DataType::Float32 => "float4",
        DataType::Float64 => "float8",
        DataType::UInt64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => "numeric",
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "bytea",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Timestamp(_, Some(_)) => "timestamptz",
        DataType::Interval(_) | DataType::Duration(_) => "interval",
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => return format!("_{}", name_of(item)),
        DataType::Dictionary(_, value) => {
            return name_of(&Field::new("", value.as_ref().clone(), true));
        }
        _ => "text",
    };
    name.to_owned()
}

/// What PostgreSQL calls the type of a field where it speaks of types.
pub fn spoken(field: &Field) -> String {
    let name = name_of(field);
    by_name(&name).map_or(name, |found| format(found.oid, None))
}

/// The type and the `atttypmod` of a column: -1, or what `numeric(p, s)` says.
pub fn of_field(field: &Field) -> (Option<&'static Type>, i32) {
    let modifier = match field.data_type() {
        DataType::Decimal128(precision, scale) if hint(field).is_none() => {
            ((i32::from(*precision) << 16) | (i32::from(*scale) & 0x7ff)) + 4
        }
        _ => -1,
    };
    (by_name(&name_of(field)), modifier)
}

/// A nullable field without a name, as a cast to the type wants it.
pub fn unnamed(type_name: &str) -> FieldRef {
    field("", type_name, true).into()
}

/// The type that an SQL name means, such as `integer`, `int4` or `character varying`, as
/// `regtype` reads it.
pub fn by_sql_name(name: &str) -> Option<&'static Type> {
    let name = name.trim();
    if let Some(element) = name.strip_suffix("[]") {
        return by_sql_name(element).and_then(|element| by_oid(element.array));
    }
    if let Some(quoted) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        return by_name(&quoted.replace("\"\"", "\""));
    }
    let lower = name.to_lowercase();
    let bare = lower.split('(').next().unwrap_or_default().trim();
    let internal = match bare.strip_prefix("pg_catalog.").unwrap_or(bare) {
        "boolean" => "bool",
        "smallint" => "int2",
        "int" | "integer" => "int4",
        "bigint" => "int8",
        "real" => "float4",
        "float" | "double precision" => "float8",
        "decimal" | "dec" => "numeric",
        "character varying" => "varchar",
        "character" | "char" => "bpchar",
        "bit varying" => "varbit",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        other => other,
    };
    by_name(internal)
}

/// What `format_type` says of a type; the name in SQL, quoted and qualified where it must be.
pub fn format(oid: u32, modifier: Option<i64>) -> String {
    if oid == 0 {
        return "-".to_owned();
    }
    let Some(type_) = by_oid(oid) else {
        return "???".to_owned();
    };
    if let Some(element) = by_oid(type_.element) {
        return format!("{}[]", format(element.oid, modifier));
    }
    let given = modifier.filter(|modifier| *modifier >= 0);
    let length = || given.map_or_else(String::new, |modifier| format!("({})", modifier - 4));
    match type_.name.as_str() {
        "bool" => "boolean".to_owned(),
        "int2" => "smallint".to_owned(),
        "int4" => "integer".to_owned(),
        "int8" => "bigint".to_owned(),
        "float4" => "real".to_owned(),
        "float8" => "double precision".to_owned(),
        "char" => "\"char\"".to_owned(),
        "varchar" => format!("character varying{}", length()),
        // `character` alone would mean one character.
        "bpchar" if modifier.is_some() && given.is_none() => "bpchar".to_owned(),
        "bpchar" => format!("character{}", length()),
        "bit" => given.map_or_else(|| "bit".to_owned(), |bits| format!("bit({bits})")),
        "varbit" => {
            given.map_or_else(|| "bit varying".to_owned(), |bits| format!("bit varying({bits})"))
        }
        "numeric" => given.map_or_else(
            || "numeric".to_owned(),
            |modifier| {
                let modifier = modifier - 4;
                format!("numeric({},{})", modifier >> 16 & 0xffff, modifier & 0x7ff)
            },
        ),
        "time" => "time without time zone".to_owned(),
        "timetz" => "time with time zone".to_owned(),
        "timestamp" => "timestamp without time zone".to_owned(),
        "timestamptz" => "timestamp with time zone".to_owned(),
        name if type_.namespace == super::relations::PG_CATALOG => name.to_owned(),
        name => format!("information_schema.{name}"),
    }
}
