//! What every connector must keep, checked against the real source.
//!
//! A connector's test asks [`Dataset::new`] for the tables that its kind of source can hold,
//! loads them in its own way, and hands the connector to [`check`]. The suite scans, filters,
//! drops and repeats, and compares with a plain evaluation over the rows it made; what differs
//! is said in the [`Failures`]. Everything random is seeded, so a failure repeats.
//!
//! Only with the feature `conformance`; no production build holds it.

mod data;
mod dice;

mod reference;
mod scans;

mod pushdown;
mod resources;
mod worlds;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

pub use data::{Cell, DataTable, Dataset, Profile};
pub use reference::admits;

use crate::connector::Connector;

/// A connector over a source that holds the data set.
pub struct Loaded {
    /// The connector under test.
    pub connector: Arc<dyn Connector>,
    /// Texts that must appear nowhere: passwords, addresses, paths.
    pub secrets: Vec<String>,
    /// Kept until the suite has ended: a temporary folder, a server.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// How much of what was offered the source took, so that a test can see that it takes anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Predicates taken as exact.
    pub exact: usize,
    /// Predicates taken as a superset.
    pub superset: usize,
    /// Predicates refused.
    pub refused: usize,
    /// Predicates that the source decides, as conditions of a query.
    pub decided: usize,
}

/// What differed.
#[derive(Clone, PartialEq, Eq)]
pub struct Failures(Vec<String>);

/// More than these would only repeat themselves.
const SHOWN: usize = 20;

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} checks failed:", self.0.len())?;
        self.0.iter().take(SHOWN).try_for_each(|failure| writeln!(f, "- {failure}"))
    }
}

/// Runs the whole suite.
///
/// # Errors
/// All that differed.
pub async fn check(loaded: &Loaded, data: &Dataset) -> Result<Report, Failures> {
    let mut suite = Suite { loaded, data, failures: Vec::new() };
    let catalog = suite.catalog().await;
    suite.projections(&catalog).await;
    let report = suite.predicates(&catalog).await;
    suite.worlds(&catalog).await;
    suite.limits(&catalog).await;
    suite.early_drop(&catalog).await;
    suite.concurrency(&catalog).await;
    suite.refusals(&catalog).await;
    if suite.failures.is_empty() { Ok(report) } else { Err(Failures(suite.failures)) }
}

/// The suite under way.
struct Suite<'a> {
    loaded: &'a Loaded,
    data: &'a Dataset,
    failures: Vec<String>,
}

impl Suite<'_> {
    fn fail(&mut self, failure: impl Into<String>) {
        self.failures.push(failure.into());
    }

    /// Notes a failure if the text holds what it must not.
    fn keeps_secrets(&mut self, place: &str, text: &str) {
        let canaries = self.data.canaries().map(str::to_owned);
        let leaked = self
            .loaded
            .secrets
            .iter()
            .cloned()
            .chain(canaries)
            .find(|secret| text.contains(secret));
        if let Some(secret) = leaked {
            self.fail(format!("{place} shows \"{secret}\": {text}"));
        }
    }
}
