//! The two who are asked: a PostgreSQL server with tables and policies, and a gateway over the same
//! tables that logs in there as a superuser, whom those policies do not bind.

use std::fs;

use futures::TryStreamExt as _;
use portcullis::identity::development::generate_key_file;
use serde_json::{Map, Value};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use super::{SCENES, data};
use crate::gateway::Gateway;
use crate::postgres;

pub struct Harbour {
    gateway: Gateway,
    /// Of the database, as the superuser.
    url: String,
    /// By name, what their tokens say.
    people: Map<String, Value>,
}

impl Harbour {
    /// Makes the database of all scenes, and serves it.
    pub async fn open() -> Self {
        let read = |name: &str| fs::read_to_string(data().join(name)).unwrap();
        let mut script = read("people.sql");
        for scene in SCENES {
            script += &read(&format!("{scene}.sql"));
        }
        let url = postgres::shared().database(&script);

        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("portcullis.toml"), read("portcullis.toml")).unwrap();
        fs::write(path("harbour.url"), &url).unwrap();
        generate_key_file(&path("jwks.json")).unwrap();
        fs::create_dir(path("policies")).unwrap();
        for name in SCENES.iter().chain(&["people"]) {
            let name = format!("{name}.cedar");
            fs::write(path("policies").join(&name), read(&name)).unwrap();
        }
        let people = serde_json::from_str(&read("people.json")).unwrap();
        Self { gateway: Gateway::open(folder).await, url, people }
    }

    /// A session of this person with the gateway.
    pub async fn here(&self, person: &str) -> Client {
        let Value::Object(claims) = &self.people[person] else { panic!("{person} is nobody") };
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.gateway.address.port()).dbname("portcullis");
        config.user(person).password(self.gateway.token_of(person, claims.clone()));
        connected(&config).await
    }

    /// A session of this person with PostgreSQL.
    pub async fn there(&self, person: &str) -> Client {
        let client = self.unguarded().await;
        let who = format!("SET SESSION AUTHORIZATION {person}");
        client.batch_execute(&who).await.unwrap();
        client
    }

    /// A session with PostgreSQL that no policy binds.
    pub async fn unguarded(&self) -> Client {
        connected(&self.url.parse().unwrap()).await
    }
}

async fn connected(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// What comes back, in the form of the scenes. Rows in no order that was asked for are sorted.
pub async fn told(client: &Client, statement: &str) -> String {
    if statement.starts_with("COPY ") && statement.contains(" TO STDOUT") {
        return copied(client, statement).await.unwrap_or_else(|error| refused(&error));
    }
    let messages = match client.simple_query(statement).await {
        Ok(messages) => messages,
        Err(error) => return refused(&error),
    };
    let (mut rows, mut described) = (Vec::new(), false);
    for message in &messages {
        match message {
            SimpleQueryMessage::RowDescription(_) => described = true,
            SimpleQueryMessage::Row(row) => {
                let values = (0..row.len()).map(|at| row.get(at).unwrap_or("NULL"));
                rows.push(values.collect::<Vec<_>>().join(" | ") + "\n");
            }
            _ => {}
        }
    }
    if !statement.contains("ORDER BY") {
        rows.sort();
    }
    if described { rows.concat() } else { "done\n".to_owned() }
}

/// The lines of a COPY; those of one that fails are not told.
async fn copied(client: &Client, statement: &str) -> Result<String, tokio_postgres::Error> {
    let parts: Vec<_> = client.copy_out(statement).await?.try_collect().await?;
    let text = String::from_utf8(parts.concat()).unwrap();
    let mut lines: Vec<_> = text.split_inclusive('\n').collect();
    if !statement.contains("ORDER BY") {
        lines.sort_unstable();
    }
    Ok(lines.concat())
}

fn refused(error: &tokio_postgres::Error) -> String {
    let code = error.as_db_error().map_or("the session is gone", |told| told.code().code());
    format!("! {code}\n")
}
