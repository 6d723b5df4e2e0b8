//! Nothing about hidden data can be learned: companies, policies and queries by chance, each query
//! asked in worlds that differ only in what the caller may not see.
//!
//! What is judged:
//! 1. *Interference*: the worlds answer the same, errors included.
//! 2. *Reference*: they answer as a world does that holds only the visible rows, masked already.
//! 3. *Canary*: no text that stands in hidden cells alone is ever in an answer.
//! 4. *Capture*: whatever was sent to a source is one query that compares the tenant.
//!
//! `INTERFERENCE_SEED` and `INTERFERENCE_COMPANIES` ask for others; what fails is made smaller
//! before it is told, with the seed that makes it again.

mod cell;
mod company;
mod order;
mod query;
mod session;
mod sources;
mod tree;

use std::fmt;

use portcullis::audit::{Entry, records};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use crate::gateway::Gateway;
use cell::CANARY;
use company::{Company, TENANT, World};
use query::Query;
use session::{Path, Said, Session};

const SEED: u64 = 3;
const COMPANIES: u64 = 5;
const QUERIES: usize = 120;

/// A harness of empty answers proves nothing: at least this many of a hundred must have rows.
const LEAST_WITH_ROWS: usize = 60;

/// The worlds of one company, and somebody in each of them.
struct Stage {
    company: Company,
    worlds: Vec<(World, Gateway, Session)>,
}

impl Stage {
    async fn open(seed: u64) -> Self {
        let company = Company::new(seed);
        let mut worlds = Vec::new();
        for world in [World::Bare, World::Full(seed), World::Full(seed + 1), World::Shown] {
            let folder = tempfile::tempdir().unwrap();
            sources::furnish(folder.path(), &company, world);
            let gateway = Gateway::open(folder).await;
            let session = Session::open(&gateway, TENANT).await;
            worlds.push((world, gateway, session));
        }
        Self { company, worlds }
    }

    /// What is wrong with the answers to a query, if anything is; and whether it had rows.
    async fn judge(&self, query: &Query, path: Path) -> Result<bool, Fault> {
        let sql = query.to_string();
        let mut answers = Vec::new();
        for (world, _, session) in &self.worlds {
            // Where nothing is masked, other conditions stand beside the scan.
            if (*world, path) == (World::Shown, Path::Explained) {
                continue;
            }
            let said = session.ask(&sql, path).await;
            let said = if query.is_ordered() { said } else { said.sorted() };
            if said.mentions(CANARY) {
                return Err(Fault::new("a hidden value was told", &sql, path, &[(*world, said)]));
            }
            answers.push((*world, said));
        }
        let differ = answers.windows(2).any(|pair| pair[0].1 != pair[1].1);
        if differ {
            return Err(Fault::new("the worlds answer differently", &sql, path, &answers));
        }
        Ok(answers[0].1.has_rows())
    }

    /// The smallest query, of those that are found step by step, with which something is wrong.
    async fn shrink(&self, query: Query, path: Path, fault: Fault) -> Fault {
        let (mut query, mut fault) = (query, fault);
        'smaller: loop {
            for candidate in query.smaller() {
                if let Err(found) = self.judge(&candidate, path).await {
                    (query, fault) = (candidate, found);
                    continue 'smaller;
                }
            }
            return fault;
        }
    }

    /// Looks at all that was sent to sources in the guarded worlds; gives how much that was.
    fn captured(&self) -> usize {
        let mut count = 0;
        for (_, gateway, _) in self.worlds.iter().filter(|(world, ..)| *world != World::Shown) {
            for record in records(&gateway.config.audit.dir).unwrap() {
                let Entry::Intent(intent) = record.unwrap().entry else { continue };
                for sent in intent.sent {
                    count += 1;
                    match sent.source.as_str() {
                        "pg" => assert_guarded(sent.text.here(), &PostgreSqlDialect {}),
                        "lite" => assert_guarded(sent.text.here(), &SQLiteDialect {}),
                        _ => {}
                    }
                }
            }
        }
        count
    }
}

fn assert_guarded(text: &str, dialect: &dyn Dialect) {
    let statements =
        Parser::parse_sql(dialect, text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(matches!(statements.as_slice(), [Statement::Query(_)]), "{text}");
    let conditions = text.split_once(" WHERE ").map_or("", |(_, conditions)| conditions);
    assert!(conditions.contains("\"org_id\"") || conditions == "FALSE", "{text}");
    // Values are bound.
    assert!(!text.contains('\''), "{text}");
}

/// What was found.
struct Fault(String);

impl Fault {
    fn new(what: &str, sql: &str, path: Path, answers: &[(World, Said)]) -> Self {
        let mut text = format!("{what}, by {path:?}:\n{sql}\n");
        for (world, said) in answers {
            text += &format!("{world:?}: {said}\n");
        }
        Self(text)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn asked(name: &str, or: u64) -> u64 {
    std::env::var(name).map_or(or, |number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_makes_no_difference() {
    let seed = asked("INTERFERENCE_SEED", SEED);
    let (mut total, mut with_rows, mut sent) = (0, 0, 0);
    for seed in (0..asked("INTERFERENCE_COMPANIES", COMPANIES)).map(|at| seed + 10 * at) {
        let stage = Stage::open(seed).await;
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..QUERIES {
            let query = Query::by_chance(&mut random, &stage.company);
            let path = Path::by_chance(&mut random);
            total += 1;
            match stage.judge(&query, path).await {
                Ok(rows) => with_rows += usize::from(rows),
                Err(fault) => {
                    let fault = stage.shrink(query, path, fault).await;
                    panic!("INTERFERENCE_SEED={seed} INTERFERENCE_COMPANIES=1\n{fault}");
                }
            }
        }
        sent += stage.captured();
    }
    println!("{total} queries, {with_rows} with rows, {sent} statements captured");
    assert!(with_rows * 100 >= total * LEAST_WITH_ROWS, "{with_rows} of {total} had rows");
}
