//! One session after its login: reads messages, hands statements to the conversation, keeps the
//! transaction's state, and ends when the client, the token or the gateway does.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::pin;

use pgwire::messages::response::{CommandComplete, EmptyQueryResponse, ReadyForQuery};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout, timeout_at};

use super::backend::{Answer, Conversation, StatementKind, Stop};
use super::course::{Course, Fetch};
use super::encode::Columns;
use super::failure::Failure;
use super::framing::{FrameError, Frames, too_long};
use super::frontend::{self, Message};
use super::options::Limits;
use super::portal::Portals;
use super::reply::{Replies, Severity, hang_up, without_nul};
use super::rows::Cursor;
use super::signals::{Interrupt, Signals};
use super::transaction::{Ended, Transaction};
use crate::error::{ClientError, SqlState};
use crate::values::Format;

/// A session.
pub(super) struct Connection<C: Conversation, R, W> {
    pub(super) conversation: C,
    pub(super) frames: Frames<R>,
    pub(super) replies: Replies<W>,
    pub(super) signals: Signals,
    pub(super) limits: Limits,
    pub(super) transaction: Transaction,
    pub(super) portals: Portals<C::Statement>,
    /// Statements that Parse messages named, and the columns that Describe told the client.
    pub(super) named: HashMap<String, Option<Columns>>,
    /// Parameters to report before the next ReadyForQuery, as PostgreSQL does since version 14.
    changed: BTreeMap<String, String>,
    /// After an error in an extended message, until Sync.
    skipping: bool,
    /// While a query of several statements runs, which are a block together.
    pub(super) several: bool,
}

/// What running a statement gave.
pub(super) enum Outcome {
    /// Rows that are yet to be sent.
    Rows(Box<Cursor>),
    /// Rows of a cursor that are yet to be fetched.
    Fetch(Fetch),
    /// It is over; its tag.
    Done(String),
}

impl<C, R, W> Connection<C, R, W>
where
    C: Conversation,
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// A session whose client was told that it is logged in.
    pub(super) fn new(
        conversation: C,
        frames: Frames<R>,
        replies: Replies<W>,
        signals: Signals,
        limits: Limits,
    ) -> Self {
        let portals = Portals::new(limits.max_portals);
        Self {
            conversation,
            frames,
            replies,
            signals,
            limits,
            transaction: Transaction::default(),
            portals,
            named: HashMap::new(),
            changed: BTreeMap::new(),
            skipping: false,
            several: false,
        }
    }

    /// Answers messages until the session ends, tells the client why if there is still somebody
    /// to be told, and ends the connection.
    pub(super) async fn run(mut self) {
        let end = match self.ready().await {
            Ok(()) => self.answer_all().await,
            Err(failure) => failure,
        };
        // What the conversation holds is given up before the client is waited for.
        let Self { mut conversation, mut portals, mut frames, mut replies, .. } = self;
        let why = end.stop();
        portals.clear(&why);
        conversation.ended(&why);
        drop(conversation);
        if let Failure::Session(error) = &end {
            tracing::info!(sqlstate = error.sqlstate.code(), "session ended: {error}");
            replies.put_error(Severity::Fatal, error);
        }
        hang_up(&mut frames, &mut replies).await;
    }

    /// Gives the reason why the session ends.
    async fn answer_all(&mut self) -> Failure {
        loop {
            let (tag, message) = match self.next_message().await {
                Ok((_, Ok(Message::Terminate))) => return Failure::Goodbye,
                Ok(next) => next,
                Err(failure) => return failure,
            };
            if self.skipping && tag != frontend::SYNC {
                continue;
            }
            let outcome = match message {
                Ok(message) => self.answer(message).await,
                Err(error) => Err(self.refuse(None, error).await),
            };
            let outcome = match outcome {
                Err(Failure::Statement(error)) => {
                    self.failed(&error);
                    self.skipping = Message::is_extended(tag);
                    match self.skipping {
                        // A client that waits after Flush must hear of it: that Flush is skipped.
                        true => self.replies.flush().await.map_err(Failure::from),
                        false => self.ready().await,
                    }
                }
                outcome => outcome,
            };
            if let Err(failure) = outcome {
                return failure;
            }
        }
    }

    async fn next_message(&mut self) -> Result<(u8, Result<Message, ClientError>), Failure> {
        let large = self.limits.max_message_bytes;
        let next = self.frames.next(|tag| frontend::limit(tag, large));
        let next = keeping_time(&mut self.portals, next);
        let next = async {
            match self.limits.idle_timeout() {
                Some(limit) => timeout(limit, next).await,
                None => Ok(next.await),
            }
        };
        let frame = match self.signals.idle(next).await? {
            Ok(Ok(frame)) => frame,
            Ok(Err(FrameError::Skipped { tag, limit })) => return Ok((tag, Err(too_long(limit)))),
            Ok(Err(error)) => return Err(self.broken(error).await),
            Err(_) => {
                return Err(Failure::Session(ClientError::new(
                    SqlState::IDLE_SESSION_TIMEOUT,
                    "terminating connection due to idle-session timeout",
                )));
            }
        };
        // A token can run out while the machine sleeps, without any timer noticing.
        if self.signals.expired() {
            return Err(Interrupt::Expired.into());
        }
        self.signals.forget_cancels();
        let tag = frame.tag;
        Ok((tag, Message::read(frame, self.limits.max_parameters)))
    }

    /// A frame that ends the connection.
    async fn broken(&mut self, error: FrameError) -> Failure {
        match error.for_client() {
            Some(error) => Failure::Session(self.conversation.refused(None, error).await),
            None => Failure::Gone,
        }
    }

    async fn answer(&mut self, message: Message) -> Result<(), Failure> {
        match message {
            Message::Query(text) => {
                self.simple_query(&text).await?;
                self.ready().await
            }
            Message::Parse { name, text, types } => self.parse(&name, &text, &types).await,
            Message::Bind(bind) => self.bind(bind).await,
            Message::Describe(target) => self.describe(target).await,
            Message::Execute { portal, max_rows } => self.execute(portal, max_rows).await,
            Message::Close(target) => {
                self.close(&target);
                Ok(())
            }
            Message::Flush => Ok(self.replies.flush().await?),
            Message::Sync => {
                self.skipping = false;
                self.ready().await
            }
            Message::FunctionCall => {
                let error = ClientError::new(
                    SqlState::FEATURE_NOT_SUPPORTED,
                    "function calls by message are not supported",
                )
                .hint("Call the function in a SELECT.");
                Err(self.refuse(None, error).await)
            }
            Message::Copy => {
                let error = ClientError::new(
                    SqlState::PROTOCOL_VIOLATION,
                    "unexpected message of a COPY that was not begun",
                );
                Err(Failure::Session(self.conversation.refused(None, error).await))
            }
            // Handled where messages are read.
            Message::Terminate => Err(Failure::Goodbye),
        }
    }

    /// The end of a query or of a run of extended messages: the implicit transaction ends, and
    /// the client is told that it may go on.
    pub(super) async fn ready(&mut self) -> Result<(), Failure> {
        let ended = self.transaction.settle();
        self.transaction_ended(ended);
        self.several = false;
        for (name, value) in std::mem::take(&mut self.changed) {
            self.replies.put_parameter(&name, &value);
        }
        self.replies.put(&ReadyForQuery::new(self.transaction.status()));
        Ok(self.replies.flush().await?)
    }

    /// Runs a statement, or begins to. Of rows, none is read yet.
    pub(super) async fn start(
        &mut self,
        statement: &C::Statement,
        parameters: Vec<datafusion::common::ScalarValue>,
        formats: Vec<Format>,
    ) -> Result<Outcome, Failure> {
        let kind = self.admit(statement).await?;
        self.begin();
        match self.conversation.course(statement) {
            Course::Answer => self.ask(statement, kind, parameters, formats).await,
            Course::Declare { name, binary } => {
                self.declare(statement, kind, parameters, name, binary).await
            }
            Course::Copy(format) => self.copy_out(statement, kind, parameters, format).await,
            Course::Fetch(fetch) => Ok(Outcome::Fetch(fetch)),
            Course::Close(name) => self.close_cursor(statement, name.as_deref()).await,
        }
    }

    /// Has the conversation answer a statement.
    pub(super) async fn ask(
        &mut self,
        statement: &C::Statement,
        kind: StatementKind,
        parameters: Vec<datafusion::common::ScalarValue>,
        formats: Vec<Format>,
    ) -> Result<Outcome, Failure> {
        let running = self.conversation.execute(statement, parameters);
        let answer = match self.signals.attempt(&mut self.frames, running).await {
            Ok(answer) => answer?,
            Err(interrupt) => return Err(self.interrupted(Some(statement), interrupt).await),
        };
        match answer {
            Answer::Rows { schema, batches, tag, meter, deadline } => {
                let columns = Columns::of(&schema).inspect_err(|error| {
                    meter.stop(Stop::Failed(error.clone()));
                })?;
                let rendering = self.conversation.rendering();
                Ok(Outcome::Rows(Box::new(Cursor {
                    columns,
                    formats,
                    rendering,
                    batches,
                    meter,
                    deadline,
                    tag,
                    current: None,
                    copy: None,
                    position: 0,
                    ended: false,
                })))
            }
            Answer::Done { tag, changed } => {
                self.changed.extend(changed);
                let effect = self.transaction.succeed(kind);
                self.transaction_ended(effect.ended);
                if let Some(warning) = &effect.warning {
                    self.replies.put_warning(warning);
                }
                Ok(Outcome::Done(effect.tag.map_or(tag, str::to_owned)))
            }
        }
    }

    /// Begins the implicit transaction, unless there is one already.
    pub(super) fn begin(&mut self) {
        if self.transaction.start() {
            self.conversation.transaction_began();
        }
    }

    /// Whether a statement may run, and what it does to the transaction.
    pub(super) async fn admit(
        &mut self,
        statement: &C::Statement,
    ) -> Result<StatementKind, Failure> {
        let kind = self.conversation.kind(statement);
        match self.transaction.admit(kind) {
            Ok(()) => Ok(kind),
            Err(error) => Err(self.refuse(Some(statement), error).await),
        }
    }

    /// An error that was found here, so that the conversation must be told.
    pub(super) async fn refuse(
        &mut self,
        statement: Option<&C::Statement>,
        error: ClientError,
    ) -> Failure {
        Failure::Statement(self.conversation.refused(statement, error).await)
    }

    /// What the conversation was doing was dropped, so that it must be told.
    pub(super) async fn interrupted(
        &mut self,
        statement: Option<&C::Statement>,
        interrupt: Interrupt,
    ) -> Failure {
        let why = Stop::from(interrupt);
        self.conversation.stopped(statement, &why).await;
        why.into()
    }

    fn failed(&mut self, error: &ClientError) {
        let ended = self.transaction.fail();
        self.transaction_ended(ended);
        if self.transaction.is_failed() {
            self.portals.stop();
        }
        self.replies.put_error(Severity::Error, error);
    }

    fn transaction_ended(&mut self, ended: Option<Ended>) {
        if let Some(ended) = ended {
            // Their queries stop before their transaction does.
            self.portals.clear(&Stop::Closed);
            let committed = ended == Ended::Committed;
            self.changed.extend(self.conversation.transaction_ended(committed));
        }
    }

    pub(super) fn put_complete(&mut self, tag: &str) {
        self.replies.put(&CommandComplete::new(without_nul(tag).into_owned()));
    }

    pub(super) fn put_empty(&mut self) {
        self.replies.put(&EmptyQueryResponse::new());
    }

    /// Writes the replies out if there are many: a client may send any number of messages before
    /// it asks for the answers.
    pub(super) async fn make_room(&mut self) -> Result<(), Failure> {
        if self.replies.is_full() {
            self.signals.attempt(&mut self.frames, self.replies.flush()).await??;
        }
        Ok(())
    }
}

/// Does some work, and ends meanwhile what takes too long of the session's portals.
async fn keeping_time<S, T>(portals: &mut Portals<S>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        // Also where there is no time to wait: a client may send one message after the other.
        portals.expire(Instant::now());
        let Some(deadline) = portals.deadline() else { return work.await };
        if let Ok(done) = timeout_at(deadline, &mut work).await {
            return done;
        }
    }
}
