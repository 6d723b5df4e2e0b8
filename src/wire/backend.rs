//! What the wire asks of whoever answers it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, SchemaRef};
use async_trait::async_trait;
use datafusion::common::ScalarValue;
use futures::Stream;

use crate::error::ClientError;

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
/// Any future may be dropped before it is ready, and any stream before its end: by a cancel, when
/// the session expires, or when the client goes away. The conversation stays usable.
#[async_trait]
pub trait Conversation: Send + 'static {
    /// A statement that was parsed and found permissible in kind. Cheap to clone.
    type Statement: Clone + Send + Sync + 'static;

    /// When the session ends, whatever it is doing.
    fn expires_at(&self) -> SystemTime;

    /// The parameters to report after login: `server_version` and the like.
    fn parameters(&self) -> Vec<(String, String)>;

    /// Parses the text of a simple query into its statements; none for an empty text.
    fn split(&mut self, text: &str) -> Result<Vec<Self::Statement>, ClientError>;

    /// The settings by which values are read and written, as they are now.
    fn rendering(&self) -> Rendering;

    /// What the statement does to the transaction.
    fn kind(&self, statement: &Self::Statement) -> StatementKind;

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
    /// is audited too, with the statement concerned where there is one.
    fn refused(&mut self, statement: Option<&Self::Statement>, error: &ClientError);
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
        /// The wire counts here what it has handed to the connection.
        meter: Arc<Meter>,
    },
    /// A command without rows.
    Done {
        /// The command tag: `BEGIN`, `SET`, `PREPARE`.
        tag: String,
        /// Parameters that changed and that clients are told of (ParameterStatus).
        changed: Vec<(String, String)>,
    },
}

/// Counts what was handed to a client's connection.
#[derive(Debug, Default)]
pub struct Meter {
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Meter {
    /// Adds rows and their encoded bytes.
    pub fn add(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// (rows, bytes) so far.
    pub fn read(&self) -> (u64, u64) {
        (self.rows.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

/// Settings that change how a value is read and written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rendering {
    /// `TimeZone`, for `timestamptz` as text.
    pub time_zone: chrono_tz::Tz,
}
