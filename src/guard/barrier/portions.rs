//! Batches whose borders depend on the rows in them alone, and not on how they were read.

use datafusion::arrow::array::{Array, AsArray as _, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::Result;

/// A portion ends with the row by which it is so large, however few there are.
const FULL_BYTES: u64 = 4 << 20;

/// Rows on their way into portions of a size.
pub(super) struct Portions {
    schema: SchemaRef,
    most_rows: usize,
    kept: Vec<RecordBatch>,
    rows: usize,
    bytes: u64,
}

impl Portions {
    /// None of them has more than `most_rows`.
    pub fn new(schema: SchemaRef, most_rows: usize) -> Self {
        Self { schema, most_rows, kept: Vec::new(), rows: 0, bytes: 0 }
    }

    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// Takes more rows, and gives the portions that are full with them.
    ///
    /// # Errors
    /// Where a batch has other columns.
    pub fn add(&mut self, batch: RecordBatch) -> Result<Vec<RecordBatch>> {
        let mut full = Vec::new();
        let mut rest = batch;
        while rest.num_rows() > 0 {
            let (rows, bytes) = self.fitting(&rest);
            self.rows += rows;
            self.bytes = self.bytes.saturating_add(bytes);
            // A batch of the right size passes as it is.
            self.kept.push(if rows == rest.num_rows() {
                rest.clone()
            } else {
                rest.slice(0, rows)
            });
            rest = rest.slice(rows, rest.num_rows() - rows);
            if self.rows >= self.most_rows || self.bytes >= FULL_BYTES {
                full.extend(self.finish()?);
            }
        }
        Ok(full)
    }

    /// What is left.
    ///
    /// # Errors
    /// Where a batch has other columns.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>> {
        (self.rows, self.bytes) = (0, 0);
        let mut kept = std::mem::take(&mut self.kept);
        match kept.len() {
            0 | 1 => Ok(kept.pop()),
            _ => Ok(Some(concat_batches(&self.schema, &kept)?)),
        }
    }

    /// How many rows of this batch belong to the portion, and their bytes.
    fn fitting(&self, batch: &RecordBatch) -> (usize, u64) {
        let room = self.most_rows.saturating_sub(self.rows).clamp(1, batch.num_rows());
        let bytes = |from, to| -> u64 {
            let columns = batch.columns().iter().map(|column| weight(column, from, to));
            columns.fold(0, u64::saturating_add)
        };
        let all = bytes(0, room);
        if self.bytes.saturating_add(all) < FULL_BYTES {
            return (room, all);
        }
        let mut taken = 0_u64;
        for row in 0..room {
            taken = taken.saturating_add(bytes(row, row + 1));
            if self.bytes.saturating_add(taken) >= FULL_BYTES {
                return (row + 1, taken);
            }
        }
        (room, taken)
    }
}

/// What the values of these rows weigh: the same wherever a batch begins, and whatever lies beneath a
/// NULL.
fn weight(column: &dyn Array, from: usize, to: usize) -> u64 {
    let rows = (to - from) as u64;
    let each = |length: &dyn Fn(usize) -> u64| -> u64 {
        (from..to).filter(|row| column.is_valid(*row)).map(length).sum()
    };
    // The length of a view is its first half of a half.
    let viewed = |views: &[u128]| match column.null_count() {
        0 => views.iter().skip(from).take(to - from).map(|view| u64::from(*view as u32)).sum(),
        _ => each(&|row| views.get(row).map_or(0, |view| u64::from(*view as u32))),
    };
    match column.data_type() {
        DataType::Utf8 => each(&|row| length(column.as_string::<i32>().value(row).len())),
        DataType::Binary => each(&|row| length(column.as_binary::<i32>().value(row).len())),
        DataType::Utf8View => viewed(column.as_string_view().views()),
        DataType::BinaryView => viewed(column.as_binary_view().views()),
        DataType::List(_) => each(&|row| {
            let elements = column.as_list::<i32>().value(row);
            weight(&elements, 0, elements.len())
        }),
        other => rows.saturating_mul(length(other.primitive_width().unwrap_or(1))),
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{Int64Array, RecordBatchOptions, StringViewArray};
    use datafusion::arrow::datatypes::Schema;

    use super::*;

    /// The portions of these rows, cut into batches of these sizes in turn.
    fn portions(texts: &[Option<String>], most_rows: usize, cuts: &[usize]) -> Vec<RecordBatch> {
        let numbers = Int64Array::from_iter_values(0..i64::try_from(texts.len()).unwrap());
        let texts: StringViewArray = texts.iter().map(Option::as_deref).collect();
        let all = [("n", Arc::new(numbers) as _), ("t", Arc::new(texts) as _)];
        let all = RecordBatch::try_from_iter_with_nullable(all.map(|(n, a)| (n, a, true))).unwrap();
        let mut portions = Portions::new(all.schema(), most_rows);
        let (mut done, mut at) = (Vec::new(), 0);
        for cut in cuts.iter().cycle() {
            let rows = (*cut).min(all.num_rows() - at);
            done.extend(portions.add(all.slice(at, rows)).unwrap());
            at += rows;
            if at == all.num_rows() {
                break;
            }
        }
        done.extend(portions.finish().unwrap());
        done
    }

    #[test]
    fn borders_do_not_depend_on_how_rows_came() {
        let short: Vec<_> = (0..1000).map(|n| (n % 7 != 0).then(|| format!("text {n}"))).collect();
        let long: Vec<_> = (0..300).map(|n| Some("x".repeat(n * 700))).collect();
        for (texts, rows) in [(&short, 100), (&short, 64), (&long, 100), (&long, 10_000)] {
            let whole = portions(texts, rows, &[texts.len()]);
            assert!(whole.len() > 3, "{}", whole.len());
            assert!(whole.iter().all(|portion| portion.num_rows() <= rows));
            for cuts in [&[1][..], &[7, 130, 1], &[rows], &[99, 0, 101]] {
                assert_eq!(portions(texts, rows, cuts), whole, "{cuts:?}");
            }
        }
    }

    /// A query may want no column, and counts rows all the same.
    #[test]
    fn rows_without_columns_are_counted() {
        let rows = |rows| {
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let none = Arc::new(Schema::empty());
            RecordBatch::try_new_with_options(none, Vec::new(), &options).unwrap()
        };
        let mut portions = Portions::new(Arc::new(Schema::empty()), 10);
        let mut done = portions.add(rows(7)).unwrap();
        done.extend(portions.add(rows(25)).unwrap());
        done.extend(portions.finish().unwrap());
        let sizes: Vec<_> = done.iter().map(RecordBatch::num_rows).collect();
        assert_eq!(sizes, [10, 10, 10, 2]);
    }
}
