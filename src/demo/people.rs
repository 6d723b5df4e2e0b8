//! Who works for the company.

use super::company::Tenant;

/// Somebody who may log in, or an agent who does so in somebody's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user name, and the `sub` of the token.
    pub user: &'static str,
    /// What they do, in a word or two.
    pub work: &'static str,
    /// What the shipped policies let them see, in half a sentence.
    pub sees: &'static str,
    /// Where they work.
    pub tenant: Tenant,
    /// The `roles` of the token.
    pub roles: &'static [&'static str],
    /// The sales region of the token.
    pub region: Option<&'static str>,
    /// The agent that acts for them.
    pub agent: Option<&'static str>,
}

/// Reads her shop's numbers.
pub const ADA: Person = Person {
    user: "ada",
    work: "analyst",
    sees: "her shop; personal data in part, of cards the last four digits",
    tenant: Tenant::Tarn,
    roles: &["analyst"],
    region: None,
    agent: None,
};

/// A program that works for Ada.
pub const SCOUT: Person = Person {
    work: "agent for ada",
    sees: "what Ada may, but only customers who agreed; cards as tokens",
    agent: Some("scout"),
    ..ADA
};

/// Keeps the house in order.
pub const OTTO: Person = Person {
    user: "otto",
    work: "admin",
    sees: "his shop, protected customers too; personal data whole, cards not",
    tenant: Tenant::Tarn,
    roles: &["administrator"],
    region: None,
    agent: None,
};

/// Answers the telephone, for Great Britain and Ireland.
pub const TOVE: Person = Person {
    user: "tove",
    work: "support",
    sees: "customers and tickets of the isles, without personal data",
    tenant: Tenant::Tarn,
    roles: &["support"],
    region: Some("isles"),
    agent: None,
};

/// Reads the numbers of the other shop.
pub const MIRA: Person = Person {
    user: "mira",
    work: "analyst",
    sees: "the other shop, as Ada sees hers",
    tenant: Tenant::Ember,
    roles: &["analyst"],
    region: None,
    agent: None,
};

/// Everybody.
pub const PEOPLE: [Person; 5] = [ADA, SCOUT, OTTO, TOVE, MIRA];

impl Person {
    /// The name to show: the agent's where one acts.
    pub fn name(&self) -> &'static str {
        self.agent.unwrap_or(self.user)
    }

    /// Whether the person has this role. What an agent may is another question.
    pub fn is(&self, role: &str) -> bool {
        self.roles.contains(&role)
    }
}
