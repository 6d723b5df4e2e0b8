//! The integration tests, in one binary.

#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/python.rs"]
mod python;

mod gateway;
mod house;
mod meaning;

mod admin;
mod clients;
mod examples;
mod faults;
mod interference;
mod paths;
mod pushdown;
mod rowsecurity;
mod sql;
mod tidy;
mod tpch;
mod wire;
mod worlds;
