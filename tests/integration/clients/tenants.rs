//! Roles that see the rows of all tenants.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use portcullis::audit::Entry;
use serde_json::json;

use super::*;

/// Those who see addresses as tokens.
const KEEPERS: &str = r#"@id("tokens")
permit (principal in Role::"keeper", action == Action::"mask_token", resource)
when { context.tags.contains(Tag::"pii") };
"#;

fn world() -> World {
    World::prepared("", |house| {
        let config = fs::read_to_string(house.config()).unwrap();
        let column = "column = \"org_id\"\n";
        assert_eq!(config.matches(column).count(), 1);
        let roles = format!("{column}cross_tenant_roles = [\"overseer\", \"warden\"]\n");
        house.file("portcullis.toml", &config.replace(column, &roles));
        house.file("policies/keepers.cedar", KEEPERS);
    })
}

impl World {
    /// Names and addresses, as somebody sees them.
    async fn people(&self, token: &str) -> BTreeMap<String, Option<String>> {
        let client = self.session("ines", token, "").await;
        let rows = client.query("SELECT name, email FROM box.people", &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    fn token_of(&self, tenant: &str, roles: &[&str]) -> String {
        let now = SystemTime::now();
        let claims = json!({ "org_id": tenant, "roles": roles });
        self.house.signed("ines", claims, now, now + Duration::from_secs(3600))
    }
}

fn names(people: &BTreeMap<String, Option<String>>) -> Vec<&str> {
    people.keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cross_tenant_role_sees_all_tenants_and_each_use_is_noted() {
    const OWN: [&str; 3] = ["Ines", "Jon", "Kim"];
    const ALL: [&str; 4] = ["Ines", "Jon", "Kim", "Leo"];
    let world = world();
    let by = |roles: &[&str]| world.house.token("ines", roles);
    let agent = |roles: &[&str], agent_roles: &[&str]| {
        world.house.agent_token(("ines", roles), ("scout", agent_roles))
    };
    let both = ["analyst", "overseer"];
    let (overseer, warden) = (Some("overseer"), Some("warden"));
    let mut notes = Vec::new();
    for (token, seen, role) in [
        (by(&["analyst"]), &OWN[..], None),
        (by(&both), &ALL, overseer),
        (by(&["analyst", "warden"]), &ALL, warden),
        // An agent needs the role as well, and so does its person; and both the same one.
        (agent(&both, &["analyst"]), &OWN, None),
        (agent(&["analyst"], &both), &OWN, None),
        (agent(&both, &["analyst", "warden"]), &OWN, None),
        (agent(&both, &both), &ALL, overseer),
    ] {
        assert_eq!(names(&world.people(&token).await), seen, "{role:?}");
        let filter = if role.is_some() { "true" } else { "org_id = 'acme'" };
        let note = role.map(|role| format!("cross_tenant by role {role}"));
        notes.push((filter.to_owned(), Vec::from_iter(note)));
    }
    // A policy still decides: nobody sees what is forbidden, and what touches no table is no use.
    let client = world.session("ines", &by(&both), "").await;
    let refused = client.query("SELECT * FROM box.secrets", &[]).await.unwrap_err();
    assert_eq!(refused.code().map(|code| code.code()), Some("42P01"));
    client.query_one("SELECT 1", &[]).await.unwrap();
    drop(client);

    let found: Vec<_> = world
        .record()
        .into_iter()
        .filter_map(|record| match record.entry {
            Entry::Intent(intent) => Some(intent),
            _ => None,
        })
        .collect();
    let (touching, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|intent| !intent.tables.is_empty());
    let told: Vec<_> = touching
        .into_iter()
        .map(|intent| (intent.tables[0].row_filter.clone(), intent.notes))
        .collect();
    assert_eq!(told, notes);
    assert_eq!(others.len(), 2);
    assert!(others.iter().all(|intent| intent.notes.is_empty()), "{others:?}");
}

/// Tokens are those of the session's own tenant, of the rows of others too: they can be counted
/// and joined, and not be compared with what the other tenant's own people see.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_a_cross_tenant_role_are_those_of_its_own_tenant() {
    let world = world();
    let acme = world.people(&world.token_of("acme", &["keeper"])).await;
    let other = world.people(&world.token_of("other", &["keeper"])).await;
    let across = world.people(&world.token_of("acme", &["keeper", "overseer"])).await;
    let across_other = world.people(&world.token_of("other", &["keeper", "overseer"])).await;
    assert_eq!(names(&acme), ["Ines", "Jon", "Kim"]);
    assert_eq!(names(&other), ["Leo"]);
    assert_eq!(names(&across), ["Ines", "Jon", "Kim", "Leo"]);

    for name in ["Ines", "Jon"] {
        let token = acme[name].as_deref().unwrap();
        assert!(!token.contains('@'), "{token}");
        assert_eq!(across[name].as_deref(), Some(token));
        assert_ne!(across_other[name].as_deref(), Some(token));
    }
    assert_eq!(across["Kim"], None);
    assert!(across["Leo"].is_some());
    assert_ne!(across["Leo"], other["Leo"]);
    assert_eq!(across_other["Leo"], other["Leo"]);
}
