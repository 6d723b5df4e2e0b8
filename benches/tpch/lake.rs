//! The eight tables as Parquet files.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::data;

/// Rows of a group. Tenants are not clustered: each group holds rows of all of them.
const GROUP_ROWS: usize = 65_536;

/// How many lines are read before they become a batch.
const BATCH_ROWS: usize = 8192;

/// What a column holds: a number, hundredths, a text, a date.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Hundredths,
    Text,
    Date,
}

/// The columns of each table, as `name` and a letter for its kind.
const TABLES: [(&str, &str); 8] = [
    ("region", "r_regionkey:i r_name:t r_comment:t"),
    ("nation", "n_nationkey:i n_name:t n_regionkey:i n_comment:t"),
    (
        "part",
        "tenant:t p_partkey:i p_name:t p_mfgr:t p_brand:t p_type:t p_size:i p_container:t \
         p_retailprice:h p_comment:t",
    ),
    (
        "supplier",
        "tenant:t s_suppkey:i s_name:t s_address:t s_nationkey:i s_phone:t s_acctbal:h s_comment:t",
    ),
    ("partsupp", "tenant:t ps_partkey:i ps_suppkey:i ps_availqty:i ps_supplycost:h ps_comment:t"),
    (
        "customer",
        "tenant:t c_custkey:i c_name:t c_address:t c_nationkey:i c_phone:t c_acctbal:h \
         c_mktsegment:t c_comment:t",
    ),
    (
        "orders",
        "tenant:t o_orderkey:i o_custkey:i o_orderstatus:t o_totalprice:h o_orderdate:d \
         o_orderpriority:t o_clerk:t o_shippriority:i o_comment:t",
    ),
    (
        "lineitem",
        "tenant:t l_orderkey:i l_partkey:i l_suppkey:i l_linenumber:i l_quantity:h \
         l_extendedprice:h l_discount:h l_tax:h l_returnflag:t l_linestatus:t l_shipdate:d \
         l_commitdate:d l_receiptdate:d l_shipinstruct:t l_shipmode:t l_comment:t",
    ),
];

/// Makes `lake/` in this folder.
pub fn make(dir: &Path, scale: f64) {
    data::write(dir, scale);
    // Under its own name only when it is whole.
    let unfinished = dir.join("lake.unfinished");
    fs::create_dir_all(&unfinished).unwrap();
    for (table, columns) in TABLES {
        let lines = dir.join(format!("{table}.tbl"));
        write(&lines, &unfinished.join(format!("{table}.parquet")), columns);
        fs::remove_file(lines).unwrap();
    }
    fs::rename(unfinished, dir.join("lake")).unwrap();
}

fn write(lines: &Path, file: &Path, columns: &str) {
    let columns: Vec<(&str, Kind)> = columns.split_whitespace().map(column).collect();
    let mut lines = BufReader::new(File::open(lines).unwrap()).lines().map(Result::unwrap);
    let mut writer = None;
    loop {
        let some: Vec<String> = lines.by_ref().take(BATCH_ROWS).collect();
        if some.is_empty() {
            break;
        }
        let batch = batch(&some, &columns);
        let properties =
            WriterProperties::builder().set_max_row_group_row_count(Some(GROUP_ROWS)).build();
        let writer = writer.get_or_insert_with(|| {
            let file = File::create(file).unwrap();
            ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap()
        });
        writer.write(&batch).unwrap();
    }
    writer.unwrap().close().unwrap();
}

fn column(text: &str) -> (&str, Kind) {
    let (name, kind) = text.split_once(':').unwrap();
    let kind = match kind {
        "i" => Kind::Int,
        "h" => Kind::Hundredths,
        "t" => Kind::Text,
        _ => Kind::Date,
    };
    (name, kind)
}

fn batch(lines: &[String], columns: &[(&str, Kind)]) -> RecordBatch {
    let cells: Vec<Vec<&str>> = lines.iter().map(|line| line.split('|').collect()).collect();
    let arrays = columns.iter().enumerate().map(|(at, (name, kind))| {
        let cells = cells.iter().map(|row| row[at]);
        let array: ArrayRef = match kind {
            Kind::Int => Arc::new(Int64Array::from_iter_values(cells.map(|n| n.parse().unwrap()))),
            Kind::Text => Arc::new(StringArray::from_iter_values(cells)),
            Kind::Date => Arc::new(Date32Array::from_iter_values(cells.map(days))),
            Kind::Hundredths => {
                let numbers = Decimal128Array::from_iter_values(cells.map(hundredths));
                Arc::new(numbers.with_precision_and_scale(15, 2).unwrap())
            }
        };
        (*name, array)
    });
    RecordBatch::try_from_iter(arrays).unwrap()
}

/// Since 1970.
fn days(date: &str) -> i32 {
    let days = date.parse::<chrono::NaiveDate>().unwrap() - chrono::NaiveDate::default();
    days.num_days().try_into().unwrap()
}

/// The generator writes two digits behind the point, or none and no point.
fn hundredths(number: &str) -> i128 {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "00"));
    assert_eq!(fraction.len(), 2, "{number}");
    format!("{whole}{fraction}").parse().unwrap()
}
