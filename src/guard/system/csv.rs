//! The data files of this folder: comma-separated values as PostgreSQL's COPY writes them.

use std::collections::HashMap;

/// The rows of a file, with the columns that its first line names.
pub struct Rows {
    columns: HashMap<String, usize>,
    rows: Vec<Vec<Option<String>>>,
}

/// One row.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    rows: &'a Rows,
    cells: &'a [Option<String>],
}

impl Rows {
    /// Reads a file. No cell of ours holds a line break.
    pub fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let header = split(lines.next().unwrap_or_default());
        let columns = header.into_iter().flatten().zip(0..).collect();
        Self { columns, rows: lines.map(split).collect() }
    }

    /// The rows, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { rows: self, cells })
    }
}

impl<'a> Row<'a> {
    /// The text of a cell; the empty text for NULL and for a column that the file lacks.
    pub fn get(self, column: &str) -> &'a str {
        self.find(column).flatten().unwrap_or_default()
    }

    /// The cell, where the file has this column; `Some(None)` is NULL.
    pub fn find(self, column: &str) -> Option<Option<&'a str>> {
        let at = self.rows.columns.get(column)?;
        Some(self.cells.get(*at)?.as_deref())
    }
}

/// The cells of a line; an empty cell without quotes is NULL.
fn split(line: &str) -> Vec<Option<String>> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let (mut quoted, mut was_quoted) = (false, false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted => {
                let text = std::mem::take(&mut cell);
                cells.push((was_quoted || !text.is_empty()).then_some(text));
                was_quoted = false;
            }
            other => cell.push(other),
        }
    }
    cells.push((was_quoted || !cell.is_empty()).then_some(cell));
    cells
}
