//! Columns side by side.

use super::wrap::{width, wrap};
use super::{Ink, Line, WIDTH};

/// What stands in one place of a grid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The text; wrapped where it is wider than its column.
    pub text: String,
    /// What it means.
    pub ink: Ink,
    /// Whether it stands at the right side of its column, as numbers do.
    pub right: bool,
}

impl Cell {
    /// A cell at the left side of its column.
    pub fn new(ink: Ink, text: impl Into<String>) -> Self {
        Self { text: text.into(), ink, right: false }
    }

    /// A cell at the right side of its column.
    pub fn right(ink: Ink, text: impl Into<String>) -> Self {
        Self { text: text.into(), ink, right: true }
    }
}

/// A label column, and others of one width beside it, all within the screen.
#[derive(Clone, Debug)]
pub struct Grid {
    label: usize,
    column: usize,
    columns: usize,
    lines: Vec<Line>,
}

/// What stands between two columns.
const BETWEEN: &str = " │ ";

impl Grid {
    /// A grid whose labels need `label` columns and which has so many columns of equal width.
    pub fn new(label: usize, columns: usize) -> Self {
        let rules = columns * width(BETWEEN);
        let left = WIDTH.saturating_sub(1 + label + rules);
        Self {
            label,
            column: left.checked_div(columns).unwrap_or(0).max(1),
            columns,
            lines: Vec::new(),
        }
    }

    /// How wide each column is.
    pub fn column_width(&self) -> usize {
        self.column
    }

    /// Adds a row: its label and one cell for each column. A cell that is too wide is wrapped to
    /// at most `height` lines and cut there.
    pub fn row(&mut self, label: &Cell, cells: &[Cell], height: usize) {
        let shape = |cell: &Cell, room: usize| {
            let mut rows = wrap(&cell.text, room);
            if rows.len() > height {
                rows.truncate(height);
                if let Some(last) = rows.last_mut() {
                    *last = format!(
                        "{}…",
                        last.chars().take(room.saturating_sub(1)).collect::<String>()
                    );
                }
            }
            rows
        };
        let shaped: Vec<(usize, &Cell, Vec<String>)> = std::iter::once((self.label, label))
            .chain(cells.iter().take(self.columns).map(|cell| (self.column, cell)))
            .map(|(room, cell)| (room, cell, shape(cell, room)))
            .collect();
        let tallest = shaped.iter().map(|(_, _, rows)| rows.len()).max().unwrap_or(0);
        for at in 0..tallest {
            let mut line = Line::new().add(Ink::Plain, " ");
            let mut end = 1;
            for (column, (room, cell, rows)) in shaped.iter().enumerate() {
                if column > 0 {
                    line = line.pad(end).add(Ink::Faint, BETWEEN);
                    end += width(BETWEEN);
                }
                let text = rows.get(at).map(String::as_str).unwrap_or_default();
                let before = if cell.right { room.saturating_sub(width(text)) } else { 0 };
                line = line.pad(end + before).add(cell.ink, text);
                end += room;
            }
            self.lines.push(line);
        }
    }

    /// Adds a rule across all columns.
    pub fn rule(&mut self) {
        let mut rule = "─".repeat(1 + self.label);
        for _ in 0..self.columns {
            rule.push_str("─┼─");
            rule.push_str(&"─".repeat(self.column));
        }
        self.lines.push(Line::new().add(Ink::Faint, rule));
    }

    /// The lines.
    pub fn into_lines(self) -> Vec<Line> {
        self.lines
    }
}
