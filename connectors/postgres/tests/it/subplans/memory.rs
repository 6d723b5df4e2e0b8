//! Two small tables, at the server and in memory, and what a plan means over the latter.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_connector_api::subplan::{Aggregate, AggregateFunction, JoinKind, Node};
use portcullis_connector_api::{CompareOp, Predicate, SourceCatalog, Table, Value};

/// In the order of PostgreSQL: NaN is above all numbers and equal to itself, and NULL sorts last
/// by itself; where it must not, the order says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Int(i64),
    /// A number that we cannot carry.
    Nan,
    Text(String),
    Null,
}

pub type Row = Vec<Cell>;

pub struct Loaded {
    pub table: Arc<Table>,
    pub rows: Vec<Row>,
}

const TEXTS: [&str; 6] = ["acme", "ACME", "Äcme", "acme ", "", "b"];

/// `people(id, boss, name, org, size)` and `visits(person, place, points, score)`: names collate
/// without case, sizes are an enum, scores may be NaN.
fn contents() -> [(&'static str, Vec<Row>); 2] {
    let text = |at: i64| Cell::Text(TEXTS[usize::try_from(at).unwrap() % TEXTS.len()].to_owned());
    let or_null = |null: bool, cell: Cell| if null { Cell::Null } else { cell };
    let people = (0..40)
        .map(|at: i64| {
            let size = Cell::Text(["small", "large"][usize::try_from(at % 2).unwrap()].to_owned());
            vec![
                Cell::Int(at),
                or_null(at % 5 == 0, Cell::Int(at / 3)),
                or_null(at % 7 == 0, text(at)),
                text(at / 6),
                or_null(at % 11 == 0, size),
            ]
        })
        .collect();
    let visits = (0..60)
        .map(|at: i64| {
            vec![
                or_null(at % 13 == 0, Cell::Int(at % 45)),
                or_null(at % 9 == 0, text(at / 2)),
                Cell::Int(at * 37 % 100 - 50),
                match at % 8 {
                    0 => Cell::Null,
                    5 => Cell::Nan,
                    _ => Cell::Int(at * 13 % 45),
                },
            ]
        })
        .collect();
    [("people", people), ("visits", visits)]
}

pub fn script() -> String {
    let mut script = String::from(
        "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         CREATE TYPE size AS ENUM ('small', 'large');
         CREATE TABLE people (id int8, boss int8, name text COLLATE nocase, org text, size size);
         CREATE TABLE visits (person int8, place text, points int8, score numeric(6, 0));",
    );
    for (name, rows) in contents() {
        for row in rows {
            let cells = row.iter().map(|cell| match cell {
                Cell::Int(value) => value.to_string(),
                Cell::Nan => "'NaN'".to_owned(),
                Cell::Text(value) => format!("'{value}'"),
                Cell::Null => "NULL".to_owned(),
            });
            let cells = cells.collect::<Vec<_>>().join(", ");
            script.push_str(&format!("INSERT INTO {name} VALUES ({cells});\n"));
        }
    }
    script
}

pub fn tables(catalog: &SourceCatalog) -> Vec<Loaded> {
    let loaded = contents().map(|(name, rows)| Loaded { table: crate::table(catalog, name), rows });
    loaded.into()
}

/// The rows as the test prints them; none where one holds what cannot be carried.
pub fn evaluate(node: &Node, tables: &[Loaded]) -> Option<Vec<String>> {
    let print = |cell: &Cell| {
        Some(match cell {
            Cell::Int(value) => value.to_string(),
            Cell::Nan => return None,
            Cell::Text(value) => value.clone(),
            Cell::Null => "NULL".to_owned(),
        })
    };
    let line = |row: &Row| Some(row.iter().map(print).collect::<Option<Vec<_>>>()?.join(" | "));
    rows(node, tables).iter().map(line).collect()
}

fn rows(node: &Node, tables: &[Loaded]) -> Vec<Row> {
    match node {
        Node::Scan { table, columns, guard } => {
            let loaded = tables.iter().find(|loaded| loaded.table == *table).unwrap();
            let at = |name: &str| {
                table.columns.iter().position(|column| column.name.as_str() == name).unwrap()
            };
            let kept = loaded
                .rows
                .iter()
                .filter(|row| admits(guard, Meaning::Carried, &|name| &row[at(name.as_str())]));
            kept.map(|row| columns.iter().map(|name| row[at(name.as_str())].clone()).collect())
                .collect()
        }
        Node::Filter { input, predicate } => {
            let mut rows = rows(input, tables);
            rows.retain(|row| admits(predicate, Meaning::Stored, &|at| &row[*at]));
            rows
        }
        Node::Project { input, columns } => rows(input, tables)
            .iter()
            .map(|row| columns.iter().map(|at| row[*at].clone()).collect())
            .collect(),
        Node::Join { left, right, kind, on } => {
            join(&rows(left, tables), &rows(right, tables), *kind, on, (width(left), width(right)))
        }
        Node::Aggregate { input, keys, aggregates } => {
            let mut groups: BTreeMap<Row, Vec<Row>> = BTreeMap::new();
            if keys.is_empty() {
                groups.insert(Vec::new(), Vec::new());
            }
            for row in rows(input, tables) {
                let key = keys.iter().map(|at| row[*at].clone()).collect();
                groups.entry(key).or_default().push(row);
            }
            groups
                .into_iter()
                .map(|(mut key, rows)| {
                    key.extend(aggregates.iter().map(|one| aggregate(one, &rows)));
                    key
                })
                .collect()
        }
        Node::Sort { input, keys } => {
            let mut rows = rows(input, tables);
            rows.sort_by(|left, right| {
                keys.iter().fold(Ordering::Equal, |order, key| {
                    order.then_with(|| {
                        let (left, right) = (&left[key.column], &right[key.column]);
                        match (left, right) {
                            (Cell::Null, Cell::Null) => Ordering::Equal,
                            (Cell::Null, _) if key.nulls_first => Ordering::Less,
                            (Cell::Null, _) => Ordering::Greater,
                            (_, Cell::Null) if key.nulls_first => Ordering::Greater,
                            (_, Cell::Null) => Ordering::Less,
                            _ if key.descending => right.cmp(left),
                            _ => left.cmp(right),
                        }
                    })
                })
            });
            rows
        }
        Node::Limit { input, skip, fetch } => {
            let skip = usize::try_from(*skip).unwrap();
            let fetch = fetch.map_or(usize::MAX, |fetch| usize::try_from(fetch).unwrap());
            rows(input, tables).into_iter().skip(skip).take(fetch).collect()
        }
    }
}

/// How many columns a result has, also where it has no rows.
fn width(node: &Node) -> usize {
    match node {
        Node::Scan { columns, .. } => columns.len(),
        Node::Project { columns, .. } => columns.len(),
        Node::Filter { input, .. } | Node::Sort { input, .. } | Node::Limit { input, .. } => {
            width(input)
        }
        Node::Join { left, kind: JoinKind::LeftSemi | JoinKind::LeftAnti, .. } => width(left),
        Node::Join { left, right, .. } => width(left) + width(right),
        Node::Aggregate { keys, aggregates, .. } => keys.len() + aggregates.len(),
    }
}

fn join(
    left: &[Row],
    right: &[Row],
    kind: JoinKind,
    on: &[(usize, usize)],
    (left_width, right_width): (usize, usize),
) -> Vec<Row> {
    let pairs = |left: &Row, right: &Row| {
        on.iter().all(|&(l, r)| left[l] != Cell::Null && left[l] == right[r])
    };
    let mut joined = Vec::new();
    for one in left {
        let partners: Vec<&Row> = right.iter().filter(|other| pairs(one, other)).collect();
        match kind {
            JoinKind::LeftSemi if !partners.is_empty() => joined.push(one.clone()),
            JoinKind::LeftAnti if partners.is_empty() => joined.push(one.clone()),
            JoinKind::LeftSemi | JoinKind::LeftAnti => {}
            _ => {
                joined.extend(partners.iter().map(|other| [one.as_slice(), other].concat()));
                if partners.is_empty() && matches!(kind, JoinKind::Left | JoinKind::Full) {
                    joined.push([one.as_slice(), &vec![Cell::Null; right_width]].concat());
                }
            }
        }
    }
    if matches!(kind, JoinKind::Right | JoinKind::Full) {
        let lonely = right.iter().filter(|other| !left.iter().any(|one| pairs(one, other)));
        joined
            .extend(lonely.map(|other| [vec![Cell::Null; left_width].as_slice(), other].concat()));
    }
    joined
}

fn aggregate(aggregate: &Aggregate, rows: &[Row]) -> Cell {
    let count = |count: usize| Cell::Int(i64::try_from(count).unwrap());
    let Some(column) = aggregate.column else { return count(rows.len()) };
    let cells: Vec<&Cell> =
        rows.iter().map(|row| &row[column]).filter(|cell| **cell != Cell::Null).collect();
    match aggregate.function {
        AggregateFunction::Count => count(cells.len()),
        AggregateFunction::CountDistinct => {
            count(cells.iter().collect::<std::collections::BTreeSet<_>>().len())
        }
        AggregateFunction::Min => cells.into_iter().min().cloned().unwrap_or(Cell::Null),
        AggregateFunction::Max => cells.into_iter().max().cloned().unwrap_or(Cell::Null),
        AggregateFunction::Sum if cells.is_empty() => Cell::Null,
        AggregateFunction::Sum if cells.contains(&&Cell::Nan) => Cell::Nan,
        AggregateFunction::Sum => Cell::Int(
            cells
                .into_iter()
                .map(|cell| match cell {
                    Cell::Int(value) => *value,
                    other => panic!("a sum of {other:?}"),
                })
                .sum(),
        ),
    }
}

/// Over which cells a condition is.
#[derive(Clone, Copy, PartialEq)]
enum Meaning {
    /// As they are decoded, of a guard: one that cannot be satisfies nothing.
    Carried,
    /// As the server holds them.
    Stored,
}

fn admits<'r, C>(
    predicate: &Predicate<C>,
    meaning: Meaning,
    cell: &dyn Fn(&C) -> &'r Cell,
) -> bool {
    let leaf = !matches!(predicate, Predicate::And(_) | Predicate::Or(_));
    if leaf && meaning == Meaning::Carried {
        let mut bad = false;
        predicate.for_each_column(&mut |column| bad |= *cell(column) == Cell::Nan);
        if bad {
            return false;
        }
    }
    let of = |value: &Value| match value {
        Value::Int(value) => Cell::Int(*value),
        Value::Text(value) => Cell::Text(value.to_string()),
        other => panic!("the constant {other}"),
    };
    let compare = |left: &Cell, op: CompareOp, right: &Cell| {
        *left != Cell::Null
            && *right != Cell::Null
            && match op {
                CompareOp::Eq => left == right,
                CompareOp::NotEq => left != right,
                CompareOp::Lt => left < right,
                CompareOp::LtEq => left <= right,
                CompareOp::Gt => left > right,
                CompareOp::GtEq => left >= right,
            }
    };
    match predicate {
        Predicate::True => true,
        Predicate::False => false,
        Predicate::Compare { column, op, value } => compare(cell(column), *op, &of(value)),
        Predicate::CompareColumns { left, op, right } => compare(cell(left), *op, cell(right)),
        Predicate::In { column, values } => {
            values.iter().any(|value| compare(cell(column), CompareOp::Eq, &of(value)))
        }
        Predicate::NotIn { column, values } => {
            *cell(column) != Cell::Null
                && values.iter().all(|value| compare(cell(column), CompareOp::NotEq, &of(value)))
        }
        Predicate::IsNull(column) => *cell(column) == Cell::Null,
        Predicate::IsNotNull(column) => *cell(column) != Cell::Null,
        Predicate::Like { column, pattern, negated } => match cell(column) {
            // The tests match prefixes only.
            Cell::Text(text) => text.starts_with(pattern.prefix()) != *negated,
            _ => false,
        },
        Predicate::And(parts) => parts.iter().all(|part| admits(part, meaning, cell)),
        Predicate::Or(parts) => parts.iter().any(|part| admits(part, meaning, cell)),
    }
}
