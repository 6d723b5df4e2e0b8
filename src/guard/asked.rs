//! What the engine asks of us where it meets a node or a table of ours in a query's plan.
//!
//! Its own trait for this has a lifetime for each argument, and a future that holds all of them: for
//! each planner of ours it would be proved anew that threads may share a query's plan, which takes
//! seconds (see [`crate::shared`]). That signature stands here alone. Who implements [`Answers`] has
//! one lifetime to think of, and takes from the plan what it needs before it waits.

use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan, UserDefinedLogicalNode};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::FutureExt as _;
use futures::future::{self, BoxFuture};

/// What runs a node or a scan; `None` where it is not ours to answer.
pub type Answer = Option<Arc<dyn ExecutionPlan>>;

/// An answer that may have to wait for a source.
pub type Answering<'a> = BoxFuture<'a, Result<Answer>>;

/// Plans nodes and scans that the engine does not know.
pub trait Answers: Send + Sync + 'static {
    /// Of a node.
    fn node<'a>(&'a self, asked: Asked<'a>) -> Answering<'a>;

    /// Of a scan.
    fn scan<'a>(&'a self, _: &'a TableScan) -> Answering<'a> {
        answered(Ok(None))
    }
}

/// An answer for which nothing has to be waited.
pub fn answered<'a>(answer: Result<Answer>) -> Answering<'a> {
    future::ready(answer).boxed()
}

/// A node that the engine does not know, and what it made of the plans beneath it.
pub struct Asked<'a> {
    /// The node.
    pub node: &'a dyn UserDefinedLogicalNode,
    /// The plans beneath it.
    pub inputs: &'a [&'a LogicalPlan],
    /// What was made of them, in the same order.
    pub planned: &'a [Arc<dyn ExecutionPlan>],
    planner: &'a dyn PhysicalPlanner,
    session: &'a dyn Session,
    context: &'a PhysicalPlanningContext,
}

impl Asked<'_> {
    /// An expression over columns of `schema`, ready to be evaluated.
    ///
    /// # Errors
    /// Where the engine cannot evaluate it.
    pub fn expression(&self, expr: &Expr, schema: &DFSchema) -> Result<Arc<dyn PhysicalExpr>> {
        self.planner.create_physical_expr(expr, schema, self.session, self.context)
    }
}

/// As the engine wants it.
pub fn planner<A: Answers>(answers: Arc<A>) -> Arc<dyn ExtensionPlanner + Send + Sync> {
    Arc::new(Planner(answers))
}

struct Planner<A>(Arc<A>);

/// As `async_trait` would write it, but for what the futures hold.
impl<A: Answers> ExtensionPlanner for Planner<A> {
    fn plan_extension<'s, 'p, 'n, 'l, 'i, 'h, 'e, 'c, 'f>(
        &'s self,
        planner: &'p dyn PhysicalPlanner,
        node: &'n dyn UserDefinedLogicalNode,
        inputs: &'l [&'i LogicalPlan],
        planned: &'h [Arc<dyn ExecutionPlan>],
        session: &'e dyn Session,
        context: &'c PhysicalPlanningContext,
    ) -> Answering<'f>
    where
        Self: 'f,
        's: 'f,
        'p: 'f,
        'n: 'f,
        'l: 'f,
        'i: 'f,
        'h: 'f,
        'e: 'f,
        'c: 'f,
    {
        self.0.node(Asked { node, inputs, planned, planner, session, context })
    }

    fn plan_table_scan<'s, 'p, 't, 'e, 'c, 'f>(
        &'s self,
        _: &'p dyn PhysicalPlanner,
        scan: &'t TableScan,
        _: &'e dyn Session,
        _: &'c PhysicalPlanningContext,
    ) -> Answering<'f>
    where
        Self: 'f,
        's: 'f,
        'p: 'f,
        't: 'f,
        'e: 'f,
        'c: 'f,
    {
        self.0.scan(scan)
    }
}
