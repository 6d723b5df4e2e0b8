//! `[tenancy]`

use std::collections::BTreeSet;

use portcullis_connector_api::ColumnName;

use crate::identity::{AttributeType, Attributes, Presence};

use super::nearest::nearest;
use super::reader::Section;

/// Which rows belong to a caller's tenant, whatever the policies say.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenancy {
    /// The principal's attribute that names the tenant: a required one, `string` or `long`.
    pub attribute: String,
    /// The column that names a row's tenant, unless the table says otherwise.
    pub column: ColumnName,
    /// Roles that may see the rows of all tenants.
    pub cross_tenant_roles: BTreeSet<String>,
}

impl Tenancy {
    pub(super) fn read(section: &Section<'_>, attributes: &Attributes) -> Option<Self> {
        let attribute = section.required_text("attribute").and_then(|attribute| {
            let Some(declared) = attributes.get(attribute.value) else {
                let hint = match nearest(attribute.value, attributes.keys().map(String::as_str)) {
                    Some(near) => format!("; did you mean \"{near}\"?"),
                    None => String::new(),
                };
                return attribute
                    .fault(format!("names no attribute of [identity.attributes]{hint}"));
            };
            if !matches!(declared.kind, AttributeType::String | AttributeType::Long) {
                return attribute.fault("names an attribute that is neither a string nor a long");
            }
            // Who has no tenant has no rows: better refused at login than wondered at later.
            if declared.presence != Presence::Required {
                return attribute.fault(
                    "names an attribute that tokens may leave out; take away its \"optional\" or \
                     \"default\"",
                );
            }
            Some(attribute.value.to_owned())
        });
        let column = section.required_text("column").map(|column| column.value.into());
        let roles = section.texts("cross_tenant_roles");
        Some(Self {
            attribute: attribute?,
            column: column?,
            cross_tenant_roles: roles?.iter().map(|role| role.value.to_owned()).collect(),
        })
    }
}
