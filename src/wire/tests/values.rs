//! Every value of `values.txt` in every Arrow type that carries it: read from PostgreSQL's text
//! and from its binary form it must be the same, and be written as both again.

use datafusion::common::scalar::ScalarStructBuilder;

use super::*;

const CASES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/wire/values.txt"));

/// The fields that carry a type; those that cannot hold a value are left out by their limits.
pub(super) fn carriers(pg_type: &str, text: &str) -> Vec<FieldRef> {
    let of = |data_types: Vec<DataType>, hint: Option<&str>| {
        data_types.into_iter().map(|data_type| field("c", data_type, hint)).collect()
    };
    let strings = || vec![DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View];
    let utc = || Some("UTC".into());
    if let Some(item) = pg_type.strip_suffix("[]") {
        let hint = Some(item).filter(|item| ["varchar", "uuid", "json", "jsonb"].contains(item));
        let item = match item {
            "int2" => DataType::Int16,
            "int4" => DataType::Int32,
            "int8" => DataType::Int64,
            "bool" => DataType::Boolean,
            "float4" => DataType::Float32,
            "float8" => DataType::Float64,
            // Elements of one Arrow array share their scale; so do those of the cases.
            "numeric" => DataType::Decimal128(38, scale(text.split(',').next().unwrap())),
            "bytea" => DataType::Binary,
            "date" => DataType::Date32,
            "time" => DataType::Time64(TimeUnit::Microsecond),
            "timestamp" => microseconds(None),
            "timestamptz" => microseconds(Some("UTC")),
            "interval" => DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano),
            _ => DataType::Utf8View,
        };
        let item = field("item", item, hint);
        return of(vec![DataType::List(item.clone()), DataType::LargeList(item)], None);
    }
    match pg_type {
        "bool" => of(vec![DataType::Boolean], None),
        "int2" => of(vec![DataType::Int16], None),
        "int4" => of(vec![DataType::Int32], None),
        "int8" => of(vec![DataType::Int64], None),
        "oid" => of(vec![DataType::UInt32, DataType::Int64, DataType::Utf8], Some("oid")),
        "float4" => of(vec![DataType::Float32], None),
        "float8" => of(vec![DataType::Float64], None),
        "numeric" => {
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            let scale = scale(text);
            let mut types = vec![DataType::Decimal256(76, scale)];
            if digits <= 38 {
                types.push(DataType::Decimal128(38, scale));
            }
            if digits <= 9 {
                types.extend([DataType::Decimal64(18, scale), DataType::Decimal32(9, scale)]);
            }
            if scale == 0 && digits <= 19 && !text.starts_with('-') {
                types.push(DataType::UInt64);
            }
            of(types, None)
        }
        "text" => of(strings(), None),
        "bytea" => of(vec![DataType::Binary, DataType::LargeBinary, DataType::BinaryView], None),
        "date" => of(vec![DataType::Date32, DataType::Date64], None),
        "time" => of(
            vec![DataType::Time64(TimeUnit::Microsecond), DataType::Time64(TimeUnit::Nanosecond)],
            None,
        ),
        "timestamp" | "timestamptz" => {
            let zone = if pg_type == "timestamptz" { utc() } else { None };
            let mut units = vec![TimeUnit::Microsecond];
            if text.starts_with("20") && text.find('-') == Some(4) {
                units.push(TimeUnit::Nanosecond);
            }
            if !text.contains('.') {
                units.extend([TimeUnit::Second, TimeUnit::Millisecond]);
            }
            of(
                units.into_iter().map(|unit| DataType::Timestamp(unit, zone.clone())).collect(),
                None,
            )
        }
        "interval" => {
            of(vec![DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano)], None)
        }
        "uuid" => {
            let mut types = strings();
            types.push(DataType::FixedSizeBinary(16));
            of(types, Some("uuid"))
        }
        other => of(strings(), Some(other)),
    }
}

/// How many digits stand behind the point.
fn scale(text: &str) -> i8 {
    let behind = text.split_once('.').map_or("", |(_, behind)| behind);
    behind.bytes().take_while(u8::is_ascii_digit).count() as i8
}

#[test]
fn values_are_read_and_written_as_postgresql_does() {
    let mut checked = 0;
    for line in CASES.lines() {
        let [zone, pg_type, text, binary] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let rendering = Rendering { time_zone: zone.parse().unwrap() };
        let fields = carriers(pg_type, text);
        assert!(!fields.is_empty(), "nothing carries {line}");
        for field in fields {
            let what = format!("{line} in {}", field.data_type());
            let from_text = decoded(&field, text.as_bytes(), Format::Text, rendering)
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            let from_binary = decoded(&field, &unhex(binary), Format::Binary, rendering)
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(from_text, from_binary, "{what}");
            assert_eq!(&from_text.data_type(), field.data_type(), "{what}");

            let written = encoded(&field, &from_text, Format::Text, rendering).unwrap().unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), text, "{what}");
            let sent = encoded(&field, &from_text, Format::Binary, rendering).unwrap().unwrap();
            assert_eq!(hex(&sent), binary, "{what}");
            checked += 1;
        }
    }
    assert!(checked > 250, "only {checked} cases were found");
}

#[test]
fn null_is_null_in_every_type() {
    for line in CASES.lines() {
        let [_, pg_type, text, _] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        for field in carriers(pg_type, text) {
            let parameters = Parameters::of(std::slice::from_ref(&field)).unwrap();
            let null =
                parameters.read(&[None::<&[u8]>], &[Format::Binary], utc()).unwrap().remove(0);
            assert_eq!(&null.data_type(), field.data_type());
            for format in [Format::Text, Format::Binary] {
                assert_eq!(encoded(&field, &null, format, utc()).unwrap(), None, "{line}");
            }
        }
    }
}

/// An OID beside its name, as the system catalog gives the `reg…` types.
fn named_oid() -> ScalarValue {
    ScalarStructBuilder::new()
        .with_scalar(Field::new("oid", DataType::UInt32, true), 7_u32.into())
        .with_scalar(Field::new("name", DataType::Utf8, true), "crm.customers".into())
        .build()
        .unwrap()
}

/// What has no parameter form: other carriers, and their text and binary.
#[test]
fn other_carriers() {
    let text = |value: &str| ScalarValue::Utf8(Some(value.to_owned()));
    let cases: &[(DataType, Option<&str>, ScalarValue, &str, &str)] = &[
        (DataType::Int8, None, ScalarValue::Int8(Some(-5)), "-5", "fffb"),
        (DataType::UInt8, None, ScalarValue::UInt8(Some(255)), "255", "00ff"),
        (DataType::UInt16, None, ScalarValue::UInt16(Some(65_535)), "65535", "0000ffff"),
        (
            DataType::UInt64,
            None,
            ScalarValue::UInt64(Some(u64::MAX)),
            "18446744073709551615",
            "000500040000000007341a5802e103bb064f",
        ),
        (DataType::Int8, Some("char"), ScalarValue::Int8(Some(114)), "r", "72"),
        (DataType::Int8, Some("char"), ScalarValue::Int8(Some(-1)), "\\377", "ff"),
        (DataType::Utf8, Some("regclass"), text("-"), "-", "00000000"),
        (DataType::UInt32, Some("regclass"), ScalarValue::UInt32(Some(7)), "7", "00000007"),
        (named_oid().data_type(), Some("regclass"), named_oid(), "crm.customers", "00000007"),
        (
            DataType::Utf8,
            Some("int2vector"),
            text("1 2"),
            "1 2",
            "00000001000000000000001500000002000000000000000200010000000200 02",
        ),
        (
            DataType::Utf8,
            Some("oidvector"),
            text(""),
            "",
            "00000001000000000000001a0000000000000000",
        ),
        (
            DataType::Utf8,
            Some("_text"),
            text("{a,NULL}"),
            "{a,NULL}",
            "0000000100000001000000190000000200000001 0000000161 ffffffff",
        ),
        (
            DataType::Utf8,
            Some("_oid"),
            text("{16}"),
            "{16}",
            "00000001000000000000001a0000000100000001 0000000400000010",
        ),
        // The difference of two timestamps has no months, and its days are whole.
        (
            DataType::Duration(TimeUnit::Second),
            None,
            ScalarValue::DurationSecond(Some(-90_061)),
            "-1 days -01:01:01",
            "ffffffff25c992c0 ffffffff 00000000",
        ),
        // Finer than a microsecond: to the nearest.
        (
            DataType::Timestamp(TimeUnit::Nanosecond, None),
            None,
            ScalarValue::TimestampNanosecond(Some(946_684_800_000_001_500), None),
            "2000-01-01 00:00:00.000002",
            "0000000000000002",
        ),
        (
            DataType::Decimal128(5, -2),
            None,
            ScalarValue::Decimal128(Some(-123), 5, -2),
            "-12300",
            "0002000140000000 0001 08fc",
        ),
    ];
    for (data_type, hint, value, shown, sent) in cases {
        let field = field("c", data_type.clone(), *hint);
        let written = encoded(&field, value, Format::Text, utc()).unwrap().unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), *shown, "{field:?}");
        let binary = encoded(&field, value, Format::Binary, utc()).unwrap().unwrap();
        assert_eq!(hex(&binary), sent.replace(' ', ""), "{field:?}");
    }
}

#[test]
fn a_dictionary_is_sent_as_its_values() {
    let values: arrow::array::DictionaryArray<arrow::datatypes::Int32Type> =
        ["a", "b", "a"].into_iter().collect();
    let schema = Schema::new(vec![Field::new(
        "c",
        {
            use arrow::array::Array as _;
            values.data_type().clone()
        },
        true,
    )]);
    let batch =
        RecordBatch::try_new(schema.clone().into(), vec![std::sync::Arc::new(values)]).unwrap();
    let columns = Columns::of(&schema).unwrap();
    let rows = columns.rows(&batch, &[], utc()).unwrap();
    let mut out = BytesMut::new();
    rows.write(2, &mut out).unwrap();
    assert_eq!(&out[out.len() - 5..], b"\0\0\0\x01a");
    assert_eq!(columns.description(&[]).fields[0].type_id, 25);
}

#[test]
fn numeric_arrays_share_a_scale() {
    let field = field("c", list_of(DataType::Decimal128(10, 2), None), None);
    let value = decoded(&field, b"{1.5,NULL,-20000.02}", Format::Text, utc()).unwrap();
    let written = encoded(&field, &value, Format::Text, utc()).unwrap().unwrap();
    assert_eq!(written, b"{1.50,NULL,-20000.02}");
}
