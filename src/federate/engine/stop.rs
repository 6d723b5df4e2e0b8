//! When a computation is to end.

use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::common::{DataFusionError, Result};
use tokio::time::Instant;

use crate::error::ClientError;

/// What a statement that computes without a pause looks at from time to time: nothing can be told
/// to it otherwise.
#[derive(Debug)]
pub(in crate::federate) struct Stop {
    deadline: Instant,
    unwanted: AtomicBool,
}

impl Stop {
    /// Of a statement that may take until `deadline`.
    pub fn at(deadline: Instant) -> Self {
        Self { deadline, unwanted: AtomicBool::new(false) }
    }

    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Nobody waits for it any more.
    pub fn tell(&self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// 57014 where it is over.
    pub fn check(&self) -> Result<()> {
        if self.unwanted.load(Ordering::Relaxed) || Instant::now() >= self.deadline {
            return Err(DataFusionError::External(Box::new(ClientError::timed_out())));
        }
        Ok(())
    }
}
