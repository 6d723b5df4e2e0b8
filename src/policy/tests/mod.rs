//! Tests of the stage as a whole. Their cases are data where that reads better: refused
//! policies under `tests/data/policy`, the samples under `policies`.

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
