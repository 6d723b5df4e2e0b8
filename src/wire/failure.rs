//! How handling a message can fail.

use std::io;

use super::signals::Interrupt;
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
        match interrupt {
            Interrupt::Cancelled => Self::Statement(interrupt.error()),
            Interrupt::Expired | Interrupt::Stopping => Self::Session(interrupt.error()),
            Interrupt::ClientGone => Self::Gone,
        }
    }
}
