//! How much of a file is held while it is read, by what its footer says of sizes.

use parquet::file::metadata::RowGroupMetaData;
use portcullis_connector_api::decode::{BATCH_BYTES, BATCH_ROWS};

use crate::parquet::footer::Footer;

/// Writers close a page when it is so large, as far as they look.
const PAGE_BYTES: usize = 1 << 20;

/// Writers look at the size of a page every so many rows. So a page of wide rows, which is unpacked as a
/// whole, may be as large as they are together.
const PAGE_ROWS: usize = 1_024;

/// What reading some columns of a file takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The rows of a batch: a single one, where rows are as wide as a batch is large.
    pub rows: usize,
    /// The bytes that are there at once: of a batch, and of pages of wide rows.
    pub bytes: usize,
}

impl Size {
    /// Of the columns at these places.
    pub fn of(footer: &Footer, places: &[usize]) -> Self {
        let roots = footer.metadata.file_metadata().schema_descr();
        let chosen = |leaf: usize| places.contains(&roots.get_column_root_idx(leaf));
        let groups = footer.metadata.row_groups().iter();
        let sizes = groups.map(|group| {
            let chunks = chunks(group).enumerate().filter(|(leaf, _)| chosen(*leaf));
            let rows = usize::try_from(group.num_rows()).unwrap_or(0).max(1);
            of_group(chunks.map(|(_, bytes)| bytes), rows)
        });
        let start = Self { rows: BATCH_ROWS, bytes: BATCH_BYTES };
        sizes.fold(start, |one, other| Self {
            rows: one.rows.min(other.rows),
            bytes: one.bytes.max(other.bytes),
        })
    }
}

/// The bytes of each column when unpacked. A footer may claim anything.
fn chunks(group: &RowGroupMetaData) -> impl Iterator<Item = usize> {
    group.columns().iter().map(|chunk| {
        // What stands once in a dictionary may stand in every row.
        let values = chunk.unencoded_byte_array_data_bytes().unwrap_or(0);
        usize::try_from(chunk.uncompressed_size().max(values)).unwrap_or(0)
    })
}

fn of_group(chunks: impl Iterator<Item = usize>, rows: usize) -> Size {
    let (mut row_bytes, mut page_bytes) = (0_usize, 0_usize);
    for bytes in chunks {
        let of_row = bytes / rows;
        row_bytes = row_bytes.saturating_add(of_row);
        let page = of_row.saturating_mul(PAGE_ROWS);
        if page > PAGE_BYTES {
            page_bytes = page_bytes.saturating_add(page.min(bytes));
        }
    }
    let rows = (BATCH_BYTES / row_bytes.max(1)).clamp(1, BATCH_ROWS);
    Size { rows, bytes: page_bytes.saturating_add(row_bytes).max(BATCH_BYTES) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn wide_rows_come_one_by_one_and_their_pages_count() {
        let size = |chunks: &[usize], rows| of_group(chunks.iter().copied(), rows);
        assert_eq!(size(&[], 1), Size { rows: BATCH_ROWS, bytes: BATCH_BYTES });
        assert_eq!(size(&[8_000, 16_000], 1000), Size { rows: BATCH_ROWS, bytes: BATCH_BYTES });
        let wide = size(&[8_000, 560 * MIB], 70);
        assert_eq!(wide.rows, 1);
        assert!((560 * MIB..=570 * MIB).contains(&wide.bytes), "{wide:?}");
        let some = size(&[1_000 * MIB], 100_000);
        assert_eq!(some.rows, BATCH_BYTES / 10_485);
        assert!((10 * MIB..=11 * MIB).contains(&some.bytes), "{some:?}");
        assert_eq!(size(&[usize::MAX, usize::MAX], 1).bytes, usize::MAX);
    }
}
