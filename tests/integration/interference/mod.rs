//! Nothing about hidden data can be learned: companies, policies and queries by chance, each query
//! asked in worlds that differ only in what the caller may not see.
//!
//! What is judged:
//! 1. *Interference*: the worlds answer the same, errors included.
//! 2. *Reference*: they answer as a world does that holds only the visible rows, masked already. Where
//!    one of the two fails nothing is said: which condition is asked first is open, and over a column
//!    that is not masked one may be asked at the source.
//! 3. *Canary*: no text that stands in hidden cells alone is ever in an answer.
//! 4. *Capture*: whatever was sent to a source is one query that compares the tenant.
//!
//! `INTERFERENCE_SEED` and `INTERFERENCE_COMPANIES` ask for others, `INTERFERENCE_MINUTES` for as many
//! as that takes, with the numbers of all that was asked at their end. What fails is made smaller before it is told, and saved among the cases that are asked
//! again each time ([`case`]).

mod campaign;
mod case;
mod cell;
mod company;
mod order;
mod query;
mod session;
mod sources;
mod tally;
mod tree;

use std::time::{Duration, Instant};

use futures::future::join_all;
use portcullis::audit::{Entry, records};
use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use crate::gateway::Gateway;
use crate::postgres::Database;
use campaign::Campaign;
use case::Case;
use cell::CANARY;
use company::{Company, TENANT, World};
use query::Query;
use session::{Path, Said, Session};
use tally::Tally;

const SEED: u64 = 3;
const COMPANIES: u64 = 5;
const QUERIES: usize = 120;

/// Where many companies are asked for: it takes a while to open one.
const QUERIES_OF_MANY: usize = 360;

/// So many differences are enough to look at.
const DIFFERENCES_OF_MANY: usize = 10;

/// A harness of empty answers proves nothing: at least this many of a hundred must have rows.
const LEAST_WITH_ROWS: usize = 60;

/// The worlds of one company, and somebody in each of them.
struct Stage {
    company: Company,
    worlds: Vec<(World, Gateway, Session)>,
    _databases: Vec<Database<'static>>,
}

impl Stage {
    async fn open(seed: u64) -> Self {
        let company = Company::new(seed);
        let (mut worlds, mut databases) = (Vec::new(), Vec::new());
        for world in [World::Bare, World::Full(seed), World::Full(seed + 1), World::Shown] {
            let (house, database) = sources::furnish(&company, world);
            let gateway = Gateway::open(house.into_folder()).await;
            let session = Session::open(&gateway, TENANT).await;
            worlds.push((world, gateway, session));
            databases.push(database);
        }
        Self { company, worlds, _databases: databases }
    }

    /// What the answer to a case is in every world; or what is wrong with the answers to it.
    async fn judge(&self, case: &Case) -> Result<Said, Fault> {
        let Case { sql, path, ordered } = case;
        // Where nothing is masked, other conditions stand beside the scan.
        let asked = self.worlds.iter();
        let asked = asked.filter(|(world, ..)| (*world, *path) != (World::Shown, Path::Explained));
        let answers = asked.map(|(world, _, session)| async move {
            let said = session.ask(sql, *path).await;
            (*world, if *ordered { said } else { said.sorted() })
        });
        let mut answers = join_all(answers).await;
        let failed = answers.iter().any(|(_, said)| said.has_failed());
        answers.retain(|(world, _)| !(failed && *world == World::Shown));
        if let Some(told) = answers.iter().find(|(_, said)| said.mentions(CANARY)) {
            let told = std::slice::from_ref(told);
            return Err(Fault::new("a hidden value was told", case, told));
        }
        if answers.windows(2).any(|pair| pair[0].1 != pair[1].1) {
            return Err(Fault::new("the worlds answer differently", case, &answers));
        }
        Ok(answers.swap_remove(0).1)
    }

    /// The smallest query, of those that are found step by step, with which something is wrong.
    async fn shrink(&self, query: Query, path: Path, fault: Fault) -> Fault {
        let (mut query, mut fault) = (query, fault);
        'smaller: loop {
            for candidate in query.smaller() {
                if let Err(found) = self.judge(&Case::of(&candidate, path)).await {
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
struct Fault {
    case: Case,
    told: String,
}

impl Fault {
    fn new(what: &str, case: &Case, answers: &[(World, Said)]) -> Self {
        let mut told = format!("{what}, by {:?}:\n{}\n", case.path, case.sql);
        for (world, said) in answers {
            told += &format!("{world:?}: {said}\n");
        }
        Self { case: case.clone(), told }
    }
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

#[test]
fn what_is_hidden_makes_no_difference() {
    let until = asked("INTERFERENCE_MINUTES")
        .map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let campaign = Campaign {
        first: asked("INTERFERENCE_SEED").unwrap_or(SEED),
        companies: match until {
            Some(_) => u64::MAX,
            None => asked("INTERFERENCE_COMPANIES").unwrap_or(COMPANIES),
        },
        queries: if until.is_some() { QUERIES_OF_MANY } else { QUERIES },
        most: if until.is_some() { DIFFERENCES_OF_MANY } else { 1 },
        until,
    };
    let began = Instant::now();
    let (tally, faults) = campaign.run();
    println!("from seed {}, in {} s: {tally}", campaign.first, began.elapsed().as_secs());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let Tally { cases, with_rows, .. } = tally;
    assert!(with_rows * 100 >= cases * LEAST_WITH_ROWS, "{with_rows} of {cases} had rows");
}

/// What was found by chance once, and mended.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_before() {
    let cases = case::saved();
    assert!(!cases.is_empty());
    for (file, seed, case) in cases {
        if let Err(fault) = Stage::open(seed).await.judge(&case).await {
            panic!("{}: {}", file.display(), fault.told);
        }
    }
}
