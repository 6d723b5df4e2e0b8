//! Permits for people and agents, and what they rest on.

use std::time::Duration;

use super::world::{World, facts, person, principal};
use crate::identity::Principal;
use crate::policy::{Denial, Level, Permit, Policies, RequestFacts};

fn world() -> World {
    World::parse(
        r#"
        tags = ["pci", "pii"]
        attributes = { org = "string", region = "string?" }

        [tables]
        "crm.people" = ["id int8 not null", "org text not null", "region text", "mail text #pii"]
        "crm.empty" = ["id int8 not null"]
        "#,
    )
}

fn alice() -> Principal {
    person("user = 'alice'\nroles = ['analyst']\nattributes = { org = 'acme' }")
}

/// Alice, with an agent that has a role of its own.
fn alice_and_bot() -> Principal {
    let bot = person("user = 'bot'\nroles = ['tool']\nattributes = { org = 'acme' }");
    principal(alice().person, Some(bot.person))
}

fn people(policies: &Policies, caller: &Principal) -> Permit {
    policies.permit(caller, &facts(), &"crm".into(), &"people".into()).unwrap()
}

fn column(permit: &Permit, name: &str) -> String {
    let column = permit.columns().iter().find(|column| column.column.as_str() == name).unwrap();
    column.access.to_string()
}

fn ids(permit: &Permit) -> Vec<&str> {
    permit.decided_by().iter().map(|id| id.0.as_str()).collect()
}

#[test]
fn nothing_is_permitted_by_default() {
    let permit = people(&world().policies(""), &alice());
    assert_eq!(permit.rows().to_string(), "false");
    assert_eq!(column(&permit, "id"), "hidden");
    assert!(permit.shows_nothing());
    assert!(permit.decided_by().is_empty());
}

#[test]
fn rows_are_what_is_permitted_and_not_forbidden() {
    let policies = world().policies(
        r#"
        @id("tenant")
        permit (principal, action == Action::"select", resource is crm::people)
        when { resource.org == principal.org };

        @id("home")
        permit (principal, action == Action::"select", resource is crm::people)
        when { resource has region && principal has region && resource.region == principal.region };

        @id("europe")
        forbid (principal, action == Action::"select", resource is crm::people)
        when { resource has region && ["CH", "EU"].contains(resource.region) }
        unless { principal in Role::"eu_staff" };

        @id("staff") forbid (principal in Role::"locked", action, resource);
        permit (principal, action == Action::"reveal", resource);
        "#,
    );
    let permit = people(&policies, &alice());
    assert_eq!(
        permit.rows().to_string(),
        "org = 'acme' AND (region IS NULL OR region NOT IN ('CH', 'EU'))"
    );
    // "home" and "staff" cannot apply to Alice, so they did not decide.
    assert_eq!(ids(&permit), ["test.5", "test.europe", "test.tenant"]);
    assert_eq!(permit.policy_set(), policies.hash());

    let staff =
        person("user = 'eve'\nroles = ['eu_staff']\nattributes = { org = 'b', region = 'CH' }");
    let permit = people(&policies, &staff);
    assert_eq!(permit.rows().to_string(), "region = 'CH' OR org = 'b'");

    let locked = person("user = 'mallory'\nroles = ['locked']\nattributes = { org = 'acme' }");
    let permit = people(&policies, &locked);
    assert!(permit.shows_nothing());
    assert!(ids(&permit).contains(&"test.staff"));
}

#[test]
fn the_first_permitted_level_wins_and_a_forbidden_one_takes_those_above() {
    let policies = world().policies(
        r#"
        permit (principal, action == Action::"select", resource);
        permit (principal, action == Action::"reveal", resource) when { context.tags.isEmpty() };
        permit (principal, action == Action::"reveal", resource is crm::people)
        when { resource.org == principal.org };
        permit (principal, action == Action::"mask_partial", resource)
        when { context.tags.contains(Tag::"pii") };
        permit (principal, action == Action::"mask_null", resource);
        forbid (principal, action == Action::"mask_token", resource is crm::people)
        when { context.column == "mail" && resource has region && resource.region == "CH" };
        "#,
    );
    let permit = people(&policies, &alice());
    assert_eq!(column(&permit, "id"), "reveal");
    assert_eq!(
        column(&permit, "mail"),
        "reveal where org = 'acme' AND (region IS NULL OR region <> 'CH'), \
         mask_partial where region IS NULL OR region <> 'CH', else mask_null"
    );
}

#[test]
fn an_agent_is_never_more_than_its_person() {
    let policies = world().policies(
        r#"
        permit (principal is User, action == Action::"select", resource is crm::people)
        when { resource.org == principal.org };
        permit (principal is Agent, action == Action::"select", resource is crm::people)
        when { resource has region && resource.region == "EU" };
        permit (principal is User, action == Action::"reveal", resource);
        permit (principal is Agent, action == Action::"reveal", resource is crm::people)
        when { resource.id < 100 };
        permit (principal is Agent, action == Action::"mask_token", resource)
        unless { context.column == "org" };
        forbid (principal, action == Action::"reveal", resource)
        when { context has agent && context.column == "mail" };
        "#,
    );
    let alone = people(&policies, &alice());
    assert_eq!(alone.rows().to_string(), "org = 'acme'");
    assert_eq!(column(&alone, "mail"), "reveal");

    let both = people(&policies, &alice_and_bot());
    assert_eq!(both.rows().to_string(), "org = 'acme' AND region = 'EU'");
    assert_eq!(column(&both, "id"), "reveal where id < 100, else mask_token");
    assert_eq!(column(&both, "org"), "reveal where id < 100");
    // The person may not reveal it through an agent, and has no level below.
    assert_eq!(column(&both, "mail"), "hidden");
}

#[test]
fn a_level_that_only_one_of_them_has_is_nobodys() {
    let policies = world().policies(
        r#"
        permit (principal is User, action == Action::"reveal", resource);
        permit (principal is User, action == Action::"mask_null", resource);
        permit (principal is Agent, action == Action::"mask_token", resource is crm::people)
        when { resource.id < 100 };
        "#,
    );
    // Where the agent has its token, the person has more; elsewhere the agent has nothing.
    assert_eq!(column(&people(&policies, &alice_and_bot()), "id"), "mask_token where id < 100");
}

#[test]
fn facts_of_the_request_are_never_cached() {
    let policies = world().policies(
        r#"
        permit (principal, action == Action::"select", resource)
        when { context.now < datetime("2024-06-01T12:00:01Z") };
        permit (principal, action == Action::"reveal", resource)
        when { context.client_ip.isInRange(ip("10.0.0.0/8")) };
        forbid (principal, action == Action::"select", resource)
        when { context.claimed has application_name && context.claimed.application_name == "spy" };
        "#,
    );
    let ask = |facts: &RequestFacts| {
        let permit = policies.permit(&alice(), facts, &"crm".into(), &"people".into()).unwrap();
        (permit.rows().to_string(), column(&permit, "id"))
    };
    let now = facts();
    assert_eq!(ask(&now), ("true".into(), "reveal".into()));
    let later = RequestFacts { now: now.now + Duration::from_secs(1), ..now.clone() };
    assert_eq!(ask(&later), ("false".into(), "reveal".into()));
    let elsewhere = RequestFacts { client_ip: "192.0.2.1".parse().unwrap(), ..now.clone() };
    assert_eq!(ask(&elsewhere), ("true".into(), "hidden".into()));
    let mapped = RequestFacts { client_ip: "::ffff:10.0.0.1".parse().unwrap(), ..now.clone() };
    assert_eq!(ask(&mapped), ("true".into(), "reveal".into()));
    let spy = RequestFacts { application_name: Some("spy".to_owned()), ..now.clone() };
    assert_eq!(ask(&spy), ("false".into(), "reveal".into()));
    assert_eq!(ask(&now), ("true".into(), "reveal".into()));
}

#[test]
fn callers_do_not_get_each_others_decisions() {
    let policies = world().policies(
        r#"
        permit (principal, action == Action::"select", resource is crm::people)
        when { resource.org == principal.org };
        permit (principal in Role::"analyst", action == Action::"reveal", resource);
        "#,
    );
    let other = person("user = 'alice'\nroles = ['analyst']\nattributes = { org = 'other' }");
    let other_role = person("user = 'alice'\nroles = ['support']\nattributes = { org = 'acme' }");
    let no_role = person("user = 'alice'\nattributes = { org = 'acme' }");
    for _ in 0..2 {
        assert_eq!(people(&policies, &alice()).rows().to_string(), "org = 'acme'");
        assert_eq!(people(&policies, &other).rows().to_string(), "org = 'other'");
        assert_eq!(column(&people(&policies, &alice()), "id"), "reveal");
        assert_eq!(column(&people(&policies, &no_role), "id"), "hidden");
        assert_eq!(column(&people(&policies, &other_role), "id"), "hidden");
        assert_eq!(people(&policies, &alice_and_bot()).rows().to_string(), "org = 'acme'");
    }
}

#[test]
fn what_cannot_be_decided_is_denied() {
    let policies = world().policies("permit (principal, action, resource);");
    let permit = |caller: &Principal, table: &str| {
        policies.permit(caller, &facts(), &"crm".into(), &table.into())
    };
    assert!(matches!(permit(&alice(), "missing"), Err(Denial::UnknownTable { .. })));
    let without_org = person("user = 'alice'");
    assert!(matches!(permit(&without_org, "people"), Err(Denial::Principal(_))));
    let wrong_type = person("user = 'alice'\nattributes = { org = 7 }");
    assert!(matches!(permit(&wrong_type, "people"), Err(Denial::Principal(_))));
    // The agent alone is enough to deny.
    let agent = principal(alice().person, Some(without_org.person));
    assert!(matches!(permit(&agent, "people"), Err(Denial::Principal(_))));
    assert!(permit(&alice(), "empty").is_ok());
}

#[test]
fn the_guard_is_explained_to_those_who_may_see_it() {
    let policies = world().policies(
        r#"
        permit (principal in Role::"analyst", action == Action::"explain_guard", resource);
        forbid (principal is Agent, action == Action::"explain_guard", resource == Gateway::"portcullis");
        "#,
    );
    let nobody = person("user = 'bob'\nattributes = { org = 'acme' }");
    let invalid = person("user = 'bob'\nroles = ['analyst']");
    assert!(policies.may_explain_guard(&alice(), &facts()));
    assert!(!policies.may_explain_guard(&nobody, &facts()));
    assert!(!policies.may_explain_guard(&invalid, &facts()));
    assert!(!policies.may_explain_guard(&alice_and_bot(), &facts()));
}

#[test]
fn a_forbid_that_errs_denies() {
    // The one thing that can still err: an instant past the end of time.
    let policies = world().policies(
        r#"
        permit (principal, action, resource);
        forbid (principal, action == Action::"select", resource)
        when { context.now.offset(duration("9223372036854775807ms")) == context.now };
        forbid (principal, action == Action::"explain_guard", resource)
        when { context.now.offset(duration("9223372036854775807ms")) == context.now };
        "#,
    );
    let permit = people(&policies, &alice());
    assert_eq!(permit.rows().to_string(), "false");
    assert_eq!(column(&permit, "id"), "reveal");
    assert!(!policies.may_explain_guard(&alice(), &facts()));
}

#[test]
fn doubts_are_told() {
    let policies = world().policies(
        r#"
        permit (principal, action == Action::"reveal", resource);
        permit (principal, action == Action::"select", resource is crm::people)
        when { resource is crm::empty };
        permit (principal in Role::"admin", action == Action::"reveal", resource);
        permit (principal, action in Action::"read", resource) when { context.tags.isEmpty() };
        "#,
    );
    let doubts: Vec<_> =
        policies.warnings().iter().map(|doubt| (&doubt.policy, &doubt.place)).collect();
    let lines: Vec<_> = doubts.iter().map(|(_, place)| place.as_ref().unwrap().line).collect();
    assert_eq!(lines, [2, 3], "{:?}", policies.warnings());
}

#[test]
fn policies_of_an_unreachable_source_wait() {
    let mut world = world();
    world.unreachable.push("erp".to_owned());
    let text = r#"
        permit (principal, action == Action::"select", resource is crm::people);
        permit (principal, action == Action::"select", resource is erp::parts)
        when { resource.org == principal.org };
        forbid (principal, action == Action::"select", resource is erp_billing::invoices);
        permit (principal, action == Action::"select", resource)
        when { resource is erp::parts || resource is crm::people };
    "#;
    let policies = world.policies(text);
    assert_eq!(policies.warnings().len(), 3, "{:?}", policies.warnings());
    assert_eq!(people(&policies, &alice()).rows().to_string(), "true");

    // So do those of a table that is there and cannot be described.
    let mut damaged = self::world();
    damaged.damaged.push("crm.notes".to_owned());
    let policies = damaged.policies(
        "permit (principal, action == Action::\"select\", resource is crm::notes);\n\
         permit (principal, action == Action::\"select\", resource is crm::people);",
    );
    assert_eq!(policies.warnings().len(), 1, "{:?}", policies.warnings());
    assert_eq!(people(&policies, &alice()).rows().to_string(), "true");

    // Without this one, other tables could show more than was meant.
    let elsewhere = "forbid (principal, action, resource) unless { resource is erp::parts };";
    let file = super::world::file("a.cedar", elsewhere);
    assert!(Policies::new(vec![file], world.schema()).is_err());
    world.unreachable.clear();
    let file = super::world::file("a.cedar", text);
    assert!(Policies::new(vec![file], world.schema()).is_err(), "a mistyped name is a fault");
}

#[test]
fn levels_have_their_actions() {
    let actions = Level::DESCENDING.map(Level::action);
    assert_eq!(actions, ["reveal", "mask_partial", "mask_token", "mask_null"]);
    assert!(Level::DESCENDING.is_sorted_by(|above, below| above > below));
}
