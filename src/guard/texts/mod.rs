//! Texts of values, values of texts, and the session's time zone between moments and clocks: all
//! that a cast does where PostgreSQL's text or zone is not the engine's.
//!
//! A cast may be written in the query, or the engine's type coercion puts it there. So the pass
//! runs over the analyzed plan, in which both kinds stand: none can be missed.

mod cast;
mod local;
mod meant;
mod padded;
mod read;
mod write;
mod zoned;

pub(in crate::guard) use cast::TextCast;
pub(in crate::guard) use meant::{expression, meant, shown};
