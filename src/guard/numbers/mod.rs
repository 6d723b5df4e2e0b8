//! What numbers mean: here as in PostgreSQL.
//!
//! The engine's operators wrap where PostgreSQL says 22003, its sums have other types, and a rule
//! of its optimizer may take an operator apart. So every arithmetic operator of a query becomes a
//! function of this room before anything else looks at the plan, and [`super::check`] refuses a
//! plan that still holds one of the engine's: none can be missed. All of it runs above the guard's
//! barrier, for it can fail.

mod aggregate;
mod cast;
mod decimal;
mod distinct;
mod expression;
mod fault;
mod float;
mod integer;
mod interval;
mod operator;
mod outer;
mod plan;
mod real;
mod recursive;
mod rounding;
mod timely;
mod types;

pub(in crate::guard) use aggregate::Exact;
pub(in crate::guard) use cast::numeric_literal;
pub(in crate::guard) use expression::{in_days, operation, recast};
pub(in crate::guard) use fault::external;
pub(in crate::guard) use operator::{is_arithmetic, is_comparison};
pub(in crate::guard) use plan::{expression, open_text, widened};
pub use plan::{meant, narrow};
pub(in crate::guard) use real::Real;
pub(in crate::guard) use rounding::Rounding;
pub(in crate::guard) use types::SqlNumber;
