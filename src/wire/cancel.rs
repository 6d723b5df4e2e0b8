//! Cancel requests. A client gets a number and a secret at login; whoever shows both, on a
//! connection of its own, stops what that session is doing. It is never told whether they
//! matched.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::{constant_time, rand};
use tokio::sync::watch;

/// The length of a secret in protocol 3.0, which fixes it.
const SHORT_SECRET_BYTES: usize = 4;

/// The length of a secret from protocol 3.2 on.
const LONG_SECRET_BYTES: usize = 32;

/// The sessions that can be cancelled. It holds one entry for each, so it is bounded by the
/// limit of sessions.
#[derive(Default)]
pub(super) struct Registry {
    sessions: Mutex<HashMap<i32, Entry>>,
}

struct Entry {
    secret: Vec<u8>,
    signal: watch::Sender<()>,
}

/// A session's place in the registry; dropping it gives the place up.
pub(super) struct Ticket {
    registry: Arc<Registry>,
    /// The number that the protocol calls process ID.
    pub(super) number: i32,
    /// The secret that goes with it.
    pub(super) secret: Vec<u8>,
    /// Changes when a cancel request came.
    pub(super) signal: watch::Receiver<()>,
}

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("no random bytes are to be had")]
pub(super) struct NoRandom;

impl Registry {
    /// Makes a number and a secret for a session.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub(super) fn register(self: &Arc<Self>, long: bool) -> Result<Ticket, NoRandom> {
        let mut secret = vec![0; if long { LONG_SECRET_BYTES } else { SHORT_SECRET_BYTES }];
        rand::fill(&mut secret).map_err(|_| NoRandom)?;
        let (sender, signal) = watch::channel(());
        let mut sessions = self.lock();
        let number = loop {
            let mut bytes = [0; 4];
            rand::fill(&mut bytes).map_err(|_| NoRandom)?;
            let number = i32::from_be_bytes(bytes) & i32::MAX;
            if number != 0 && !sessions.contains_key(&number) {
                break number;
            }
        };
        sessions.insert(number, Entry { secret: secret.clone(), signal: sender });
        Ok(Ticket { registry: Arc::clone(self), number, secret, signal })
    }

    /// Stops what a session is doing, if number and secret are those of one.
    pub(super) fn cancel(&self, number: i32, secret: &[u8]) {
        if let Some(entry) = self.lock().get(&number)
            && constant_time::verify_slices_are_equal(&entry.secret, secret).is_ok()
        {
            entry.signal.send_replace(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, Entry>> {
        // No code that can panic runs under the lock.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_number_and_secret_together_cancel() {
        let registry = Arc::new(Registry::default());
        let one = registry.register(false).unwrap();
        let other = registry.register(true).unwrap();
        assert_eq!((one.secret.len(), other.secret.len()), (4, 32));
        let mut wrong = one.secret.clone();
        wrong[3] ^= 1;
        registry.cancel(one.number, &wrong);
        registry.cancel(one.number, &one.secret[..3]);
        registry.cancel(one.number, &other.secret);
        registry.cancel(one.number ^ 1, &one.secret);
        assert!(!one.signal.has_changed().unwrap());
        registry.cancel(one.number, &one.secret);
        assert!(one.signal.has_changed().unwrap());
        assert!(!other.signal.has_changed().unwrap());
    }

    #[test]
    fn a_session_that_ended_leaves_nothing() {
        let registry = Arc::new(Registry::default());
        drop(registry.register(false).unwrap());
        assert!(registry.lock().is_empty());
    }
}
