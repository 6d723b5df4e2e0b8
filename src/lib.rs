//! Portcullis: a virtual SQL gateway.
//!
//! The modules stand in the order in which a query travels.

pub mod wire;

pub mod identity;

pub mod sql;

pub mod policy;

pub mod guard;

pub mod federate;

pub mod audit;

// Beside the journey; imported by none of its stages.

pub mod admin;
pub mod assembly;
pub mod cli;
pub mod config;
pub mod demo;
pub mod session;

// What every stage may say to a client, how what is scarce is shared out, how tasks hold what is large,
// when they are to end, and what values look like.

pub mod error;
pub mod share;
pub mod shared;
pub mod stop;
pub mod values;
