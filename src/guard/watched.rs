//! Rules of the engine that look first whether the statement is still wanted. Making a plan does not
//! pause, so nothing could be told to it otherwise.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::{AnalyzerRule, ApplyOrder, OptimizerConfig, OptimizerRule};

use super::numbers::external;
use crate::stop;

type Optimizing = Arc<dyn OptimizerRule + Send + Sync>;
type Analyzing = Arc<dyn AnalyzerRule + Send + Sync>;

/// The rules of the optimizer, each of which looks before it begins with a plan or a node of it.
pub(in crate::guard) fn optimizing(rules: &[Optimizing]) -> Vec<Optimizing> {
    let watched = |rule: &Optimizing| Arc::new(Watched(Arc::clone(rule))) as Optimizing;
    rules.iter().map(watched).collect()
}

/// The same of the analyzer.
pub(in crate::guard) fn analyzing(rules: &[Analyzing]) -> Vec<Analyzing> {
    let watched = |rule: &Analyzing| Arc::new(Watched(Arc::clone(rule))) as Analyzing;
    rules.iter().map(watched).collect()
}

#[derive(Debug)]
struct Watched<T>(T);

impl OptimizerRule for Watched<Optimizing> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        stop::check().map_err(external)?;
        self.0.rewrite(plan, config)
    }
}

impl AnalyzerRule for Watched<Analyzing> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> Result<LogicalPlan> {
        stop::check().map_err(external)?;
        self.0.analyze(plan, config)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{LogicalPlanBuilder, lit};
    use tokio::time::Instant;

    use crate::guard::{Guard, client_error};
    use crate::stop::Stop;

    use super::*;

    #[test]
    fn nothing_is_planned_for_what_is_over() {
        let guard = Guard::default();
        let engine = guard.engine();
        let plan = LogicalPlanBuilder::empty(true).project([lit(1)]).unwrap().build().unwrap();
        let analyzed = || {
            engine.analyzer().execute_and_check(plan.clone(), guard.options(), |_, _| {}).map(drop)
        };
        let optimized = || engine.optimizer().optimize(plan.clone(), engine, |_, _| {}).map(drop);
        for making in [&analyzed as &dyn Fn() -> Result<()>, &optimized] {
            making().unwrap();
            let error = Arc::new(Stop::at(Instant::now())).over_block(making).unwrap_err();
            assert_eq!(client_error(&error).sqlstate.code(), "57014");
        }
    }
}
