//! One world: a gateway over the sources with its hidden rows.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use portcullis::assembly;
use portcullis::config::Config;
use portcullis::demo::answer::Answer;
use portcullis::demo::client::Client;
use portcullis::identity::development::{Grant, SigningKey, generate_key_file};
use portcullis::wire::Server;
use tokio::net::TcpListener;

use super::parts;

/// The folder of the test's data.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/worlds")
}

pub struct World {
    address: SocketAddr,
    config: Config,
    /// Kept until the test has ended.
    _folder: tempfile::TempDir,
}

impl World {
    pub async fn open(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        furnish(folder.path(), name);
        let config = Config::load(&folder.path().join("portcullis.toml"));
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        let options = assembly::listener_options(&config).unwrap();
        let gateway = assembly::start(&config).await.unwrap_or_else(|error| panic!("{error}"));
        let listener = TcpListener::bind(config.server.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::new(options, Arc::new(gateway));
        tokio::spawn(server.serve(listener, std::future::pending()));
        Self { address, config, _folder: folder }
    }

    /// What somebody of this tenant is told.
    pub async fn ask_as(&self, tenant: &str, query: &str) -> Answer {
        let client = Client::login(self.address, "ann", &self.token(tenant)).await;
        client.unwrap_or_else(|answer| panic!("{answer:?}")).ask(query).await
    }

    fn token(&self, tenant: &str) -> String {
        let key = SigningKey::of(self.config.identity.issuers.first().unwrap()).unwrap();
        let now = SystemTime::now();
        let grant = Grant {
            user: "ann".to_owned(),
            claims: [("org_id".to_owned(), tenant.into())].into_iter().collect(),
            agent: None,
            issued_at: now,
            expires_at: now + Duration::from_secs(3600),
        };
        key.sign(&grant).unwrap()
    }
}

fn furnish(folder: &Path, world: &str) {
    let texts = ["lake/sales.csv", "lake/events.json", "lake/letters.csv", "desk.sql"];
    for name in ["portcullis.toml", "policies/rules.cedar"].into_iter().chain(texts) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = fs::read_to_string(data().join(name)).unwrap();
        fs::write(&path, with_hidden_rows(&text, world, &path)).unwrap();
    }
    parts::write(&folder.join("lake/parts.parquet"), world);
    let desk = rusqlite::Connection::open(folder.join("desk.db")).unwrap();
    desk.execute_batch(&fs::read_to_string(folder.join("desk.sql")).unwrap()).unwrap();
    generate_key_file(&folder.join("jwks.json")).unwrap();
}

/// The text with the world's hidden rows in their places, and the bytes that a text file cannot
/// show: `~` is the byte FF, `␀` the byte 00, `{huge}` a megabyte.
fn with_hidden_rows(text: &str, world: &str, path: &Path) -> Vec<u8> {
    let hidden = data().join(world).join(path.file_name().unwrap());
    let hidden = fs::read_to_string(hidden).unwrap_or_default();
    let mut hidden = hidden.split("---\n");
    let mut parts = text.split("{hidden}\n");
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        whole.push_str(hidden.next().unwrap_or_default());
        whole.push_str(part);
    }
    assert_eq!(hidden.next().unwrap_or_default(), "", "{} has more hidden rows", path.display());
    if path.extension().is_some_and(|extension| extension == "toml" || extension == "cedar") {
        return whole.into_bytes();
    }
    let whole = whole.replace('␀', "\0").replace("{huge}", &"x".repeat(1 << 20));
    let bytes = whole.into_bytes();
    bytes.split(|byte| *byte == b'~').collect::<Vec<_>>().join(&b"\xff"[..])
}
