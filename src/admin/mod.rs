//! Health, readiness and metrics, over HTTP/1.1, for whoever operates the gateway.
//!
//! | path | answers |
//! |---|---|
//! | `/healthz` | 200 while the process serves |
//! | `/readyz` | 200, or 503 where statements would not be answered as they should; why, as JSON |
//! | `/metrics` | counts, in Prometheus' text format |
//!
//! Takes a gateway and an address of its own, and gives nothing to anybody else. It names no
//! users, tenants, tables, statements, addresses or credentials: of sources their names alone, as
//! the configuration has them. It asks nobody who they are, so the address should be one that
//! only operators reach. Beside the journey, like `cli`.

mod request;

mod metrics;
mod readiness;

mod server;

pub use readiness::{Observed, Readiness};
pub use server::serve;

#[cfg(test)]
mod tests;
