//! Values by chance, and what masks leave of them.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::company::Shown;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int,
    Numeric,
    Float,
    Text,
    Bool,
    Date,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Int, Self::Numeric, Self::Float, Self::Text, Self::Bool, Self::Date];

    /// The type's name, in PostgreSQL and in declarations of files; SQLite understands it as well.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Int => "bigint",
            Self::Numeric => "numeric(12,2)",
            Self::Float => "double precision",
            Self::Text => "text",
            Self::Bool => "boolean",
            Self::Date => "date",
        }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Int(i64),
    /// Hundredths.
    Numeric(i64),
    Float(f64),
    Text(String),
    Bool(bool),
    /// Days since 1970.
    Date(i32),
    /// What cannot be decoded, where a source can hold such a thing; else NULL.
    Bad,
}

/// Stands in hidden texts alone. Nobody may ever read it.
pub const CANARY: &str = "canary";

impl Cell {
    pub const TEXTS: [&'static str; 14] = [
        "",
        "a",
        "1",
        "0",
        "x'y",
        "\\",
        "\\'",
        "%_",
        "100000",
        "Zürich",
        "2024-02-30",
        "acme",
        "long enough to be cut",
        "-- comment",
    ];
    const INTS: [i64; 12] =
        [0, 1, -1, 2, 5, 7, 100, 100_000, i64::MAX, i64::MIN, i32::MAX as i64, 10];
    const HUNDREDTHS: [i64; 7] = [0, 1, -1, 100, 12_345, 999_999_999_999, -999_999_999_999];
    const FLOATS: [f64; 7] = [0.0, 1.0, -1.5, 0.1, 1e300, -1e300, 1e-300];
    const DAYS: [i32; 5] = [0, 19_800, -25_567, 47_482, 20_000];

    pub fn by_chance(random: &mut StdRng, kind: Kind, hidden: bool) -> Self {
        match random.random_range(0..12) {
            0 => return Self::Null,
            1 if hidden => return Self::Bad,
            2 | 3 if hidden && kind == Kind::Text => {
                return Self::Text(format!("{CANARY} {}", random.random::<u16>()));
            }
            _ => {}
        }
        match kind {
            Kind::Int if random.random() => Self::Int(random.random_range(-9..100)),
            Kind::Int => Self::Int(*Self::INTS.choose(random).unwrap()),
            Kind::Numeric => Self::Numeric(*Self::HUNDREDTHS.choose(random).unwrap()),
            Kind::Float => Self::Float(*Self::FLOATS.choose(random).unwrap()),
            Kind::Text => Self::Text((*Self::TEXTS.choose(random).unwrap()).to_owned()),
            Kind::Bool => Self::Bool(random.random()),
            Kind::Date => Self::Date(*Self::DAYS.choose(random).unwrap()),
        }
    }

    /// As DESIGN has the forms `first1` and `last4`, and NULL for all else.
    pub fn masked(&self, shown: Shown) -> Self {
        match (shown, self) {
            (Shown::Plain, cell) => cell.clone(),
            (Shown::First, Self::Text(text)) => match text.chars().next() {
                Some(first) => Self::Text(format!("{first}***")),
                None => Self::Null,
            },
            (Shown::Last, Self::Text(text)) if text.chars().count() >= 8 => {
                let last: Vec<_> = text.chars().rev().take(4).collect();
                Self::Text(last.into_iter().rev().collect())
            }
            _ => Self::Null,
        }
    }

    /// Another value that looks the same through the mask.
    pub fn with_the_same_mask(&self, random: &mut StdRng, shown: Shown) -> Self {
        let number: u16 = random.random();
        match (self.masked(shown), shown) {
            (Self::Text(masked), Shown::First) => {
                let first = masked.chars().next().unwrap();
                Self::Text(format!("{first}{CANARY}{number}"))
            }
            (Self::Text(masked), _) => Self::Text(format!("{CANARY}{number}{masked}")),
            (_, Shown::Last) => Self::Text("short".chars().take(usize::from(number % 6)).collect()),
            _ => self.clone(),
        }
    }
}
