//! The conformance suite over SQLite, and what is particular to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod suite;

mod confined;
mod storage;
