//! Somebody who asks, by one of the ways that the protocol has.

use std::error::Error;
use std::fmt;
use std::pin::pin;

use futures::TryStreamExt as _;
use rand::Rng;
use rand::rngs::StdRng;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::gateway::Gateway;

/// How a query is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    Simple,
    /// Parse, Bind and Execute, in binary.
    Extended,
    /// `PREPARE` and `EXECUTE`.
    Prepared,
    /// What `EXPLAIN` says of it.
    Explained,
}

impl Path {
    const ALL: [Self; 4] = [Self::Simple, Self::Extended, Self::Prepared, Self::Explained];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|path| format!("{path:?}") == name)
    }

    pub fn by_chance(random: &mut StdRng) -> Self {
        match random.random_range(0..10) {
            0..=4 => Self::Simple,
            5..=7 => Self::Extended,
            8 => Self::Prepared,
            _ => Self::Explained,
        }
    }
}

/// What a client is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Names and types.
    columns: Vec<String>,
    rows: Vec<Vec<Option<Vec<u8>>>>,
    /// All fields of the error that it ends with.
    error: Option<String>,
}

impl Said {
    /// The rows in an order of their own; of those before an error none, which depend on the order.
    pub fn sorted(mut self) -> Self {
        self.rows.sort();
        if self.error.is_some() {
            self.rows.clear();
        }
        self
    }

    pub fn has_rows(&self) -> bool {
        !self.rows.is_empty() && self.error.is_none()
    }

    /// How many rows there are, those before an error included.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// In short, where two answers differ first.
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let mut rows = self.rows.iter().zip(&other.rows);
        let at = rows.position(|(row, other)| row != other);
        let at = at.unwrap_or(self.rows.len().min(other.rows.len()));
        let told = |said: &Self| {
            let row = said.rows.get(at).cloned().into_iter().collect();
            Self { columns: said.columns.clone(), rows: row, error: said.error.clone() }
        };
        let (count, others) = (self.rows.len(), other.rows.len());
        Some(format!("row {at} of {count} and {others}: {}and {}", told(self), told(other)))
    }

    fn ends(&mut self, error: &tokio_postgres::Error) {
        self.error = Some(told(error));
    }

    pub fn mentions(&self, text: &str) -> bool {
        self.to_string().contains(text)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rows of {}", self.rows.len(), self.columns.join(", "))?;
        for row in &self.rows {
            let cell = |cell: &Option<Vec<u8>>| match cell {
                Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                None => "~".to_owned(),
            };
            writeln!(f, "  {}", row.iter().map(cell).collect::<Vec<_>>().join("|"))?;
        }
        self.error.as_ref().map_or(Ok(()), |error| writeln!(f, "  {error}"))
    }
}

pub struct Session(Client);

impl Session {
    pub async fn open(gateway: &Gateway, tenant: &str) -> Self {
        let mut config = Config::new();
        config.host(gateway.address.ip().to_string()).port(gateway.address.port());
        config.user("ann").password(gateway.token(tenant)).dbname("portcullis");
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        Self(client)
    }

    pub async fn ask(&self, sql: &str, path: Path) -> Said {
        let mut said = Said::default();
        let asked = match path {
            Path::Simple => self.simple(sql, &mut said).await,
            Path::Extended => self.extended(sql, &mut said).await,
            Path::Prepared => self.prepared(sql, &mut said).await,
            Path::Explained => self.simple(&format!("EXPLAIN {sql}"), &mut said).await,
        };
        if let Err(error) = asked {
            said.ends(&error);
        }
        said
    }

    async fn simple(&self, sql: &str, said: &mut Said) -> Result<(), tokio_postgres::Error> {
        let mut messages = pin!(self.0.simple_query_raw(sql).await?);
        while let Some(message) = messages.try_next().await? {
            match message {
                SimpleQueryMessage::RowDescription(names) => {
                    said.columns = names.iter().map(|column| column.name().to_owned()).collect();
                }
                SimpleQueryMessage::Row(row) => {
                    let cell = |at| row.get(at).map(|text| text.as_bytes().to_vec());
                    said.rows.push((0..row.len()).map(cell).collect());
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn prepared(&self, sql: &str, said: &mut Said) -> Result<(), tokio_postgres::Error> {
        self.0.batch_execute(&format!("PREPARE q AS {sql}")).await?;
        let executed = self.simple("EXECUTE q", said).await;
        self.0.batch_execute("DEALLOCATE q").await?;
        executed
    }

    async fn extended(&self, sql: &str, said: &mut Said) -> Result<(), tokio_postgres::Error> {
        let statement = self.0.prepare(sql).await?;
        let columns = statement.columns().iter();
        let columns = columns.map(|column| format!("{} {}", column.name(), column.type_()));
        said.columns = columns.collect();
        let parameters: [&str; 0] = [];
        let mut rows = pin!(self.0.query_raw(&statement, parameters).await?);
        while let Some(row) = rows.try_next().await? {
            let cell = |at| row.get::<_, Option<Raw>>(at).map(|Raw(bytes)| bytes);
            said.rows.push((0..row.len()).map(cell).collect());
        }
        Ok(())
    }
}

fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(told) => {
            let (code, message) = (told.code().code(), told.message());
            let (detail, hint) = (told.detail().unwrap_or("-"), told.hint().unwrap_or("-"));
            format!("{code} {message} [{detail}] [{hint}] {:?}", told.position())
        }
        None => panic!("the gateway went away: {error:?}"),
    }
}

/// A value as it came.
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
