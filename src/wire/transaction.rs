//! The state of a session's transaction. Takes what statements do to it; says which are let
//! through, what ReadyForQuery reports, and when a transaction begins and ends.

use pgwire::messages::response::TransactionStatus;

use super::backend::StatementKind;
use crate::error::{ClientError, SqlState};

/// Where a session stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transaction {
    /// In none.
    #[default]
    Idle,
    /// In one that began by itself with a statement, and ends with the query or at Sync.
    Implicit,
    /// In a block that `BEGIN` opened.
    Block,
    /// In a block in which a statement failed.
    Failed,
}

/// A transaction's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Committed,
    RolledBack,
}

/// What a statement that succeeded has done.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Effect {
    /// A transaction ended with it.
    pub(super) ended: Option<Ended>,
    /// The client is warned.
    pub(super) warning: Option<ClientError>,
    /// Its tag is another than it says itself.
    pub(super) tag: Option<&'static str>,
}

impl Transaction {
    /// Whether a statement of this kind may run now.
    ///
    /// # Errors
    /// 25P02 for anything but the end of a failed block.
    pub(super) fn admit(self, kind: StatementKind) -> Result<(), ClientError> {
        let ends = matches!(kind, StatementKind::Commit | StatementKind::Rollback);
        if self == Self::Failed && !ends { Err(aborted()) } else { Ok(()) }
    }

    /// A statement is about to run. True if a transaction begins with it.
    #[must_use]
    pub(super) fn start(&mut self) -> bool {
        let begins = *self == Self::Idle;
        if begins {
            *self = Self::Implicit;
        }
        begins
    }

    /// A statement of this kind has succeeded.
    pub(super) fn succeed(&mut self, kind: StatementKind) -> Effect {
        use StatementKind::{Begin, Commit, Plain, Rollback};
        let was = *self;
        let (next, ended) = match (kind, was) {
            (Plain, _) => return Effect::default(),
            (Begin, _) => (Self::Block, None),
            (Commit, Self::Failed) | (Rollback, _) => (Self::Idle, Some(Ended::RolledBack)),
            (Commit, _) => (Self::Idle, Some(Ended::Committed)),
        };
        *self = next;
        let in_block = matches!(was, Self::Block | Self::Failed);
        Effect {
            ended,
            warning: match kind {
                Begin if in_block => Some(ClientError::new(
                    SqlState::ACTIVE_SQL_TRANSACTION,
                    "there is already a transaction in progress",
                )),
                Commit | Rollback if !in_block => Some(ClientError::new(
                    SqlState::NO_ACTIVE_SQL_TRANSACTION,
                    "there is no transaction in progress",
                )),
                _ => None,
            },
            tag: (kind == Commit && was == Self::Failed).then_some("ROLLBACK"),
        }
    }

    /// Something went wrong. Gives the end of an implicit transaction; a block waits for its own.
    #[must_use]
    pub(super) fn fail(&mut self) -> Option<Ended> {
        let was = *self;
        *self = match was {
            Self::Idle | Self::Implicit => Self::Idle,
            Self::Block | Self::Failed => Self::Failed,
        };
        (was == Self::Implicit).then_some(Ended::RolledBack)
    }

    /// The query, or the run of extended messages, is over.
    #[must_use]
    pub(super) fn settle(&mut self) -> Option<Ended> {
        let implicit = *self == Self::Implicit;
        if implicit {
            *self = Self::Idle;
        }
        implicit.then_some(Ended::Committed)
    }

    /// As ReadyForQuery reports it.
    pub(super) fn status(self) -> TransactionStatus {
        match self {
            Self::Idle | Self::Implicit => TransactionStatus::Idle,
            Self::Block => TransactionStatus::Transaction,
            Self::Failed => TransactionStatus::Error,
        }
    }

    /// Whether a block is open.
    pub(super) fn is_block(self) -> bool {
        self == Self::Block
    }

    /// Whether only the end of the block is let through.
    pub(super) fn is_failed(self) -> bool {
        self == Self::Failed
    }
}

/// The answer to statements in a failed block.
pub(super) fn aborted() -> ClientError {
    ClientError::new(
        SqlState::IN_FAILED_SQL_TRANSACTION,
        "current transaction is aborted, commands ignored until end of transaction block",
    )
}
