//! Places, who holds them, and who waits for one.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Whoever can hold a place.
pub trait Holder: Hash + Eq + Clone {}
impl<H: Hash + Eq + Clone> Holder for H {}

/// A number of places, shared between holders. Clones share the same places.
pub struct Shares<H: Holder>(Arc<Inner<H>>);

struct Inner<H: Holder> {
    /// The most that one holder may have.
    each: usize,
    state: Mutex<State<H>>,
}

/// After each change either no place is free, or everybody who waits has as many as one may.
struct State<H: Holder> {
    free: usize,
    held: HashMap<H, usize>,
    waiting: VecDeque<Waiter<H>>,
}

struct Waiter<H: Holder> {
    holder: H,
    grant: oneshot::Sender<Place<H>>,
}

/// One place; dropping it gives it back.
pub struct Place<H: Holder> {
    shares: Arc<Inner<H>>,
    /// None only when it was given back already.
    holder: Option<H>,
}

impl<H: Holder> Shares<H> {
    /// So many places, at least one, and how many of them one holder may have, at least one.
    pub fn new(places: usize, each: usize) -> Self {
        let free = places.max(1);
        let state = State { free, held: HashMap::new(), waiting: VecDeque::new() };
        Self(Arc::new(Inner { each: each.clamp(1, free), state: Mutex::new(state) }))
    }

    /// The same with a share in percent, rounded down.
    pub fn with_percent(places: usize, percent: u8) -> Self {
        let each = places.saturating_mul(percent.into()) / 100;
        Self::new(places, each)
    }

    /// A place, if this holder may have one more and one is free.
    pub fn try_take(&self, holder: &H) -> Option<Place<H>> {
        self.0.lock().take(holder, self.0.each).then(|| self.0.place(holder.clone()))
    }

    /// A place, as soon as this holder may have one. Dropped before that, it waits no more.
    pub async fn take(&self, holder: &H) -> Place<H> {
        loop {
            let granted = {
                let mut state = self.0.lock();
                if state.take(holder, self.0.each) {
                    return self.0.place(holder.clone());
                }
                let (grant, granted) = oneshot::channel();
                state.waiting.push_back(Waiter { holder: holder.clone(), grant });
                granted
            };
            if let Ok(place) = granted.await {
                return place;
            }
        }
    }
}

impl<H: Holder> Inner<H> {
    fn lock(&self) -> MutexGuard<'_, State<H>> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(self: &Arc<Self>, holder: H) -> Place<H> {
        Place { shares: Arc::clone(self), holder: Some(holder) }
    }

    /// Takes a place back, and gives what is free to those who wait.
    fn give_back(self: &Arc<Self>, holder: &H) {
        let served = {
            let mut state = self.lock();
            state.give_back(holder);
            state.serve(self.each)
        };
        // Not under the lock: one who has left meanwhile gives its place back here.
        for Waiter { holder, grant } in served {
            drop(grant.send(self.place(holder)));
        }
    }
}

impl<H: Holder> State<H> {
    fn has(&self, holder: &H) -> usize {
        self.held.get(holder).copied().unwrap_or(0)
    }

    fn take(&mut self, holder: &H, each: usize) -> bool {
        let may = self.free > 0 && self.has(holder) < each;
        if may {
            self.free -= 1;
            *self.held.entry(holder.clone()).or_default() += 1;
        }
        may
    }

    fn give_back(&mut self, holder: &H) {
        self.free += 1;
        if let Some(held) = self.held.get_mut(holder) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(holder);
            }
        }
    }

    /// Takes places for those who wait, and gives who got one.
    fn serve(&mut self, each: usize) -> Vec<Waiter<H>> {
        self.waiting.retain(|waiter| !waiter.grant.is_closed());
        let mut served = Vec::new();
        while self.free > 0 {
            let waiting = self.waiting.iter().enumerate();
            // Of equals the first, who has waited longest.
            let next = waiting
                .map(|(at, waiter)| (self.has(&waiter.holder), at))
                .filter(|(held, _)| *held < each)
                .min();
            let Some(waiter) = next.and_then(|(_, at)| self.waiting.remove(at)) else { break };
            self.take(&waiter.holder, each);
            served.push(waiter);
        }
        served
    }
}

impl<H: Holder> Drop for Place<H> {
    fn drop(&mut self) {
        if let Some(holder) = mem::take(&mut self.holder) {
            self.shares.give_back(&holder);
        }
    }
}

impl<H: Holder> Clone for Shares<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Holders are nobody's business.
impl<H: Holder> fmt::Debug for Shares<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        f.debug_struct("Shares")
            .field("free", &state.free)
            .field("waiting", &state.waiting.len())
            .finish_non_exhaustive()
    }
}

impl<H: Holder> fmt::Debug for Place<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}
