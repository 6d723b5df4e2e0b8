//! What the wire asks of whoever answers it.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, SchemaRef};
use async_trait::async_trait;
use datafusion::common::ScalarValue;
use futures::Stream;
use tokio::time::Instant;

use super::course::Course;
use crate::error::ClientError;
use crate::values::Rendering;

/// Answers connections.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// One logged-in connection.
    type Conversation: Conversation;

    /// Decides who this is.
    ///
    /// # Errors
    /// 28P01 for a token that does not hold, 28000, 3D000 for another database.
    async fn login(&self, login: Login) -> Result<Self::Conversation, ClientError>;

    /// Told of a client that was turned away before there was anything to decide by `login`, so
    /// that this is on record too. Returns at once: anybody can make any number of these.
    fn turned_away(&self, visitor: &Visitor, error: &ClientError);
}

/// A client that never got as far as a [`Login`], and what it has said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The peer's address.
    pub client: SocketAddr,
    /// The `user` of the startup packet, where one came.
    pub user: Option<String>,
    /// The `database`, where one was named.
    pub database: Option<String>,
}

impl Visitor {
    /// One who has said nothing yet.
    pub fn unknown(client: SocketAddr) -> Self {
        Self { client, user: None, database: None }
    }
}

/// What a client has said by the end of the startup phase.
pub struct Login {
    /// The `user` of the startup packet.
    pub user: String,
    /// The `database`; the user's name where it was absent, as in PostgreSQL.
    pub database: String,
    /// The token that came as the password.
    pub token: String,
    /// The other startup parameters, such as `application_name` and `options`.
    pub parameters: BTreeMap<String, String>,
    /// The number by which the client can cancel, which the protocol calls process ID.
    pub process_id: i32,
    /// The peer's address.
    pub client: SocketAddr,
    /// Whether the connection is under TLS.
    pub encrypted: bool,
}

/// One connection after its login. The wire calls it from one task, one call at a time.
///
/// Any future of `prepare`, `describe` and `execute` may be dropped before it is ready, and any
/// stream before its end: by a cancel, when the session expires, or when the client goes away. The
/// conversation stays usable, and is told: by [`Conversation::stopped`], or the result's [`Meter`].
#[async_trait]
pub trait Conversation: Send + 'static {
    /// A statement that was parsed and found permissible in kind. Cheap to clone.
    type Statement: Clone + Send + Sync + 'static;

    /// When the session ends, whatever it is doing.
    fn expires_at(&self) -> SystemTime;

    /// The parameters to report after login: `server_version` and the like.
    fn parameters(&self) -> Vec<(String, String)>;

    /// Parses the text of a simple query into its statements; none for an empty text.
    async fn split(&mut self, text: &str) -> Result<Vec<Self::Statement>, ClientError>;

    /// The settings by which values are read and written, as they are now.
    fn rendering(&self) -> Rendering;

    /// What the statement does to the transaction.
    fn kind(&self, statement: &Self::Statement) -> StatementKind;

    /// What the wire does with the statement by itself. What it does not ask `execute` for, it
    /// does not ask for again: errors of it come back by `refused`.
    fn course(&self, statement: &Self::Statement) -> Course;

    /// Parses one statement and keeps it under `name`; the empty name is overwritten, any other
    /// must be free (42P05). `declared` holds type OIDs from 1, 0 where the client leaves it open.
    async fn prepare(
        &mut self,
        name: &str,
        text: &str,
        declared: &[u32],
    ) -> Result<(), ClientError>;

    /// The statement kept under this name; `None` is the empty query. An error (26000 where there
    /// is none) comes back by `refused`.
    fn prepared(&self, name: &str) -> Result<Option<Self::Statement>, ClientError>;

    /// Forgets the name; a name that is not there is no error.
    fn close(&mut self, name: &str);

    /// The types of the parameters, and the columns of the result where it has any.
    async fn describe(&mut self, statement: &Self::Statement) -> Result<Description, ClientError>;

    /// Runs the statement. `parameters` are of the types that `describe` told. Where this
    /// returns rows, the intent of the query is already durable. Statements that begin or end a
    /// transaction come here too; the wire keeps the transaction's state, and a `COMMIT` of a
    /// failed block is tagged `ROLLBACK` whatever this answers.
    async fn execute(
        &mut self,
        statement: &Self::Statement,
        parameters: Vec<ScalarValue>,
    ) -> Result<Answer, ClientError>;

    /// Told before the first statement of a transaction, be it a block or the implicit one that
    /// each simple query is, and each run of extended messages up to Sync. Settings follow it:
    /// `SET LOCAL` lasts until its end, and a rollback undoes `SET`.
    fn transaction_began(&mut self);

    /// The transaction ended. Gives the parameters that went back to another value, of those that
    /// clients are told of.
    fn transaction_ended(&mut self, committed: bool) -> Vec<(String, String)>;

    /// Told of an error that the wire itself found (25P02, 34000, a malformed frame), so that it
    /// is audited too, with the statement concerned where there is one. Gives what the client is
    /// told: the error, or why it cannot be recorded.
    async fn refused(
        &mut self,
        statement: Option<&Self::Statement>,
        error: ClientError,
    ) -> ClientError;

    /// Told why it did not come to the answer of a statement: the last future was dropped.
    async fn stopped(&mut self, statement: Option<&Self::Statement>, why: &Stop);

    /// Told that the session is over, and why. Nothing is asked any more.
    fn ended(&mut self, why: &Stop);
}

/// Why something ended before its time, or why the wire takes no more of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The client wanted no more: it closed the portal, ended the transaction, said goodbye.
    Closed,
    /// The client sent a cancel request.
    Cancelled(ClientError),
    /// The client went away.
    Gone(ClientError),
    /// The session ended: its token expired, the gateway stops, the client broke the protocol.
    Session(ClientError),
    /// It could not be sent as it is, or not in time.
    Failed(ClientError),
}

/// What a statement does to the transaction it runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// `BEGIN`, `START TRANSACTION`
    Begin,
    /// `COMMIT`, `END`
    Commit,
    /// `ROLLBACK`, `ABORT`
    Rollback,
    /// Anything else.
    Plain,
}

/// What is known of a statement before it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// One field for each parameter; its type (and metadata) tells the PostgreSQL type.
    pub parameters: Vec<FieldRef>,
    /// The columns of the result; `None` where the statement gives no rows.
    pub columns: Option<SchemaRef>,
}

/// Batches of a result.
pub type BatchStream = Pin<Box<dyn Stream<Item = Result<RecordBatch, ClientError>> + Send>>;

/// What a statement gives.
pub enum Answer {
    /// Rows, read as the client takes them. Dropping the stream stops the query.
    Rows {
        /// The columns.
        schema: SchemaRef,
        /// The batches.
        batches: BatchStream,
        /// The command tag: `SELECT`, `SHOW`, `EXPLAIN`. After `SELECT` and `FETCH` the wire
        /// adds the number of rows.
        tag: &'static str,
        /// The wire counts here what it has handed to the connection, and says why no more.
        meter: Arc<Meter>,
        /// How long a client may take over the rows (57014 past it), where there is a bound.
        deadline: Option<Instant>,
    },
    /// A command without rows.
    Done {
        /// The command tag: `BEGIN`, `SET`, `PREPARE`.
        tag: String,
        /// Parameters that changed and that clients are told of (ParameterStatus).
        changed: Vec<(String, String)>,
    },
}

/// Memory for what waits to be sent, of what all statements share.
pub trait Room: fmt::Debug + Send + Sync {
    /// Takes so many bytes, until what it gives is dropped.
    ///
    /// # Errors
    /// 53200 where there is no more.
    fn take(&self, bytes: usize) -> Result<Taken, ClientError>;
}

/// Memory that is taken until this is dropped.
pub type Taken = Box<dyn Any + Send>;

/// Counts what was handed to a client's connection. Where the wire drops a result before its end,
/// it says here why, beforehand.
#[derive(Debug, Default)]
pub struct Meter {
    rows: AtomicU64,
    bytes: AtomicU64,
    stop: OnceLock<Stop>,
    room: Option<Arc<dyn Room>>,
}

impl Meter {
    /// For rows that may be large: these take room while they wait to be sent.
    pub fn within(room: Arc<dyn Room>) -> Self {
        Self { room: Some(room), ..Self::default() }
    }

    /// Takes room for so many bytes.
    ///
    /// # Errors
    /// 53200 where there is none.
    pub(super) fn take(&self, bytes: usize) -> Result<Taken, ClientError> {
        match &self.room {
            Some(room) => room.take(bytes),
            None => Ok(Box::new(())),
        }
    }

    /// Adds rows and their encoded bytes.
    pub fn add(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// (rows, bytes) so far.
    pub fn read(&self) -> (u64, u64) {
        (self.rows.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// Says why no more is taken; the first reason counts.
    pub fn stop(&self, why: Stop) {
        let _ = self.stop.set(why);
    }

    /// Why no more is taken.
    pub fn stopped(&self) -> Option<&Stop> {
        self.stop.get()
    }
}
