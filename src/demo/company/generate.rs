//! Makes the rows from the seed, and from nothing else.

use super::catalogue::{COUNTRIES, COUNTRY_WEIGHTS, Country, Product};
use super::random::Random;
use super::rows::{Customer, Event, Order, Tenant, Ticket};
use super::words::{FAMILY, FIRST, MAIL_DOMAINS, NOTES, STREETS, SUBJECTS};

/// How many rows of each table.
pub(super) const CUSTOMERS: i64 = 8_000;
pub(super) const ORDERS: i64 = 120_000;
pub(super) const EVENTS: i64 = 30_000;
pub(super) const TICKETS: i64 = 5_000;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 2019-01-01 00:00 UTC: the first customer.
const FOUNDING: i64 = 17_897 * DAY;
/// 2023-01-01 00:00 UTC: the first order on this platform.
const OPENING: i64 = 19_358 * DAY;
/// 2026-01-01 00:00 UTC: the company's books end here, whatever the day is.
const CLOSING: i64 = 20_454 * DAY;

/// The customers of both tenants, mixed.
pub(super) fn customers(seed: u64) -> Vec<Customer> {
    let mut random = Random::new(seed, "customers");
    (1..=CUSTOMERS).map(|id| customer(id, &mut random)).collect()
}

fn customer(id: i64, random: &mut Random) -> Customer {
    let org = random.weighted(&[(Tenant::Tarn, 11), (Tenant::Ember, 9)]);
    let weights: Vec<(Country, u64)> =
        COUNTRIES.iter().copied().zip(COUNTRY_WEIGHTS.iter().copied()).collect();
    let country = random.weighted(&weights);
    let (first, family) = (random.pick(FIRST), random.pick(FAMILY));
    let (town, postcode) = random.pick(country.towns);
    let born_on = random.between(-14_600, 13_800);
    Customer {
        id,
        org,
        account: uuid(random),
        name: format!("{} {}", first.written, family.written),
        // The number makes it unique; the domain is nobody's.
        email: format!("{}.{}{id}@{}", first.plain, family.plain, random.pick(MAIL_DOMAINS)),
        phone: (!random.chance(12)).then(|| phone(&country, random)),
        born_on: if random.chance(8) { None } else { i32::try_from(born_on).ok() },
        street: format!("{} {}", random.between(1, 180), random.pick(STREETS)),
        postcode: format!("{postcode} {:02}", random.below(100)),
        town: town.to_owned(),
        country: country.code,
        region: country.region,
        card: (!random.chance(10)).then(|| card(random)),
        credit_limit_cents: (!random.chance(15)).then(|| random.between(20, 2_500) * 1_000),
        newsletter: random.chance(60),
        protected: random.chance(2),
        joined_at: moment(random, FOUNDING, OPENING),
    }
}

/// Orders in the sequence of their time. Every customer is somebody's, so an order belongs to
/// its customer's tenant.
pub(super) fn orders(seed: u64, customers: &[Customer], products: &[Product]) -> Vec<Order> {
    let mut random = Random::new(seed, "orders");
    let step = (CLOSING - OPENING) / ORDERS;
    (1..=ORDERS)
        .filter_map(|id| {
            let customer = customers.get(skewed(&mut random, customers.len()))?;
            let product = skewed(&mut random, products.len());
            let price = products.get(product)?.price_cents;
            let quantity = random.weighted(&[(1, 12), (2, 5), (3, 2), (6, 1)]);
            let rebate = random.weighted(&[(0, 14), (5, 3), (10, 2), (25, 1)]);
            let placed_at = OPENING + (id - 1) * step + random.below(step.unsigned_abs()) as i64;
            let status = status(placed_at, &mut random);
            let shipped = !matches!(status, "placed" | "cancelled");
            let days = (placed_at / DAY).saturating_add(random.between(0, 6));
            Some(Order {
                id,
                org: customer.org,
                customer_id: customer.id,
                product,
                quantity,
                amount_cents: price * i64::from(quantity) * (100 - rebate) / 100,
                status,
                gift: random.chance(9),
                card: customer.card.clone().filter(|_| !random.chance(20)),
                placed_at: placed_at / SECOND * SECOND,
                shipped_on: if shipped { i32::try_from(days).ok() } else { None },
            })
        })
        .collect()
}

/// Old orders are settled; those of the last two weeks are still on their way.
fn status(placed_at: i64, random: &mut Random) -> &'static str {
    if placed_at > CLOSING - 3 * DAY {
        "placed"
    } else if placed_at > CLOSING - 14 * DAY {
        random.weighted(&[("placed", 2), ("shipped", 7), ("cancelled", 1)])
    } else {
        random.weighted(&[("delivered", 88), ("returned", 7), ("cancelled", 5)])
    }
}

/// What customers did in the last months.
pub(super) fn events(seed: u64, customers: &[Customer], products: &[Product]) -> Vec<Event> {
    let mut random = Random::new(seed, "events");
    let opening = CLOSING - 120 * DAY;
    let step = (CLOSING - opening) / EVENTS;
    (1..=EVENTS)
        .filter_map(|number| {
            let customer = customers.get(skewed(&mut random, customers.len()))?;
            let kind = random.weighted(&[
                ("view", 55),
                ("search", 18),
                ("basket", 13),
                ("signin", 9),
                ("checkout", 5),
            ]);
            let product = skewed(&mut random, products.len());
            let block = random.pick(&["192.0.2", "198.51.100", "203.0.113"]);
            let known = !matches!(kind, "view" | "search") || random.chance(65);
            Some(Event {
                id: uuid(&mut random),
                org: customer.org,
                customer_id: known.then_some(customer.id),
                kind,
                product: matches!(kind, "view" | "basket").then_some(product),
                ip: format!("{block}.{}", random.between(1, 254)),
                duration_ms: 40 + random.skewed(30_000) as i64,
                mobile: random.chance(48),
                at: (opening + (number - 1) * step + random.below(step.unsigned_abs()) as i64)
                    / 1_000
                    * 1_000,
            })
        })
        .collect()
}

/// Calls for help.
pub(super) fn tickets(seed: u64, customers: &[Customer]) -> Vec<Ticket> {
    let mut random = Random::new(seed, "tickets");
    (1..=TICKETS)
        .filter_map(|id| {
            let customer = customers.get(skewed(&mut random, customers.len()))?;
            let opened_at = moment(&mut random, OPENING, CLOSING);
            let status = random.weighted(&[("closed", 80), ("waiting", 8), ("open", 12)]);
            let hours = 1 + random.skewed(300) as i64;
            let closed = status == "closed";
            Some(Ticket {
                id,
                org: customer.org,
                customer_id: customer.id,
                region: customer.region,
                subject: random.pick(SUBJECTS),
                priority: random.weighted(&[(1, 1), (2, 4), (3, 9), (4, 6)]),
                status,
                internal_note: random.chance(40).then(|| random.pick(NOTES)),
                stars: (closed && random.chance(55))
                    .then(|| random.weighted(&[(5, 8), (4, 5), (3, 3), (2, 2), (1, 3)])),
                opened_at,
                closed_at: closed.then_some(opened_at + hours * 3_600 * SECOND),
            })
        })
        .collect()
}

fn skewed(random: &mut Random, length: usize) -> usize {
    usize::try_from(random.skewed(length as u64)).unwrap_or(0)
}

/// A whole second from `first` up to but without `end`.
fn moment(random: &mut Random, first: i64, end: i64) -> i64 {
    (first + random.below(end.abs_diff(first)) as i64) / SECOND * SECOND
}

/// A UUID of version 4 as RFC 9562 lays it out, though the seed decides it.
fn uuid(random: &mut Random) -> String {
    let high = random.bits() & !0xf000 | 0x4000;
    let low = random.bits() & !(0b11 << 62) | (0b10 << 62);
    uuid::Uuid::from_u64_pair(high, low).to_string()
}

fn phone(country: &Country, random: &mut Random) -> String {
    let digits = country.phone_digits;
    let span = 10_u64.saturating_pow(u32::try_from(digits).unwrap_or(0));
    format!("{}{:0digits$}", country.phone, span / 10 + random.below(span - span / 10))
}

/// Fifteen digits of a range that card networks keep for tests, and the check digit that ISO/IEC
/// 7812-1 asks for.
fn card(random: &mut Random) -> String {
    let range = random.pick(&["400000", "555555"]);
    let payload = format!("{range}{:09}", random.below(1_000_000_000));
    let sum: u32 = payload
        .chars()
        .rev()
        .filter_map(|digit| digit.to_digit(10))
        .zip([2, 1].into_iter().cycle())
        .map(|(digit, factor)| digit * factor / 10 + digit * factor % 10)
        .sum();
    format!("{payload}{}", (10 - sum % 10) % 10)
}
