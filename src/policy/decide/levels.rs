//! How much of each column is shown.
//!
//! The first permitted level wins, from the most shown to the least, and a forbidden level
//! forbids every level above it.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_connector_api::Predicate;

use super::verdict::{Evaluation, Verdict};
use super::{Columns, Denial};
use crate::policy::load::Slice;
use crate::policy::permit::{ColumnAccess, Level};
use crate::policy::translate::tidy;

/// In which rows each level is available, from the most shown to the least. A row has the first
/// level that is available in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Levels(Vec<(Level, Predicate)>);

impl Levels {
    /// `verdicts` in the order of [`Level::DESCENDING`].
    fn of(verdicts: Vec<(Level, Verdict)>) -> Self {
        // Upwards from the least: what is forbidden there is forbidden above.
        let mut cleared = Predicate::True;
        let mut levels = Vec::with_capacity(verdicts.len());
        for (level, verdict) in verdicts.into_iter().rev() {
            cleared = cleared.and(verdict.cleared);
            levels.push((level, tidy(verdict.permitted.and(cleared.clone()))));
        }
        levels.reverse();
        Self(levels)
    }

    /// The stricter of the two in every row. A row has at least a level where one at or above it
    /// is available; it has it for both, where it has it for each.
    pub fn meet(self, other: &Self) -> Self {
        let (mut mine, mut theirs) = (Predicate::False, Predicate::False);
        let mut levels = Vec::with_capacity(self.0.len());
        for ((level, this), (_, that)) in self.0.into_iter().zip(&other.0) {
            let nothing_new = this == Predicate::False && *that == Predicate::False;
            mine = Predicate::any([mine, this]);
            theirs = Predicate::any([theirs, that.clone()]);
            let both =
                if nothing_new { Predicate::False } else { tidy(mine.clone().and(theirs.clone())) };
            levels.push((level, both));
        }
        Self(levels)
    }

    pub fn into_access(self) -> ColumnAccess {
        let mut arms = Vec::new();
        for (level, available) in self.0 {
            match available {
                Predicate::False => {}
                Predicate::True if arms.is_empty() => return ColumnAccess::Always(level),
                Predicate::True => {
                    arms.push((Predicate::True, level));
                    break;
                }
                // The same rows have a higher level already.
                condition if arms.iter().any(|(above, _)| *above == condition) => {}
                condition => arms.push((condition, level)),
            }
        }
        if arms.is_empty() { ColumnAccess::Hidden } else { ColumnAccess::ByRow(arms) }
    }
}

/// The levels of all columns, in the table's order; `slices` in that of [`Level::DESCENDING`].
///
/// Policies see of a column its name and its tags. Columns that differ in nothing that a policy
/// names are asked for once.
pub(super) fn decide(
    evaluation: &Evaluation<'_>,
    slices: &[(Level, Slice)],
) -> Result<Columns, Denial> {
    let mut known = BTreeMap::new();
    let mut decided_by = BTreeSet::new();
    let mut levels = Vec::with_capacity(evaluation.shape.columns.len());
    for column in &evaluation.shape.columns {
        let mut verdicts = Vec::with_capacity(slices.len());
        for (level, slice) in slices {
            let key = (
                *level,
                slice.mentions.column.then_some(&column.name),
                slice.mentions.tags.then_some(&column.tags),
            );
            let verdict = match known.get(&key) {
                Some(verdict) => Verdict::clone(verdict),
                None => {
                    let verdict = evaluation.verdict(slice, level.action(), Some(column))?;
                    decided_by.extend(verdict.decided_by.iter().cloned());
                    known.insert(key, verdict.clone());
                    verdict
                }
            };
            verdicts.push((*level, verdict));
        }
        levels.push(Levels::of(verdicts));
    }
    Ok(Columns { levels, decided_by })
}
