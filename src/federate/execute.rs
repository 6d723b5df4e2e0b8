//! From a guarded plan to a running one.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::Result;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryReservation, TrackConsumersPool,
};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionState;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::TableScan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;
use futures::FutureExt as _;
use tokio::time::{Instant, timeout_at};

use super::engine::{Engine, Lane, Run, run, watched};
use super::in_order::in_order;
use super::memory::Batches;
use super::remote::{RemoteNode, hand_over};
use super::turn::{Admission, Bounds, Holder, Turns};
use crate::error::ClientError;
use crate::guard::asked::{self, Answering, Answers, Asked, answered};
use crate::guard::remote::plan_subplan;
use crate::guard::scan::want_scan;
use crate::guard::system::dependent_planner;
use crate::guard::{Guard, GuardedPlan, GuardedTable, SealedPlan, client_error};
use crate::shared::Shared;

/// What running queries may use, all of them together.
#[derive(Clone, Debug)]
pub struct Resources {
    runtime: Arc<RuntimeEnv>,
    engine: Arc<Engine>,
    turns: Arc<Turns>,
}

impl Resources {
    /// At most this much memory for operators that keep rows, and so many statements and scans at
    /// once. Nothing is written to disk: rows that one caller may see must not lie in files that
    /// another process could read.
    ///
    /// # Errors
    /// Where the runtime of the operators cannot be built.
    pub fn new(memory_bytes: usize, bounds: Bounds) -> Result<Self> {
        let most_told = NonZeroUsize::MIN;
        let pool = TrackConsumersPool::new(GreedyMemoryPool::new(memory_bytes), most_told);
        let no_disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(pool))
            .with_disk_manager_builder(no_disk)
            .build_arc()?;
        let (engine, turns) = (Arc::new(Engine::start()), Arc::new(Turns::new(bounds)));
        Ok(Self { runtime, engine, turns })
    }

    /// Takes memory for rows that wait to be sent, until what this gives is dropped.
    ///
    /// # Errors
    /// 53200 where there is no more.
    pub fn reply_room(&self, bytes: usize) -> Result<MemoryReservation, ClientError> {
        let reservation = MemoryConsumer::new("reply").register(&self.runtime.memory_pool);
        reservation.try_grow(bytes).map_err(|error| client_error(&error))?;
        Ok(reservation)
    }

    /// What a statement is planned and run on, as soon as the holder's share lets it. It is in use
    /// until it is dropped, and what was started on it has ended.
    ///
    /// # Errors
    /// 53300 where that takes too long, 57014 past the deadline, 53000 where there are no threads.
    pub async fn lane(&self, holder: &Holder, deadline: Instant) -> Result<Lane, ClientError> {
        let asked = Instant::now();
        let place = timeout_at(deadline, self.turns.statement(holder)).await;
        let lane = self.engine.lane(place.map_err(|_| ClientError::timed_out())??, deadline)?;
        tracing::debug!(waited_us = asked.elapsed().as_micros(), "admitted");
        Ok(lane)
    }
}

/// A query that is ready to run.
#[derive(Debug)]
pub struct Prepared {
    plan: SealedPlan,
    sent: Vec<(String, String)>,
    context: Arc<TaskContext>,
    lane: Lane,
}

impl Prepared {
    /// What each source will be sent: its name, and the text with placeholders.
    pub fn sent(&self) -> &[(String, String)] {
        &self.sent
    }

    /// Its rows. Nothing is read before the stream is polled; dropping the stream stops it, as does
    /// the deadline.
    pub fn run(self) -> SendableRecordBatchStream {
        run(Run { plan: self.plan, context: self.context, lane: self.lane })
    }

    /// What will be run.
    pub fn plan(&self) -> &SealedPlan {
        &self.plan
    }
}

/// Splits a plan between the sources and this process, and makes it ready to run on the lane. What
/// it takes of sources while it runs counts as the holder's.
///
/// # Errors
/// Where a source cannot be reached, or the result of planning does not pass the guard's check.
pub async fn prepare(
    guard: &Guard,
    plan: &GuardedPlan,
    resources: &Resources,
    holder: Holder,
    lane: Lane,
) -> Result<Prepared> {
    let asked = Instant::now();
    let handed = Shared::new(hand_over(plan.logical().clone())?);
    let admission = Admission::new(&resources.turns, holder);
    let scans = Arc::new(Scans { admission, sent: Mutex::default() });
    let answers = vec![asked::planner(Arc::clone(&scans)), dependent_planner()];
    let planner = DefaultPhysicalPlanner::with_extension_planners(answers);
    let whole = guard.engine().config().batch_size();
    let batches = Batches::of(&handed, whole)?;
    // Operators are made for batches of a size.
    let planned = batches.gathered;
    let smaller = (planned != whole).then(|| Shared::new(with_batches(guard.engine(), planned)));
    let planning =
        planner.create_physical_plan(&handed, smaller.as_deref().unwrap_or(guard.engine()));
    let physical = batches.bound(in_order(planning.await?)?, whole)?;
    let physical = watched(physical, lane.stop())?;
    let sealed = SealedPlan::seal(plan, physical)?;
    let sent = std::mem::take(&mut *scans.sent.lock().unwrap_or_else(PoisonError::into_inner));
    let sources: BTreeSet<&str> = sent.iter().map(|(source, _)| source.as_str()).collect();
    tracing::debug!(?sources, duration_us = asked.elapsed().as_micros(), "prepared");
    let config = guard.engine().config().clone().with_batch_size(batches.rows);
    let context = task_context(config, Arc::clone(&resources.runtime));
    Ok(Prepared { plan: sealed, sent, context, lane })
}

fn with_batches(engine: &SessionState, rows: usize) -> SessionState {
    let mut engine = engine.clone();
    *engine.config_mut() = engine.config().clone().with_batch_size(rows);
    engine
}

/// What a plan runs with.
pub(super) fn task_context(config: SessionConfig, runtime: Arc<RuntimeEnv>) -> Arc<TaskContext> {
    // Functions are looked up by name only where plans travel between processes; none do.
    Arc::new(TaskContext::new(
        None,
        String::new(),
        config,
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        runtime,
    ))
}

/// Plans the leaves, and keeps what the sources are sent.
struct Scans {
    admission: Admission,
    sent: Mutex<Vec<(String, String)>>,
}

impl Scans {
    fn note(&self, source: &str, text: String) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push((source.to_owned(), text));
    }
}

impl Answers for Scans {
    fn node<'a>(&'a self, asked: Asked<'a>) -> Answering<'a> {
        let Some(remote) = asked.node.as_any().downcast_ref::<RemoteNode>() else {
            return answered(Ok(None));
        };
        let (source, subplan, tables) = (&remote.source, &remote.subplan, &remote.tables);
        let planning = async move {
            let (plan, sent) = plan_subplan(source, subplan, tables).await?;
            self.note(source.name.as_str(), sent);
            Ok(Some(self.admission.scan(source, plan)))
        };
        planning.boxed()
    }

    fn scan<'a>(&'a self, scan: &'a TableScan) -> Answering<'a> {
        let Some(table) = scan.source.downcast_ref::<GuardedTable>() else {
            return answered(Ok(None));
        };
        let wanted = want_scan(table, scan);
        let planning = async move {
            let guarded = wanted?.plan().await?;
            self.note(table.source().name.as_str(), guarded.sent);
            Ok(Some(self.admission.scan(table.source(), guarded.plan)))
        };
        planning.boxed()
    }
}
