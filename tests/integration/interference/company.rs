//! Tables, policies and rows by chance: what the caller may see of them is decided here, apart from
//! the gateway.

use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};

use super::cell::{Cell, Kind};

/// The caller's tenant.
pub const TENANT: &str = "acme";

/// Other tenants, some of which look like the caller's.
const OTHERS: [&str; 6] = ["ember", "ACME", "acme ", "", "äcme", "acm"];

const NAMES: [&str; 10] =
    ["qty", "total", "note", "order", "Größe", "a \"b\"", "code", "flag", "day", "ratio"];

/// What is shown of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Plain,
    /// The first character and `***`; of other types NULL.
    First,
    /// The last four characters, of eight at least; of other types NULL.
    Last,
    Null,
    Hidden,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub shown: Shown,
}

/// Which rows of its tenant the caller may see.
#[derive(Clone, Debug)]
pub enum Rule {
    All,
    Above(usize, i64),
    Among(usize, Vec<String>),
    Not(usize, String),
    True(usize),
}

#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    /// `id` and `org_id` first.
    pub columns: Vec<Column>,
    pub rule: Rule,
    /// The same in every world.
    visible: Vec<Vec<Cell>>,
}

/// Rows of a table in one world.
pub type Rows = Vec<Vec<Cell>>;

#[derive(Clone, Debug)]
pub struct Company {
    pub tables: Vec<Table>,
}

/// A world that differs from the others in what the caller may not see, and in nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// Only what may be seen.
    Bare,
    /// With hidden rows, and other values under the masks.
    Full(u64),
    /// Only what may be seen, as it is shown: masked already, and nothing guarded.
    Shown,
}

impl Company {
    pub fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let tables = ["t0", "t1"].map(|name| Table::new(&mut random, name)).to_vec();
        Self { tables }
    }

    /// The policies of a source, whose tables stand in this namespace.
    pub fn policies(&self, source: &str, world: World) -> String {
        let mut text = String::new();
        for table in &self.tables {
            let resource = format!("resource is {source}::{}", table.name);
            let rule = if world == World::Shown { "true".to_owned() } else { table.cedar() };
            let _ = writeln!(
                text,
                "@id(\"rows of {source}.{name}\")\npermit (principal, action == \
                 Action::\"select\", {resource})\nwhen {{ {rule} }};",
                name = table.name
            );
            for (shown, action) in [
                (Shown::Plain, "reveal"),
                (Shown::First, "mask_partial"),
                (Shown::Last, "mask_partial"),
                (Shown::Null, "mask_null"),
            ] {
                let of_all = world == World::Shown && shown == Shown::Plain;
                let columns = table.columns.iter();
                let columns = columns.filter(|column| {
                    column.shown == shown || (of_all && column.shown != Shown::Hidden)
                });
                let names: Vec<_> = columns.map(|column| format!("{:?}", column.name)).collect();
                if names.is_empty() || (world == World::Shown && shown != Shown::Plain) {
                    continue;
                }
                let _ = writeln!(
                    text,
                    "@id(\"{shown:?} of {source}.{name}\")\npermit (principal, action == \
                     Action::\"{action}\", {resource})\nwhen {{ [{names}].contains(context.column) }};",
                    name = table.name,
                    names = names.join(", ")
                );
            }
        }
        text
    }
}

impl Table {
    fn new(random: &mut StdRng, name: &str) -> Self {
        let mut columns = vec![
            Column { name: "id".to_owned(), kind: Kind::Int, shown: Shown::Plain },
            Column { name: "org_id".to_owned(), kind: Kind::Text, shown: Shown::Plain },
        ];
        let mut names = NAMES.to_vec();
        names.shuffle(random);
        for name in names.into_iter().take(random.random_range(4..=8)) {
            let kind = *Kind::ALL.choose(random).unwrap();
            let shown = match random.random_range(0..10) {
                0..=4 => Shown::Plain,
                5 | 6 if kind == Kind::Text => Shown::First,
                7 if kind == Kind::Text => Shown::Last,
                8 => Shown::Hidden,
                _ => Shown::Null,
            };
            columns.push(Column { name: name.to_owned(), kind, shown });
        }
        let rule = Rule::new(random, &columns);
        let mut table = Self { name: name.to_owned(), columns, rule, visible: Vec::new() };
        let count = *[0, 2, 12, 12, 12, 40, 40, 40].choose(random).unwrap();
        while table.visible.len() < count {
            let row = table.row(random, TENANT, false);
            if table.admits(&row) {
                table.visible.push(row);
            }
        }
        table
    }

    fn row(&self, random: &mut StdRng, tenant: &str, hidden: bool) -> Vec<Cell> {
        let mut row = Vec::new();
        for column in &self.columns {
            row.push(match column.name.as_str() {
                "org_id" => Cell::Text(tenant.to_owned()),
                "id" => Cell::Int(random.random_range(1..60)),
                _ => Cell::by_chance(random, column.kind, hidden),
            });
        }
        row
    }

    fn admits(&self, row: &[Cell]) -> bool {
        let own = matches!(row.get(1), Some(Cell::Text(tenant)) if tenant == TENANT);
        own && match &self.rule {
            Rule::All => true,
            Rule::Above(at, least) => matches!(row[*at], Cell::Int(number) if number > *least),
            Rule::Among(at, texts) => matches!(&row[*at], Cell::Text(text) if texts.contains(text)),
            Rule::Not(at, text) => matches!(&row[*at], Cell::Text(other) if other != text),
            Rule::True(at) => matches!(row[*at], Cell::Bool(true)),
        }
    }

    fn cedar(&self) -> String {
        let column = |at: &usize| {
            let name = &self.columns[*at].name;
            (format!("resource has {name:?}"), format!("resource[{name:?}]"))
        };
        match &self.rule {
            Rule::All => "true".to_owned(),
            Rule::Above(at, least) => {
                let (has, value) = column(at);
                format!("{has} && {value} > {least}")
            }
            Rule::Among(at, texts) => {
                let (has, value) = column(at);
                format!("{has} && {texts:?}.contains({value})")
            }
            Rule::Not(at, text) => {
                let (has, value) = column(at);
                format!("{has} && {value} != {text:?}")
            }
            Rule::True(at) => {
                let (has, value) = column(at);
                format!("{has} && {value}")
            }
        }
    }

    /// The columns that a source holds in this world.
    pub fn stored(&self, world: World) -> Vec<&Column> {
        let all = self.columns.iter();
        all.filter(|column| world != World::Shown || column.shown != Shown::Hidden).collect()
    }

    /// The rows that a source holds in this world.
    pub fn rows(&self, world: World) -> Rows {
        let World::Full(seed) = world else {
            let masked = world == World::Shown;
            return self.visible.iter().map(|row| self.as_stored(row, masked)).collect();
        };
        let mut random = StdRng::seed_from_u64(seed);
        let mut rows = Vec::new();
        let share = *[0, 1, 1, 3].choose(&mut random).unwrap();
        for row in &self.visible {
            rows.extend((0..share).map(|_| self.hidden(&mut random)));
            rows.push(self.with_other_values(&mut random, row));
        }
        let more = *[0, 1, 20, 200].choose(&mut random).unwrap();
        rows.extend((0..more).map(|_| self.hidden(&mut random)));
        rows
    }

    fn hidden(&self, random: &mut StdRng) -> Vec<Cell> {
        if random.random_ratio(1, 3) {
            let own = self.row(random, TENANT, true);
            if !self.admits(&own) {
                return own;
            }
        }
        let tenant = *OTHERS.choose(random).unwrap();
        self.row(random, tenant, true)
    }

    /// A visible row, with what its masks hide exchanged.
    fn with_other_values(&self, random: &mut StdRng, row: &[Cell]) -> Vec<Cell> {
        let ruled = self.rule.column();
        let exchange = |(at, (column, cell)): (usize, (&Column, &Cell))| {
            if Some(at) == ruled {
                return cell.clone();
            }
            match column.shown {
                Shown::Plain => cell.clone(),
                Shown::Null | Shown::Hidden => Cell::by_chance(random, column.kind, true),
                Shown::First | Shown::Last => cell.with_the_same_mask(random, column.shown),
            }
        };
        self.columns.iter().zip(row).enumerate().map(exchange).collect()
    }

    fn as_stored(&self, row: &[Cell], masked: bool) -> Vec<Cell> {
        let cells = self.columns.iter().zip(row);
        if !masked {
            return cells.map(|(_, cell)| cell.clone()).collect();
        }
        cells
            .filter(|(column, _)| column.shown != Shown::Hidden)
            .map(|(column, cell)| cell.masked(column.shown))
            .collect()
    }
}

impl Rule {
    fn new(random: &mut StdRng, columns: &[Column]) -> Self {
        let further: Vec<_> = columns.iter().enumerate().skip(2).collect();
        let Some((at, column)) = further.choose(random) else { return Self::All };
        match column.kind {
            Kind::Int => Self::Above(*at, *[-1, 0, 5].choose(random).unwrap()),
            Kind::Text if random.random() => {
                let texts = Cell::TEXTS.choose_multiple(random, 6);
                Self::Among(*at, texts.map(|text| (*text).to_owned()).collect())
            }
            Kind::Text => Self::Not(*at, (*Cell::TEXTS.choose(random).unwrap()).to_owned()),
            Kind::Bool => Self::True(*at),
            _ => Self::All,
        }
    }

    fn column(&self) -> Option<usize> {
        match self {
            Self::All => None,
            Self::Above(at, _) | Self::Among(at, _) | Self::Not(at, _) | Self::True(at) => {
                Some(*at)
            }
        }
    }
}
