//! Cursors of SQL. A cursor is a portal that `DECLARE` has made; its rows are read as they are
//! fetched, forward only, and it ends with its transaction.

use datafusion::common::ScalarValue;
use tokio::io::{AsyncRead, AsyncWrite};

use super::backend::{Conversation, StatementKind, Stop};
use super::connection::{Connection, Outcome};
use super::course::{Course, Fetch, Reach};
use super::encode::Columns;
use super::extended::changed_shape;
use super::failure::Failure;
use super::portal::{Portal, State};
use super::rows::{Cursor, Progress};
use crate::error::{ClientError, SqlState};
use crate::values::Format;

/// What an Execute has told of the rows that it wants.
pub(super) struct Wanted<'a> {
    /// The columns that the client was told of.
    pub(super) columns: Option<&'a Columns>,
    /// One format for each.
    pub(super) formats: &'a [Format],
}

/// How far a `FETCH` came.
pub(super) struct Fetched {
    /// So many rows, in this run.
    pub(super) rows: u64,
    /// What is left of it, where the client wanted no more rows at once.
    pub(super) left: Option<Reach>,
}

/// The rows that are gone past, and how many are given then; all where that is not said.
type Way = (u64, Option<u64>);

impl Fetch {
    /// The first word of its tag.
    pub(super) fn tag(&self) -> &'static str {
        if self.silent { "MOVE" } else { "FETCH" }
    }
}

impl<C, R, W> Connection<C, R, W>
where
    C: Conversation,
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Begins a query, and keeps its rows under a name.
    pub(super) async fn declare(
        &mut self,
        statement: &C::Statement,
        kind: StatementKind,
        parameters: Vec<ScalarValue>,
        name: String,
        binary: bool,
    ) -> Result<Outcome, Failure> {
        if let Err(error) = self.admit_cursor(&name) {
            return Err(self.refuse(Some(statement), error).await);
        }
        match self.ask(statement, kind, parameters, Vec::new()).await? {
            Outcome::Rows(cursor) => {
                let columns = Some(cursor.columns.clone());
                let (statement, formats) = (Some(statement.clone()), Vec::new());
                let state = State::Open(cursor);
                self.portals.put(name, Portal { statement, columns, formats, binary, state });
                Ok(Outcome::Done("DECLARE CURSOR".to_owned()))
            }
            other => Ok(other),
        }
    }

    fn admit_cursor(&self, name: &str) -> Result<(), ClientError> {
        if !self.transaction.is_block() && !self.several {
            return Err(ClientError::new(
                SqlState::NO_ACTIVE_SQL_TRANSACTION,
                "DECLARE CURSOR can only be used in transaction blocks",
            ));
        }
        self.portals.admit(name)
    }

    /// `CLOSE`
    pub(super) async fn close_cursor(
        &mut self,
        statement: &C::Statement,
        name: Option<&str>,
    ) -> Result<Outcome, Failure> {
        let Some(name) = name else {
            self.portals.clear(&Stop::Closed);
            return Ok(Outcome::Done("CLOSE CURSOR ALL".to_owned()));
        };
        match self.portals.take_cursor(name) {
            Ok(mut portal) => {
                portal.stop(&Stop::Closed);
                Ok(Outcome::Done("CLOSE CURSOR".to_owned()))
            }
            Err(error) => Err(self.refuse(Some(statement), error).await),
        }
    }

    /// Gives rows of a cursor, at most `most` of them at once. Where nothing is `wanted` in
    /// particular, the simple protocol asks: the client is told of the columns first.
    pub(super) async fn fetch(
        &mut self,
        statement: &C::Statement,
        fetch: &Fetch,
        wanted: Option<Wanted<'_>>,
        most: Option<u64>,
    ) -> Result<Fetched, Failure> {
        let mut portal = match self.portals.take_cursor(&fetch.name) {
            Ok(portal) => portal,
            Err(error) => return Err(self.refuse(Some(statement), error).await),
        };
        let fetched = self.fetch_from(&mut portal, statement, fetch, wanted, most).await;
        // After an error it is stopped where it stands, with all others of its block.
        self.portals.put(fetch.name.clone(), portal);
        fetched
    }

    async fn fetch_from(
        &mut self,
        portal: &mut Portal<C::Statement>,
        statement: &C::Statement,
        fetch: &Fetch,
        wanted: Option<Wanted<'_>>,
        most: Option<u64>,
    ) -> Result<Fetched, Failure> {
        self.open(portal).await?;
        let cursor = match &mut portal.state {
            State::Open(cursor) => cursor,
            State::Late => return Err(late()),
            _ => {
                let message = format!("portal \"{}\" cannot be run", fetch.name);
                let error = ClientError::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, message);
                return Err(self.refuse(Some(statement), error).await);
            }
        };
        let (past, count) = match way(fetch.reach, cursor) {
            Ok(way) => way,
            Err(error) => return Err(self.refuse(Some(statement), error).await),
        };
        if fetch.silent {
            let (frames, signals) = (&mut self.frames, &mut self.signals);
            cursor.pass(Some(past), frames, signals).await?;
            let rows = cursor.pass(count, frames, signals).await?;
            return Ok(Fetched { rows, left: None });
        }
        let formats = match wanted {
            Some(Wanted { columns, formats }) => {
                if !columns.is_some_and(|told| told.same_types(&cursor.columns)) {
                    return Err(self.refuse(Some(statement), changed_shape()).await);
                }
                formats.to_vec()
            }
            None => {
                let formats = match portal.binary {
                    true => vec![Format::Binary; cursor.columns.len()],
                    false => Vec::new(),
                };
                self.replies.put(&cursor.columns.description(&formats));
                formats
            }
        };
        cursor.render(formats, self.conversation.rendering());
        let (frames, signals) = (&mut self.frames, &mut self.signals);
        cursor.pass(Some(past), frames, signals).await?;
        if count == Some(0) {
            return Ok(Fetched { rows: 0, left: None });
        }
        let at_once = [most, count].into_iter().flatten().min();
        match cursor.send(at_once, frames, &mut self.replies, signals).await? {
            Progress::Finished(rows) => Ok(Fetched { rows, left: None }),
            Progress::Suspended => {
                let rows = at_once.unwrap_or_default();
                let left = match count {
                    None => Some(Reach::All),
                    Some(count) => (count > rows).then(|| Reach::Next(count - rows)),
                };
                Ok(Fetched { rows, left })
            }
        }
    }

    /// Begins what was bound and not run: it is read from as a cursor.
    async fn open(&mut self, portal: &mut Portal<C::Statement>) -> Result<(), Failure> {
        let Some(statement) = &portal.statement else { return Ok(()) };
        let course = self.conversation.course(statement);
        let State::Ready(parameters) = &mut portal.state else { return Ok(()) };
        if portal.columns.is_none() || course != Course::Answer {
            return Ok(());
        }
        let parameters = std::mem::take(parameters);
        portal.state = State::Spent;
        let kind = self.conversation.kind(statement);
        if let Outcome::Rows(cursor) =
            self.ask(statement, kind, parameters, portal.formats.clone()).await?
        {
            portal.state = State::Open(cursor);
        }
        Ok(())
    }
}

/// What is said of a portal whose time was over before somebody came back to it. It is on record as
/// the end of the query that it read.
pub(super) fn late() -> Failure {
    Failure::Statement(ClientError::timed_out())
}

/// How a cursor comes to where a `FETCH` wants it.
fn way(reach: Reach, cursor: &Cursor) -> Result<Way, ClientError> {
    // Behind the last row is a place of its own.
    let stands = cursor.position + u64::from(cursor.ended);
    match reach {
        Reach::Next(rows) => Ok((0, Some(rows))),
        Reach::All => Ok((0, None)),
        Reach::Relative(rows) => Ok((rows.saturating_sub(1), Some(1))),
        Reach::Absolute(0) if stands == 0 => Ok((0, Some(0))),
        Reach::Absolute(row) if row > stands => Ok((row - stands - 1, Some(1))),
        Reach::Same if cursor.position == 0 || cursor.ended => Ok((0, Some(0))),
        Reach::Absolute(_) | Reach::Same | Reach::Back => Err(ClientError::new(
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cursor can only scan forward",
        )
        .hint("Rows are read as they are fetched, and not kept: declare another cursor.")),
    }
}
