//! How handling a message can fail.

use std::io;

use super::backend::Stop;
use super::signals::{Interrupt, client_gone};
use crate::error::ClientError;

/// A message was not answered as asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The client is told, and the session goes on.
    Statement(ClientError),
    /// The client is told, and the session ends.
    Session(ClientError),
    /// The session ends, and there is nobody to be told.
    Gone,
    /// The client said goodbye.
    Goodbye,
}

impl Failure {
    /// Why the session ends with it.
    pub(super) fn stop(&self) -> Stop {
        match self {
            Self::Statement(error) | Self::Session(error) => Stop::Session(error.clone()),
            Self::Gone => Stop::Gone(client_gone()),
            Self::Goodbye => Stop::Closed,
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Statement(error)
    }
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl From<Interrupt> for Failure {
    fn from(interrupt: Interrupt) -> Self {
        Stop::from(interrupt).into()
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled(error) | Stop::Failed(error) => Self::Statement(error),
            Stop::Session(error) => Self::Session(error),
            Stop::Gone(_) => Self::Gone,
            Stop::Closed => Self::Goodbye,
        }
    }
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Stop {
    /// A connection that broke, or whose client took nothing for too long.
    fn from(_: io::Error) -> Self {
        Self::Gone(client_gone())
    }
}

impl From<Interrupt> for Stop {
    fn from(interrupt: Interrupt) -> Self {
        let error = interrupt.error();
        match interrupt {
            Interrupt::Cancelled => Self::Cancelled(error),
            Interrupt::Expired | Interrupt::Stopping => Self::Session(error),
            Interrupt::ClientGone => Self::Gone(error),
        }
    }
}
