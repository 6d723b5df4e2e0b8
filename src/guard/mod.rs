//! The portcullis. Takes a statement and the permits of its caller, and gives a [`GuardedPlan`],
//! the only thing that can be run: every table in it stands behind its row filter, its masks and
//! a barrier that no condition of the query passes.
//!
//! A name becomes a table in [`catalog`] and nowhere else; what becomes of the table is in
//! [`table`] (the decision) and [`scan`] (the plan: here the row is removed); [`check`] looks at
//! the result once more, apart from all that.

mod ambiguous;
pub mod asked;
mod barrier;
mod calls;
mod catalog;
mod characters;
pub mod check;
mod context;
mod correlated;
mod echo;
pub mod error;
pub mod estate;
mod explained;
pub mod form;
mod formats;
mod functions;
mod grown;
pub mod lift;
mod lower;
mod mask;
mod nested;
mod numbers;
mod patterns;
mod plan;
mod regex;
pub mod remote;
pub mod scan;
mod shadowed;
mod shown;
pub mod system;
mod table;
mod tenancy;
mod texts;
mod token;
mod touched;
mod typing;
mod undefined;
mod using;
mod watched;
mod wording;

pub(crate) use barrier::is_barrier;
pub use catalog::{Authority, SessionCatalog};
pub use check::SealedPlan;
pub use error::{GuardError, client_error, of_a_source, planning_error, running_error};
pub use estate::{
    Absence, AbsentSource, ColumnRules, CoverageFault, DamagedTable, Estate, GovernedTable, Source,
    TableRules, TableTenancy, TenantType,
};
pub use form::PartialForm;
pub use grown::{aggregate_grows, array_bytes, batch_bytes};
pub use plan::{Described, Guard, GuardedPlan};
pub use table::{Crossing, GuardedTable};
pub use tenancy::{Tenancy, Tenant, TenantScope};
pub use token::TokenSecret;
pub use touched::Touched;
pub use wording::unmarked;
