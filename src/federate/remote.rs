//! Where a subplan stands in a plan: a leaf in place of what a source runs by itself.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchemaRef, Result, internal_err};
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore,
};
use portcullis_connector_api::Subplan;

use super::convert::{Converted, convert};
use crate::guard::{GuardedTable, Source};

/// A leaf that a source fills.
#[derive(Clone)]
pub(in crate::federate) struct RemoteNode {
    pub source: Arc<Source>,
    pub subplan: Arc<Subplan>,
    pub tables: Vec<Arc<GuardedTable>>,
    schema: DFSchemaRef,
}

/// Replaces the largest parts of `plan` that one source runs as a whole. A part that is only a
/// scan of one table is left: scanning it does the same, and can mask.
pub(in crate::federate) fn hand_over(plan: LogicalPlan) -> Result<LogicalPlan> {
    let handed = plan.transform_down_with_subqueries(|node| {
        if !is_worth_it(&node) {
            return Ok(Transformed::no(node));
        }
        let Some(Converted { source, subplan, tables }) = convert(&node) else {
            return Ok(Transformed::no(node));
        };
        if !source.connector.accepts(&subplan) {
            return Ok(Transformed::no(node));
        }
        let schema = Arc::clone(node.schema());
        let subplan = Arc::new(subplan);
        let leaf = Extension { node: Arc::new(RemoteNode { source, subplan, tables, schema }) };
        Ok(Transformed::new(LogicalPlan::Extension(leaf), true, TreeNodeRecursion::Jump))
    })?;
    Ok(handed.data)
}

fn is_worth_it(node: &LogicalPlan) -> bool {
    match node {
        LogicalPlan::Join(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Sort(_) => true,
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::SubqueryAlias(_) => node.inputs().into_iter().all(is_worth_it),
        _ => false,
    }
}

impl fmt::Debug for RemoteNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteNode").field("source", &self.source.name).finish_non_exhaustive()
    }
}

impl PartialEq for RemoteNode {
    fn eq(&self, other: &Self) -> bool {
        self.source.name == other.source.name && self.subplan == other.subplan
    }
}

impl Eq for RemoteNode {}

impl Hash for RemoteNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source.name.hash(state);
    }
}

impl PartialOrd for RemoteNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for RemoteNode {
    fn name(&self) -> &'static str {
        "Remote"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        Vec::new()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote: {}", self.source.name)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        if exprs.is_empty() && inputs.is_empty() {
            Ok(self.clone())
        } else {
            internal_err!("a remote subplan is a leaf")
        }
    }
}
