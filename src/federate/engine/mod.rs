//! Where queries are planned and computed: on threads of their own.
//!
//! Computing does not wait, so on the threads that talk with clients it would stand in their way:
//! nobody could log in, and neither a deadline nor a cancellation would be seen while one query is
//! busy. So each statement that runs has a [`Lane`], which is a few threads that nobody else
//! computes on ([`lane`]). What does not pause keeps its own lane busy and no other; it is over for its
//! client when its time is, and its lane and its place are taken until it has really ended.
//!
//! What computes looks at its [`crate::stop::Stop`] where it could go on for long without a pause ([`watch`]),
//! and hands its batches over one by one ([`rows`]).

mod lane;
mod rows;
mod spawned;
mod watch;

#[cfg(test)]
mod tests;

pub(in crate::federate) use lane::Engine;
pub use lane::Lane;
pub(in crate::federate) use rows::{Run, run};
pub(in crate::federate) use watch::watched;
