//! Decisions that hold beyond one request.
//!
//! They belong to one policy set and one schema, and go with them; the key holds everything else
//! that they rest on. What rests on the time, the client's address or its own word is never here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Columns, Rows};

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
    /// The value under this key. Without a key there is none.
    pub fn get(&self, key: Option<&[u8; 32]>) -> Option<Arc<V>> {
        self.lock().get(key?)
    }

    /// Keeps the value under this key; without a key only gives it back.
    pub fn keep(&self, key: Option<&[u8; 32]>, value: V) -> Arc<V> {
        let value = Arc::new(value);
        if let Some(key) = key {
            self.lock().insert(*key, Arc::clone(&value));
        }
        value
    }

    fn lock(&self) -> MutexGuard<'_, Generations<V>> {
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
        cache.keep(Some(&key(0)), 0);
        for number in 1..CAPACITY * 5 {
            cache.keep(Some(&key(number)), number);
            assert_eq!(*cache.get(Some(&key(number))).unwrap(), number);
            assert_eq!(*cache.get(Some(&key(0))).unwrap(), 0);
        }
        assert!(cache.get(Some(&key(1))).is_none());
        let generations = cache.lock();
        assert!(generations.young.len() + generations.old.len() <= CAPACITY * 2);
    }

    #[test]
    fn keeps_nothing_without_a_key() {
        let cache = Cache::default();
        assert_eq!(*cache.keep(None, 1), 1);
        assert!(cache.get(None).is_none());
        assert!(cache.lock().young.is_empty());
    }
}
