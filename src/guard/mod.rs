//! (being built)

mod form;

pub use form::{FormError, PartialForm};
