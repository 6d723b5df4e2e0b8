//! Expressions by chance, as trees that can be made smaller.

use std::fmt;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::cell::{Cell, Kind};

/// An expression: text with expressions in its gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    kind: Kind,
    /// One more than there are children.
    text: Vec<String>,
    children: Vec<Tree>,
}

/// The columns that an expression may name.
pub type Scope = [(String, Kind)];

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.text.iter();
        f.write_str(text.next().map_or("", String::as_str))?;
        for (child, text) in self.children.iter().zip(text) {
            write!(f, "{child}{text}")?;
        }
        Ok(())
    }
}

impl Tree {
    fn leaf(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: vec![text.into()], children: Vec::new() }
    }

    /// `pattern` has a `?` for each child.
    fn node(kind: Kind, pattern: &str, children: Vec<Self>) -> Self {
        let text: Vec<_> = pattern.split('?').map(str::to_owned).collect();
        assert_eq!(text.len(), children.len() + 1, "{pattern}");
        Self { kind, text, children }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// An expression of this kind.
    pub fn by_chance(random: &mut StdRng, scope: &Scope, kind: Kind, depth: u32) -> Self {
        if depth == 0 || random.random_ratio(2, 5) {
            return Self::simple(random, scope, kind);
        }
        let pattern = *patterns(kind).choose(random).unwrap();
        let kinds = pattern.1.iter();
        let children = kinds.map(|kind| Self::by_chance(random, scope, *kind, depth - 1));
        Self::node(kind, pattern.0, children.collect())
    }

    fn simple(random: &mut StdRng, scope: &Scope, kind: Kind) -> Self {
        let columns: Vec<_> = scope.iter().filter(|(_, other)| *other == kind).collect();
        if let Some((name, _)) = columns.choose(random)
            && random.random_ratio(3, 4)
        {
            return Self::leaf(kind, name.clone());
        }
        Self::leaf(kind, literal(random, kind))
    }

    /// Smaller trees of the same kind, the smallest first.
    pub fn smaller(&self) -> Vec<Self> {
        let mut smaller: Vec<_> =
            self.children.iter().filter(|child| child.kind == self.kind).cloned().collect();
        if !self.children.is_empty() {
            smaller.insert(0, Self::leaf(self.kind, least(self.kind)));
        }
        for (at, child) in self.children.iter().enumerate() {
            for replacement in child.smaller() {
                let mut tree = self.clone();
                tree.children[at] = replacement;
                smaller.push(tree);
            }
        }
        smaller
    }
}

fn least(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "1",
        Kind::Numeric => "1.5",
        Kind::Float => "1e0::double precision",
        Kind::Text => "'a'",
        Kind::Bool => "true",
        Kind::Date => "date '2024-03-18'",
    }
}

fn literal(random: &mut StdRng, kind: Kind) -> String {
    match Cell::by_chance(random, kind, false) {
        Cell::Int(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
        Cell::Int(number) if number < 0 => format!("({number})"),
        Cell::Int(number) => number.to_string(),
        Cell::Numeric(hundredths) => format!("({hundredths}::numeric(12,0) * 0.01)"),
        Cell::Float(number) => format!("('{number:e}'::double precision)"),
        Cell::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Cell::Bool(truth) => truth.to_string(),
        Cell::Date(_) | Cell::Bad | Cell::Null => least(kind).to_owned(),
    }
}

type Pattern = (&'static str, &'static [Kind]);

/// Many of them can fail, on some values.
fn patterns(kind: Kind) -> &'static [Pattern] {
    use Kind::{Bool, Date, Float, Int, Numeric, Text};
    match kind {
        Int => &[
            ("(? + ?)", &[Int, Int]),
            ("(? - ?)", &[Int, Int]),
            ("(? * ?)", &[Int, Int]),
            ("(? / ?)", &[Int, Int]),
            ("(1 / (? - 100000))", &[Int]),
            ("(? % ?)", &[Int, Int]),
            ("abs(?)", &[Int]),
            ("length(?)::bigint", &[Text]),
            ("strpos(?, ?)::bigint", &[Text, Text]),
            ("(?)::bigint", &[Text]),
            ("(?)::bigint", &[Numeric]),
            ("(?)::int::bigint", &[Int]),
            ("coalesce(?, ?)", &[Int, Int]),
            ("nullif(?, ?)", &[Int, Int]),
            ("CASE WHEN ? THEN ? ELSE ? END", &[Bool, Int, Int]),
            ("extract(year FROM ?)::bigint", &[Date]),
            ("ascii(?)::bigint", &[Text]),
        ],
        Numeric => &[
            ("(? + ?)", &[Numeric, Numeric]),
            ("(? - ?)", &[Numeric, Numeric]),
            ("(? * 2)", &[Numeric]),
            ("(? / ?)", &[Numeric, Int]),
            ("round(?, 1)", &[Numeric]),
            ("abs(?)", &[Numeric]),
            ("coalesce(?, ?)", &[Numeric, Numeric]),
            ("(?)::numeric(12,2)", &[Text]),
            ("(?)::numeric(12,2)", &[Int]),
        ],
        Float => &[
            ("(? * ?)", &[Float, Float]),
            ("(? / ?)", &[Float, Float]),
            ("sqrt(?)", &[Float]),
            ("ln(?)", &[Float]),
            ("(?)::double precision", &[Int]),
            ("coalesce(?, ?)", &[Float, Float]),
        ],
        Text => &[
            ("(? || ?)", &[Text, Text]),
            ("upper(?)", &[Text]),
            ("lower(?)", &[Text]),
            ("substr(?, 2)", &[Text]),
            ("left(?, 3)", &[Text]),
            ("right(?, 4)", &[Text]),
            ("replace(?, ?, 'r')", &[Text, Text]),
            ("(?)::text", &[Int]),
            ("(?)::text", &[Date]),
            ("(?)::text", &[Bool]),
            ("repeat(?, 3)", &[Text]),
            ("coalesce(?, ?)", &[Text, Text]),
            ("CASE WHEN ? THEN ? END", &[Bool, Text]),
        ],
        Bool => &[
            ("(? = ?)", &[Int, Int]),
            ("(? < ?)", &[Int, Int]),
            ("(? <> ?)", &[Text, Text]),
            ("(? = ?)", &[Text, Text]),
            ("(? >= ?)", &[Text, Text]),
            ("(? > ?)", &[Numeric, Numeric]),
            ("(? <= ?)", &[Float, Float]),
            ("(? < ?)", &[Date, Date]),
            ("(? BETWEEN ? AND ?)", &[Int, Int, Int]),
            ("(? IN (1, 5, ?))", &[Int, Int]),
            ("(? IN ('a', 'acme', ?))", &[Text, Text]),
            ("(? LIKE 'a%')", &[Text]),
            ("(? LIKE ?)", &[Text, Text]),
            ("(? ~ '^[a-z]+$')", &[Text]),
            ("(? IS NULL)", &[Int]),
            ("(? IS NULL)", &[Text]),
            ("(? IS NOT NULL)", &[Date]),
            ("(? AND ?)", &[Bool, Bool]),
            ("(? OR ?)", &[Bool, Bool]),
            ("(NOT ?)", &[Bool]),
            ("(? IS DISTINCT FROM ?)", &[Text, Text]),
        ],
        Date => &[
            ("(? + 1)", &[Date]),
            ("(?)::date", &[Text]),
            ("coalesce(?, ?)", &[Date, Date]),
            ("CASE WHEN ? THEN ? ELSE ? END", &[Bool, Date, Date]),
        ],
    }
}
