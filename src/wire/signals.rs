//! What may interrupt a connection: a cancel request, the end of its token, a shutdown, or its
//! client going away.

use std::future::{self, Future};
use std::time::{Duration, SystemTime};

use tokio::io::AsyncRead;
use tokio::sync::watch;
use tokio::task::coop::consume_budget;
use tokio::time::sleep;

use super::framing::Frames;
use crate::error::{ClientError, SqlState};

/// A clock that is set is noticed after this time at the latest.
const CLOCK_CHECK: Duration = Duration::from_secs(30);

/// How far a shutdown has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// There is none.
    Serving,
    /// Idle sessions end; running statements may go on.
    Draining,
    /// Everything ends.
    Stopping,
}

/// Why something did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// A cancel request came.
    Cancelled,
    /// The session's token is no longer valid.
    Expired,
    /// The gateway shuts down.
    Stopping,
    /// The client closed the connection.
    ClientGone,
}

/// The signals of one connection.
pub(super) struct Signals {
    cancel: watch::Receiver<()>,
    phase: watch::Receiver<Phase>,
    expires_at: SystemTime,
}

impl Signals {
    pub(super) fn new(
        cancel: watch::Receiver<()>,
        phase: watch::Receiver<Phase>,
        expires_at: SystemTime,
    ) -> Self {
        Self { cancel, phase, expires_at }
    }

    /// Forgets cancel requests that came before now: they meant what is over.
    pub(super) fn forget_cancels(&mut self) {
        self.cancel.mark_unchanged();
    }

    /// Whether the session's token is still valid.
    pub(super) fn expired(&self) -> bool {
        SystemTime::now() >= self.expires_at
    }

    /// Does some work of a running statement, unless something interrupts it. What the client
    /// sends meanwhile is read ahead, within bounds.
    ///
    /// # Errors
    /// What interrupted it; the work was dropped then.
    pub(super) async fn attempt<R: AsyncRead + Unpin, T>(
        &mut self,
        frames: &mut Frames<R>,
        work: impl Future<Output = T>,
    ) -> Result<T, Interrupt> {
        // Work that is always ready would never let others run, nor any signal come through.
        consume_budget().await;
        tokio::select! {
            biased;
            // Before the work, since a result that is always ready must end too.
            () = changed(&mut self.cancel) => Err(Interrupt::Cancelled),
            () = reached(&mut self.phase, Phase::Stopping) => Err(Interrupt::Stopping),
            () = until(self.expires_at) => Err(Interrupt::Expired),
            done = work => Ok(done),
            // After it: a look at the socket is only worth its cost where there is time to wait.
            () = frames.gone() => Err(Interrupt::ClientGone),
        }
    }

    /// Waits for a client's next message, unless the session must end before it comes.
    ///
    /// # Errors
    /// Why it must end.
    pub(super) async fn idle<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Interrupt> {
        tokio::select! {
            biased;
            () = reached(&mut self.phase, Phase::Draining) => Err(Interrupt::Stopping),
            () = until(self.expires_at) => Err(Interrupt::Expired),
            done = work => Ok(done),
        }
    }
}

async fn changed(signal: &mut watch::Receiver<()>) {
    if signal.changed().await.is_err() {
        // Nobody is left who could send one.
        future::pending().await
    }
}

async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) {
    if phase.wait_for(|phase| *phase >= wanted).await.is_err() {
        future::pending().await
    }
}

/// Waits for a moment by the clock on the wall, which may be set meanwhile.
async fn until(moment: SystemTime) {
    while let Ok(left) = moment.duration_since(SystemTime::now())
        && !left.is_zero()
    {
        sleep(left.min(CLOCK_CHECK)).await;
    }
}

/// 08006, for the record: there is nobody to be told.
pub(super) fn client_gone() -> ClientError {
    ClientError::new(SqlState::CONNECTION_FAILURE, "the client went away")
}

impl Interrupt {
    /// What the client is told.
    pub(super) fn error(self) -> ClientError {
        match self {
            Self::Cancelled => ClientError::new(
                SqlState::QUERY_CANCELED,
                "canceling statement due to user request",
            ),
            Self::Expired => ClientError::new(
                SqlState::ADMIN_SHUTDOWN,
                "terminating connection because the session's token has expired",
            )
            .hint("Connect again with a new token."),
            Self::Stopping => ClientError::new(
                SqlState::ADMIN_SHUTDOWN,
                "terminating connection due to administrator command",
            ),
            Self::ClientGone => client_gone(),
        }
    }
}
