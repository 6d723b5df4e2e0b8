//! Running a plan across the sources. Takes a [`GuardedPlan`](crate::guard::GuardedPlan), hands
//! to each source what it can run as a whole, runs the rest here, and gives a stream of batches
//! with a note of what each source was sent.

mod columns;
mod convert;
mod engine;
mod execute;
mod in_order;
mod memory;
mod passage;
mod remote;
mod turn;

pub use engine::Lane;
pub use execute::{Prepared, Resources, prepare};
pub use turn::{Bounds, Holder};
