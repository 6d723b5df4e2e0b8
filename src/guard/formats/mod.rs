//! PostgreSQL's patterns for dates and numbers: `to_char`, `to_date` and `to_timestamp`.
//!
//! The engine's functions of these names take patterns of another language and pass over what they
//! do not know. Here a pattern is read as PostgreSQL reads it, and one that means something there
//! and is not known here is refused (0A000).

mod digits;
mod function;
mod interval;
mod number;
mod parse;
mod pattern;
mod write;

pub(in crate::guard) use function::Format;
