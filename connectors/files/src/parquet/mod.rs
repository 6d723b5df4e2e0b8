//! Parquet: pruned and decoded by DataFusion's reader.
//!
//! Takes the files of a table and a predicate, reads each footer anew, and hands on batches in
//! the gateway's own types. What a footer says is believed only as far as it is safe: text is
//! read as bytes and checked cell by cell, and statistics that writers are known to have got
//! wrong are thrown away.

mod footer;
mod reader;
mod types;

mod damage;
mod decode;
mod lower;
mod scan;
mod size;

pub use damage::Damage;
pub use lower::helps;
pub use scan::ParquetScan;
pub use types::describe;
