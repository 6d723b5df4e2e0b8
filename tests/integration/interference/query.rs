//! Queries by chance, over the tables of a company.

use std::fmt;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::cell::Kind;
use super::company::{Company, Shown, Table};
use super::sources::{SOURCES, quoted};
use super::tree::Tree;

/// A query that can be made smaller.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    form: Form,
    /// What it reads, which all that follows may name.
    from: String,
    outputs: Vec<Tree>,
    /// All must hold.
    conditions: Vec<Tree>,
    /// Whether by all outputs, so that there is one order.
    ordered: bool,
    limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    /// All that there is of the first table.
    Star,
    Distinct,
    /// Groups by the first output, aggregates of the others.
    Grouped,
    /// One row of aggregates.
    Aggregate,
    /// The outputs, numbered.
    Window,
    /// Inside a `WITH`, of which this many columns are read again.
    With,
    /// As both sides of a set operation.
    Union,
    /// Without its first two rows.
    Except,
    /// The number of rows.
    Count,
    Exists,
    /// Beside each row, what subqueries make of the rows that are like it.
    Beside,
    /// The one value of such a subquery, where there is no second.
    Only,
}

const FORMS: [Form; 17] = [
    Form::Plain,
    Form::Plain,
    Form::Plain,
    Form::Plain,
    Form::Star,
    Form::Distinct,
    Form::Grouped,
    Form::Grouped,
    Form::Aggregate,
    Form::Window,
    Form::With,
    Form::Union,
    Form::Except,
    Form::Count,
    Form::Exists,
    Form::Beside,
    Form::Only,
];

impl Query {
    pub fn by_chance(random: &mut StdRng, company: &Company) -> Self {
        let (from, scope) = from(random, company);
        let outputs = (0..random.random_range(1..=4)).map(|_| {
            let kind = *Kind::ALL.choose(random).unwrap();
            let depth = *[0, 0, 0, 0, 1, 1, 2].choose(random).unwrap();
            Tree::by_chance(random, &scope, kind, depth)
        });
        let outputs = outputs.collect();
        let conditions = (0..*[0, 0, 0, 0, 1, 1, 2].choose(random).unwrap())
            .map(|_| {
                let depth = random.random_range(1..=2);
                Tree::by_chance(random, &scope, Kind::Bool, depth)
            })
            .collect();
        let form = *FORMS.choose(random).unwrap();
        let ordered = random.random_ratio(2, 3);
        let limited =
            (ordered && form != Form::Star || !from.contains("pg.")) && random.random_ratio(1, 4);
        let limit = limited.then(|| *[0, 1, 2, 3, 5, 8, 13].choose(random).unwrap());
        Self { form, from, outputs, conditions, ordered, limit }
    }

    /// Whether the rows come in one order alone. Without an ORDER BY it is the one in which they are
    /// stored, but PostgreSQL may choose another, by what it knows of all rows.
    pub fn is_ordered(&self) -> bool {
        let of_one = matches!(self.form, Form::Aggregate | Form::Count | Form::Exists);
        let by_all = self.ordered && self.form != Form::Star;
        by_all || of_one || !self.from.contains("pg.")
    }

    /// Queries that are a little smaller.
    pub fn smaller(&self) -> Vec<Self> {
        let mut smaller = Vec::new();
        let mut add = |change: &dyn Fn(&mut Self)| {
            let mut query = self.clone();
            change(&mut query);
            if query != *self {
                smaller.push(query);
            }
        };
        add(&|query| query.form = Form::Plain);
        add(&|query| query.limit = None);
        add(&|query| query.ordered = query.limit.is_some() && query.ordered);
        for at in 0..self.conditions.len() {
            add(&|query| {
                query.conditions.remove(at);
            });
            for tree in self.conditions[at].smaller() {
                add(&|query| query.conditions[at] = tree.clone());
            }
        }
        for at in 0..self.outputs.len() {
            if self.outputs.len() > 1 {
                add(&|query| {
                    query.outputs.remove(at);
                });
            }
            for tree in self.outputs[at].smaller() {
                add(&|query| query.outputs[at] = tree.clone());
            }
        }
        smaller
    }

    fn select(&self, outputs: &[String], tail: &str) -> String {
        let conditions: Vec<_> = self.conditions.iter().map(Tree::to_string).collect();
        let conditions = match conditions.as_slice() {
            [] => String::new(),
            conditions => format!(" WHERE {}", conditions.join(" AND ")),
        };
        format!("SELECT {} FROM {}{conditions}{tail}", outputs.join(", "), self.from)
    }

    fn end(&self, columns: usize) -> String {
        let limit = self.limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
        if !self.ordered {
            return limit;
        }
        let all: Vec<_> = (1..=columns).map(|at| at.to_string()).collect();
        format!(" ORDER BY {}{limit}", all.join(", "))
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.outputs.iter().enumerate();
        let named: Vec<_> = named.map(|(at, tree)| format!("{tree} AS c{at}")).collect();
        let count = named.len();
        let plain = self.select(&named, "");
        match self.form {
            Form::Plain => write!(f, "{plain}{}", self.end(count)),
            Form::Star => {
                let star = self.select(&["a.*".to_owned()], "");
                write!(f, "{star}{}", self.end(1))
            }
            Form::Distinct => {
                let distinct = plain.replacen("SELECT", "SELECT DISTINCT", 1);
                write!(f, "{distinct}{}", self.end(count))
            }
            Form::Grouped => {
                let outputs = grouped(&self.outputs);
                write!(f, "{}{}", self.select(&outputs, " GROUP BY 1"), self.end(outputs.len()))
            }
            Form::Aggregate => {
                let outputs: Vec<_> = self.outputs.iter().map(aggregate).collect();
                write!(f, "{}", self.select(&outputs, ""))
            }
            Form::Window => {
                let rank = "rank() OVER (ORDER BY c0), count(*) OVER (PARTITION BY c0)";
                write!(f, "SELECT c0, {rank} FROM ({plain}) AS inside{}", self.end(3))
            }
            Form::With => {
                write!(f, "WITH w AS ({plain}) SELECT a.c0 FROM w AS a{}", self.end(1))
            }
            Form::Union => write!(f, "{plain} UNION ALL {plain}{}", self.end(count)),
            Form::Except => {
                let some = Self { ordered: true, limit: Some(2), ..self.clone() }.end(count);
                write!(f, "{plain} EXCEPT ({plain}{some}){}", self.end(count))
            }
            Form::Count => write!(f, "SELECT count(*) FROM ({plain}) AS inside"),
            Form::Exists => write!(f, "SELECT EXISTS ({plain})"),
            Form::Beside => {
                let inner = format!("FROM ({plain}) AS i WHERE i.c0");
                let outer = format!("FROM ({plain}) AS o{}", self.end(4));
                let like = format!("EXISTS (SELECT 1 {inner} = o.c0)");
                let among = format!("o.c0 NOT IN (SELECT i.c0 {inner} <> o.c0)");
                let least = format!("(SELECT i.c0 {inner} >= o.c0 ORDER BY 1 LIMIT 1)");
                write!(f, "SELECT o.c0, {like}, {among}, {least} {outer}")
            }
            Form::Only => {
                let only = format!("(SELECT i.c0 FROM ({plain}) AS i WHERE i.c0 = o.c0)");
                let outer = plain.replacen("SELECT", "SELECT DISTINCT", 1);
                write!(f, "SELECT o.c0, {only} FROM ({outer}) AS o{}", self.end(2))
            }
        }
    }
}

fn grouped(outputs: &[Tree]) -> Vec<String> {
    let mut all = vec![outputs[0].to_string(), "count(*)".to_owned()];
    all.extend(outputs.iter().skip(1).map(aggregate));
    all
}

/// Sums of floating numbers depend on the order of the rows, to the last digit.
fn aggregate(tree: &Tree) -> String {
    match tree.kind() {
        Kind::Int | Kind::Numeric | Kind::Float => format!("sum({tree})"),
        Kind::Bool => format!("bool_or({tree})"),
        Kind::Text => format!("count(DISTINCT {tree})"),
        Kind::Date => format!("max({tree})"),
    }
}

type Named = Vec<(String, Kind)>;

fn from(random: &mut StdRng, company: &Company) -> (String, Named) {
    let mut table = |alias: &str| -> (String, Named) {
        let table: &Table = company.tables.choose(random).unwrap();
        let source = SOURCES.choose(random).unwrap();
        // Now and then somebody asks for a column that does not exist for them.
        let unseen = random.random_ratio(1, 30);
        let columns = table.columns.iter().filter(|column| unseen || column.shown != Shown::Hidden);
        let columns =
            columns.map(|column| (format!("{alias}.{}", quoted(&column.name)), column.kind));
        (format!("{source}.{} AS {alias}", table.name), columns.collect())
    };
    let (first, mut scope) = table("a");
    let (second, further) = table("b");
    let from = match random.random_range(0..10) {
        0..=5 => return (first, scope),
        6 => format!("{first} JOIN {second} ON a.id = b.id"),
        7 => format!("{first} JOIN {second} ON a.org_id = b.org_id AND a.id <= b.id"),
        8 => format!("{first} LEFT JOIN {second} ON a.id = b.id AND a.org_id = b.org_id"),
        _ => {
            let inside = format!("(SELECT count(*) AS n FROM {second} WHERE b.id = a.id) AS l");
            scope.push(("l.n".to_owned(), Kind::Int));
            return (format!("{first} CROSS JOIN LATERAL {inside}"), scope);
        }
    };
    scope.extend(further);
    (from, scope)
}
