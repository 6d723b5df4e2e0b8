//! What SqlToRel makes of a catalog query, turned into what DataFusion runs as PostgreSQL would.
//!
//! Casts from, to and between the `reg…` types become look-ups of names; literals cast to arrays
//! are read; subqueries and lateral items that depend on the row beside them become a
//! [`Dependent`] operator, where they read the system catalog alone. Last, values of the `reg…`
//! types in the result become the names that a client is shown.

mod bind;
mod casts;
mod dependent;
mod exec;
mod hints;
mod node;

use datafusion::common::Result;
use datafusion::logical_expr::{LogicalPlan, Union};

use super::Catalog;

pub use bind::{free, is_lateral, subquery_of};
pub use exec::dependent_planner;
pub use node::Dependent;

/// Lowers the plan of a whole query. It runs before DataFusion's analyzer.
///
/// # Errors
/// PostgreSQL's for a name that does not exist (`'x'::regclass`), as
/// [`ClientError`](crate::error::ClientError) within; whatever building a plan can give.
pub fn lower(catalog: Catalog<'_>, plan: LogicalPlan) -> Result<LogicalPlan> {
    casts::present(catalog, inner(catalog, plan)?)
}

/// A node whose inputs or expressions changed, with the schema that follows from them.
pub(in crate::guard) fn refresh(plan: LogicalPlan) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Union(Union { inputs, .. }) => {
            Ok(LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?))
        }
        other => other.recompute_schema(),
    }
}

/// Lowers a plan whose result is not shown to a client.
fn inner(catalog: Catalog<'_>, plan: LogicalPlan) -> Result<LogicalPlan> {
    dependent::lower(catalog, casts::lower(catalog, plan)?)
}
