//! What happened, so that it can be proved. Takes what every stage learned of a query and gives
//! a durable, chained record: an intent before the first row leaves, an outcome after the last.

mod record;

pub use record::{Decision, Intent, Outcome, Result, Sent, Subject};
