//! A client like any other: it comes over TCP, with a user name and a token.

use std::net::SocketAddr;

use tokio::task::JoinHandle;
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

use super::answer::Answer;

/// A session with the gateway.
pub struct Client {
    inner: tokio_postgres::Client,
    driver: JoinHandle<()>,
}

impl Client {
    /// Logs in.
    ///
    /// # Errors
    /// What the gateway said, where it let nobody in.
    pub async fn login(address: SocketAddr, user: &str, token: &str) -> Result<Self, Answer> {
        let connected = Config::new()
            .host(address.ip().to_string())
            .port(address.port())
            .user(user)
            .password(token)
            .dbname("portcullis")
            .application_name("portcullis demo")
            .connect(NoTls)
            .await;
        let (inner, connection) = connected.map_err(failed)?;
        // An error of the connection reaches the client with its next query.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { inner, driver })
    }

    /// Sends one simple query, of one statement or several. Of several, the last one's rows are
    /// the answer.
    pub async fn ask(&self, sql: &str) -> Answer {
        let messages = match self.inner.simple_query(sql).await {
            Ok(messages) => messages,
            Err(error) => return failed(error),
        };
        let mut answer = Answer::Done;
        for message in messages {
            match message {
                SimpleQueryMessage::RowDescription(names) => {
                    let columns = names.iter().map(|column| column.name().to_owned()).collect();
                    answer = Answer::Rows { columns, rows: Vec::new() };
                }
                SimpleQueryMessage::Row(row) => {
                    if let Answer::Rows { rows, .. } = &mut answer {
                        let cells = (0..row.len()).map(|at| row.get(at).map(str::to_owned));
                        rows.push(cells.collect());
                    }
                }
                _ => {}
            }
        }
        answer
    }

    /// Says goodbye and waits until the connection is closed.
    pub async fn leave(self) {
        let Self { inner, driver } = self;
        drop(inner);
        drop(driver.await);
    }
}

fn failed(error: tokio_postgres::Error) -> Answer {
    match error.as_db_error() {
        Some(told) => Answer::Error {
            sqlstate: Some(told.code().code().to_owned()),
            message: told.message().to_owned(),
            hint: told.hint().map(str::to_owned),
        },
        None => Answer::failed(error),
    }
}
