//! Decisions that hold beyond one request.
//!
//! They belong to one policy set and one schema, and go with them; the key holds everything else
//! that they rest on. What rests on the time, the client's address or its own word is never here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Columns, Denial, Rows};

/// Entries in one generation of one cache; there are at most twice as many.
const CAPACITY: usize = 2_048;

/// The caches of a policy set.
#[derive(Debug, Default)]
pub(in crate::policy) struct Caches {
    pub(super) rows: Cache<Rows>,
    pub(super) columns: Cache<Columns>,
}

/// Two generations: what is used moves to the younger one, and when that is full the older one
/// is forgotten.
#[derive(Debug)]
pub(super) struct Cache<V> {
    generations: Mutex<Generations<V>>,
}

#[derive(Debug)]
struct Generations<V> {
    young: HashMap<[u8; 32], Arc<V>>,
    old: HashMap<[u8; 32], Arc<V>>,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new() };
        Self { generations: Mutex::new(generations) }
    }
}

impl<V> Cache<V> {
    /// The value under this key, made where it is not there. Without a key it is made anew. A
    /// failure is not kept.
    pub fn get_or_try(
        &self,
        key: Option<&[u8; 32]>,
        make: impl FnOnce() -> Result<V, Denial>,
    ) -> Result<Arc<V>, Denial> {
        let Some(key) = key else { return make().map(Arc::new) };
        if let Some(value) = self.lock().get(key) {
            return Ok(value);
        }
        // Not under the lock: two callers may both make it, and get the same.
        let value = Arc::new(make()?);
        self.lock().insert(*key, Arc::clone(&value));
        Ok(value)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations<V>> {
        // Nothing in here can be left half done.
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Generations<V> {
    fn get(&mut self, key: &[u8; 32]) -> Option<Arc<V>> {
        if let Some(value) = self.young.get(key) {
            return Some(Arc::clone(value));
        }
        let value = self.old.remove(key)?;
        self.insert(*key, Arc::clone(&value));
        Some(value)
    }

    fn insert(&mut self, key: [u8; 32], value: Arc<V>) {
        if self.young.len() >= CAPACITY {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    fn key(number: usize) -> [u8; 32] {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        key
    }

    #[test]
    fn holds_no_more_than_two_generations_and_keeps_what_is_used() {
        let cache = Cache::default();
        for number in 0..CAPACITY * 5 {
            cache.get_or_try(Some(&key(number)), || Ok(number)).unwrap();
            let often = cache.get_or_try(Some(&key(0)), || Ok(usize::MAX)).unwrap();
            assert_eq!(*often, 0);
        }
        let generations = cache.lock();
        assert!(generations.young.len() + generations.old.len() <= CAPACITY * 2);
    }

    #[test]
    fn keeps_neither_failures_nor_what_has_no_key() {
        let cache = Cache::default();
        let denied = Denial::Facts("no".to_owned());
        assert!(cache.get_or_try(Some(&key(1)), || Err::<usize, _>(denied)).is_err());
        assert_eq!(*cache.get_or_try(None, || Ok(2)).unwrap(), 2);
        assert_eq!(*cache.get_or_try(Some(&key(1)), || Ok(3)).unwrap(), 3);
    }
}
