//! When a computation is to end.
//!
//! Nothing can be told to what computes without a pause. So it looks from time to time, at the
//! [`Stop`] of the statement for which its task works; and so does what is called deep within a plan,
//! or while one is made, to which nobody could hand it ([`check`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use crate::error::ClientError;

/// What a statement that computes without a pause looks at from time to time.
#[derive(Debug)]
pub struct Stop {
    deadline: Instant,
    unwanted: AtomicBool,
}

tokio::task_local! {
    /// Of the statement for which the running task works.
    static CURRENT: Arc<Stop>;
}

impl Stop {
    /// Of a statement that may take until `deadline`.
    pub fn at(deadline: Instant) -> Self {
        Self { deadline, unwanted: AtomicBool::new(false) }
    }

    /// When it is over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Nobody waits for it any more.
    pub fn tell(&self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// 57014 where it is over.
    pub fn check(&self) -> Result<(), ClientError> {
        if self.unwanted.load(Ordering::Relaxed) || Instant::now() >= self.deadline {
            return Err(ClientError::timed_out());
        }
        Ok(())
    }

    /// Work that looks at this one where it looks.
    pub fn over<T>(self: Arc<Self>, work: impl Future<Output = T>) -> impl Future<Output = T> {
        CURRENT.scope(self, work)
    }

    /// The same of work that waits for nothing.
    pub fn over_block<T>(self: Arc<Self>, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }
}

/// Looks at the stop of the statement for which this task works. What works for none goes on.
///
/// # Errors
/// 57014 where the statement is over.
pub fn check() -> Result<(), ClientError> {
    CURRENT.try_with(|stop| stop.check()).unwrap_or(Ok(()))
}

/// Something to do in very many small steps, which looks every so many of them.
#[derive(Debug, Default)]
pub struct Steps(usize);

impl Steps {
    /// Steps between two looks: some tens of microseconds where each is a comparison.
    const BETWEEN: usize = 1 << 16;

    /// So many steps more.
    ///
    /// # Errors
    /// As [`check`].
    pub fn take(&mut self, steps: usize) -> Result<(), ClientError> {
        self.0 = self.0.saturating_add(steps);
        if self.0 < Self::BETWEEN {
            return Ok(());
        }
        self.0 = 0;
        check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_noticed_at_the_next_look() {
        let stop = Arc::new(Stop::at(Instant::now() + std::time::Duration::from_secs(600)));
        Arc::clone(&stop).over_block(|| {
            let mut steps = Steps::default();
            assert_eq!(steps.take(Steps::BETWEEN), Ok(()));
            stop.tell();
            assert_eq!(steps.take(Steps::BETWEEN - 1), Ok(()));
            assert_eq!(steps.take(1), Err(ClientError::timed_out()));
            assert_eq!(check(), Err(ClientError::timed_out()));
        });
        assert_eq!(check(), Ok(()));
    }
}
