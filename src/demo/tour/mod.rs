//! The tour: one query as each of the people, side by side.

mod run;

use std::io::{self, Write};

use crate::demo::answer::Answer;
use crate::demo::company::Company;
use crate::demo::expected::{Showcase, View};
use crate::demo::people::Person;
use crate::demo::screen::{Cell, Grid, Ink, Screen, fit, width};
use crate::demo::trail::Trail;

pub use run::run;

/// What the tour shows.
pub const SCENES: [&str; 3] = ["four", "revenue", "desk"];

/// How many lines one value may take.
const CELL_LINES: usize = 3;

/// What one person heard.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Who asked.
    pub person: Person,
    /// What came back.
    pub answer: Answer,
    /// What the audit log says.
    pub trail: Option<Trail>,
}

impl Heard {
    /// Whether the log says that this column was masked.
    fn is_masked(&self, column: &str) -> bool {
        let tables = self.trail.iter().flat_map(|trail| &trail.tables);
        tables.flat_map(|table| &table.masks).any(|mask| {
            mask.split(':').next().is_some_and(|masked| masked.trim_matches('"') == column)
        })
    }

    /// The row with this key.
    fn row(&self, key: &str) -> Option<&[Option<String>]> {
        let Answer::Rows { rows, .. } = &self.answer else { return None };
        rows.iter()
            .find(|row| row.first().and_then(Option::as_deref) == Some(key))
            .map(Vec::as_slice)
    }
}

/// Shows one query and what everybody heard. The first column of the answers is their key.
///
/// # Errors
/// Where the screen takes no more.
pub fn scene(
    number: usize,
    showcase: &Showcase,
    heard: &[Heard],
    screen: &mut Screen<impl Write>,
) -> io::Result<()> {
    screen.heading(&format!("{number} · {}", showcase.title))?;
    screen.sql(3, showcase.sql)?;
    screen.gap()?;
    screen.lines(&matrix(showcase, heard).into_lines())?;
    screen.gap()?;
    for heard in heard.iter().filter(|heard| !heard.answer.is_ok()) {
        let told = heard.answer.lines().join("; ");
        screen.text(1, Ink::Bad, &format!("{} gets {told}", heard.person.name()))?;
        screen.gap()?;
    }
    Ok(())
}

fn matrix(showcase: &Showcase, heard: &[Heard]) -> Grid {
    let keys = keys(heard);
    let columns = columns(heard);
    let values = columns.get(1..).unwrap_or_default();
    let key_width = keys.iter().map(|key| width(key)).max().unwrap_or(0);
    // With one value a row, the key itself is the label.
    let labels = |key: &str, at: usize, column: &str| match (values.len(), at) {
        (1, _) => key.to_owned(),
        (_, 0) => format!("{key:<key_width$} {column}"),
        _ => format!("{:<key_width$} {column}", ""),
    };
    let widest = keys
        .iter()
        .flat_map(|key| values.iter().map(|column| width(&labels(key, 1, column))))
        .max()
        .unwrap_or(0);

    let mut grid = Grid::new(widest, heard.len());
    let room = grid.column_width();
    header(heard, &mut grid);
    for key in &keys {
        if values.len() > 1 || key == keys.first().unwrap_or(key) {
            grid.rule();
        }
        for (at, column) in values.iter().enumerate() {
            let cells: Vec<Cell> = heard
                .iter()
                .map(|heard| match heard.row(key) {
                    None if !heard.answer.is_ok() => Cell::new(Ink::Bad, "×"),
                    None if at == 0 => Cell::new(Ink::Faint, "·"),
                    None => Cell::default(),
                    Some(row) => {
                        let value = row.get(at + 1).and_then(Option::as_deref);
                        shown(value, heard.is_masked(showcase.stored_name(column)), room)
                    }
                })
                .collect();
            grid.row(&Cell::new(Ink::Faint, labels(key, at, column)), &cells, CELL_LINES);
        }
    }
    grid
}

fn header(heard: &[Heard], grid: &mut Grid) {
    let row = |ink: Ink, text: fn(&Person) -> &'static str| {
        heard.iter().map(|heard| Cell::new(ink, text(&heard.person))).collect::<Vec<_>>()
    };
    grid.row(&Cell::default(), &row(Ink::Strong, Person::name), 1);
    grid.row(&Cell::default(), &row(Ink::Faint, |person| person.tenant.id()), 1);
    grid.row(&Cell::default(), &row(Ink::Faint, |person| person.work), 2);
}

fn shown(value: Option<&str>, masked: bool, room: usize) -> Cell {
    let ink = if masked { Ink::Masked } else { Ink::Plain };
    match value {
        None => Cell::new(if masked { Ink::Masked } else { Ink::Faint }, "NULL"),
        Some(number) if !masked && number.parse::<f64>().is_ok() => Cell::right(ink, number),
        // A token has no place to break, and all of it tells no more than its beginning.
        Some(token) if masked && !token.contains([' ', '@', '-', '*']) => {
            Cell::new(ink, fit(token, room))
        }
        Some(text) => Cell::new(ink, text),
    }
}

/// The names of the columns, from whoever got any.
fn columns(heard: &[Heard]) -> Vec<&str> {
    let named = heard.iter().find_map(|heard| match &heard.answer {
        Answer::Rows { columns, .. } => Some(columns),
        _ => None,
    });
    named.into_iter().flatten().map(String::as_str).collect()
}

/// The keys that anybody saw, in the order of the query: numbers by their size, texts by theirs.
fn keys(heard: &[Heard]) -> Vec<&str> {
    let mut keys: Vec<&str> = heard.iter().flat_map(|heard| heard.answer.first_cells()).collect();
    keys.sort_unstable_by_key(|key| (key.parse::<i64>().unwrap_or(i64::MAX), *key));
    keys.dedup();
    keys
}

/// Shows what was filtered and masked, by the audit log.
///
/// # Errors
/// Where the screen takes no more.
pub fn decisions(heard: &[Heard], screen: &mut Screen<impl Write>) -> io::Result<()> {
    screen.text(1, Ink::Strong, "What was filtered and masked, as the audit log has it")?;
    screen.gap()?;
    let mut grid = Grid::new(5, 1);
    for (at, heard) in heard.iter().enumerate() {
        if at > 0 {
            grid.rule();
        }
        let Some(trail) = &heard.trail else { continue };
        let head = Cell::new(Ink::Plain, format!("record {}: {}", trail.seq, trail.ending()));
        grid.row(&Cell::new(Ink::Strong, heard.person.name()), &[head], 2);
        for (label, text) in trail.decisions() {
            grid.row(&Cell::new(Ink::Faint, label), &[Cell::new(Ink::Plain, text)], 4);
        }
    }
    screen.lines(&grid.into_lines())?;
    screen.gap()
}

/// Says whether the answers are what an independent computation over the rows gives; whoever
/// has edited the policies will see a difference, and should.
///
/// # Errors
/// Where the screen takes no more.
pub fn check(
    company: &Company,
    showcase: &Showcase,
    heard: &[Heard],
    screen: &mut Screen<impl Write>,
) -> io::Result<bool> {
    let differs: Vec<&str> = heard
        .iter()
        .filter(|heard| {
            let view = View::new(company, &heard.person);
            !showcase.expected(&view).is_met_by(&heard.answer)
        })
        .map(|heard| heard.person.name())
        .collect();
    if differs.is_empty() {
        let line = "✓ equal to what plain loops over the same rows give, cell by cell";
        screen.text(1, Ink::Good, line)?;
    } else {
        let who = differs.join(", ");
        let line = format!("✗ not what the shipped policies give: {who}. Were they edited?");
        screen.text(1, Ink::Bad, &line)?;
    }
    screen.gap()?;
    Ok(differs.is_empty())
}

#[cfg(test)]
mod tests;
