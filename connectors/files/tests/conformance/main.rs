//! The conformance suite over the three formats, and what is particular to files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod arrays;
mod scan;

mod parquet;
mod stored;
mod text;

mod cells;
mod damage;
mod declared;
mod folder;
mod memory;
mod pruning;
