//! What a source is to the gateway.
//!
//! A connector names its tables ([`catalog`]), takes a scan of one of them or a whole
//! [`subplan`] over several, and gives record batches. What it may be asked to evaluate is
//! the closed type [`Predicate`]: nothing in it can fail, so it may run on rows that the
//! caller is not allowed to see. The same type carries the row filters of the policies, the
//! conditions of a query that may cross the guard, and what may be sent to a source.

pub mod name;
pub mod predicate;
pub mod value;

pub mod catalog;
pub mod cells;
pub mod decode;
mod type_name;

pub mod connector;
pub mod subplan;

pub mod error;
pub mod exec;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use catalog::{Column, SourceCatalog, SqlType, Table, TableFault};
pub use connector::{Connector, Pushdown, Scan, ScanRequest};
pub use error::ConnectorError;
pub use name::{ColumnName, SourceName, TableName};
pub use predicate::{CompareOp, LikePattern, Predicate};
pub use subplan::Subplan;
pub use type_name::UnknownType;
pub use value::Value;
