//! The PostgreSQL types that values have on the wire, and which of them a field has.

use arrow::datatypes::{DataType, Field};
use portcullis_connector_api::catalog::PG_TYPE_KEY;

/// How the values of a type are built, in both formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One byte, 0 or 1.
    Bool,
    /// 16 bits, signed.
    Int2,
    /// 32 bits, signed.
    Int4,
    /// 64 bits, signed.
    Int8,
    /// 32 bits, unsigned; also the `reg*` types, whose text is a name.
    Oid,
    /// IEEE 754, 32 bits.
    Float4,
    /// IEEE 754, 64 bits.
    Float8,
    /// Digits to the base 10,000.
    Numeric,
    /// The characters, in both formats.
    Text,
    /// `"char"`: one byte.
    Char,
    /// Bytes; `\x…` as text.
    Bytea,
    /// Days.
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds, of no zone.
    Timestamp,
    /// Microseconds, UTC.
    Timestamptz,
    /// Months, days, microseconds.
    Interval,
    /// 16 bytes.
    Uuid,
    /// Text with a version byte before it.
    Jsonb,
    /// Carried as text, and sent as text alone: what clients of a read-only gateway meet in the
    /// catalog, if anywhere.
    Shown,
    /// `int2vector` and `oidvector`: `1 2 3` as text, an array counted from 0 as binary.
    Vector,
}

/// A type that is not an array.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BaseType {
    /// `pg_type.typname`
    pub(crate) name: &'static str,
    /// As error messages call it.
    pub(crate) spoken: &'static str,
    /// `pg_type.oid`
    pub(crate) oid: u32,
    /// `pg_type.typlen`
    pub(crate) size: i16,
    /// `pg_type.typarray`
    pub(crate) array_oid: u32,
    /// How its values are built.
    pub(crate) kind: Kind,
}

macro_rules! types {
    ($($constant:ident = $name:literal $spoken:literal $oid:literal $size:literal
        $array:literal $kind:ident;)*) => {
        $(const $constant: BaseType = BaseType {
            name: $name, spoken: $spoken, oid: $oid, size: $size, array_oid: $array,
            kind: Kind::$kind,
        };)*
        static TYPES: &[BaseType] = &[$($constant),*];
    };
}

// Names, OIDs and sizes as in `pg_type` of PostgreSQL 15.
types! {
    BOOL = "bool" "boolean" 16 1 1000 Bool;
    BYTEA = "bytea" "bytea" 17 -1 1001 Bytea;
    CHAR = "char" "\"char\"" 18 1 1002 Char;
    NAME = "name" "name" 19 64 1003 Text;
    INT8 = "int8" "bigint" 20 8 1016 Int8;
    INT2 = "int2" "smallint" 21 2 1005 Int2;
    INT2VECTOR = "int2vector" "int2vector" 22 -1 1006 Vector;
    INT4 = "int4" "integer" 23 4 1007 Int4;
    REGPROC = "regproc" "regproc" 24 4 1008 Oid;
    TEXT = "text" "text" 25 -1 1009 Text;
    OID = "oid" "oid" 26 4 1028 Oid;
    TID = "tid" "tid" 27 6 1010 Shown;
    XID = "xid" "xid" 28 4 1011 Oid;
    CID = "cid" "cid" 29 4 1012 Oid;
    OIDVECTOR = "oidvector" "oidvector" 30 -1 1013 Vector;
    JSON = "json" "json" 114 -1 199 Text;
    XML = "xml" "xml" 142 -1 143 Text;
    PG_NODE_TREE = "pg_node_tree" "pg_node_tree" 194 -1 0 Text;
    CIDR = "cidr" "cidr" 650 -1 651 Shown;
    FLOAT4 = "float4" "real" 700 4 1021 Float4;
    FLOAT8 = "float8" "double precision" 701 8 1022 Float8;
    UNKNOWN = "unknown" "unknown" 705 -2 0 Text;
    MACADDR = "macaddr" "macaddr" 829 6 1040 Shown;
    INET = "inet" "inet" 869 -1 1041 Shown;
    ACLITEM = "aclitem" "aclitem" 1033 12 1034 Shown;
    BPCHAR = "bpchar" "character" 1042 -1 1014 Text;
    VARCHAR = "varchar" "character varying" 1043 -1 1015 Text;
    DATE = "date" "date" 1082 4 1182 Date;
    TIME = "time" "time" 1083 8 1183 Time;
    TIMESTAMP = "timestamp" "timestamp" 1114 8 1115 Timestamp;
    TIMESTAMPTZ = "timestamptz" "timestamp with time zone" 1184 8 1185 Timestamptz;
    INTERVAL = "interval" "interval" 1186 16 1187 Interval;
    TIMETZ = "timetz" "time with time zone" 1266 12 1270 Shown;
    BIT = "bit" "bit" 1560 -1 1561 Shown;
    VARBIT = "varbit" "bit varying" 1562 -1 1563 Shown;
    NUMERIC = "numeric" "numeric" 1700 -1 1231 Numeric;
    REFCURSOR = "refcursor" "refcursor" 1790 -1 2201 Text;
    REGPROCEDURE = "regprocedure" "regprocedure" 2202 4 2207 Oid;
    REGOPER = "regoper" "regoper" 2203 4 2208 Oid;
    REGOPERATOR = "regoperator" "regoperator" 2204 4 2209 Oid;
    REGCLASS = "regclass" "regclass" 2205 4 2210 Oid;
    REGTYPE = "regtype" "regtype" 2206 4 2211 Oid;
    RECORD = "record" "record" 2249 -1 2287 Shown;
    CSTRING = "cstring" "cstring" 2275 -2 1263 Text;
    ANYARRAY = "anyarray" "anyarray" 2277 -1 0 Shown;
    VOID = "void" "void" 2278 4 0 Text;
    UUID = "uuid" "uuid" 2950 16 2951 Uuid;
    PG_LSN = "pg_lsn" "pg_lsn" 3220 8 3221 Shown;
    PG_NDISTINCT = "pg_ndistinct" "pg_ndistinct" 3361 -1 0 Shown;
    PG_DEPENDENCIES = "pg_dependencies" "pg_dependencies" 3402 -1 0 Shown;
    TSVECTOR = "tsvector" "tsvector" 3614 -1 3643 Shown;
    TSQUERY = "tsquery" "tsquery" 3615 -1 3645 Shown;
    REGCONFIG = "regconfig" "regconfig" 3734 4 3735 Oid;
    REGDICTIONARY = "regdictionary" "regdictionary" 3769 4 3770 Oid;
    JSONB = "jsonb" "jsonb" 3802 -1 3807 Jsonb;
    REGNAMESPACE = "regnamespace" "regnamespace" 4089 4 4090 Oid;
    REGROLE = "regrole" "regrole" 4096 4 4097 Oid;
    REGCOLLATION = "regcollation" "regcollation" 4191 4 4192 Oid;
    PG_MCV_LIST = "pg_mcv_list" "pg_mcv_list" 5017 -1 0 Shown;
    XID8 = "xid8" "xid8" 5069 8 271 Shown;
}

/// An OID and what its type is called, where it is known here.
pub(crate) fn describe_oid(oid: u32) -> String {
    match TYPES.iter().find(|base| base.oid == oid) {
        Some(base) => format!("{oid} ({})", base.spoken),
        None => oid.to_string(),
    }
}

/// The element type of the vector types.
pub(crate) fn vector_item(base: &BaseType) -> &'static BaseType {
    if base.oid == INT2VECTOR.oid { &INT2 } else { &OID }
}

/// The type of a column or parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct WireType {
    /// The type itself, or that of the elements.
    pub(crate) base: &'static BaseType,
    /// Whether it is an array of them.
    pub(crate) array: bool,
    /// `atttypmod`; -1 where there is none.
    pub(crate) modifier: i32,
}

impl WireType {
    /// The type of a field: what its metadata names, or what its Arrow type is closest to.
    /// `None` where PostgreSQL has nothing like it, or the metadata's name is not known here.
    pub(crate) fn of(field: &Field) -> Option<Self> {
        match field.metadata().get(PG_TYPE_KEY) {
            Some(name) => Self::named(name).map(|named| Self {
                modifier: if named.base.oid == NUMERIC.oid {
                    modifier(field.data_type())
                } else {
                    -1
                },
                ..named
            }),
            None => Self::of_arrow(field.data_type()),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let (name, array) = match name.strip_prefix('_') {
            Some(item) => (item, true),
            None => (name, false),
        };
        let base = TYPES.iter().find(|base| base.name == name)?;
        let known = !array || base.array_oid != 0;
        known.then_some(Self { base, array, modifier: -1 })
    }

    fn of_arrow(data_type: &DataType) -> Option<Self> {
        let base = match data_type {
            DataType::Boolean => &BOOL,
            DataType::Int8 | DataType::UInt8 | DataType::Int16 => &INT2,
            DataType::UInt16 | DataType::Int32 => &INT4,
            DataType::Int64 => &INT8,
            // No source has these: they are the catalog's own, and lose their names in an
            // aggregate.
            DataType::UInt32 => &OID,
            DataType::UInt64
            | DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => &NUMERIC,
            DataType::Float16 | DataType::Float32 => &FLOAT4,
            DataType::Float64 => &FLOAT8,
            DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => &TEXT,
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => &BYTEA,
            DataType::Date32 | DataType::Date64 => &DATE,
            DataType::Time32(_) | DataType::Time64(_) => &TIME,
            DataType::Timestamp(_, None) => &TIMESTAMP,
            DataType::Timestamp(_, Some(_)) => &TIMESTAMPTZ,
            DataType::Interval(_) | DataType::Duration(_) => &INTERVAL,
            DataType::Dictionary(_, values) => return Self::of_arrow(values),
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                let item = Self::of(item)?;
                let known = !item.array && item.base.array_oid != 0;
                return known.then_some(Self { array: true, ..item });
            }
            _ => return None,
        };
        Some(Self { base, array: false, modifier: modifier(data_type) })
    }

    /// The type of one element, of an array; otherwise the type itself.
    pub(crate) fn item(self) -> Self {
        Self { array: false, ..self }
    }

    /// `pg_type.oid`
    pub(crate) fn oid(self) -> u32 {
        if self.array { self.base.array_oid } else { self.base.oid }
    }

    /// `pg_type.typlen`
    pub(crate) fn size(self) -> i16 {
        if self.array { -1 } else { self.base.size }
    }
}

/// The type modifier of a decimal: precision and scale as `numerictypmodin` packs them.
fn modifier(data_type: &DataType) -> i32 {
    match data_type {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            ((i32::from(*precision) << 16) | (i32::from(*scale) & 0x7ff)) + 4
        }
        _ => -1,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use portcullis_connector_api::SqlType;

    use super::*;

    fn named(data_type: DataType, name: &str) -> Option<WireType> {
        let metadata = [(PG_TYPE_KEY.to_owned(), name.to_owned())].into();
        WireType::of(&Field::new("c", data_type, true).with_metadata(metadata))
    }

    #[test]
    fn metadata_wins_over_the_arrow_type() {
        assert_eq!(named(DataType::Utf8, "uuid").unwrap().oid(), 2950);
        assert_eq!(named(DataType::Int64, "oid").unwrap().oid(), 26);
        assert_eq!(named(DataType::Utf8, "_text").unwrap().oid(), 1009);
        assert_eq!(named(DataType::Utf8, "_text").unwrap().size(), -1);
        assert_eq!(named(DataType::Utf8, "no such type"), None);
        assert_eq!(named(DataType::Utf8, "_unknown"), None);
    }

    #[test]
    fn a_numeric_carries_its_modifier() {
        let field = Field::new("c", DataType::Decimal128(10, 2), true);
        assert_eq!(WireType::of(&field).unwrap().modifier, (10 << 16 | 2) + 4);
        assert_eq!(named(DataType::Decimal128(10, 2), "numeric").unwrap().modifier, 655_366);
        assert_eq!(named(DataType::Utf8, "varchar").unwrap().modifier, -1);
    }

    #[test]
    fn an_array_takes_its_type_from_its_items() {
        let item = Field::new("item", DataType::Utf8View, true)
            .with_metadata([(PG_TYPE_KEY.to_owned(), "uuid".to_owned())].into());
        let list = Field::new("c", DataType::List(item.into()), true);
        assert_eq!(WireType::of(&list).unwrap().oid(), 2951);
        let nested = Field::new("c", DataType::List(list.into()), true);
        assert_eq!(WireType::of(&nested), None);
    }

    /// What a source's columns may be is told to clients by the name that both have for it.
    #[test]
    fn every_type_of_a_column_is_one_on_the_wire() {
        for sql_type in [
            SqlType::Bool,
            SqlType::Int2,
            SqlType::Int4,
            SqlType::Int8,
            SqlType::Float4,
            SqlType::Float8,
            SqlType::Numeric { precision: 10, scale: 2 },
            SqlType::Text,
            SqlType::Varchar,
            SqlType::Bytea,
            SqlType::Date,
            SqlType::Time,
            SqlType::Timestamp,
            SqlType::Timestamptz,
            SqlType::Interval,
            SqlType::Uuid,
            SqlType::Json,
            SqlType::Jsonb,
        ] {
            let name = sql_type.to_string();
            let of = |sql_type: &SqlType| WireType::of(&sql_type.field("c", true)).unwrap();
            let (one, many) = (of(&sql_type), of(&SqlType::Array(Box::new(sql_type))));
            assert_eq!(Some(one.base.name), name.split('(').next());
            assert_eq!((one.array, many.array, many.base), (false, true, one.base));
        }
    }

    #[test]
    fn no_type_stands_twice_in_the_table() {
        let oids: BTreeSet<u32> = TYPES.iter().map(|base| base.oid).collect();
        let names: BTreeSet<&str> = TYPES.iter().map(|base| base.name).collect();
        assert_eq!((oids.len(), names.len()), (TYPES.len(), TYPES.len()));
    }
}
