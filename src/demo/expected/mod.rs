//! What each person should see, worked out without the gateway: the rules of the policies said
//! again in plain Rust, over the rows in memory. The tour and the tests hold the gateway's
//! answers against it, so nothing here may call the gateway's own code.

mod masks;
mod showcase;

use std::collections::BTreeMap;

use super::answer::Answer;
use super::company::{Company, Customer, Event, Order, Ticket};
use super::people::Person;

pub use showcase::{SHOWCASES, Showcase};

/// How much is seen of a column; the order is from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// The column does not exist.
    Hidden,
    /// NULL.
    Null,
    /// A token, equal for equal values.
    Token,
    /// What the column's form leaves.
    Partial,
    /// The value.
    Whole,
}

/// The kinds of columns that the policies tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Personal data.
    Pii,
    /// Cards.
    Pci,
    /// What colleagues write to each other.
    Internal,
}

/// The rules that the shipped policies lay down and that somebody may want to change. The
/// default is as shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `protected-customers`
    pub protected_for_administrators_only: bool,
    /// `support-region-customers` and `support-region-tickets`
    pub support_in_its_region_only: bool,
    /// `support-no-events`
    pub events_hidden_from_support: bool,
    /// `agent-consent`
    pub agents_with_consent_only: bool,
    /// `internal-people`
    pub internal_hidden_from_agents: bool,
    /// `pii-partial`: what analysts and agents see of personal data.
    pub personal_data: Sight,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            protected_for_administrators_only: true,
            support_in_its_region_only: true,
            events_hidden_from_support: true,
            agents_with_consent_only: true,
            internal_hidden_from_agents: true,
            personal_data: Sight::Partial,
        }
    }
}

/// What a cell shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A value, as PostgreSQL writes it.
    Text(String),
    /// A token of this value. The token itself depends on the key of the folder: what can be said
    /// is that it is not the value, and that equal values have equal tokens.
    TokenOf(String),
}

impl Cell {
    fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }
}

/// What a query should give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Rows, in this order.
    Rows(Vec<Vec<Cell>>),
    /// An error with this SQLSTATE.
    Error(&'static str),
}

impl Expected {
    /// Whether an answer is this. Each value must have one token, and each token one value.
    pub fn is_met_by(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Self::Error(expected), Answer::Error { sqlstate: Some(sqlstate), .. }) => {
                sqlstate == expected
            }
            (Self::Rows(expected), Answer::Rows { rows, .. }) => {
                let mut token_of = BTreeMap::new();
                let mut value_of = BTreeMap::new();
                let mut same = |expected: &Cell, cell: &Option<String>| match (expected, cell) {
                    (Cell::Null, None) => true,
                    (Cell::Text(expected), Some(text)) => expected == text,
                    (Cell::TokenOf(value), Some(token)) => {
                        let known = token_of.entry(value.clone()).or_insert_with(|| token.clone());
                        let owner = value_of.entry(token.clone()).or_insert_with(|| value.clone());
                        known == token && owner == value && !token.contains(value.as_str())
                    }
                    _ => false,
                };
                expected.len() == rows.len()
                    && expected.iter().zip(rows).all(|(expected, row)| {
                        expected.len() == row.len()
                            && expected.iter().zip(row).all(|(expected, cell)| same(expected, cell))
                    })
            }
            _ => false,
        }
    }
}

/// The company as one person sees it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    company: &'a Company,
    person: &'a Person,
    rules: Rules,
}

impl<'a> View<'a> {
    /// The view under the shipped policies.
    pub fn new(company: &'a Company, person: &'a Person) -> Self {
        Self::under(Rules::default(), company, person)
    }

    /// The view under other rules.
    pub fn under(rules: Rules, company: &'a Company, person: &'a Person) -> Self {
        Self { company, person, rules }
    }

    /// The company behind the view.
    pub fn company(&self) -> &'a Company {
        self.company
    }

    /// Each who must be allowed: the person, and the agent by itself.
    fn roles(&self) -> impl Iterator<Item = &'static str> {
        self.person.roles.iter().copied().chain(self.person.agent.map(|_| "agent"))
    }

    /// The customers whose rows are seen.
    pub fn customers(&self) -> impl Iterator<Item = &'a Customer> {
        let view = *self;
        view.company.customers().iter().filter(move |customer| view.sees_customer(customer))
    }

    fn sees_customer(&self, customer: &Customer) -> bool {
        customer.org == self.person.tenant
            && self.roles().all(|role| {
                let protected = customer.protected
                    && self.rules.protected_for_administrators_only
                    && role != "administrator";
                let unasked =
                    role == "agent" && self.rules.agents_with_consent_only && !customer.newsletter;
                !protected && !unasked && self.in_region(role, customer.region)
            })
    }

    /// Support stays within its region; others go everywhere.
    fn in_region(&self, role: &str, region: &str) -> bool {
        role != "support"
            || !self.rules.support_in_its_region_only
            || self.person.region == Some(region)
    }

    /// The orders whose rows are seen.
    pub fn orders(&self) -> impl Iterator<Item = &'a Order> {
        let tenant = self.person.tenant;
        self.company.orders().iter().filter(move |order| order.org == tenant)
    }

    /// The tickets whose rows are seen.
    pub fn tickets(&self) -> impl Iterator<Item = &'a Ticket> {
        let view = *self;
        view.company.tickets().iter().filter(move |ticket| {
            ticket.org == view.person.tenant
                && view.roles().all(|role| view.in_region(role, ticket.region))
        })
    }

    /// The events whose rows are seen; `None` where the table does not exist.
    pub fn events(&self) -> Option<impl Iterator<Item = &'a Event>> {
        let tenant = self.person.tenant;
        let events = self.company.events().iter().filter(move |event| event.org == tenant);
        let hidden_from = |role| role == "support" && self.rules.events_hidden_from_support;
        (!self.roles().any(hidden_from)).then_some(events)
    }

    /// How much is seen of the columns with this tag: the least that any of the parties sees.
    pub fn sight(&self, tag: Tag) -> Sight {
        let of_role = |role| match (tag, role) {
            (Tag::Pii, "administrator") => Sight::Whole,
            (Tag::Pii, "support") => Sight::Null,
            (Tag::Pii, _) => self.rules.personal_data,
            (Tag::Pci, "agent") => Sight::Token,
            (Tag::Pci, _) => Sight::Partial,
            (Tag::Internal, "agent") if self.rules.internal_hidden_from_agents => Sight::Hidden,
            (Tag::Internal, _) => Sight::Whole,
        };
        self.roles().map(of_role).min().unwrap_or(Sight::Hidden)
    }

    /// A value of a column with this tag, as it is seen; `form` is the column's partial form. A
    /// hidden column has no cells, so it shows NULL here.
    fn masked(&self, tag: Tag, value: Option<&str>, form: masks::Form) -> Cell {
        let Some(value) = value else { return Cell::Null };
        match self.sight(tag) {
            Sight::Hidden | Sight::Null => Cell::Null,
            Sight::Token => Cell::TokenOf(value.to_owned()),
            Sight::Partial => form(value).map_or(Cell::Null, Cell::Text),
            Sight::Whole => Cell::text(value),
        }
    }

    /// `crm.customers.name`
    pub fn name(&self, customer: &Customer) -> Cell {
        self.masked(Tag::Pii, Some(&customer.name), masks::first1)
    }

    /// `crm.customers.email`
    pub fn email(&self, customer: &Customer) -> Cell {
        self.masked(Tag::Pii, Some(&customer.email), masks::email)
    }

    /// `crm.customers.phone`
    pub fn phone(&self, customer: &Customer) -> Cell {
        self.masked(Tag::Pii, customer.phone.as_deref(), masks::last4)
    }

    /// `crm.customers.born_on`
    pub fn born_on(&self, customer: &Customer) -> Cell {
        let born_on = customer.born_on.map(super::text::date);
        self.masked(Tag::Pii, born_on.as_deref(), masks::year)
    }

    /// `crm.customers.postcode`
    pub fn postcode(&self, customer: &Customer) -> Cell {
        self.masked(Tag::Pii, Some(&customer.postcode), masks::zip3)
    }

    /// `card` of a customer or an order
    pub fn card(&self, card: Option<&str>) -> Cell {
        self.masked(Tag::Pci, card, masks::last4)
    }

    /// `lake.events.ip`
    pub fn ip(&self, event: &Event) -> Cell {
        self.masked(Tag::Pii, Some(&event.ip), masks::ip24)
    }
}

#[cfg(test)]
mod tests;
