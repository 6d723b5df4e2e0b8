//! Tests of the stage as a whole. Their cases are data where that reads better: refused
//! policies under `tests/data/policy`, the samples under `policies`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod decisions;
mod differential;
mod evaluate;
mod generated;
mod refused;
mod samples;
mod schema;
mod store;
mod translation;
mod world;
