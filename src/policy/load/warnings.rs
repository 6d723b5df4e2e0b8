//! What is probably not meant, but stops nothing.

use std::collections::BTreeSet;

use cedar_policy::Effect;
use cedar_policy_core::ast::{
    ActionConstraint, Expr, ExprKind, Literal, PrincipalOrResourceConstraint,
};

use super::fault::PolicyFault;
use super::parse::Parsed;
use crate::policy::presence::children;
use crate::policy::schema::GeneratedSchema;

/// A permit that reveals every column of every table, tagged ones too, to everyone.
pub(super) fn unscoped_reveal(parsed: &Parsed) -> Option<PolicyFault> {
    let policy = parsed.policy.as_ref();
    let principal = policy.principal_constraint();
    let resource = policy.resource_constraint();
    let reveals = match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(action) => is_reveal(action.eid().as_ref()),
        ActionConstraint::In(actions) => {
            actions.iter().any(|action| is_reveal(action.eid().as_ref()))
        }
    };
    let unscoped = parsed.policy.effect() == Effect::Permit
        && reveals
        && matches!(
            principal.as_inner(),
            PrincipalOrResourceConstraint::Any | PrincipalOrResourceConstraint::Is(_)
        )
        && matches!(resource.as_inner(), PrincipalOrResourceConstraint::Any)
        && policy.non_scope_constraints().is_none();
    unscoped.then(|| {
        parsed.remark(
            "reveals every column of every table to everyone",
            "name a role or a table, or add: when { context.tags.isEmpty() }",
        )
    })
}

fn is_reveal(action: &str) -> bool {
    action == "reveal" || action == "read"
}

/// Sets policies aside that speak of a table that cannot be read at the moment, so that the others
/// can go on: any permit, which then permits nothing, and a forbid whose scope is such a table,
/// for that table is not there. A forbid that names one elsewhere stays, and is then a fault,
/// since without it other tables might show more.
pub(super) fn set_aside(
    parsed: Vec<Parsed>,
    schema: &GeneratedSchema,
) -> (Vec<Parsed>, Vec<PolicyFault>) {
    let mut remarks = Vec::new();
    let (aside, kept): (Vec<_>, Vec<_>) =
        parsed.into_iter().partition(|one| is_set_aside(one, schema));
    for one in aside {
        remarks.push(one.remark(
            "is set aside, because it speaks of a table that cannot be read now",
            "it is taken up when its source answers",
        ));
    }
    (kept, remarks)
}

fn is_set_aside(parsed: &Parsed, schema: &GeneratedSchema) -> bool {
    let policy = parsed.policy.as_ref();
    let resource = policy.resource_constraint();
    let mut types: BTreeSet<String> =
        resource.as_inner().iter_entity_type_names().map(ToString::to_string).collect();
    if parsed.policy.effect() == Effect::Permit
        && let Some(condition) = policy.non_scope_constraints()
    {
        entity_types(condition, &mut types);
    }
    types.iter().any(|entity_type| schema.is_out_of_reach(entity_type))
}

fn entity_types(expr: &Expr, types: &mut BTreeSet<String>) {
    match expr.expr_kind() {
        ExprKind::Is { entity_type, .. } => {
            types.insert(entity_type.to_string());
        }
        ExprKind::Lit(Literal::EntityUID(uid)) => {
            types.insert(uid.entity_type().to_string());
        }
        _ => {}
    }
    children(expr).into_iter().for_each(|child| entity_types(child, types));
}
