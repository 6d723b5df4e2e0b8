//! Somebody who asks a gateway that a measurement has started.

use std::time::{Duration, SystemTime};

use portcullis::config::Config;
use portcullis::identity::development::{Grant, SigningKey};
use serde_json::{Map, json};
use tokio_postgres::{Client, NoTls};

/// Logs in as somebody of this tenant.
pub async fn log_in(port: u16, config: &Config, tenant: &str) -> Client {
    let token = token(config, tenant);
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).user("ada").password(token).dbname("portcullis");
    let (client, connection) = config.connect(NoTls).await.unwrap();
    // A connection that breaks fails the next query, which says so.
    tokio::spawn(async move { drop(connection.await) });
    client
}

fn token(config: &Config, tenant: &str) -> String {
    let now = SystemTime::now();
    let grant = Grant {
        user: "ada".to_owned(),
        claims: Map::from_iter([(config.tenancy.attribute.to_string(), json!(tenant))]),
        agent: None,
        issued_at: now,
        expires_at: now + Duration::from_secs(24 * 60 * 60),
    };
    SigningKey::of(config.identity.issuers.first().unwrap()).unwrap().sign(&grant).unwrap()
}
