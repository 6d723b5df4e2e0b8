//! Logs of `key=value` pairs as a source: an example of a connector.
//!
//! A source is a folder; the table `requests` is the file `requests.log` in it, one row a line:
//!
//! ```text
//! id=1 org_id=acme at=2026-03-01T08:15:00Z path="/reports/q1 draft" ms=182
//! ```
//!
//! A key that a line lacks is NULL. A value with spaces or quotes stands in double quotes, with
//! JSON's escapes; so does a key. A key that stands twice tells nothing: its cell is marked as
//! one that cannot be decoded.

mod line;
mod rows;

mod connector;

pub use connector::{Logs, LogsOptions};
