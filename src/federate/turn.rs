//! Waiting for a turn: how many statements run at once, and how many scans of a source, and that
//! no tenant takes them all.
//!
//! A scan takes its place when it begins to read and gives it back when it ends, be it since its
//! client stalls past the deadline. Nothing here knows what a tenant is; it tells holders apart.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex as StdMutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use portcullis_connector_api::SourceName;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::passage::{Passage, PassageExec};
use crate::error::{ClientError, SqlState};
use crate::guard::{Source, of_a_source};
use crate::share::{Place, Shares};

/// What shares are counted by: equal for those who share one.
pub type Holder = Arc<str>;

/// How much runs at once.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Statements.
    pub statements: usize,
    /// How much of the statements, and of the scans of each source, one holder may have.
    pub share_percent: u8,
    /// How long a statement waits for a place.
    pub patience: Duration,
}

/// The places of the gateway.
#[derive(Debug)]
pub(in crate::federate) struct Turns {
    bounds: Bounds,
    statements: Shares<Holder>,
    sources: StdMutex<HashMap<SourceName, Shares<Holder>>>,
}

impl Turns {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            statements: Shares::with_percent(bounds.statements, bounds.share_percent),
            sources: StdMutex::default(),
        }
    }

    /// Waits until a statement of the holder may run.
    ///
    /// # Errors
    /// 53300 where that takes too long.
    pub async fn statement(&self, holder: &Holder) -> Result<Place<Holder>, ClientError> {
        let waited = timeout(self.bounds.patience, self.statements.take(holder));
        waited.await.map_err(|_| crowded())
    }

    fn of(&self, source: &Source) -> Shares<Holder> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let shares = sources.entry(source.name.clone()).or_insert_with(|| {
            Shares::with_percent(source.connector.max_scans(), self.bounds.share_percent)
        });
        shares.clone()
    }
}

/// By which one statement gets its turns at the sources.
#[derive(Clone, Debug)]
pub(in crate::federate) struct Admission {
    turns: Arc<Turns>,
    /// Who it counts for.
    holder: Holder,
    /// What the statement has of each source.
    own: Arc<StdMutex<HashMap<SourceName, Arc<StdMutex<Own>>>>>,
}

impl Admission {
    pub fn new(turns: &Arc<Turns>, holder: Holder) -> Self {
        Self { turns: Arc::clone(turns), holder, own: Arc::default() }
    }

    /// The plan of one of its scans, which waits for its turn before it reads.
    pub fn scan(&self, source: &Source, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = Turn {
            source: source.name.clone(),
            shares: self.turns.of(source),
            holder: Arc::clone(&self.holder),
            patience: self.turns.bounds.patience,
            own: Arc::clone(own.entry(source.name.clone()).or_default()),
            taken: Mutex::default(),
        };
        PassageExec::around(input, Arc::new(turn))
    }
}

fn crowded() -> ClientError {
    ClientError::new(SqlState::TOO_MANY_CONNECTIONS, "too many statements are running")
        .hint("Try again when fewer statements run, of others or of your own tenant.")
}

/// The turn of one scan. All its partitions share one place.
struct Turn {
    source: SourceName,
    shares: Shares<Holder>,
    holder: Holder,
    patience: Duration,
    own: Arc<StdMutex<Own>>,
    taken: Mutex<Weak<Taken>>,
}

/// The places that one statement has of a source.
#[derive(Debug, Default)]
struct Own {
    places: usize,
    /// When one was given back last.
    since: Option<Instant>,
}

/// A place, counted as its statement's own.
struct Taken {
    _place: Place<Holder>,
    own: Arc<StdMutex<Own>>,
}

impl Taken {
    fn new(place: Place<Holder>, own: &Arc<StdMutex<Own>>) -> Self {
        own.lock().unwrap_or_else(PoisonError::into_inner).places += 1;
        Self { _place: place, own: Arc::clone(own) }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.places -= 1;
        own.since = Some(Instant::now());
    }
}

impl Turn {
    async fn take(&self) -> Result<Arc<Taken>> {
        let mut taken = self.taken.lock().await;
        if let Some(taken) = taken.upgrade() {
            return Ok(taken);
        }
        let place = self.shares.take(&self.holder);
        tokio::pin!(place);
        let place = loop {
            match timeout(self.patience, &mut place).await {
                Ok(place) => break place,
                Err(_) if self.waits_for_its_own() => {}
                Err(_) => return Err(of_a_source(busy(&self.source))),
            }
        };
        let now = Arc::new(Taken::new(place, &self.own));
        *taken = Arc::downgrade(&now);
        Ok(now)
    }

    /// What waits for scans of its own statement does not wait for others; nor does it where one of
    /// these has only just ended, since its place may be on its way to the next of them.
    fn waits_for_its_own(&self) -> bool {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.places > 0 || own.since.is_some_and(|since| since.elapsed() < self.patience)
    }
}

fn busy(source: &SourceName) -> ClientError {
    ClientError::new(SqlState::TOO_MANY_CONNECTIONS, format!("source \"{source}\" is busy"))
        .hint("Try again when fewer statements read it, of others or of your own tenant.")
}

/// A scan that waits for its turn.
impl Passage for Arc<Turn> {
    const NAME: &'static str = "TurnExec";

    fn label(&self) -> String {
        self.source.to_string()
    }

    fn start(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let (turn, input) = (Arc::clone(self), Arc::clone(input));
        let rows = stream::once(async move {
            let taken = turn.take().await?;
            let rows = input.execute(partition, context)?;
            Ok::<_, DataFusionError>(Reading(Some((rows, taken))))
        });
        Ok(rows.try_flatten().boxed())
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("source", &self.source).finish_non_exhaustive()
    }
}

/// The rows of a scan whose turn it is; the place is given back with the last of them.
struct Reading(Option<(SendableRecordBatchStream, Arc<Taken>)>);

impl Stream for Reading {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some((rows, _)) = &mut self.0 else { return Poll::Ready(None) };
        let next = rows.poll_next_unpin(context);
        if let Poll::Ready(None) = next {
            self.0 = None;
        }
        next
    }
}
