//! How many sessions there are, for whoever watches the gateway.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counts at one moment, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCounts {
    /// Sessions that are open.
    pub open: u64,
    /// Logins that became sessions.
    pub accepted: u64,
    /// Logins that were refused.
    pub refused: u64,
}

#[derive(Debug, Default)]
pub(in crate::session) struct Census {
    open: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
}

/// A session, for as long as it is open.
pub(in crate::session) struct Counted(Arc<Census>);

impl Census {
    pub(in crate::session) fn enter(self: &Arc<Self>) -> Counted {
        self.open.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(self))
    }

    pub(in crate::session) fn login(&self, accepted: bool) {
        let count = if accepted { &self.accepted } else { &self.refused };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::session) fn read(&self) -> SessionCounts {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        SessionCounts {
            open: get(&self.open),
            accepted: get(&self.accepted),
            refused: get(&self.refused),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
