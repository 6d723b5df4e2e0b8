//! A gateway over a real PostgreSQL server, a SQLite file and a folder of files, and one person
//! who asks it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use portcullis::assembly;
use portcullis::audit::{Entry, records};
use portcullis::config::Config;
use portcullis::demo::answer::Answer;
use portcullis::demo::client::Client;
use portcullis::identity::development::{Grant, SigningKey, generate_key_file};
use portcullis::wire::Server;
use tokio::net::TcpListener;

use crate::postgres;

/// The folder of the test's data.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pushdown")
}

pub struct Stage {
    client: Client,
    audit: PathBuf,
    /// The last record that was looked at.
    seen: u64,
    /// Kept until the test has ended.
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Fills the sources, starts the gateway and logs in.
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = furnish(folder.path());
        let config = Config::load(&config).unwrap_or_else(|error| panic!("{error}"));
        let options = assembly::listener_options(&config).unwrap();
        let gateway = assembly::start(&config).await.unwrap_or_else(|error| panic!("{error}"));
        let listener = TcpListener::bind(config.server.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::new(options, Arc::new(gateway));
        tokio::spawn(server.serve(listener, std::future::pending()));
        let client = Client::login(address, "ann", &token(&config)).await;
        let client = client.unwrap_or_else(|answer| panic!("{answer:?}"));
        Self { client, audit: config.audit.dir, seen: 0, _folder: folder }
    }

    /// The answer to a query, and what the log says was sent for it: source and text.
    pub async fn ask(&mut self, query: &str) -> (Answer, Vec<(String, String)>) {
        let answer = self.client.ask(query).await;
        let mut sent = Vec::new();
        for record in records(&self.audit).unwrap() {
            let record = record.unwrap();
            if record.seq <= self.seen {
                continue;
            }
            self.seen = record.seq;
            if let Entry::Intent(intent) = record.entry {
                sent.extend(intent.sent.into_iter().map(|sent| (sent.source, sent.text)));
            }
        }
        // Scans of one plan are prepared in no order that anybody relies on.
        sent.sort();
        (answer, sent)
    }
}

/// Copies and makes what the configuration names; gives its path.
fn furnish(folder: &Path) -> PathBuf {
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
    folder.join("portcullis.toml")
}

fn token(config: &Config) -> String {
    let key = SigningKey::of(config.identity.issuers.first().unwrap()).unwrap();
    let now = SystemTime::now();
    let grant = Grant {
        user: "ann".to_owned(),
        claims: [("org_id".to_owned(), "acme".into())].into_iter().collect(),
        agent: None,
        issued_at: now,
        expires_at: now + Duration::from_secs(3600),
    };
    key.sign(&grant).unwrap()
}
