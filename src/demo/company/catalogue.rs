//! What all tenants share: the countries they deliver to and the products they sell.

use super::words::{GOODS, MAKES};

/// A country that the shops deliver to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Country {
    /// ISO 3166-1, two letters.
    pub code: &'static str,
    /// In English.
    pub name: &'static str,
    /// The sales region.
    pub region: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
    /// Kept free for fiction by the regulator: the digits before the last ones, which vary.
    pub(super) phone: &'static str,
    /// How many digits vary.
    pub(super) phone_digits: usize,
    /// Towns, with the beginnings of their postcodes.
    pub(super) towns: &'static [(&'static str, &'static str)],
}

/// The countries.
pub const COUNTRIES: &[Country] = &[
    Country {
        code: "GB",
        name: "United Kingdom",
        region: "isles",
        currency: "GBP",
        phone: "+44 7700 900",
        phone_digits: 3,
        towns: &[("Leeds", "LS1"), ("Cardiff", "CF1"), ("Dundee", "DD1")],
    },
    Country {
        code: "IE",
        name: "Ireland",
        region: "isles",
        currency: "EUR",
        phone: "+353 20 910 ",
        phone_digits: 4,
        towns: &[("Galway", "H91"), ("Cork", "T12"), ("Sligo", "F91")],
    },
    Country {
        code: "FR",
        name: "France",
        region: "continent",
        currency: "EUR",
        phone: "+33 6 39 98 ",
        phone_digits: 4,
        towns: &[("Nantes", "440"), ("Lyon", "690"), ("Dijon", "210")],
    },
    Country {
        code: "DE",
        name: "Germany",
        region: "continent",
        currency: "EUR",
        phone: "+49 30 23125 ",
        phone_digits: 3,
        towns: &[("Bremen", "281"), ("Jena", "077"), ("Kassel", "341")],
    },
    Country {
        code: "SE",
        name: "Sweden",
        region: "north",
        currency: "SEK",
        phone: "+46 70 174 06 ",
        phone_digits: 2,
        towns: &[("Malmö", "211"), ("Umeå", "903"), ("Visby", "621")],
    },
    Country {
        code: "US",
        name: "United States",
        region: "overseas",
        currency: "USD",
        phone: "+1 503 555 01",
        phone_digits: 2,
        towns: &[("Portland", "972"), ("Duluth", "558"), ("Savannah", "314")],
    },
];

/// How often customers live in each, in the order of [`COUNTRIES`].
pub(super) const COUNTRY_WEIGHTS: &[u64] = &[30, 14, 18, 20, 10, 8];

/// Something that can be bought.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// The key.
    pub sku: String,
    /// What it is called.
    pub name: String,
    /// The department.
    pub category: &'static str,
    /// The list price in cents.
    pub price_cents: i64,
    /// In grams.
    pub weight_g: i64,
    /// Whether it is no longer made.
    pub discontinued: bool,
}

/// Every make of every kind of good.
pub(super) fn products() -> Vec<Product> {
    let kinds = GOODS.iter().zip(1_i64..);
    kinds
        .flat_map(|((kind, category, price, weight), number)| {
            MAKES.iter().zip(0_i64..).map(move |(make, step)| Product {
                sku: format!("{}{number:02}-{step}", kind.get(..2).unwrap_or(kind).to_uppercase()),
                name: format!("{make} {kind}"),
                category,
                // From 80 % to 130 % of the middle price, down to ten cents.
                price_cents: price * (80 + 10 * step) / 1_000 * 10,
                weight_g: weight + 15 * step,
                discontinued: (number + step) % 11 == 0,
            })
        })
        .collect()
}
