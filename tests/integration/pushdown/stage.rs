//! A gateway over a real PostgreSQL server, a SQLite file and a folder of files, and one person
//! who asks it.

use std::path::{Path, PathBuf};

use portcullis::audit::{Entry, records};
use portcullis::demo::answer::Answer;
use portcullis::demo::client::Client;
use portcullis::identity::development::generate_key_file;

use crate::gateway::Gateway;
use crate::postgres;

/// The folder of the test's data.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pushdown")
}

pub struct Stage {
    client: Client,
    gateway: Gateway,
    /// The last record that was looked at.
    seen: u64,
}

impl Stage {
    /// Fills the sources, starts the gateway and logs in.
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        furnish(folder.path());
        let gateway = Gateway::open(folder).await;
        Self { client: gateway.client("acme").await, gateway, seen: 0 }
    }

    /// The answer to a query, and what the log says of it: a line for each table that it read, with
    /// the columns, and one for each text that a source was sent.
    pub async fn ask(&mut self, query: &str) -> (Answer, Vec<String>) {
        let answer = self.client.ask(query).await;
        let (mut read, mut sent) = (Vec::new(), Vec::new());
        for record in records(&self.gateway.config.audit.dir).unwrap() {
            let record = record.unwrap();
            if record.seq <= self.seen {
                continue;
            }
            self.seen = record.seq;
            if let Entry::Intent(intent) = record.entry {
                let tables = intent.tables.iter();
                read.extend(tables.map(|one| format!("{}({})", one.table, one.columns.join(", "))));
                let texts = intent.sent.iter();
                sent.extend(texts.map(|sent| format!("{}: {}", sent.source, sent.text.here())));
            }
        }
        // Scans of one plan are prepared in no order that anybody relies on.
        sent.sort();
        read.extend(sent);
        (answer, read)
    }
}

/// Copies and makes what the configuration names.
fn furnish(folder: &Path) {
    let read = |name: &str| std::fs::read_to_string(data().join(name)).unwrap();
    for name in ["portcullis.toml", "policies/rules.cedar", "lake/visits.csv"] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, read(name)).unwrap();
    }
    let url = postgres::shared().database(&read("crm.sql"));
    std::fs::write(folder.join("crm.url"), url).unwrap();
    let desk = rusqlite::Connection::open(folder.join("desk.db")).unwrap();
    desk.execute_batch(&read("desk.sql")).unwrap();
    generate_key_file(&folder.join("jwks.json")).unwrap();
}
