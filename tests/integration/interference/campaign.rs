//! One company after the other, as many at once as there are processors.
//!
//! A company and its queries come of its seed alone, so that it does not matter beside which others it
//! stands, and two runs from one seed ask the same.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::runtime::Runtime;

use super::case::Case;
use super::query::Query;
use super::session::Path;
use super::tally::Tally;
use super::{Fault, Stage};

/// How far seeds of two companies are apart, each of which needs a few for its worlds.
const STEP: u64 = 10;

/// How long the threads of a company may take to end.
const FAREWELL: Duration = Duration::from_secs(10);

/// What is asked for.
pub struct Campaign {
    /// The seed of the first company.
    pub first: u64,
    pub companies: u64,
    /// No company is begun after this.
    pub until: Option<Instant>,
    /// Of each company.
    pub queries: usize,
    /// No company is begun after so many differences.
    pub most: usize,
}

/// What has come of it so far.
struct Progress {
    begun: u64,
    tally: Tally,
    told: Vec<String>,
}

impl Campaign {
    /// Runs to its end; gives what was done, and what was wrong.
    pub fn run(&self) -> (Tally, Vec<String>) {
        let progress = Progress { begun: 0, tally: Tally::default(), told: Vec::new() };
        let progress = Mutex::new(progress);
        let at_once = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..at_once {
                scope.spawn(|| while self.step(&progress) {});
            }
        });
        let Progress { tally, told, .. } = progress.into_inner().unwrap();
        (tally, told)
    }

    /// Begins one more company and sees it through, where there is to be one.
    fn step(&self, progress: &Mutex<Progress>) -> bool {
        let next = self.next(&mut progress.lock().unwrap());
        let Some(seed) = next else { return false };
        let (tally, told) = self.company(seed);
        let told = told.map(|told| format!("seed {seed}: {told}"));
        let mut progress = progress.lock().unwrap();
        progress.tally += tally;
        if self.until.is_some() {
            println!("seed {seed}: {}", progress.tally);
            told.iter().for_each(|told| println!("{told}"));
        }
        progress.told.extend(told);
        true
    }

    fn next(&self, progress: &mut Progress) -> Option<u64> {
        let late = self.until.is_some_and(|until| Instant::now() > until);
        if late || progress.begun == self.companies || progress.told.len() >= self.most {
            return None;
        }
        let seed = self.first + STEP * progress.begun;
        progress.begun += 1;
        Some(seed)
    }

    /// Asks all queries of a company, or those before the first with which something is wrong. The
    /// company has threads of its own, so that nothing of its gateways is left when it has ended.
    fn company(&self, seed: u64) -> (Tally, Option<String>) {
        let mut tally = Tally::default();
        let runtime = Runtime::new().unwrap();
        let asked = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(ask(seed, self.queries, &mut tally)).err()
        }));
        runtime.shutdown_timeout(FAREWELL);
        let told = asked.unwrap_or_else(|panic| Some(words(panic.as_ref())));
        tally.companies = 1;
        tally.differences = usize::from(told.is_some());
        (tally, told)
    }
}

async fn ask(seed: u64, queries: usize, tally: &mut Tally) -> Result<(), String> {
    let stage = Stage::open(seed).await;
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..queries {
        let query = Query::by_chance(&mut random, &stage.company);
        let path = Path::by_chance(&mut random);
        let case = Case::of(&query, path);
        match stage.judge(&case).await {
            Ok(said) => tally.count(&case, &said),
            Err(fault) => {
                let Fault { case, told } = stage.shrink(query, path, fault).await;
                let saved = case.save(seed);
                return Err(format!("{told}\nsaved as {}", saved.display()));
            }
        }
    }
    tally.captured = stage.captured();
    Ok(())
}

/// Of a panic, which has told where it was on its own.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}
