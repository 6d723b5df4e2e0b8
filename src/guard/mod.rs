//! (being built)

mod form;
pub mod system;

pub use form::{FormError, PartialForm};
