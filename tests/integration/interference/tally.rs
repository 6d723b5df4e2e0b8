//! What was done so far, in numbers that can be added to those of other runs.

use std::fmt;
use std::ops::AddAssign;

use super::case::Case;
use super::session::{Path, Said};
use super::sources::SOURCES;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub companies: usize,
    pub cases: usize,
    pub with_rows: usize,
    pub failed: usize,
    /// Statements that sources were sent.
    pub captured: usize,
    /// Companies with which something was wrong.
    pub differences: usize,
    /// How many cases name each source; some name two.
    of: [usize; SOURCES.len()],
    by: [usize; Path::ALL.len()],
}

impl Tally {
    pub fn count(&mut self, case: &Case, said: &Said) {
        self.cases += 1;
        self.with_rows += usize::from(said.has_rows());
        self.failed += usize::from(said.has_failed());
        for (count, source) in self.of.iter_mut().zip(SOURCES) {
            *count += usize::from(case.sql.contains(&format!("{source}.")));
        }
        for (count, path) in self.by.iter_mut().zip(Path::ALL) {
            *count += usize::from(case.path == path);
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self { companies, cases, with_rows, failed, captured, differences, of, by } = other;
        self.companies += companies;
        self.cases += cases;
        self.with_rows += with_rows;
        self.failed += failed;
        self.captured += captured;
        self.differences += differences;
        self.of.iter_mut().zip(of).for_each(|(sum, more)| *sum += more);
        self.by.iter_mut().zip(by).for_each(|(sum, more)| *sum += more);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { companies, cases, with_rows, failed, captured, differences, of, by } = self;
        let share = |part: &usize| part * 100 / cases.max(&1);
        write!(f, "{companies} companies, {cases} cases, {with_rows} with rows ")?;
        write!(f, "({} %), {failed} that failed ({} %), ", share(with_rows), share(failed))?;
        write!(f, "{captured} statements captured, {differences} differences;")?;
        for (count, source) in of.iter().zip(SOURCES) {
            write!(f, " {source} {count}")?;
        }
        f.write_str(";")?;
        for (count, path) in by.iter().zip(Path::ALL) {
            write!(f, " {path:?} {count}")?;
        }
        Ok(())
    }
}
