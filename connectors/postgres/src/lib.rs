//! PostgreSQL as a source.
//!
//! [`PostgresConnector`] reads what the server's schemas hold, and runs scans and whole subplans
//! there. Everything it sends is a [`Statement`](portcullis_connector_sql::Statement), which
//! exists only after it was read back as its plan; values travel as binary parameters; rows come
//! in the binary format and go straight into Arrow builders, a bounded batch at a time.

mod options;

mod session;
mod tls;

mod pool;

mod catalog;
mod types;

mod bind;
mod decode;
mod stream;

mod connector;
mod fault;

pub use connector::PostgresConnector;
pub use options::{Options, Secret, TlsMode};
