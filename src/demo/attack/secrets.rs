//! What the attackers are after, looked up in the company's own books.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::demo::DemoError;
use crate::demo::company::{Company, Customer, Tenant};
use crate::demo::text;

/// Facts that an analyst of Tarn must not learn.
pub(super) struct Secrets {
    /// The whole units of a credit limit that somebody at Ember has, and nobody at Tarn.
    pub(super) limit: i64,
    /// A card of a customer whom Ada may see, but not whole.
    pub(super) card: String,
    /// All cards of Ember's customers.
    pub(super) cards: Vec<String>,
    /// Customers whom Ada may see, born in one year, from the oldest to the youngest: another
    /// order than that of their numbers.
    pub(super) by_age: Vec<i64>,
    /// The key of the tokens.
    pub(super) token_key: String,
    /// All customers of both.
    pub(super) everybody: usize,
    /// All orders of both.
    pub(super) orders: usize,
}

impl Secrets {
    pub(super) fn of(company: &Company) -> Result<Self, DemoError> {
        let of = |tenant| company.customers().iter().filter(move |row| row.org == tenant);
        let own_limits: BTreeSet<i64> =
            of(Tenant::Tarn).filter_map(|row| row.credit_limit_cents).collect();
        let limit = of(Tenant::Ember)
            .filter_map(|row| row.credit_limit_cents)
            .find(|limit| !own_limits.contains(limit));
        let visible = || of(Tenant::Tarn).filter(|row| !row.protected);
        let path = company.dir().join("keys/token.key");
        let token_key = fs::read_to_string(&path)
            .map_err(|source| DemoError::File { path: path.clone(), source })?;
        Ok(Self {
            limit: limit.unwrap_or_default() / 100,
            card: visible().find_map(|row| row.card.clone()).unwrap_or_default(),
            cards: of(Tenant::Ember).filter_map(|row| row.card.clone()).collect(),
            by_age: by_age(visible()),
            token_key: token_key.trim().to_owned(),
            everybody: company.customers().len(),
            orders: company.orders().len(),
        })
    }
}

/// Four customers of one year of birth whose numbers are not in the order of their age.
fn by_age<'a>(customers: impl Iterator<Item = &'a Customer>) -> Vec<i64> {
    let mut years: BTreeMap<String, Vec<(i32, i64)>> = BTreeMap::new();
    for customer in customers {
        let Some(born_on) = customer.born_on else { continue };
        let year = text::date(born_on).chars().take(4).collect();
        let group = years.entry(year).or_default();
        if group.iter().all(|(day, _)| *day != born_on) {
            group.push((born_on, customer.id));
        }
        if group.len() == 4 {
            let mut sorted = group.clone();
            sorted.sort_unstable();
            if sorted != *group {
                return sorted.into_iter().map(|(_, id)| id).collect();
            }
            group.clear();
        }
    }
    Vec::new()
}
