//! Random subplans over the tables in memory. Seeded, so that a failure repeats.

use portcullis_connector_api::predicate::LikePiece;
use portcullis_connector_api::subplan::{
    Aggregate, AggregateFunction, JoinKind, Node, Output, SortKey,
};
use portcullis_connector_api::{
    ColumnName, CompareOp, LikePattern, Predicate, SqlType, Subplan, Value,
};

use super::memory::Loaded;

/// xorshift64*
pub struct Dice(pub u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(bits).unwrap() % limit
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// A plan, and the type of each position.
type Typed = (Node, Vec<SqlType>);

/// A subplan whose order, where it has one, leaves nothing open.
pub fn subplan(dice: &mut Dice, tables: &[Loaded]) -> Subplan {
    let (mut root, types) = node(dice, tables, 4);
    if dice.below(2) == 0 {
        root = Node::Sort { input: root.into(), keys: total(dice, types.len()) };
    }
    let output = types.iter().enumerate().map(|(at, sql_type)| Output {
        field: sql_type.field(&format!("o{at}"), true),
        sql_type: sql_type.clone(),
    });
    Subplan { root, output: output.collect() }
}

fn node(dice: &mut Dice, tables: &[Loaded], depth: usize) -> Typed {
    if depth == 0 {
        return scan(dice, tables);
    }
    let below = |dice: &mut Dice| node(dice, tables, depth - 1);
    match dice.below(7) {
        0 => scan(dice, tables),
        1 => {
            let (input, types) = below(dice);
            let predicate = predicate(dice, &types, 2);
            (Node::Filter { input: input.into(), predicate }, types)
        }
        2 => {
            let (input, types) = below(dice);
            let columns: Vec<_> = (0..1 + dice.below(4)).map(|_| dice.below(types.len())).collect();
            let picked = columns.iter().map(|at| types[*at].clone()).collect();
            (Node::Project { input: input.into(), columns }, picked)
        }
        3 => {
            let (input, types) = below(dice);
            let keys = total(dice, types.len());
            let sorted = Node::Sort { input: input.into(), keys };
            let fetch = (dice.below(4) > 0).then(|| dice.below(30) as u64);
            let skip = dice.below(5) as u64;
            // A sort that is not limited may only be the root.
            let fetch = if skip == 0 { Some(fetch.unwrap_or(12)) } else { fetch };
            (Node::Limit { input: sorted.into(), skip, fetch }, types)
        }
        4 => aggregate(dice, below),
        _ => join(dice, below),
    }
}

fn scan(dice: &mut Dice, tables: &[Loaded]) -> Typed {
    let table = tables[dice.below(tables.len())].table.clone();
    let mut columns: Vec<ColumnName> = Vec::new();
    for column in &table.columns {
        if dice.below(3) > 0 {
            columns.push(column.name.clone());
        }
    }
    if columns.is_empty() {
        columns.push(table.columns[0].name.clone());
    }
    let all: Vec<_> = table.columns.iter().map(|column| column.sql_type.clone()).collect();
    let guard = predicate(dice, &all, 2);
    let guard = guard
        .try_map_columns(&mut |at: &usize| Ok::<_, ()>(table.columns[*at].name.clone()))
        .unwrap();
    let types = columns.iter().map(|name| table.column(name.as_str()).unwrap().sql_type.clone());
    let types = types.collect();
    (Node::Scan { table, columns, guard }, types)
}

fn aggregate(dice: &mut Dice, below: impl Fn(&mut Dice) -> Typed) -> Typed {
    let (input, types) = below(dice);
    let keys: Vec<_> = (0..dice.below(3)).map(|_| dice.below(types.len())).collect();
    let mut given: Vec<_> = keys.iter().map(|at| types[*at].clone()).collect();
    let mut aggregates = vec![Aggregate {
        function: AggregateFunction::Count,
        column: None,
        sql_type: SqlType::Int8,
    }];
    for _ in 0..dice.below(4) {
        use AggregateFunction::{Count, CountDistinct, Max, Min, Sum};
        let column = dice.below(types.len());
        let function = match types[column] {
            SqlType::Text => dice.pick(&[Count, CountDistinct, Min, Max]),
            _ => dice.pick(&[Count, CountDistinct, Min, Max, Sum]),
        };
        let sql_type = match function {
            Min | Max => types[column].clone(),
            Sum => SqlType::Numeric { precision: 38, scale: 0 },
            Count | CountDistinct => SqlType::Int8,
        };
        aggregates.push(Aggregate { function, column: Some(column), sql_type });
    }
    given.extend(aggregates.iter().map(|aggregate| aggregate.sql_type.clone()));
    (Node::Aggregate { input: input.into(), keys, aggregates }, given)
}

fn join(dice: &mut Dice, below: impl Fn(&mut Dice) -> Typed) -> Typed {
    loop {
        let ((left, left_types), (right, right_types)) = (below(dice), below(dice));
        let mut pairs = Vec::new();
        for (at, left) in left_types.iter().enumerate() {
            pairs.extend(
                right_types
                    .iter()
                    .enumerate()
                    .filter_map(|(other, right)| (left == right).then_some((at, other))),
            );
        }
        if pairs.is_empty() {
            continue;
        }
        use JoinKind::{Full, Inner, Left, LeftAnti, LeftSemi, Right};
        let kind = dice.pick(&[Inner, Left, Right, Full, LeftSemi, LeftAnti]);
        let on: Vec<_> = (0..1 + dice.below(2)).map(|_| dice.pick(&pairs)).collect();
        let mut types = left_types;
        if !matches!(kind, LeftSemi | LeftAnti) {
            types.extend(right_types);
        }
        // Without a bound, joins of joins grow past what a test should read.
        if types.len() > 8 {
            continue;
        }
        return (Node::Join { left: left.into(), right: right.into(), kind, on }, types);
    }
}

/// Keys over all positions in a random order: no two different rows are equal under them.
fn total(dice: &mut Dice, width: usize) -> Vec<SortKey> {
    let mut columns: Vec<_> = (0..width).collect();
    for at in (1..width).rev() {
        columns.swap(at, dice.below(at + 1));
    }
    let key = |column| SortKey {
        column,
        descending: dice.below(2) == 0,
        nulls_first: dice.below(2) == 0,
    };
    columns.into_iter().map(key).collect()
}

fn predicate(dice: &mut Dice, types: &[SqlType], depth: usize) -> Predicate<usize> {
    let column = dice.below(types.len());
    let constant = |dice: &mut Dice| match types[column] {
        SqlType::Text => Value::text(dice.pick(&["acme", "ACME", "b", "", "small", "Ä", "none"])),
        _ => Value::Int(i64::try_from(dice.below(60)).unwrap() - 15),
    };
    use CompareOp::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    let operators = [Eq, NotEq, Lt, LtEq, Gt, GtEq];
    match dice.below(if depth == 0 { 7 } else { 9 }) {
        0 | 1 => Predicate::Compare { column, op: dice.pick(&operators), value: constant(dice) },
        2 => Predicate::In { column, values: (0..dice.below(4)).map(|_| constant(dice)).collect() },
        3 => Predicate::NotIn {
            column,
            values: (0..dice.below(4)).map(|_| constant(dice)).collect(),
        },
        4 => dice.pick(&[Predicate::IsNull(column), Predicate::IsNotNull(column), Predicate::True]),
        5 => {
            let same: Vec<_> = (0..types.len()).filter(|at| types[*at] == types[column]).collect();
            Predicate::CompareColumns {
                left: column,
                op: dice.pick(&operators),
                right: dice.pick(&same),
            }
        }
        6 => match types[column] {
            SqlType::Text => Predicate::Like {
                column,
                pattern: LikePattern(vec![
                    LikePiece::Literal(dice.pick(&["a", "A", "s", ""]).to_owned()),
                    LikePiece::AnyText,
                ]),
                negated: dice.below(2) == 0,
            },
            _ => Predicate::IsNotNull(column),
        },
        kind => {
            let parts = (0..1 + dice.below(3)).map(|_| predicate(dice, types, depth - 1)).collect();
            if kind == 7 { Predicate::And(parts) } else { Predicate::Or(parts) }
        }
    }
}
