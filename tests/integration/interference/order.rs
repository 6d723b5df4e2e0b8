//! Tables of many batches, files and row groups: what comes, in which order, with which last digit and
//! before which error must not tell how many hidden rows stand between the visible ones.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::company::TENANT;
use super::session::{Path as Way, Session};
use crate::gateway::Gateway;
use crate::house::House;

/// More than a few batches.
const VISIBLE: i64 = 40_000;

/// A row whose `zero` is nought, so that a division by it fails.
const FAILS: i64 = 20_017;

const SETTINGS: &str = r#"
[sources.lake]
kind = "files"
path = "lake"

[sources.lake.tables.lines]
columns_only = true

[sources.lake.tables.lines.columns]
n = { type = "bigint" }
org_id = { type = "text" }
x = { type = "double precision" }
zero = { type = "bigint" }
note = { type = "text" }

[sources.lite]
kind = "sqlite"
path = "lite.db"
"#;

const POLICY: &str = r#"
@id("rows")
permit (principal, action == Action::"select", resource);
@id("columns")
permit (principal, action == Action::"reveal", resource);
"#;

const TABLES: [&str; 3] = ["lake.groups", "lake.lines", "lite.cells"];

/// Of each table.
const QUERIES: [&str; 14] = [
    "SELECT n, note FROM t",
    "SELECT n FROM t WHERE x * x > 0.5 LIMIT 9000",
    "SELECT n FROM t LIMIT 10",
    "SELECT n FROM t OFFSET 30000 LIMIT 5",
    "SELECT sum(x), avg(x), stddev(x) FROM t",
    "SELECT n % 7, sum(x) FROM t GROUP BY 1",
    "SELECT n, 100 / zero FROM t",
    "SELECT n, 100 / zero FROM t WHERE n % 3 <> 2",
    "SELECT a.n, b.n FROM t AS a JOIN t AS b ON a.n = b.n + 1 WHERE a.x > b.x",
    "SELECT n FROM t UNION ALL SELECT -n FROM t",
    "SELECT string_agg(note, ',') FROM t WHERE n % 100 = 0",
    "SELECT DISTINCT note FROM t",
    // Branches of which one takes longer where there is more to pass over.
    "SELECT a.n, u.n FROM (SELECT n FROM t WHERE n < 50) AS a FULL JOIN \
     (SELECT n FROM t WHERE n IN (3, 30000) UNION ALL SELECT n FROM lite.cells WHERE n < 60) AS u \
     ON a.n = u.n",
    "SELECT n, m FROM (SELECT n, n % 3 AS m FROM t UNION ALL SELECT -n, n % 3 FROM lite.cells \
     UNION ALL SELECT n + 100000, n % 3 FROM lake.lines) AS u ORDER BY m LIMIT 20",
];

/// How hidden rows stand between the visible ones.
#[derive(Clone, Copy, Debug)]
enum Hidden {
    None,
    /// About so many for each visible one.
    Mixed(f64),
    /// So many rows between two of the files, and in files of their own.
    Apart(i64),
}

type Row = (i64, &'static str, f64, i64, String);

/// The rows of each file.
fn files(hidden: Hidden) -> Vec<Vec<Row>> {
    let mut values = StdRng::seed_from_u64(7);
    let mut chance = StdRng::seed_from_u64(11);
    let mut files = vec![Vec::new()];
    for n in 1..=VISIBLE {
        let (x, zero) = (values.random::<f64>(), i64::from(n != FAILS));
        let note = format!("note {}", values.random_range(0..500));
        if let Hidden::Mixed(share) = hidden {
            while chance.random_bool(share / (1.0 + share)) {
                let wide = "hidden ".repeat(chance.random_range(0..20));
                files.last_mut().unwrap().push((n, "ember", f64::MAX, 0, wide));
            }
        }
        files.last_mut().unwrap().push((n, TENANT, x, zero, note));
        // Three files, of which the last is small.
        if n == VISIBLE / 2 || n == VISIBLE - 10 {
            if let Hidden::Apart(rows) = hidden {
                let others = (0..rows).map(|n| (n, "ember", -1.0, 0, "hidden".to_owned()));
                files.push(others.collect());
            }
            files.push(Vec::new());
        }
    }
    files
}

fn furnish(hidden: Hidden) -> House {
    let house = House::new(SETTINGS);
    house.file("policies/all.cedar", POLICY);
    fs::create_dir_all(house.path("lake/groups")).unwrap();
    let mut lite = rusqlite::Connection::open(house.path("lite.db")).unwrap();
    lite.execute_batch(
        "CREATE TABLE cells (n bigint, org_id text, x real, zero bigint, note text)",
    )
    .unwrap();
    let cells = lite.transaction().unwrap();
    let mut insert = cells.prepare("INSERT INTO cells VALUES (?, ?, ?, ?, ?)").unwrap();
    for (at, rows) in files(hidden).iter().enumerate() {
        parquet(&house.path(&format!("lake/groups/{at}.parquet")), rows);
        let mut lines = String::from("n,org_id,x,zero,note\n");
        for (n, tenant, x, zero, note) in rows {
            insert.execute((n, tenant, x, zero, note)).unwrap();
            let _ = writeln!(lines, "{n},{tenant},{x:e},{zero},{note}");
        }
        house.file(&format!("lake/lines/{at}.csv"), &lines);
    }
    drop(insert);
    cells.commit().unwrap();
    house
}

fn parquet(path: &Path, rows: &[Row]) {
    let columns: [(&str, ArrayRef); 5] = [
        ("n", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>())),
        ("org_id", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.1)))),
        ("x", Arc::new(rows.iter().map(|row| row.2).collect::<Float64Array>())),
        ("zero", Arc::new(rows.iter().map(|row| row.3).collect::<Int64Array>())),
        ("note", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.4)))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(5000)).build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_as_if_nothing_stood_between_them() {
    let mut worlds = Vec::new();
    for hidden in [Hidden::None, Hidden::Mixed(0.4), Hidden::Mixed(3.0), Hidden::Apart(12_345)] {
        let gateway = Gateway::open(furnish(hidden).into_folder()).await;
        let session = Session::open(&gateway, TENANT).await;
        worlds.push((hidden, gateway, session));
    }
    for table in TABLES {
        for query in QUERIES {
            let query = query.replace("FROM t", &format!("FROM {table}"));
            let query = query.replace("JOIN t", &format!("JOIN {table}"));
            let mut answers = Vec::new();
            for (hidden, _, session) in &worlds {
                answers.push((hidden, session.ask(&query, Way::Extended).await));
            }
            let (_, first) = &answers[0];
            assert!(first.rows() > 0, "{query}\n{first}");
            for (hidden, other) in &answers[1..] {
                if let Some(told) = first.difference(other) {
                    panic!("{query}\n{hidden:?}: {told}");
                }
            }
        }
    }
}
