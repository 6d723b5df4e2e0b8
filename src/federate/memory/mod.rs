//! Memory that the engine's operators do not count by themselves.
//!
//! The pool counts what joins, sorts and aggregates keep. Beside them there are batches on their
//! way ([`super::engine`] counts those), what windows keep ([`windows`]), and batches that are
//! large because the statement holds a large constant, which every row would repeat
//! ([`constants`]: such a statement is run in smaller batches), or because rows are repeated that hold
//! much ([`repeated`]).

mod constants;
mod gathered;
mod portions;
mod repeated;
mod windows;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;

/// How many rows a plan's batches have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::federate) struct Batches {
    /// In all of the plan.
    pub rows: usize,
    /// Beneath aggregates. What is made while planning is made for as many.
    pub gathered: usize,
}

impl Batches {
    /// For this plan, at most `most`.
    pub fn of(plan: &LogicalPlan, most: usize) -> Result<Self> {
        let gathered = constants::rows_in_batch(plan, most)?;
        Ok(Self { rows: repeated::rows_in_batch(plan, gathered)?, gathered })
    }

    /// The plan, within its bounds. `most` is what its operators were made for by default.
    pub fn bound(
        self,
        plan: Arc<dyn ExecutionPlan>,
        most: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut plan = plan;
        if self.gathered > self.rows {
            plan = gathered::gathered(plan, self.gathered)?;
        }
        if self.rows < most {
            plan = portions::portioned(plan, self.rows, self.gathered)?;
        }
        windows::weighed(repeated::measured(plan, self.rows)?)
    }
}
