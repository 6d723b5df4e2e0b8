//! Tenancy: beneath the policies, and out of their reach.

use std::sync::Arc;

use portcullis_connector_api::{CompareOp, Predicate, Value};

use super::estate::{GovernedTable, TableTenancy};

/// Which tenants a session may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantScope {
    /// The rows of one tenant.
    One(Arc<str>),
    /// All rows, by one of the configured `cross_tenant_roles`; each use is audited.
    All {
        /// The role that allows it.
        role: String,
        /// The session's own tenant.
        own: Arc<str>,
    },
}

impl TenantScope {
    /// The condition that stands beneath the policies of this table.
    pub fn predicate(&self, table: &GovernedTable) -> Predicate {
        match (&table.tenancy, self) {
            (TableTenancy::Shared, _) | (TableTenancy::Column(_), Self::All { .. }) => {
                Predicate::True
            }
            (TableTenancy::Column(column), Self::One(tenant)) => Predicate::Compare {
                column: column.clone(),
                op: CompareOp::Eq,
                value: Value::Text(tenant.clone()),
            },
        }
    }

    /// The session's own tenant.
    pub fn own(&self) -> &Arc<str> {
        match self {
            Self::One(tenant) | Self::All { own: tenant, .. } => tenant,
        }
    }
}
