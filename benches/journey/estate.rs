//! The data, and the three ways to it: through the gateway, by rusqlite, by DataFusion.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};
use arrow::array::{Float64Array, TimestampMicrosecondArray};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use portcullis::assembly;
use portcullis::config::Config;
use portcullis::identity::development::generate_key_file;
use portcullis::session::Gateway;
use portcullis::wire::Server;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::caller::log_in;

pub const TENANTS: i64 = 20;
pub const ACCOUNTS: i64 = 100_000;
pub const EVENTS: u64 = 1_000_000;

/// Who asks.
pub mod tenant {
    pub const NUMBER: i64 = 7;
    pub const NAME: &str = "tenant-07";
}

const ROW_GROUP_ROWS: usize = 65_536;
const KINDS: [&str; 4] = ["view", "cart", "order", "return"];

pub struct Estate {
    dir: TempDir,
    gateway: Arc<Gateway>,
    client: Client,
    datafusion: SessionContext,
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Estate {
    /// Makes the data, starts the gateway as `portcullis serve` does, and logs in.
    pub async fn open() -> Self {
        // In the target folder: a temporary folder may be in memory, where syncing costs nothing.
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        accounts(&dir.path().join("crm.db"));
        fs::create_dir(dir.path().join("lake")).unwrap();
        let events_file = dir.path().join("lake/events.parquet");
        events(&events_file);
        fs::create_dir(dir.path().join("policies")).unwrap();
        let policies = include_str!("policies.cedar");
        fs::write(dir.path().join("policies/journey.cedar"), policies).unwrap();
        let file = dir.path().join("portcullis.toml");
        fs::write(&file, include_str!("portcullis.toml")).unwrap();
        generate_key_file(&dir.path().join("jwks.json")).unwrap();

        let config = Config::load(&file).unwrap();
        let options = assembly::listener_options(&config).unwrap();
        let gateway = assembly::start(&config).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (end, ended) = oneshot::channel::<()>();
        let server = Server::new(options, Arc::new(Arc::clone(&gateway)));
        let serving = tokio::spawn(server.serve(listener, async move { drop(ended.await) }));

        let client = log_in(port, &config, tenant::NAME).await;
        let datafusion = raw(&events_file).await;
        Self { dir, gateway, client, datafusion, end, serving }
    }

    pub async fn close(self) {
        drop(self.client);
        drop(self.end);
        self.serving.await.unwrap();
        self.gateway.audit().close().await.unwrap();
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub fn datafusion(&self) -> &SessionContext {
        &self.datafusion
    }

    pub fn sqlite(&self) -> Connection {
        let path = self.dir.path().join("crm.db");
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }
}

async fn raw(events: &Path) -> SessionContext {
    // As the gateway reads it: conditions are evaluated while rows are decoded.
    let config =
        SessionConfig::new().set_bool("datafusion.execution.parquet.pushdown_filters", true);
    let context = SessionContext::new_with_config(config);
    let path = events.display().to_string();
    context.register_parquet("events", &path, ParquetReadOptions::default()).await.unwrap();
    context
}

fn name(number: i64) -> String {
    format!("tenant-{number:02}")
}

fn accounts(path: &Path) {
    let mut database = Connection::open(path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE accounts (id INTEGER PRIMARY KEY, org_id TEXT NOT NULL, \
             name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL) STRICT",
        )
        .unwrap();
    let transaction = database.transaction().unwrap();
    let mut insert = transaction.prepare("INSERT INTO accounts VALUES (?, ?, ?, ?, ?)").unwrap();
    for id in 0..ACCOUNTS {
        let values = (
            id,
            name(id % TENANTS),
            format!("Account {id}"),
            format!("owner{id}@example.com"),
            format!("+44 20 {:08}", id * 7919 % 100_000_000),
        );
        insert.execute(values).unwrap();
    }
    drop(insert);
    transaction.commit().unwrap();
}

/// Tenants are not clustered: every row group holds rows of all of them.
fn events(path: &Path) {
    let ids: Vec<i64> = (0..).take(usize::try_from(EVENTS).unwrap()).collect();
    let texts = |text: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(ids.iter().map(|id| text(*id))))
    };
    let cents = ids.iter().map(|id| i128::from(id * 7919 % 1_000_000));
    let amount = Decimal128Array::from_iter_values(cents).with_precision_and_scale(12, 2).unwrap();
    let at = ids.iter().map(|id| 1_735_689_600_000_000 + id * 1_000_003);
    let score = ids.iter().map(|id| (id % 1009) as f64 / 1009.0);
    let columns: [(&str, ArrayRef); 7] = [
        ("id", Arc::new(Int64Array::from(ids.clone()))),
        ("org_id", texts(&|id| name(id * 31 % TENANTS))),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC"))),
        ("kind", texts(&|id| KINDS[usize::try_from(id * 7 % 11 % 4).unwrap()].to_owned())),
        ("amount", Arc::new(amount)),
        ("ip", texts(&|id| format!("10.{}.{}.{}", id % 251, id % 241, id % 239))),
        ("score", Arc::new(Float64Array::from_iter_values(score))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties =
        WriterProperties::builder().set_max_row_group_row_count(Some(ROW_GROUP_ROWS)).build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}
