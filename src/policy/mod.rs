//! What may be seen. Takes a [`Principal`](crate::identity::Principal) and a table, evaluates
//! the Cedar policies type-aware and partially, and gives a [`Permit`]: a row filter and, for
//! each column, how much of it is shown, with the policies that decided. It knows nothing of
//! query plans.

mod permit;

pub use permit::{ColumnAccess, ColumnPermit, Level, Permit, PolicyId, RequestFacts};
