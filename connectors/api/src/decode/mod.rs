//! From the rows of a driver to the batches of a scan.
//!
//! Takes cells one by one, as text or as the few native types that drivers know, decodes each
//! into its column's [`SqlType`](crate::SqlType) with PostgreSQL's input rules ([`text`]), and
//! hands on batches of [`scan_schema`](crate::cells::scan_schema). A cell that cannot be decoded
//! becomes NULL and a mark; where its column promised that this cannot happen, the scan fails.

pub mod text;

mod column;
mod rows;

pub use column::CellBuilder;
pub use rows::{BATCH_BYTES, BATCH_ROWS, RowsBuilder};
