//! The rows of the company, as plain values. Money is in cents, dates are in days and times in
//! microseconds since 1970-01-01 (UTC).

/// One of the two shops that share the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tenant {
    /// Outfitters for bad weather.
    #[default]
    Tarn,
    /// Everything for the kitchen.
    Ember,
}

impl Tenant {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Tarn, Self::Ember];

    /// The value of `org_id`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Tarn => "tarn",
            Self::Ember => "ember",
        }
    }

    /// As it stands over the shop's door.
    pub fn title(self) -> &'static str {
        match self {
            Self::Tarn => "Tarn & Fell Outfitters",
            Self::Ember => "Ember Row Kitchenware",
        }
    }
}

/// A row of `crm.customers`.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// From 1, without gaps.
    pub id: i64,
    /// Whose customer.
    pub org: Tenant,
    /// `uuid`
    pub account: String,
    /// First and family name.
    pub name: String,
    /// At a domain that is kept for examples.
    pub email: String,
    /// Of a range that is kept for fiction.
    pub phone: Option<String>,
    /// `date`
    pub born_on: Option<i32>,
    /// House number and street.
    pub street: String,
    /// As the country writes it.
    pub postcode: String,
    /// The town.
    pub town: String,
    /// The key of a country.
    pub country: &'static str,
    /// The country's sales region.
    pub region: &'static str,
    /// Sixteen digits of a range for tests, with a valid check digit.
    pub card: Option<String>,
    /// `numeric(12,2)`
    pub credit_limit_cents: Option<i64>,
    /// Whether the customer agreed to be written to.
    pub newsletter: bool,
    /// Whether a court keeps this person's whereabouts secret.
    pub protected: bool,
    /// `timestamptz`
    pub joined_at: i64,
}

/// A row of `lake.orders`.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// From 1, without gaps, in the order of `placed_at`.
    pub id: i64,
    /// Whose order.
    pub org: Tenant,
    /// The key of a customer of the same tenant.
    pub customer_id: i64,
    /// The position of the product among [`super::Company::products`].
    pub product: usize,
    /// `int4`
    pub quantity: i32,
    /// `numeric(12,2)`
    pub amount_cents: i64,
    /// `placed`, `shipped`, `delivered`, `returned` or `cancelled`
    pub status: &'static str,
    /// Whether it was wrapped as a present.
    pub gift: bool,
    /// The card it was paid with: the customer's own, or none where an invoice was sent.
    pub card: Option<String>,
    /// `timestamptz`
    pub placed_at: i64,
    /// `date`; none before it leaves the house.
    pub shipped_on: Option<i32>,
}

/// A row of `lake.events`: something that a customer did in the shop.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `uuid`
    pub id: String,
    /// Whose shop.
    pub org: Tenant,
    /// The key of a customer of the same tenant; none before signing in.
    pub customer_id: Option<i64>,
    /// `view`, `search`, `basket`, `checkout` or `signin`
    pub kind: &'static str,
    /// The position of the product, for `view` and `basket`.
    pub product: Option<usize>,
    /// Of a block that is kept for documentation (RFC 5737).
    pub ip: String,
    /// In milliseconds.
    pub duration_ms: i64,
    /// Whether it came from a telephone.
    pub mobile: bool,
    /// `timestamptz`
    pub at: i64,
}

/// A row of `lake.tickets`: somebody asked for help.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    /// From 1, without gaps.
    pub id: i64,
    /// Whose ticket.
    pub org: Tenant,
    /// The key of a customer of the same tenant.
    pub customer_id: i64,
    /// The sales region of that customer.
    pub region: &'static str,
    /// One line.
    pub subject: &'static str,
    /// From 1 (now) to 4 (some day).
    pub priority: i32,
    /// `open`, `waiting` or `closed`
    pub status: &'static str,
    /// What colleagues say of it among themselves.
    pub internal_note: Option<&'static str>,
    /// From 1 to 5 stars, once closed and if the customer cared.
    pub stars: Option<i32>,
    /// `timestamptz`
    pub opened_at: i64,
    /// `timestamptz`
    pub closed_at: Option<i64>,
}
