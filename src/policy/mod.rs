//! What may be seen. Takes a [`Principal`](crate::identity::Principal) and a table, evaluates
//! the Cedar policies type-aware and partially, and gives a [`Permit`]: a row filter and, for
//! each column, how much of it is shown, with the policies that decided. It knows nothing of
//! query plans.
//!
//! [`schema`] makes the Cedar schema from the catalogs; `load` takes the policies and checks them
//! against it; `decide` evaluates them for a caller, and `translate` turns what is left of them
//! into a row filter. [`PolicyStore`] holds the policies in force and watches their folder.

pub mod schema;

mod presence;

mod load;

mod translate;

mod decide;

mod openings;

mod permit;

mod store;

#[cfg(test)]
mod tests;

pub use decide::Denial;
pub use load::{Place, Policies, PolicyFault, PolicyFile};
pub use permit::{ColumnAccess, ColumnPermit, Level, Permit, PolicyId, RequestFacts};
pub use store::{PolicyStore, Reload};
pub use translate::Untranslatable;
