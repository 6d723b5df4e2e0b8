//! Queries worth trying, and the answer that each person should get.

use std::collections::{BTreeMap, BTreeSet};

use super::super::text;
use super::{Cell, Expected, Sight, Tag, View};
use crate::demo::company::{COUNTRIES, Customer};

/// A query that everybody may ask, and what it shows them.
pub struct Showcase {
    /// A short name.
    pub name: &'static str,
    /// What it is about, as a heading.
    pub title: &'static str,
    /// The statement.
    pub sql: &'static str,
    expected: fn(&View<'_>) -> Expected,
}

impl Showcase {
    /// The query of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SHOWCASES.iter().find(|showcase| showcase.name == name)
    }

    /// What this view should answer.
    pub fn expected(&self, view: &View<'_>) -> Expected {
        (self.expected)(view)
    }

    /// What a column of the answer is called where it is stored, if the query renames it.
    pub fn stored_name<'a>(&'a self, column: &'a str) -> &'a str {
        let mut words = self.sql.split([' ', ',', '\n']).filter(|word| !word.is_empty());
        let mut before = ["", ""];
        let renamed = words.find_map(|word| match before {
            [name, "AS"] if word == column => Some(name),
            [_, last] => {
                before = [last, word];
                None
            }
        });
        renamed.unwrap_or(column)
    }
}

/// The queries.
pub static SHOWCASES: [Showcase; 8] = [
    Showcase {
        name: "four",
        title: "Four customers, and who sees what of them",
        sql: "SELECT id, name, email, born_on AS born, card\n\
              FROM crm.customers WHERE id IN (33, 43, 56, 71) ORDER BY id",
        expected: four,
    },
    Showcase {
        name: "customers",
        title: "Who are our customers?",
        sql: "SELECT id, name, email, phone, born_on, card, region\n\
              FROM crm.customers ORDER BY id LIMIT 8",
        expected: customers,
    },
    Showcase {
        name: "revenue",
        title: "What do they buy, and where? SQLite joined with Parquet",
        sql: "SELECT k.name AS country, sum(o.amount) AS revenue\n\
              FROM lake.orders AS o\n\
              JOIN crm.customers AS c ON c.id = o.customer_id\n\
              JOIN crm.countries AS k ON k.code = c.country\n\
              GROUP BY k.name ORDER BY k.name",
        expected: revenue,
    },
    Showcase {
        name: "tickets",
        title: "What is urgent? CSV",
        sql: "SELECT id, customer_id, subject, opened_at, internal_note\n\
              FROM lake.tickets WHERE status = 'open' AND priority = 1\n\
              ORDER BY id LIMIT 5",
        expected: tickets,
    },
    Showcase {
        name: "desk",
        title: "How busy is the help desk, and what do colleagues note? CSV",
        sql: "SELECT status, count(*) AS tickets, count(internal_note) AS notes\n\
              FROM lake.tickets GROUP BY status ORDER BY status",
        expected: desk,
    },
    Showcase {
        name: "events",
        title: "What happens in the shop? JSON",
        sql: "SELECT kind, count(*) AS events, count(DISTINCT ip) AS addresses\n\
              FROM lake.events GROUP BY kind ORDER BY kind",
        expected: events,
    },
    Showcase {
        name: "cards",
        title: "Is a masked card still a key?",
        sql: "SELECT count(*) AS pairs\n\
              FROM crm.customers AS c JOIN lake.orders AS o ON o.card = c.card\n\
              WHERE o.placed_at >= TIMESTAMPTZ '2025-12-01 00:00:00+00'",
        expected: cards,
    },
    Showcase {
        name: "counts",
        title: "How much is there at all?",
        sql: "SELECT (SELECT count(*) FROM crm.customers) AS customers,\n       \
              (SELECT count(*) FROM lake.orders) AS orders,\n       \
              (SELECT count(*) FROM lake.tickets) AS tickets",
        expected: counts,
    },
];

/// One whom everybody at Tarn sees, one of Ember, one under protection, and one who lives abroad
/// and did not agree to hear from us.
fn four(view: &View<'_>) -> Expected {
    let chosen = view.customers().filter(|customer| [33, 43, 56, 71].contains(&customer.id));
    let rows = chosen.map(|customer| {
        vec![
            Cell::text(customer.id),
            view.name(customer),
            view.email(customer),
            view.born_on(customer),
            view.card(customer.card.as_deref()),
        ]
    });
    Expected::Rows(rows.collect())
}

fn customers(view: &View<'_>) -> Expected {
    let row = |customer: &Customer| {
        vec![
            Cell::text(customer.id),
            view.name(customer),
            view.email(customer),
            view.phone(customer),
            view.born_on(customer),
            view.card(customer.card.as_deref()),
            Cell::text(customer.region),
        ]
    };
    Expected::Rows(view.customers().take(8).map(row).collect())
}

fn revenue(view: &View<'_>) -> Expected {
    let country_of: BTreeMap<i64, &str> =
        view.customers().map(|customer| (customer.id, customer.country)).collect();
    let mut by_country: BTreeMap<&str, i64> = BTreeMap::new();
    for order in view.orders() {
        let Some(code) = country_of.get(&order.customer_id) else { continue };
        if let Some(country) = COUNTRIES.iter().find(|country| country.code == *code) {
            *by_country.entry(country.name).or_default() += order.amount_cents;
        }
    }
    let row = |(country, cents)| vec![Cell::text(country), Cell::text(text::money(cents))];
    Expected::Rows(by_country.into_iter().map(row).collect())
}

fn tickets(view: &View<'_>) -> Expected {
    if view.sight(Tag::Internal) == Sight::Hidden {
        return Expected::Error("42703");
    }
    let urgent = view.tickets().filter(|ticket| ticket.status == "open" && ticket.priority == 1);
    let rows = urgent.take(5).map(|ticket| {
        vec![
            Cell::text(ticket.id),
            Cell::text(ticket.customer_id),
            Cell::text(ticket.subject),
            Cell::text(text::postgres_instant(ticket.opened_at)),
            ticket.internal_note.map_or(Cell::Null, Cell::text),
        ]
    });
    Expected::Rows(rows.collect())
}

fn desk(view: &View<'_>) -> Expected {
    if view.sight(Tag::Internal) == Sight::Hidden {
        return Expected::Error("42703");
    }
    let mut by_status: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for ticket in view.tickets() {
        let (tickets, notes) = by_status.entry(ticket.status).or_default();
        *tickets += 1;
        *notes += u64::from(ticket.internal_note.is_some());
    }
    let row = |(status, (tickets, notes))| {
        vec![Cell::text(status), Cell::text(tickets), Cell::text(notes)]
    };
    Expected::Rows(by_status.into_iter().map(row).collect())
}

fn events(view: &View<'_>) -> Expected {
    let Some(events) = view.events() else { return Expected::Error("42P01") };
    let mut by_kind: BTreeMap<&str, (u64, BTreeSet<String>)> = BTreeMap::new();
    for event in events {
        let (count, addresses) = by_kind.entry(event.kind).or_default();
        *count += 1;
        match view.ip(event) {
            Cell::Text(ip) | Cell::TokenOf(ip) => {
                addresses.insert(ip);
            }
            Cell::Null => {}
        }
    }
    let row = |(kind, (count, addresses)): (&str, (u64, BTreeSet<String>))| {
        vec![Cell::text(kind), Cell::text(count), Cell::text(addresses.len())]
    };
    Expected::Rows(by_kind.into_iter().map(row).collect())
}

/// Tokens pair the cards exactly; the last four digits pair whatever ends alike.
fn cards(view: &View<'_>) -> Expected {
    /// 2025-12-01 00:00 UTC.
    const DECEMBER: i64 = 20_423 * 86_400_000_000;
    let key = |card: Option<&str>| match view.card(card) {
        Cell::Text(card) | Cell::TokenOf(card) => Some(card),
        Cell::Null => None,
    };
    let mut holders: BTreeMap<String, u64> = BTreeMap::new();
    for customer in view.customers() {
        if let Some(card) = key(customer.card.as_deref()) {
            *holders.entry(card).or_default() += 1;
        }
    }
    let pairs: u64 = view
        .orders()
        .filter(|order| order.placed_at >= DECEMBER)
        .filter_map(|order| holders.get(&key(order.card.as_deref())?))
        .sum();
    Expected::Rows(vec![vec![Cell::text(pairs)]])
}

fn counts(view: &View<'_>) -> Expected {
    let counts = [view.customers().count(), view.orders().count(), view.tickets().count()];
    Expected::Rows(vec![counts.iter().map(Cell::text).collect()])
}
