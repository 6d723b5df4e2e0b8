//! Tenancy: beneath the policies, and out of their reach.

use std::collections::BTreeSet;
use std::fmt;

use portcullis_connector_api::{CompareOp, Predicate, SqlType, Value};

use super::estate::{GovernedTable, TableTenancy};
use crate::identity::{AttributeValue, Identity, Principal};

/// How principals belong to tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenancy {
    /// The attribute that names the tenant.
    pub attribute: String,
    /// Roles that may see all tenants.
    pub cross_tenant_roles: BTreeSet<String>,
}

/// A tenant, as tokens and tenant columns name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tenant {
    /// By a text.
    Text(String),
    /// By a number.
    Long(i64),
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Long(number) => write!(f, "{number}"),
        }
    }
}

/// Which tenants a session may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantScope {
    /// The rows of one tenant.
    One(Tenant),
    /// All rows, by one of the configured `cross_tenant_roles`; each use is audited.
    All {
        /// The role that allows it.
        role: String,
        /// The session's own tenant.
        own: Tenant,
    },
}

impl Tenancy {
    /// The scope of a principal. `None` where it has no tenant, or where an agent claims another
    /// tenant than its person's: then there is no session.
    pub fn scope(&self, principal: &Principal) -> Option<TenantScope> {
        let own = self.tenant(&principal.person)?;
        let agent = principal.agent.as_ref();
        if agent.is_some_and(|agent| self.tenant(agent).as_ref() != Some(&own)) {
            return None;
        }
        // An agent crosses tenants only where both it and its person may.
        let role = self.cross_tenant_roles.iter().find(|role| {
            principal.person.roles.contains(*role)
                && agent.is_none_or(|agent| agent.roles.contains(*role))
        });
        Some(match role {
            Some(role) => TenantScope::All { role: role.clone(), own },
            None => TenantScope::One(own),
        })
    }

    fn tenant(&self, identity: &Identity) -> Option<Tenant> {
        match identity.attributes.get(&self.attribute)? {
            AttributeValue::Text(text) if !text.is_empty() => Some(Tenant::Text(text.clone())),
            AttributeValue::Long(number) => Some(Tenant::Long(*number)),
            _ => None,
        }
    }
}

impl TenantScope {
    /// The condition that stands beneath the policies of this table. A tenant and a column of
    /// different types agree on no row.
    pub fn predicate(&self, table: &GovernedTable) -> Predicate {
        let column = match (&table.tenancy, self) {
            (TableTenancy::Shared, _) | (TableTenancy::Column(_), Self::All { .. }) => {
                return Predicate::True;
            }
            (TableTenancy::Column(column), Self::One(_)) => column,
        };
        let sql_type = table.table.column(column.as_str()).map(|column| &column.sql_type);
        let value = match (self.own(), sql_type) {
            (Tenant::Text(text), Some(SqlType::Text | SqlType::Varchar | SqlType::Uuid)) => {
                Value::text(text.as_str())
            }
            (Tenant::Long(number), Some(SqlType::Int2 | SqlType::Int4 | SqlType::Int8)) => {
                Value::Int(*number)
            }
            _ => return Predicate::False,
        };
        Predicate::Compare { column: column.clone(), op: CompareOp::Eq, value }
    }

    /// The session's own tenant.
    pub fn own(&self) -> &Tenant {
        match self {
            Self::One(tenant) | Self::All { own: tenant, .. } => tenant,
        }
    }
}
