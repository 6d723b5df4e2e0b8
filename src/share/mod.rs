//! Fair shares of what is scarce. Gives places to holders, of which none may have more than so
//! many at a time, however many are free: what one leaves is there for the others. Whoever waits
//! is served by how little it has, and then by how long it has waited.
//!
//! What a holder is (a tenant, an address) is its user's business.

mod address;
mod place;

#[cfg(test)]
mod tests;

pub use address::network;
pub use place::{Place, Shares};
