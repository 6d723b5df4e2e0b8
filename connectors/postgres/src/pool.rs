//! Connections to one server, at most so many at once.
//!
//! They are opened when they are first needed, so that a server that is down stops nobody else.
//! A connection comes back into the pool only after its statement ended and was read to its end;
//! any other is cancelled at the server and thrown away.
//!
//! They outlive the statements that they were opened for, so they live on the runtime that the pool
//! was made on, and not on that of whoever asks first.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis_connector_api::ConnectorError;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::Instrument as _;

use crate::fault::fault;
use crate::options::{Options, TlsMode};
use crate::{session, tls};

/// How long a request to cancel may take before the connection is simply dropped.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Pool {
    config: Config,
    tls: MakeRustlsConnect,
    settings: String,
    wait: Duration,
    slots: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    /// Where its connections live.
    home: Handle,
}

struct Connection {
    client: Client,
    driver: AbortHandle,
}

impl Drop for Connection {
    /// Without its driver the socket closes, whatever the server is still sending.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A connection for one statement.
pub(crate) struct Lease {
    pool: Arc<Pool>,
    connection: Option<Connection>,
    slot: Option<OwnedSemaphorePermit>,
    /// Whether a statement may be running.
    busy: bool,
}

impl Pool {
    /// Reads the options; connects to nothing.
    ///
    /// # Errors
    /// Where the URL or the file of authorities cannot be read, and outside of a runtime.
    pub(crate) fn new(options: &Options) -> Result<Self, ConnectorError> {
        let home = Handle::try_current()
            .map_err(|error| ConnectorError::Configuration(error.to_string()))?;
        let bad_url = "the url of the source is not one that PostgreSQL takes";
        // What the parser says may quote a part of the URL, and so of the password.
        let mut config: Config = options
            .url
            .reveal()
            .parse()
            .map_err(|_| ConnectorError::Configuration(bad_url.to_owned()))?;
        let over_network = config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)))
            || !config.get_hostaddrs().is_empty();
        config.ssl_mode(match options.tls {
            TlsMode::Disable => SslMode::Disable,
            _ if !over_network => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyFull => SslMode::Require,
        });
        if config.get_application_name().is_none() {
            config.application_name("portcullis");
        }
        config.connect_timeout(options.connect_timeout);
        Ok(Self {
            config,
            tls: tls::connector(options.tls, options.root_cert.as_deref())?,
            settings: session::settings(options.statement_timeout),
            wait: options.connect_timeout,
            slots: Arc::new(Semaphore::new(options.connections.max(1))),
            idle: Mutex::default(),
            home,
        })
    }

    /// A connection that is ready for a statement.
    ///
    /// # Errors
    /// [`ConnectorError::Busy`] where none becomes free in time, [`ConnectorError::Unreachable`]
    /// where the server cannot be reached.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease, ConnectorError> {
        let slot = timeout(self.wait, self.slots.clone().acquire_owned())
            .await
            .map_err(|_| ConnectorError::Busy("all connections are in use".to_owned()))?
            .map_err(|_| ConnectorError::Unreachable("the pool is closed".to_owned()))?;
        let connection = match self.take_idle() {
            Some(connection) => connection,
            None => self.open().await?,
        };
        Ok(Lease {
            pool: self.clone(),
            connection: Some(connection),
            slot: Some(slot),
            busy: false,
        })
    }

    /// Whether the server answers. Where all connections are in use, it does.
    ///
    /// # Errors
    /// [`ConnectorError::Unreachable`] where it cannot be reached.
    pub(crate) async fn reach(self: &Arc<Self>) -> Result<(), ConnectorError> {
        if self.slots.available_permits() == 0 {
            return Ok(());
        }
        let mut lease = self.lease().await?;
        let answered = lease.begin()?.batch_execute("SELECT 1").await;
        answered.map_err(|error| self.fault(&error))?;
        lease.end();
        Ok(())
    }

    /// An idle connection that still lives. Those that do not are dropped.
    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.client.is_closed());
        idle.pop()
    }

    /// A new connection, opened at home. Nobody opens it any more once this is dropped.
    async fn open(self: &Arc<Self>) -> Result<Connection, ConnectorError> {
        let pool = Arc::clone(self);
        let opening = async move { timeout(pool.wait, pool.connect()).await };
        let mut task = JoinSet::new();
        task.spawn_on(opening.in_current_span(), &self.home);
        match task.join_next().await {
            Some(Ok(Ok(opened))) => opened,
            Some(Ok(Err(_))) => {
                Err(ConnectorError::Unreachable("the server did not answer in time".to_owned()))
            }
            Some(Err(_)) | None => {
                Err(ConnectorError::Failed("a connection was not opened to its end".to_owned()))
            }
        }
    }

    async fn connect(&self) -> Result<Connection, ConnectorError> {
        let (client, connection) =
            self.config.connect(self.tls.clone()).await.map_err(|error| self.fault(&error))?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a postgres source ended");
            }
        });
        let connection = Connection { client, driver: driver.abort_handle() };
        let settings = connection.client.batch_execute(&self.settings).await;
        settings.map_err(|error| self.fault(&error))?;
        Ok(connection)
    }

    /// An error of the driver in our terms, without the password.
    pub(crate) fn fault(&self, error: &tokio_postgres::Error) -> ConnectorError {
        let password = self.config.get_password().map(String::from_utf8_lossy);
        fault(error, password.as_deref())
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("free", &self.slots.available_permits())
            .finish_non_exhaustive()
    }
}

impl Lease {
    /// The connection, from now on with a statement that may be running.
    ///
    /// # Errors
    /// None in practice: a lease holds its connection until it ends.
    pub(crate) fn begin(&mut self) -> Result<&Client, ConnectorError> {
        self.busy = true;
        let connection = self.connection.as_ref();
        connection
            .map(|connection| &connection.client)
            .ok_or_else(|| ConnectorError::Failed("the connection was given back".to_owned()))
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Gives the connection back. The statement has ended and was read to its end.
    pub(crate) fn end(mut self) {
        self.busy = false;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if connection.client.is_closed() {
            return;
        }
        if !self.busy {
            let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(connection);
            return;
        }
        // The slot is held until the server was told, so that it never works on more statements
        // than the pool allows.
        let (slot, tls) = (self.slot.take(), self.pool.tls.clone());
        let cancelling = async move {
            let token = connection.client.cancel_token();
            let cancelled = timeout(CANCEL_TIMEOUT, token.cancel_query(tls));
            if !matches!(cancelled.await, Ok(Ok(()))) {
                tracing::debug!("a statement at a postgres source could not be cancelled");
            }
            drop(connection);
            drop(slot);
        };
        self.pool.home.spawn(cancelling.in_current_span());
    }
}
