//! Portals: statements with their parameters, ready to run, running, or run.

use std::collections::HashMap;

use datafusion::common::ScalarValue;
use tokio::time::Instant;

use super::backend::Stop;
use super::course::Fetch;
use super::encode::Columns;
use super::rows::Cursor;
use crate::error::{ClientError, SqlState};
use crate::values::Format;

/// One portal.
pub(super) struct Portal<S> {
    /// `None` is the empty query.
    pub(super) statement: Option<S>,
    /// The columns that were told to the client; `None` where there are no rows.
    pub(super) columns: Option<Columns>,
    /// One for each column.
    pub(super) formats: Vec<Format>,
    /// Declared so: a `FETCH` of the simple protocol gives its rows in binary.
    pub(super) binary: bool,
    /// How far it is.
    pub(super) state: State,
}

/// How far a portal is.
pub(super) enum State {
    /// Not begun.
    Ready(Vec<ScalarValue>),
    /// Begun; rows may be left, or none.
    Open(Box<Cursor>),
    /// A `FETCH` that is not over, and what is left of it.
    Fetching(Fetch),
    /// A `FETCH` that is over; the first word of the command tag.
    Finished(&'static str),
    /// It has taken too long, whether or not anybody read from it.
    Late,
    /// Run, and not to be run again.
    Spent,
}

/// A session's portals, by name.
pub(super) struct Portals<S> {
    portals: HashMap<String, Portal<S>>,
    most: usize,
}

impl<S> Portals<S> {
    /// None yet, and never more than `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { portals: HashMap::new(), most }
    }

    /// Whether a portal of this name may be made. The one without a name may always be made
    /// anew.
    ///
    /// # Errors
    /// 42P03 for a name that is taken, 53400 for too many.
    pub(super) fn admit(&self, name: &str) -> Result<(), ClientError> {
        let taken = self.portals.contains_key(name);
        if taken && !name.is_empty() {
            return Err(ClientError::new(
                SqlState::DUPLICATE_CURSOR,
                format!("cursor \"{name}\" already exists"),
            ));
        }
        if !taken && self.portals.len() >= self.most {
            return Err(ClientError::new(
                SqlState::CONFIGURATION_LIMIT_EXCEEDED,
                format!("a session can have at most {} portals", self.most),
            )
            .hint("Close portals that are no longer needed."));
        }
        Ok(())
    }

    /// Keeps a portal under a name.
    pub(super) fn put(&mut self, name: String, portal: Portal<S>) {
        if let Some(mut before) = self.portals.insert(name, portal) {
            before.stop(&Stop::Closed);
        }
    }

    /// Takes a portal out that SQL calls a cursor, to read from it.
    ///
    /// # Errors
    /// 34000 where there is none of this name.
    pub(super) fn take_cursor(&mut self, name: &str) -> Result<Portal<S>, ClientError> {
        self.portals.remove(name).ok_or_else(|| {
            let message = format!("cursor \"{name}\" does not exist");
            ClientError::new(SqlState::INVALID_CURSOR_NAME, message)
        })
    }

    /// Takes a portal out, to run it.
    ///
    /// # Errors
    /// 34000 where there is none of this name.
    pub(super) fn take(&mut self, name: &str) -> Result<Portal<S>, ClientError> {
        self.portals.remove(name).ok_or_else(|| unknown(name))
    }

    /// Looks at a portal.
    ///
    /// # Errors
    /// 34000 where there is none of this name.
    pub(super) fn get(&self, name: &str) -> Result<&Portal<S>, ClientError> {
        self.portals.get(name).ok_or_else(|| unknown(name))
    }

    /// Forgets one, if it is there. Its query stops.
    pub(super) fn close(&mut self, name: &str) {
        if let Some(mut portal) = self.portals.remove(name) {
            portal.stop(&Stop::Closed);
        }
    }

    /// Stops what they do: the block that they are of has failed.
    pub(super) fn stop(&mut self) {
        self.portals.values_mut().for_each(|portal| portal.stop(&Stop::Closed));
    }

    /// When the first of those that are read from has taken too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.portals.values().filter_map(Portal::deadline).min()
    }

    /// Ends what has taken too long: it holds rows that others have no room for.
    pub(super) fn expire(&mut self, now: Instant) {
        for portal in self.portals.values_mut() {
            if portal.deadline().is_some_and(|deadline| deadline <= now) {
                portal.stop(&Stop::Failed(ClientError::timed_out()));
                portal.state = State::Late;
            }
        }
    }

    /// Forgets all of them: no portal outlives its transaction.
    pub(super) fn clear(&mut self, why: &Stop) {
        self.portals.drain().for_each(|(_, mut portal)| portal.stop(why));
    }
}

impl<S> Portal<S> {
    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Open(cursor) if !cursor.ended => cursor.deadline,
            _ => None,
        }
    }

    /// It gives nothing any more. Whoever makes its rows is told why.
    pub(super) fn stop(&mut self, why: &Stop) {
        if let State::Open(cursor) = std::mem::replace(&mut self.state, State::Spent) {
            cursor.meter.stop(why.clone());
        }
    }
}

fn unknown(name: &str) -> ClientError {
    ClientError::new(SqlState::INVALID_CURSOR_NAME, format!("portal \"{name}\" does not exist"))
}
