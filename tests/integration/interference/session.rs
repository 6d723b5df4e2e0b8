//! Somebody who asks, by one of the ways that the protocol has.

use std::error::Error;
use std::fmt;
use std::pin::pin;

use futures::TryStreamExt as _;
use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::Mutex;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row, SimpleQueryMessage, Statement};

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
    /// `DECLARE`, and `FETCH` until there is no more.
    Cursor,
    /// Parse and Bind, and Execute with a few rows at a time, in binary.
    Portal,
    /// `COPY (…) TO STDOUT`.
    Copied,
}

/// How many rows are fetched at once.
const FETCHED: usize = 3;

impl Path {
    pub const ALL: [Self; 7] = [
        Self::Simple,
        Self::Extended,
        Self::Prepared,
        Self::Explained,
        Self::Cursor,
        Self::Portal,
        Self::Copied,
    ];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|path| format!("{path:?}") == name)
    }

    pub fn by_chance(random: &mut StdRng) -> Self {
        match random.random_range(0..20) {
            0..=6 => Self::Simple,
            7..=11 => Self::Extended,
            12 | 13 => Self::Prepared,
            14 | 15 => Self::Cursor,
            16 | 17 => Self::Portal,
            18 => Self::Copied,
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

    pub fn has_failed(&self) -> bool {
        self.error.is_some()
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

    fn describes(&mut self, statement: &Statement) {
        let columns = statement.columns().iter();
        let columns = columns.map(|column| format!("{} {}", column.name(), column.type_()));
        self.columns = columns.collect();
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

pub struct Session(Mutex<Client>);

impl Session {
    pub async fn open(gateway: &Gateway, tenant: &str) -> Self {
        let mut config = Config::new();
        config.host(gateway.address.ip().to_string()).port(gateway.address.port());
        config.user("ann").password(gateway.token(tenant)).dbname("portcullis");
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        Self(Mutex::new(client))
    }

    pub async fn ask(&self, sql: &str, path: Path) -> Said {
        let mut client = self.0.lock().await;
        let mut said = Said::default();
        let asked = match path {
            Path::Simple => simple(&client, sql, &mut said).await,
            Path::Extended => extended(&client, sql, &mut said).await,
            Path::Prepared => prepared(&client, sql, &mut said).await,
            Path::Explained => simple(&client, &format!("EXPLAIN {sql}"), &mut said).await,
            Path::Cursor => cursor(&mut client, sql, &mut said).await,
            Path::Portal => portal(&mut client, sql, &mut said).await,
            Path::Copied => copied(&client, sql, &mut said).await,
        };
        if let Err(error) = asked {
            said.ends(&error);
        }
        said
    }
}

type Asked = Result<(), tokio_postgres::Error>;

async fn simple(client: &Client, sql: &str, said: &mut Said) -> Asked {
    let mut messages = pin!(client.simple_query_raw(sql).await?);
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

async fn prepared(client: &Client, sql: &str, said: &mut Said) -> Asked {
    client.batch_execute(&format!("PREPARE q AS {sql}")).await?;
    let executed = simple(client, "EXECUTE q", said).await;
    client.batch_execute("DEALLOCATE q").await?;
    executed
}

async fn extended(client: &Client, sql: &str, said: &mut Said) -> Asked {
    let statement = client.prepare(sql).await?;
    said.describes(&statement);
    let parameters: [&str; 0] = [];
    let mut rows = pin!(client.query_raw(&statement, parameters).await?);
    while let Some(row) = rows.try_next().await? {
        said.rows.push(raw(&row));
    }
    Ok(())
}

/// What fails ends the transaction, whose end is told to the gateway without waiting for it.
async fn cursor(client: &mut Client, sql: &str, said: &mut Said) -> Asked {
    let transaction = client.transaction().await?;
    transaction.batch_execute(&format!("DECLARE c CURSOR FOR {sql}")).await?;
    loop {
        let before = said.rows();
        simple(transaction.client(), &format!("FETCH {FETCHED} FROM c"), said).await?;
        if said.rows() < before + FETCHED {
            break;
        }
    }
    transaction.batch_execute("CLOSE c").await?;
    transaction.commit().await
}

async fn portal(client: &mut Client, sql: &str, said: &mut Said) -> Asked {
    let transaction = client.transaction().await?;
    let statement = transaction.prepare(sql).await?;
    said.describes(&statement);
    let portal = transaction.bind(&statement, &[]).await?;
    loop {
        let before = said.rows();
        let mut rows = pin!(transaction.query_portal_raw(&portal, FETCHED as i32).await?);
        while let Some(row) = rows.try_next().await? {
            said.rows.push(raw(&row));
        }
        if said.rows() < before + FETCHED {
            break;
        }
    }
    transaction.commit().await
}

async fn copied(client: &Client, sql: &str, said: &mut Said) -> Asked {
    let mut lines = pin!(client.copy_out(&format!("COPY ({sql}) TO STDOUT")).await?);
    while let Some(line) = lines.try_next().await? {
        said.rows.push(vec![Some(line.to_vec())]);
    }
    Ok(())
}

fn raw(row: &Row) -> Vec<Option<Vec<u8>>> {
    let cell = |at| row.get::<_, Option<Raw>>(at).map(|Raw(bytes)| bytes);
    (0..row.len()).map(cell).collect()
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
