//! The extended protocol: statements are prepared, bound to parameters and run in messages of
//! their own.

use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    BindComplete, CloseComplete, ParseComplete, PortalSuspended,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::backend::{Conversation, Description, StatementKind, Stop};
use super::connection::{Connection, Outcome};
use super::course::{Course, Fetch};
use super::cursors::Wanted;
use super::cursors::late;
use super::decode::Parameters;
use super::encode::Columns;
use super::failure::Failure;
use super::frontend::{Bind, Target};
use super::portal::{Portal, State};
use super::rows::{self, Cursor, Progress};
use super::transaction::{self, Transaction};
use crate::error::{ClientError, SqlState};
use crate::values::Format;

impl<C, R, W> Connection<C, R, W>
where
    C: Conversation,
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    pub(super) async fn parse(
        &mut self,
        name: &str,
        text: &str,
        types: &[u32],
    ) -> Result<(), Failure> {
        if self.transaction.is_failed() && !self.ends_transaction(text).await? {
            return Err(self.refuse(None, transaction::aborted()).await);
        }
        self.admit_name(name).await?;
        let work = self.conversation.prepare(name, text, types);
        match self.signals.attempt(&mut self.frames, work).await {
            Ok(prepared) => prepared?,
            Err(interrupt) => return Err(self.interrupted(None, interrupt).await),
        }
        if !name.is_empty() {
            self.named.insert(name.to_owned(), None);
        }
        self.make_room().await?;
        self.replies.put(&ParseComplete::new());
        Ok(())
    }

    /// Whether a text is nothing but the end of a block, or nothing at all.
    async fn ends_transaction(&mut self, text: &str) -> Result<bool, Failure> {
        let statements = self.conversation.split(text).await?;
        let ends = |statement| {
            let kind = self.conversation.kind(statement);
            matches!(kind, StatementKind::Commit | StatementKind::Rollback)
        };
        Ok(statements.iter().all(ends))
    }

    /// Whether there may be one more statement. Some may have been forgotten by `DEALLOCATE`, so
    /// they are counted again before one is refused.
    async fn admit_name(&mut self, name: &str) -> Result<(), Failure> {
        let most = self.limits.max_statements;
        if name.is_empty() || self.named.len() < most {
            return Ok(());
        }
        let conversation = &self.conversation;
        self.named.retain(|name, _| conversation.prepared(name).is_ok());
        if self.named.len() < most {
            return Ok(());
        }
        let error = ClientError::new(
            SqlState::CONFIGURATION_LIMIT_EXCEEDED,
            format!("a session can have at most {most} prepared statements"),
        )
        .hint("Close or deallocate statements that are no longer needed.");
        Err(self.refuse(None, error).await)
    }

    /// The statement of this name.
    async fn prepared(&mut self, name: &str) -> Result<Option<C::Statement>, Failure> {
        match self.conversation.prepared(name) {
            Ok(statement) => Ok(statement),
            Err(error) => Err(self.refuse(None, error).await),
        }
    }

    /// The parameters and columns of a statement.
    async fn description(&mut self, statement: &C::Statement) -> Result<Description, Failure> {
        let work = self.conversation.describe(statement);
        match self.signals.attempt(&mut self.frames, work).await {
            Ok(description) => Ok(description?),
            Err(interrupt) => Err(self.interrupted(Some(statement), interrupt).await),
        }
    }

    pub(super) async fn bind(&mut self, bind: Bind) -> Result<(), Failure> {
        let statement = self.prepared(&bind.statement).await?;
        let (parameters, columns) = match &statement {
            Some(statement) => {
                self.admit(statement).await?;
                let description = self.description(statement).await?;
                let columns = self.columns(statement, &description);
                let parameters = Parameters::of(&description.parameters);
                match (parameters, columns) {
                    (Ok(parameters), Ok(columns)) => (parameters, columns),
                    (Err(error), _) | (_, Err(error)) => {
                        return Err(self.refuse(Some(statement), error).await);
                    }
                }
            }
            None => (Parameters::default(), None),
        };
        match self.make_portal(&bind, statement.clone(), &parameters, columns) {
            Ok(portal) => {
                self.begin();
                self.portals.put(bind.portal, portal);
                self.make_room().await?;
                self.replies.put(&BindComplete::new());
                Ok(())
            }
            Err(error) => Err(self.refuse(statement.as_ref(), error).await),
        }
    }

    fn make_portal(
        &self,
        bind: &Bind,
        statement: Option<C::Statement>,
        parameters: &Parameters,
        columns: Option<Columns>,
    ) -> Result<Portal<C::Statement>, ClientError> {
        let (given, needed) = (bind.parameters.len(), parameters.len());
        if let Some(Some(told)) = self.named.get(&bind.statement)
            && columns.as_ref() != Some(told)
        {
            return Err(changed_shape());
        }
        let violation = |text| ClientError::new(SqlState::PROTOCOL_VIOLATION, text);
        if given != needed {
            return Err(violation(format!(
                "bind message supplies {given} parameters, but prepared statement \"{}\" \
                 requires {needed}",
                bind.statement
            )));
        }
        let formats = spread(&bind.parameter_formats, given).ok_or_else(|| {
            let formats = bind.parameter_formats.len();
            violation(format!(
                "bind message has {formats} parameter formats but {given} parameters"
            ))
        })?;
        let rendering = self.conversation.rendering();
        let values = parameters.read(&bind.parameters, &formats, rendering)?;
        // Statements without rows take any formats, since there is nothing to be formatted.
        let count = columns.as_ref().map_or(0, Columns::len);
        let formats = match &columns {
            None => Vec::new(),
            Some(_) => spread(&bind.result_formats, count).ok_or_else(|| {
                let formats = bind.result_formats.len();
                violation(format!(
                    "bind message has {formats} result formats but query has {count} columns"
                ))
            })?,
        };
        self.portals.admit(&bind.portal)?;
        Ok(Portal { statement, columns, formats, binary: false, state: State::Ready(values) })
    }

    pub(super) async fn describe(&mut self, target: Target) -> Result<(), Failure> {
        self.make_room().await?;
        match target {
            Target::Statement(name) => self.describe_statement(&name).await,
            Target::Portal(name) => {
                let described = self.portals.get(&name).map(|portal| {
                    portal.columns.as_ref().map(|columns| columns.description(&portal.formats))
                });
                match described {
                    Ok(Some(description)) => self.replies.put(&description),
                    Ok(None) => self.replies.put(&NoData::new()),
                    Err(error) => return Err(self.refuse(None, error).await),
                }
                Ok(())
            }
        }
    }

    async fn describe_statement(&mut self, name: &str) -> Result<(), Failure> {
        let Some(statement) = self.prepared(name).await? else {
            self.replies.put(&ParameterDescription::new(Vec::new()));
            self.replies.put(&NoData::new());
            return Ok(());
        };
        self.admit(&statement).await?;
        let description = self.description(&statement).await?;
        let columns = self.columns(&statement, &description);
        let (parameters, columns) = match (Parameters::of(&description.parameters), columns) {
            (Ok(parameters), Ok(columns)) => (parameters, columns),
            (Err(error), _) | (_, Err(error)) => {
                return Err(self.refuse(Some(&statement), error).await);
            }
        };
        self.replies.put(&ParameterDescription::new(parameters.oids()));
        match &columns {
            Some(columns) => self.replies.put(&columns.description(&[])),
            None => self.replies.put(&NoData::new()),
        }
        // The columns of a FETCH are those of whatever cursor has the name when it is run.
        if let Some(told) = self.named.get_mut(name)
            && self.conversation.course(&statement) == Course::Answer
        {
            *told = columns;
        }
        Ok(())
    }

    /// The columns of a statement's rows; those of a `FETCH` are its cursor's.
    fn columns(
        &self,
        statement: &C::Statement,
        description: &Description,
    ) -> Result<Option<Columns>, ClientError> {
        match self.conversation.course(statement) {
            Course::Fetch(Fetch { silent: false, name, .. }) => {
                Ok(self.portals.get(&name).ok().and_then(|portal| portal.columns.clone()))
            }
            _ => description.columns.as_deref().map(Columns::of).transpose(),
        }
    }

    pub(super) async fn execute(&mut self, name: String, max_rows: i32) -> Result<(), Failure> {
        self.make_room().await?;
        // It is taken out, so that the end of a transaction within it may forget all others.
        let mut portal = match self.portals.take(&name) {
            Ok(portal) => portal,
            Err(error) => return Err(self.refuse(None, error).await),
        };
        let most = u64::try_from(max_rows).ok().filter(|&most| most > 0);
        let outcome = self.run_portal(&name, &mut portal, most).await;
        if outcome.is_err() {
            portal.stop(&Stop::Closed);
        }
        // A portal that ended its transaction ended with it.
        if self.transaction != Transaction::Idle {
            self.portals.put(name, portal);
        }
        outcome
    }

    async fn run_portal(
        &mut self,
        name: &str,
        portal: &mut Portal<C::Statement>,
        most: Option<u64>,
    ) -> Result<(), Failure> {
        let Some(statement) = &portal.statement else {
            self.put_empty();
            return Ok(());
        };
        self.admit(statement).await?;
        let mut cursor = match std::mem::replace(&mut portal.state, State::Spent) {
            State::Ready(parameters) => {
                let formats = portal.formats.clone();
                match self.start(statement, parameters, formats).await? {
                    Outcome::Done(tag) => {
                        self.put_complete(&tag);
                        return Ok(());
                    }
                    Outcome::Fetch(fetch) => return self.run_fetch(portal, fetch, most).await,
                    Outcome::Rows(cursor) => {
                        let told = portal.columns.as_ref();
                        if !told.is_some_and(|told| told.same_types(&cursor.columns)) {
                            let error = changed_shape();
                            cursor.meter.stop(Stop::Failed(error.clone()));
                            return Err(error.into());
                        }
                        cursor
                    }
                }
            }
            State::Open(cursor) => cursor,
            State::Late => return Err(late()),
            State::Fetching(fetch) => return self.run_fetch(portal, fetch, most).await,
            State::Finished(word) => {
                portal.state = State::Finished(word);
                self.put_complete(&rows::tag(word, 0));
                return Ok(());
            }
            State::Spent => {
                let error = ClientError::new(
                    SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
                    format!("portal \"{name}\" cannot be run"),
                );
                return Err(self.refuse(Some(statement), error).await);
            }
        };
        self.send(&mut cursor, most).await?;
        portal.state = State::Open(cursor);
        Ok(())
    }

    /// Runs a `FETCH`, or what is left of it.
    async fn run_fetch(
        &mut self,
        portal: &mut Portal<C::Statement>,
        fetch: Fetch,
        most: Option<u64>,
    ) -> Result<(), Failure> {
        let Portal { statement: Some(statement), columns, formats, .. } = &*portal else {
            return Ok(());
        };
        let wanted = Wanted { columns: columns.as_ref(), formats };
        let fetched = self.fetch(statement, &fetch, Some(wanted), most).await?;
        portal.state = match fetched.left {
            Some(reach) => {
                self.replies.put(&PortalSuspended::new());
                State::Fetching(Fetch { reach, ..fetch })
            }
            None => {
                self.put_complete(&rows::tag(fetch.tag(), fetched.rows));
                State::Finished(fetch.tag())
            }
        };
        Ok(())
    }

    async fn send(&mut self, cursor: &mut Cursor, most: Option<u64>) -> Result<(), Failure> {
        let (frames, signals) = (&mut self.frames, &mut self.signals);
        let progress = cursor.send(most, frames, &mut self.replies, signals).await?;
        match progress {
            Progress::Finished(count) => self.put_complete(&rows::tag(cursor.tag, count)),
            Progress::Suspended => self.replies.put(&PortalSuspended::new()),
        }
        Ok(())
    }

    pub(super) fn close(&mut self, target: &Target) {
        match target {
            Target::Statement(name) => {
                self.conversation.close(name);
                self.named.remove(name);
            }
            Target::Portal(name) => self.portals.close(name),
        }
        self.replies.put(&CloseComplete::new());
    }
}

/// One format for each: none given means text, one given is for all.
fn spread(formats: &[Format], count: usize) -> Option<Vec<Format>> {
    match *formats {
        [] => Some(vec![Format::Text; count]),
        [format] => Some(vec![format; count]),
        _ => (formats.len() == count).then(|| formats.to_vec()),
    }
}

/// What the client was told of the columns does not hold any more.
pub(super) fn changed_shape() -> ClientError {
    ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, "cached plan must not change result type")
        .hint("Prepare the statement again.")
}
