//! A gateway in this process, over a folder that holds its configuration and its sources.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use portcullis::assembly;
use portcullis::config::Config;
use portcullis::demo::client::Client;
use portcullis::identity::development::{Grant, SigningKey};
use portcullis::wire::Server;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Serves until the test ends.
pub struct Gateway {
    pub address: SocketAddr,
    pub config: Config,
    /// Kept until the test has ended.
    _folder: TempDir,
}

impl Gateway {
    /// Serves what stands in the folder's `portcullis.toml`.
    pub async fn open(folder: TempDir) -> Self {
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

    /// A session of `ann`, who is somebody of this tenant.
    pub async fn client(&self, tenant: &str) -> Client {
        let client = Client::login(self.address, "ann", &self.token(tenant)).await;
        client.unwrap_or_else(|answer| panic!("{answer:?}"))
    }

    pub fn token(&self, tenant: &str) -> String {
        self.token_of("ann", [("org_id".to_owned(), tenant.into())].into_iter().collect())
    }

    /// A token of somebody of whom it says this.
    pub fn token_of(&self, user: &str, claims: Map<String, Value>) -> String {
        let key = SigningKey::of(self.config.identity.issuers.first().unwrap()).unwrap();
        let now = SystemTime::now();
        let grant = Grant {
            user: user.to_owned(),
            claims,
            agent: None,
            issued_at: now,
            expires_at: now + Duration::from_secs(3600),
        };
        key.sign(&grant).unwrap()
    }
}
