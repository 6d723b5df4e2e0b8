//! How many rows a batch may have. A constant is one value in the plan, and one for each row in
//! what is computed with it: a megabyte of it would be eight gigabytes in a batch of 8192 rows.

use datafusion::arrow::array::Array as _;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// What the constants of one batch may take.
const MAX_BYTES: usize = 4 << 20;

/// The rows of a batch for this plan, at most `most`.
pub(super) fn rows_in_batch(plan: &LogicalPlan, most: usize) -> Result<usize> {
    let mut widest = 0;
    plan.apply_with_subqueries(|node| {
        widest = widest.max(width(node)?);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok((MAX_BYTES / widest.max(1)).clamp(1, most))
}

/// What the constants of one operator take in one row. Of all constants in one expression its
/// result can hold the largest; functions that join several have a bound of their own.
fn width(node: &LogicalPlan) -> Result<usize> {
    let mut width = 0usize;
    node.apply_expressions(|expr| {
        let mut largest = 0;
        expr.apply(|part| {
            if let Expr::Literal(value, _) = part {
                largest = largest.max(size(value));
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        width = width.saturating_add(largest);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(width)
}

/// Bytes of a constant past what any value takes.
fn size(value: &ScalarValue) -> usize {
    match value {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.as_ref().map_or(0, String::len)
        }
        ScalarValue::Binary(bytes)
        | ScalarValue::LargeBinary(bytes)
        | ScalarValue::BinaryView(bytes) => bytes.as_ref().map_or(0, Vec::len),
        ScalarValue::List(list) => list.get_array_memory_size(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{LogicalPlanBuilder, lit};

    use super::*;

    fn rows(literals: &[usize]) -> usize {
        let columns = literals
            .iter()
            .enumerate()
            .map(|(number, bytes)| lit("x".repeat(*bytes)).alias(format!("c{number}")));
        let plan = LogicalPlanBuilder::empty(true).project(columns).unwrap().build().unwrap();
        rows_in_batch(&plan, 8192).unwrap()
    }

    #[test]
    fn a_batch_of_large_constants_has_few_rows() {
        assert_eq!(rows(&[10, 20]), 8192);
        assert_eq!(rows(&[1 << 20]), 4);
        assert_eq!(rows(&[1 << 20, 1 << 20]), 2);
        assert_eq!(rows(&[64 << 20]), 1);
    }
}
