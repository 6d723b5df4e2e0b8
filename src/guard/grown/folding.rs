//! Constants are computed while a statement is planned, in the memory of the planner: a statement
//! of a thousand calls must not make gigabytes there. What is past the budget is left as it was
//! written, and computed when the statement runs.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::common::config::{ConfigEntry, ConfigExtension, ConfigOptions, ExtensionOptions};
use datafusion::common::{Result, exec_err, plan_err};

use super::MAX_FOLDED_BYTES;

/// What is left for the constants of one statement. It travels in the options that planning is
/// given, which running is not.
#[derive(Clone, Debug)]
struct Budget(Arc<AtomicU64>);

/// The options for planning one statement.
pub(in crate::guard) fn within_budget(options: &ConfigOptions) -> Arc<ConfigOptions> {
    let mut options = options.clone();
    options.extensions.insert(Budget(Arc::new(AtomicU64::new(MAX_FOLDED_BYTES))));
    Arc::new(options)
}

/// Takes from the budget, where there is one.
///
/// # Errors
/// Where less than `bytes` is left.
pub(super) fn charge(options: &ConfigOptions, bytes: u64) -> Result<()> {
    let Some(Budget(left)) = options.extensions.get::<Budget>() else { return Ok(()) };
    let take = |left: u64| left.checked_sub(bytes);
    match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
        Ok(_) => Ok(()),
        Err(_) => exec_err!("too large for a constant"),
    }
}

impl ConfigExtension for Budget {
    const PREFIX: &'static str = "folding";
}

impl ExtensionOptions for Budget {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, _: &str, _: &str) -> Result<()> {
        plan_err!("the budget is no setting")
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}
