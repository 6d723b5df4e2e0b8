//! The server's types, as we carry them.

use portcullis_connector_api::SqlType;
use portcullis_connector_sql::Comparison;
use tokio_postgres::types::{Kind, Type};

/// What becomes of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Carried {
    pub sql_type: SqlType,
    /// Whether a stored value may not fit: infinity, NaN, or more than our type holds.
    pub fallible: bool,
    pub comparison: Comparison,
    /// Whether it is cast wherever it is named.
    pub cast: bool,
}

/// The collations under which plain equality is equality of bytes, and which can be mixed: that
/// of the database, which is always deterministic, and `C`.
const PLAIN_COLLATIONS: [u32; 2] = [100, 950];

/// How a column of a base type is carried; none where it is not.
///
/// `modifier` is `pg_attribute.atttypmod`, `collation` its `attcollation`. An enum is carried as
/// text; see [`text`].
pub(crate) fn carried(sql: &Type, modifier: i32, collation: u32) -> Option<Carried> {
    if let Kind::Array(item) = sql.kind() {
        let item = carried(item, modifier, collation)?;
        // An array of a type that is cast would be cast too; such are not common.
        return (!item.cast).then(|| Carried {
            sql_type: SqlType::Array(Box::new(item.sql_type)),
            // Nothing in the schema keeps an array to one dimension.
            fallible: true,
            comparison: Comparison::Never,
            cast: false,
        });
    }
    let plain = |sql_type, fallible| Carried {
        sql_type,
        fallible,
        comparison: Comparison::Plain,
        cast: false,
    };
    let opaque =
        |sql_type, fallible| Carried { comparison: Comparison::Never, ..plain(sql_type, fallible) };
    Some(match *sql {
        Type::BOOL => plain(SqlType::Bool, false),
        Type::INT2 => plain(SqlType::Int2, false),
        Type::INT4 => plain(SqlType::Int4, false),
        Type::INT8 => plain(SqlType::Int8, false),
        Type::FLOAT4 => plain(SqlType::Float4, false),
        Type::FLOAT8 => plain(SqlType::Float8, false),
        Type::NUMERIC => numeric(modifier),
        Type::TEXT => text(SqlType::Text, collation, false),
        Type::VARCHAR => text(SqlType::Varchar, collation, false),
        // The cast takes the padding of char(n) away.
        Type::BPCHAR | Type::NAME | Type::CHAR => text(SqlType::Text, collation, true),
        Type::BYTEA => plain(SqlType::Bytea, false),
        // These reach infinity.
        Type::DATE => plain(SqlType::Date, true),
        Type::TIMESTAMP => plain(SqlType::Timestamp, true),
        Type::TIMESTAMPTZ => plain(SqlType::Timestamptz, true),
        // 24:00:00 is a time there.
        Type::TIME => plain(SqlType::Time, true),
        // A month equals 30 days there.
        Type::INTERVAL => opaque(SqlType::Interval, true),
        Type::UUID => plain(SqlType::Uuid, false),
        Type::JSON => opaque(SqlType::Json, false),
        Type::JSONB => opaque(SqlType::Jsonb, false),
        _ => return None,
    })
}

/// Text of a collation (0 where the type has none, as an enum).
pub(crate) fn text(sql_type: SqlType, collation: u32, cast: bool) -> Carried {
    let plain = collation == 0 || PLAIN_COLLATIONS.contains(&collation);
    let comparison = if plain { Comparison::Plain } else { Comparison::Collated };
    Carried { sql_type, fallible: false, comparison, cast }
}

/// `numeric`, whose modifier holds precision and scale as `numeric.c` packs them. It may hold
/// NaN, whatever its precision.
fn numeric(modifier: i32) -> Carried {
    // With fewer digits here than there, comparisons there see what was rounded away.
    let rounded = Carried {
        sql_type: SqlType::Numeric { precision: 38, scale: 10 },
        fallible: true,
        comparison: Comparison::Never,
        cast: false,
    };
    let Some(packed) = modifier.checked_sub(4).filter(|packed| *packed >= 0) else {
        return rounded;
    };
    let precision = (packed >> 16) & 0xffff;
    // Eleven bits, of which the highest is the sign.
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    // numeric(3, -2) holds five whole digits, numeric(3, 5) five behind the point.
    let precision = if scale < 0 { precision - scale } else { precision.max(scale) };
    let (precision, scale) = (precision.min(38), scale.max(0));
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision), Ok(scale)) if scale <= 38 => Carried {
            sql_type: SqlType::Numeric { precision, scale },
            comparison: Comparison::Plain,
            ..rounded
        },
        _ => rounded,
    }
}

#[cfg(test)]
mod tests {
    use portcullis_connector_api::SqlType;
    use portcullis_connector_sql::Comparison;

    use super::numeric;

    fn modifier(precision: i32, scale: i32) -> i32 {
        ((precision << 16) | (scale & 0x7ff)) + 4
    }

    #[test]
    fn a_numeric_keeps_its_digits() {
        for (modifier, precision, scale, comparison) in [
            (modifier(12, 2), 12, 2, Comparison::Plain),
            (modifier(38, 38), 38, 38, Comparison::Plain),
            (modifier(40, 2), 38, 2, Comparison::Plain),
            (modifier(3, -2), 5, 0, Comparison::Plain),
            (modifier(3, 5), 5, 5, Comparison::Plain),
            (modifier(60, 50), 38, 10, Comparison::Never),
            (modifier(1000, 39), 38, 10, Comparison::Never),
            (-1, 38, 10, Comparison::Never),
        ] {
            let carried = numeric(modifier);
            assert_eq!(carried.sql_type, SqlType::Numeric { precision, scale });
            assert_eq!(carried.comparison, comparison);
            assert!(carried.fallible);
        }
    }
}
