//! What happened, so that it can be proved. Takes what every stage learned of a query and gives
//! a durable, chained record: an intent before the first row leaves, an outcome after the last.
//! Hands on nothing; whoever holds the folder and its key can prove it whole with [`verify`].
//!
//! # The folder
//!
//! | file | holds |
//! |---|---|
//! | `audit-000001.jsonl`, … | the records, one JSON object a line; see `line.rs` |
//! | `head` | how far the log is committed, counted and signed with the key; see `head.rs` |
//! | `lock` | nothing; whoever writes holds a lock on it |
//! | `recovered-N.part` | what a crash left unacknowledged from record N on; see `recover.rs` |
//!
//! # The records
//!
//! | kind | tells |
//! |---|---|
//! | `intent` | what a statement is going to do, before it does; see [`Intent`] |
//! | `outcome` | how the statement of the intent `id` ended; see [`Outcome`] |
//! | `event` | what is no statement, by its `name`; see below |
//! | `log` | what the log tells of itself: `segment`, `recovered`, `refused` |
//!
//! | event | tells |
//! |---|---|
//! | `start`, `sources`, `policies` | which tables belong to no tenant, and which policies are in force |
//! | `login` | a session begins: whose |
//! | `login_refused` | who was not let in and why, be it before or after a token was shown |
//! | `logins_refused` | how many more there were of an address, of which none is told by itself |
//! | `session_end` | a session ends: whose, why (`sqlstate`, `message`), after how many statements |
//!
//! # Order of a commit
//!
//! One thread writes (`writer.rs`). Whatever has queued up goes to the segment in one piece, the
//! segment is synced, the head is written and synced, and only then do the callers hear that
//! their intent stands. So a head that can be read never counts a record that cannot, and what
//! stands past the head was never acknowledged to anyone.
//!
//! # What it proves, and what it cannot
//!
//! Records are chained by SHA-256, and the head that seals the chain is keyed: without the key
//! nobody can change, add, take away or reorder a record unseen. Whoever holds an *older copy of
//! the whole folder* can put that back; against this, note the head that `verify` prints in a
//! place that the gateway's host cannot reach.

mod hash;
mod key;
mod line;
mod record;
mod tally;

mod disk;
mod folder;
mod head;

mod queue;
mod recover;
mod writer;

mod error;
mod log;
mod reader;
mod verify;
mod walk;

#[cfg(test)]
mod tests;

pub use error::AuditError;
pub use folder::default_key_file;
pub use hash::Hash;
pub use log::{AuditLog, Pending};
pub use reader::{Entry, Record, Records, records};
pub use record::{Decision, Intent, Outcome, Result, Sent, Stopper, Subject, Text};
pub use tally::{Counts, DURATION_BOUNDS_US};
pub use verify::{Report, verify};
pub use walk::Fault;
