//! How many grouping sets a `GROUP BY` stands for.
//!
//! Planning writes each of them out, and `CUBE` of thirty columns stands for a thousand million. The
//! bounds are PostgreSQL's.

use sqlparser::ast::{Expr, GroupByExpr};

use super::error::SqlError;

/// The most elements of one `CUBE`.
const MAX_CUBE: usize = 12;

/// The most sets of one `GROUP BY`.
const MAX_SETS: usize = 4096;

/// Refuses what stands for too many.
pub(super) fn check(group_by: &GroupByExpr) -> Result<(), SqlError> {
    let GroupByExpr::Expressions(keys, _) = group_by else { return Ok(()) };
    let mut all = 1usize;
    for key in keys {
        all = all.saturating_mul(sets(key)?);
        if all > MAX_SETS {
            return Err(SqlError::TooManyGroupingSets { limit: MAX_SETS });
        }
    }
    Ok(())
}

fn sets(key: &Expr) -> Result<usize, SqlError> {
    match key {
        Expr::Cube(elements) if elements.len() > MAX_CUBE => {
            Err(SqlError::CubeTooLarge { limit: MAX_CUBE })
        }
        Expr::Cube(elements) => Ok(1 << elements.len()),
        Expr::Rollup(elements) => Ok(elements.len().saturating_add(1)),
        Expr::GroupingSets(sets) => Ok(sets.len()),
        _ => Ok(1),
    }
}
