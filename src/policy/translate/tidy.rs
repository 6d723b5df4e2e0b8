//! Leaves out of a predicate what its other parts already say.

use portcullis_connector_api::{ColumnName, Predicate};

/// Above so many parts they are not compared with each other.
const MAX_PARTS: usize = 64;

/// The same predicate, shorter: no part twice, none that another one covers, and no `IS NOT NULL`
/// beside a comparison of the same column, which refuses NULL by itself. Row filters stand in the
/// audit record, so they are made to be read.
pub(in crate::policy) fn tidy(predicate: Predicate) -> Predicate {
    match predicate {
        Predicate::And(parts) => match Predicate::all(parts.into_iter().map(tidy)) {
            Predicate::And(parts) => {
                let needed = parts.iter().filter(|part| !is_implied(part, &parts)).cloned();
                Predicate::all(needed)
            }
            other => other,
        },
        Predicate::Or(parts) => match Predicate::any(parts.into_iter().map(tidy)) {
            Predicate::Or(parts) => {
                let needed = parts.iter().filter(|part| !is_covered(part, &parts)).cloned();
                Predicate::any(needed)
            }
            other => other,
        },
        leaf => leaf,
    }
}

fn is_implied(part: &Predicate, all: &[Predicate]) -> bool {
    match part {
        Predicate::IsNotNull(column) => {
            all.iter().any(|other| other != part && refuses_null(other, column))
        }
        _ => false,
    }
}

/// Whether another alternative asks for less: in `a OR (a AND b)` the second one adds nothing.
fn is_covered(part: &Predicate, all: &[Predicate]) -> bool {
    if all.len() > MAX_PARTS {
        return false;
    }
    let asked = part.conjuncts();
    all.iter().any(|other| {
        let less = other.conjuncts();
        // Strictly less, or two that ask for the same in another order would both go.
        less.len() < asked.len() && less.iter().all(|one| asked.contains(one))
    })
}

/// Whether no row that has NULL in this column is admitted.
fn refuses_null(predicate: &Predicate, null: &ColumnName) -> bool {
    match predicate {
        Predicate::False => true,
        Predicate::True | Predicate::IsNull(_) => false,
        Predicate::IsNotNull(column)
        | Predicate::Compare { column, .. }
        | Predicate::In { column, .. }
        | Predicate::NotIn { column, .. }
        | Predicate::Like { column, .. } => column == null,
        Predicate::CompareColumns { left, right, .. } => left == null || right == null,
        Predicate::And(parts) => parts.iter().any(|part| refuses_null(part, null)),
        Predicate::Or(parts) => parts.iter().all(|part| refuses_null(part, null)),
    }
}
