//! Values that are not taken or cannot be sent, with PostgreSQL's SQLSTATE and words.

use arrow::datatypes::IntervalUnit;

use super::*;

const CASES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/wire/refused.txt"));

fn carrier(pg_type: &str) -> FieldRef {
    let data_type = match pg_type {
        "bool" => DataType::Boolean,
        "int2" => DataType::Int16,
        "int4" => DataType::Int32,
        "int8" => DataType::Int64,
        "oid" => DataType::UInt32,
        "float4" => DataType::Float32,
        "float8" => DataType::Float64,
        "numeric(5,2)" => DataType::Decimal128(5, 2),
        "bytea" => DataType::Binary,
        "date" => DataType::Date32,
        "time" => DataType::Time64(TimeUnit::Microsecond),
        "timestamp" => microseconds(None),
        "timestamp_ns" => DataType::Timestamp(TimeUnit::Nanosecond, None),
        "timestamptz" => microseconds(Some("UTC")),
        "interval" => DataType::Interval(IntervalUnit::MonthDayNano),
        "int4[]" => list_of(DataType::Int32, None),
        _ => DataType::Utf8,
    };
    let hint = ["oid", "uuid", "json", "jsonb"].into_iter().find(|hint| *hint == pg_type);
    field("c", data_type, hint)
}

#[test]
fn parameters_that_postgresql_refuses_are_refused() {
    for line in CASES.lines().filter(|line| !line.starts_with('#')) {
        let [pg_type, given, sqlstate, message] =
            line.split('\t').collect::<Vec<_>>().try_into().expect(line);
        let (bytes, format) = match given.strip_prefix("hex:") {
            Some(digits) => (unhex(digits), Format::Binary),
            None => (given.as_bytes().to_vec(), Format::Text),
        };
        let error = match decoded(&carrier(pg_type), &bytes, format, utc()) {
            Err(error) => error,
            Ok(value) => panic!("{line}: taken as {value:?}"),
        };
        assert_eq!((error.sqlstate.code(), error.message.as_ref()), (sqlstate, message), "{line}");
    }
}

#[test]
fn further_spellings_that_postgresql_takes() {
    let cases = [
        ("bool", " YES ", "t"),
        ("bool", "of", "f"),
        ("int4", " +7 ", "7"),
        ("float8", "1.", "1"),
        ("float8", "-inf", "-Infinity"),
        ("numeric(5,2)", "1.5e1", "15.00"),
        ("numeric(5,2)", "1.5000", "1.50"),
        ("bytea", "a\\\\b\\001", "\\x615c6201"),
        ("bytea", "\\x 61 62", "\\x6162"),
        ("date", "20240229", "2024-02-29"),
        ("date", "2024-02-29 10:00", "2024-02-29"),
        ("time", "2024-02-29T10:00:05Z", "10:00:05"),
        ("time", "4:05", "04:05:00"),
        ("timestamp", "2024-02-29T10:00:05.1234565Z", "2024-02-29 10:00:05.123457"),
        ("timestamp", "2024-02-29 24:00", "2024-03-01 00:00:00"),
        ("timestamptz", "2024-02-29 10:00:05+0530", "2024-02-29 04:30:05+00"),
        ("timestamptz", "2024-07-01 10:00 Europe/Berlin", "2024-07-01 08:00:00+00"),
        ("timestamptz", "2024-07-01", "2024-07-01 00:00:00+00"),
        ("timestamptz", "1850-01-01 00:00:00+00:53:28", "1849-12-31 23:06:32+00"),
        ("interval", "P1Y2M3DT4H5M6.5S", "1 year 2 mons 3 days 04:05:06.5"),
        ("interval", "1 day, 2:00:00", "1 day 02:00:00"),
        ("interval", "@ 1 hour 30 mins ago", "-01:30:00"),
        ("interval", "1.5 months", "1 mon 15 days"),
        ("interval", "1.5 years", "1 year 6 mons"),
        ("interval", "0.5 day", "12:00:00"),
        ("interval", "2 weeks", "14 days"),
        ("interval", "1-2", "1 year 2 mons"),
        ("interval", "90", "00:01:30"),
        ("interval", "1 02:03", "1 day 02:03:00"),
        ("uuid", "{A0EEBC99-9C0B4EF8-BB6D6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("int4[]", " [0:1]={ 1 , null } ", "{1,NULL}"),
    ];
    for (pg_type, given, shown) in cases {
        let field = carrier(pg_type);
        let value = decoded(&field, given.as_bytes(), Format::Text, utc())
            .unwrap_or_else(|error| panic!("{pg_type} {given}: {error}"));
        let written = encoded(&field, &value, Format::Text, utc()).unwrap().unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), shown, "{pg_type} {given}");
    }
}

#[test]
fn a_numeric_is_never_rounded_to_fit() {
    let error = decoded(&carrier("numeric(5,2)"), b"0.125", Format::Text, utc()).unwrap_err();
    assert_eq!(
        error.detail.unwrap(),
        "Parameter $1 is of type numeric(5,2), which cannot hold its value exactly."
    );
}

#[test]
fn types_without_a_counterpart_are_refused_before_any_row() {
    let structure = DataType::Struct(vec![Field::new("a", DataType::Int32, true)].into());
    for data_type in
        [structure.clone(), list_of(structure, None), list_of(list_of(DataType::Int32, None), None)]
    {
        let schema = Schema::new(vec![field("odd", data_type, None)]);
        let error = Columns::of(&schema).unwrap_err();
        assert_eq!(error.sqlstate.code(), "0A000");
        assert_eq!(error.message, "column \"odd\" has a type that cannot be sent");
    }
    // A hint that does not go with the Arrow type, and one that nobody knows.
    for (data_type, hint) in
        [(DataType::Int32, "uuid"), (DataType::Utf8, "date"), (DataType::Utf8, "frobnicate")]
    {
        let schema = Schema::new(vec![field("odd", data_type, Some(hint))]);
        assert_eq!(Columns::of(&schema).unwrap_err().sqlstate.code(), "0A000", "{hint}");
    }
}

#[test]
fn what_has_no_binary_form_is_sent_as_text_only() {
    for (hint, value) in [("regclass", "crm.customers"), ("inet", "192.0.2.1")] {
        let field = field("c", DataType::Utf8, Some(hint));
        let value = ScalarValue::Utf8(Some(value.to_owned()));
        encoded(&field, &value, Format::Text, utc()).unwrap();
        let error = encoded(&field, &value, Format::Binary, utc()).unwrap_err();
        assert_eq!(error.sqlstate.code(), "0A000");
        assert_eq!(error.message, format!("a value of type {hint} can be sent as text only"));
    }
}

#[test]
fn a_row_that_cannot_be_sent_leaves_nothing_behind() {
    let field = field("c", microseconds(None), None);
    let early = ScalarValue::TimestampMicrosecond(Some(i64::MIN), None);
    for format in [Format::Text, Format::Binary] {
        let error = encoded(&field, &early, format, utc()).unwrap_err();
        assert_eq!(
            (error.sqlstate.code(), error.message.as_ref()),
            ("22008", "timestamp out of range")
        );
    }
    let schema = Schema::new(vec![field]);
    let batch =
        RecordBatch::try_new(schema.clone().into(), vec![early.to_array().unwrap()]).unwrap();
    let rows = Columns::of(&schema).unwrap().rows(&batch, &[], utc()).unwrap();
    let mut out = BytesMut::from(&b"before"[..]);
    rows.write(0, &mut out).unwrap_err();
    assert_eq!(&out[..], b"before");
}

#[test]
fn a_result_of_too_many_columns_is_refused() {
    let fields: Vec<_> =
        (0..1665).map(|n| Field::new(format!("c{n}"), DataType::Int32, true)).collect();
    assert_eq!(Columns::of(&Schema::new(fields)).unwrap_err().sqlstate.code(), "54011");
}
