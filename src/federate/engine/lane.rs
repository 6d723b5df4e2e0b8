//! Threads for statements.
//!
//! A lane is a runtime with as many threads as there are processors. It is taken by one statement
//! together with the statement's place, and goes to the next one when nothing of the first is left
//! on it: not when its client has turned away, and not when its last batch was read, but when all
//! its tasks have ended.

use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::spawned;
use crate::error::{ClientError, SqlState};
use crate::federate::turn::Holder;
use crate::share::Place;
use crate::stop::Stop;

/// Plans nest, and what walks them recurses. A query of 250 subqueries that stand on each other makes a
/// plan of some thousands of nodes, and the walk of one takes kilobytes. The system gives memory only for
/// what is reached.
const STACK_BYTES: usize = 64 << 20;

/// Lanes that are kept while nobody needs them. They cost some sleeping threads; making one anew
/// costs a short statement a good part of its time.
const IDLE_LANES: usize = 32;

/// The lanes. As many are in use as statements run, which is bounded elsewhere.
#[derive(Debug)]
pub(in crate::federate) struct Engine {
    idle: Arc<Idle>,
}

/// Lanes that wait for a statement.
#[derive(Debug, Default)]
struct Idle(Mutex<Vec<Runtime>>);

/// What one statement has to compute on. Clones are the same lane.
#[derive(Clone, Debug)]
pub struct Lane(Arc<Held>);

#[derive(Debug)]
struct Held {
    /// None only while it is given back.
    runtime: Option<Runtime>,
    handle: Handle,
    stop: Arc<Stop>,
    idle: Arc<Idle>,
    /// Given back after the lane, so that there are never more lanes than places.
    _place: Place<Holder>,
}

tokio::task_local! {
    /// Of the task that is running.
    static LANE: Lane;
}

impl Engine {
    /// Without a lane yet, and with one way for all that operators spawn.
    pub fn start() -> Self {
        spawned::follow();
        Self { idle: Arc::default() }
    }

    /// A lane for a statement that has a place, and may take until `deadline`.
    ///
    /// # Errors
    /// 53000 where the system gives no threads.
    pub fn lane(&self, place: Place<Holder>, deadline: Instant) -> Result<Lane, ClientError> {
        let runtime = match self.idle.take() {
            Some(runtime) => runtime,
            None => start().map_err(|error| no_threads(&error))?,
        };
        Ok(Lane(Arc::new(Held {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            stop: Arc::new(Stop::at(deadline)),
            idle: Arc::clone(&self.idle),
            _place: place,
        })))
    }
}

fn start() -> std::io::Result<Runtime> {
    let start = || {
        Builder::new_multi_thread()
            .worker_threads(thread::available_parallelism().map_or(1, NonZeroUsize::get))
            .enable_all()
            .thread_name("portcullis-engine")
            .thread_stack_size(STACK_BYTES)
            .build()
    };
    // Where the system refuses the first thread, the runtime panics; it has started none then.
    catch_unwind(start).unwrap_or_else(|_| Err(std::io::ErrorKind::WouldBlock.into()))
}

fn no_threads(error: &std::io::Error) -> ClientError {
    ClientError::new(SqlState::INSUFFICIENT_RESOURCES, "the statement got no threads to run on")
        .hint("Try again when fewer statements run.")
        .internal(error.to_string())
}

impl Idle {
    fn take(&self) -> Option<Runtime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, runtime: Runtime) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_LANES {
            idle.push(runtime);
        } else {
            drop(idle);
            runtime.shutdown_background();
        }
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let idle = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        // It may be one of their own threads that drops the last of it, and cannot wait for itself.
        idle.drain(..).for_each(Runtime::shutdown_background);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            self.idle.give_back(runtime);
        }
    }
}

impl Lane {
    /// Does some work of the statement and waits for it, until the deadline. Dropped before that,
    /// nobody waits any more.
    ///
    /// # Errors
    /// 57014 past the deadline, XX000 where the work panics.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ClientError> {
        let mut task = self.spawn(work);
        match timeout_at(self.deadline(), &mut task.running).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(ClientError::panicked()),
            Err(_) => Err(ClientError::timed_out()),
        }
    }

    /// When the statement has run too long, waiting for its turn included.
    pub fn deadline(&self) -> Instant {
        self.0.stop.deadline()
    }

    pub(in crate::federate) fn stop(&self) -> &Arc<Stop> {
        &self.0.stop
    }

    /// Starts some work of the statement. What is said of it stands in the statement's span.
    pub(in crate::federate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        let work = self.clone().holding(work.in_current_span());
        Task { running: self.0.handle.spawn(work), stop: Arc::clone(&self.0.stop) }
    }

    /// Of the task that is running, if it is one of a statement.
    pub(super) fn current() -> Option<Self> {
        LANE.try_with(Self::clone).ok()
    }

    /// The same work, as a part of this lane: the lane is in use until it has ended.
    pub(super) fn holding<T>(self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        let stop = Arc::clone(self.stop());
        LANE.scope(self, stop.over(work))
    }

    /// The same of work that waits for nothing.
    pub(super) fn holding_block<T>(self, work: impl FnOnce() -> T) -> T {
        let stop = Arc::clone(self.stop());
        LANE.sync_scope(self, || stop.over_block(work))
    }
}

/// Work on its way. Dropped before its end it is stopped, as soon as it pauses or looks.
#[derive(Debug)]
pub(in crate::federate) struct Task<T> {
    running: JoinHandle<T>,
    stop: Arc<Stop>,
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if !self.running.is_finished() {
            self.stop.tell();
            self.running.abort();
        }
    }
}
