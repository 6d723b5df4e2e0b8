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
//! as that takes. What fails is made smaller before it is told, and saved among the cases that are asked
//! again each time ([`case`]).

mod case;
mod cell;
mod company;
mod order;
mod query;
mod session;
mod sources;
mod tree;

use std::fmt;
use std::time::{Duration, Instant};

use futures::future::join_all;
use portcullis::audit::{Entry, records};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use crate::gateway::Gateway;
use case::Case;
use cell::CANARY;
use company::{Company, TENANT, World};
use query::Query;
use session::{Path, Said, Session};
use sources::SOURCES;

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
            let house = sources::furnish(&company, world);
            let gateway = Gateway::open(house.into_folder()).await;
            let session = Session::open(&gateway, TENANT).await;
            worlds.push((world, gateway, session));
        }
        Self { company, worlds }
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

/// What was done so far.
#[derive(Default)]
struct Tally {
    queries: usize,
    with_rows: usize,
    failed: usize,
    sent: usize,
    of: [usize; SOURCES.len()],
}

impl Tally {
    fn count(&mut self, case: &Case, said: &Said) {
        self.queries += 1;
        self.with_rows += usize::from(said.has_rows());
        self.failed += usize::from(said.has_failed());
        for (count, source) in self.of.iter_mut().zip(SOURCES) {
            *count += usize::from(case.sql.contains(&format!("{source}.")));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { queries, with_rows, failed, sent, of } = self;
        write!(f, "{queries} queries, {with_rows} with rows, {failed} that failed, ")?;
        write!(f, "{sent} statements captured;")?;
        for (count, source) in of.iter().zip(SOURCES) {
            write!(f, " {source} {count}")?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_makes_no_difference() {
    let first = asked("INTERFERENCE_SEED").unwrap_or(SEED);
    let until = asked("INTERFERENCE_MINUTES")
        .map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let companies = match until {
        Some(_) => u64::MAX,
        None => asked("INTERFERENCE_COMPANIES").unwrap_or(COMPANIES),
    };
    let mut tally = Tally::default();
    for seed in (0..companies).map(|at| first + 10 * at) {
        let stage = Stage::open(seed).await;
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..QUERIES {
            let query = Query::by_chance(&mut random, &stage.company);
            let path = Path::by_chance(&mut random);
            let case = Case::of(&query, path);
            match stage.judge(&case).await {
                Ok(said) => tally.count(&case, &said),
                Err(fault) => {
                    let Fault { case, told } = stage.shrink(query, path, fault).await;
                    let saved = case.save(seed);
                    panic!("{told}\nsaved as {}", saved.display());
                }
            }
        }
        tally.sent += stage.captured();
        if let Some(until) = until {
            println!("seed {seed}: {tally}");
            if Instant::now() > until {
                break;
            }
        }
    }
    println!("{tally}");
    let Tally { queries, with_rows, .. } = tally;
    assert!(with_rows * 100 >= queries * LEAST_WITH_ROWS, "{with_rows} of {queries} had rows");
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
