//! The whole journey of a query, beside the same query without the gateway.
//!
//! | group | asks | without the gateway |
//! |---|---|---|
//! | `point` | one account by its key, from SQLite | rusqlite, statement kept |
//! | `scan` | a sum over one tenant's events, from Parquet | DataFusion |
//! | `export` | all events of one tenant | DataFusion, batches thrown away |
//!
//! The gateway verifies, decides, guards, masks and records every query, and its rows travel over
//! loopback to a client in this process. What it is compared with is given the tenant's condition
//! as part of the query, masks nothing and records nothing, so the difference is what all that
//! costs. The audit log is synced to the disk that holds the target folder.

#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that fails is to say where"
)]

#[path = "../caller/mod.rs"]
mod caller;
mod estate;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::SimpleQueryMessage;

use estate::{ACCOUNTS, EVENTS, Estate, TENANTS, tenant};

const POINT: &str = "SELECT id, name, email, phone FROM crm.accounts WHERE id = ";
const SCAN: &str = "SELECT kind, count(*) AS events, sum(amount) AS amount FROM lake.events \
                    GROUP BY kind ORDER BY kind";
const EXPORT: &str = "SELECT id, at, kind, amount, ip FROM lake.events";

const RAW_SCAN: &str = "SELECT kind, count(*) AS events, sum(amount) AS amount FROM events \
                        WHERE org_id = 'tenant-07' GROUP BY kind ORDER BY kind";
const RAW_EXPORT: &str = "SELECT id, at, kind, amount, ip FROM events WHERE org_id = 'tenant-07'";

fn journey(criterion: &mut Criterion) {
    // As the command line makes it: planning walks deep trees.
    let runtime =
        Builder::new_multi_thread().enable_all().thread_stack_size(16 << 20).build().unwrap();
    let estate = runtime.block_on(Estate::open());
    point(criterion, &runtime, &estate);
    scan(criterion, &runtime, &estate);
    export(criterion, &runtime, &estate);
    runtime.block_on(estate.close());
}

/// Keys of the tenant, one after the other, so that no answer can be kept.
fn keys() -> impl Iterator<Item = i64> {
    (0..).map(|at: i64| tenant::NUMBER + (at * 7919 % (ACCOUNTS / TENANTS)) * TENANTS)
}

fn point(criterion: &mut Criterion, runtime: &Runtime, estate: &Estate) {
    let mut group = criterion.benchmark_group("point");
    let client = estate.client();
    let statement = runtime.block_on(client.prepare(&format!("{POINT}$1"))).unwrap();
    let mut ids = keys();
    group.bench_function("gateway/prepared", |bencher| {
        bencher.iter(|| {
            let id = ids.next().unwrap();
            let row = runtime.block_on(client.query_one(&statement, &[&id])).unwrap();
            assert_eq!(row.get::<_, i64>(0), id);
        });
    });
    group.bench_function("gateway/simple", |bencher| {
        bencher.iter(|| {
            let sql = format!("{POINT}{}", ids.next().unwrap());
            assert_eq!(rows(&runtime.block_on(client.simple_query(&sql)).unwrap()), 1);
        });
    });
    let database = estate.sqlite();
    let mut kept = database
        .prepare("SELECT id, name, email, phone FROM accounts WHERE org_id = ? AND id = ?")
        .unwrap();
    group.bench_function("rusqlite/prepared", |bencher| {
        bencher.iter(|| {
            let id = ids.next().unwrap();
            kept.query_row((tenant::NAME, id), |row| {
                Ok(black_box((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
            })
            .unwrap()
        });
    });
    group.finish();
}

fn scan(criterion: &mut Criterion, runtime: &Runtime, estate: &Estate) {
    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Elements(EVENTS));
    let client = estate.client();
    let statement = runtime.block_on(client.prepare(SCAN)).unwrap();
    group.bench_function("gateway/prepared", |bencher| {
        bencher.iter(|| runtime.block_on(client.query(&statement, &[])).unwrap().len());
    });
    group.bench_function("gateway/simple", |bencher| {
        bencher.iter(|| rows(&runtime.block_on(client.simple_query(SCAN)).unwrap()));
    });
    group.bench_function("datafusion", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                estate.datafusion().sql(RAW_SCAN).await.unwrap().collect().await.unwrap()
            })
        });
    });
    group.finish();
}

fn export(criterion: &mut Criterion, runtime: &Runtime, estate: &Estate) {
    let mut group = criterion.benchmark_group("export");
    group.throughput(Throughput::Elements(EVENTS / TENANTS.unsigned_abs()));
    let client = estate.client();
    let statement = runtime.block_on(client.prepare(EXPORT)).unwrap();
    group.bench_function("gateway/prepared", |bencher| {
        bencher.iter(|| runtime.block_on(client.query(&statement, &[])).unwrap().len());
    });
    group.bench_function("gateway/simple", |bencher| {
        bencher.iter(|| rows(&runtime.block_on(client.simple_query(EXPORT)).unwrap()));
    });
    group.bench_function("datafusion", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                estate.datafusion().sql(RAW_EXPORT).await.unwrap().collect().await.unwrap()
            })
        });
    });
    group.finish();
}

fn rows(messages: &[SimpleQueryMessage]) -> usize {
    messages.iter().filter(|message| matches!(message, SimpleQueryMessage::Row(_))).count()
}

criterion_group! {
    name = all;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(5));
    targets = journey
}
criterion_main!(all);
