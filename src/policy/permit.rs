//! The decision that the guard needs before it can make a table readable.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use portcullis_connector_api::{ColumnName, Predicate, SourceName, TableName};

/// The id of a policy: the file's stem and the policy's `@id` or its number in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId(pub String);

/// What the gateway itself knows of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestFacts {
    /// `context.now`: the time of this Execute.
    pub now: SystemTime,
    /// `context.client_ip`
    pub client_ip: IpAddr,
    /// `context.claimed.application_name`: what the client says of itself; refused in a permit.
    pub application_name: Option<String>,
}

/// How much of a column is shown. The order is from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Always NULL.
    MaskNull,
    /// A keyed token, equal for equal values.
    MaskToken,
    /// The part that the column's configured form leaves.
    MaskPartial,
    /// The value.
    Reveal,
}

impl Level {
    /// All of them, from the most to the least.
    pub const DESCENDING: [Self; 4] =
        [Self::Reveal, Self::MaskPartial, Self::MaskToken, Self::MaskNull];

    /// The action that policies permit and forbid it by.
    pub fn action(self) -> &'static str {
        match self {
            Self::Reveal => "reveal",
            Self::MaskPartial => "mask_partial",
            Self::MaskToken => "mask_token",
            Self::MaskNull => "mask_null",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action())
    }
}

/// What a permit says of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnAccess {
    /// The same level in every row.
    Always(Level),
    /// The first arm whose condition holds decides; where none does the value is NULL.
    ByRow(Vec<(Predicate, Level)>),
    /// The column does not exist for this caller.
    Hidden,
}

/// For the audit record and for people: `reveal where consent = true, else mask_partial`.
impl fmt::Display for ColumnAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always(level) => write!(f, "{level}"),
            Self::Hidden => f.write_str("hidden"),
            Self::ByRow(arms) => {
                arms.iter().enumerate().try_for_each(|(at, (condition, level))| {
                    let comma = if at == 0 { "" } else { ", " };
                    match condition {
                        Predicate::True => write!(f, "{comma}else {level}"),
                        condition => write!(f, "{comma}{level} where {condition}"),
                    }
                })
            }
        }
    }
}

/// One column of a permit.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnPermit {
    /// The column.
    pub column: ColumnName,
    /// What is shown of it.
    pub access: ColumnAccess,
}

/// A decision about one table for one caller. Only this module's evaluation makes one, and the
/// guard makes nothing readable without one.
///
/// It can be handed on, but neither made nor widened elsewhere:
///
/// ```
/// use portcullis::policy::Permit;
/// use portcullis_connector_api::Predicate;
///
/// fn widen(permit: Permit) -> Permit {
///     let _rows: Predicate = Predicate::True;
///     permit
/// }
/// ```
///
/// ```compile_fail,E0451
/// use portcullis::policy::Permit;
/// use portcullis_connector_api::Predicate;
///
/// fn widen(permit: Permit) -> Permit {
///     Permit { rows: Predicate::True, ..permit }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Permit {
    pub(in crate::policy) source: SourceName,
    pub(in crate::policy) table: TableName,
    pub(in crate::policy) rows: Predicate,
    pub(in crate::policy) columns: Vec<ColumnPermit>,
    pub(in crate::policy) decided_by: BTreeSet<PolicyId>,
    pub(in crate::policy) policy_set: String,
}

impl Permit {
    /// The source of the table.
    pub fn source(&self) -> &SourceName {
        &self.source
    }

    /// The table.
    pub fn table(&self) -> &TableName {
        &self.table
    }

    /// Which rows the policies let through. Tenancy is not in here; the guard adds it beneath.
    pub fn rows(&self) -> &Predicate {
        &self.rows
    }

    /// The columns, in the table's order, the hidden ones included.
    pub fn columns(&self) -> &[ColumnPermit] {
        &self.columns
    }

    /// The policies that took part in the decision.
    pub fn decided_by(&self) -> &BTreeSet<PolicyId> {
        &self.decided_by
    }

    /// SHA-256 of the policy set, in hexadecimal.
    pub fn policy_set(&self) -> &str {
        &self.policy_set
    }

    /// Whether there is nothing to see: then the table does not exist for this caller.
    pub fn shows_nothing(&self) -> bool {
        self.rows == Predicate::False
            || self.columns.iter().all(|column| column.access == ColumnAccess::Hidden)
    }
}
