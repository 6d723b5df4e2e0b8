//! Memory that the engine's operators do not count by themselves.
//!
//! The pool counts what joins, sorts and aggregates keep. Beside them there are batches on their
//! way ([`super::engine`] counts those), what windows keep ([`windows`]), and batches that are
//! large because the statement holds a large constant, which every row would repeat
//! ([`constants`]: such a statement is run in smaller batches).

mod constants;
mod portions;
mod windows;

pub(in crate::federate) use constants::rows_in_batch;
pub(in crate::federate) use portions::portioned;
pub(in crate::federate) use windows::weighed;
