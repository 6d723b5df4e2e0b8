//! What columns a CSV or JSON table has.

use std::collections::HashMap;

use portcullis_connector_api::decode::RowsBuilder;
use portcullis_connector_api::{Column, ColumnName, ConnectorError, SqlType, Table};

use crate::folder::{DataFile, Format, TableFiles};
use crate::options::TableOptions;
use crate::text::MAX_COLUMNS;
use crate::text::csv::Record;
use crate::text::infer::Guess;
use crate::text::json;
use crate::text::source::{broken, open_csv, open_json};

/// Types are judged by so many bytes of a table's files; a larger table should declare them.
const SAMPLE_BYTES: usize = 16 << 20;

/// What a table's description was made from.
pub struct Described {
    /// The table.
    pub table: Table,
    /// Whether rows had a say in it.
    pub inferred: bool,
}

/// Describes a table; blocks while it reads. Where all is declared no row is read. Columns without
/// a name, which are left out, are noted, and so are rows of several lines.
pub fn describe(
    files: &TableFiles,
    options: &TableOptions,
    notes: &mut Vec<String>,
) -> Result<Described, ConnectorError> {
    let mut sample = Sample::new(options);
    for file in &files.files {
        match files.format {
            Format::Json if options.columns_only => {}
            Format::Json => sample.json(file)?,
            _ => sample.csv(file)?,
        }
    }
    if sample.spanning > 0 {
        notes.push(format!(
            "table \"{}\": {} rows hold line breaks in quotes and are passed over; say \
             `multiline = true` where all texts in its files are known to be quoted well",
            files.name, sample.spanning
        ));
    }
    let inferred = sample.inferred;
    let columns: Vec<Column> = sample
        .named(files, notes)
        .into_iter()
        .map(|(name, sql_type)| Column { name, sql_type, nullable: true, fallible: true })
        .collect();
    if columns.is_empty() {
        let why = match files.format {
            Format::Json => ": no line holds a JSON object",
            _ => "",
        };
        return Err(ConnectorError::Damaged(format!(
            "table \"{}\" has no columns{why}",
            files.name
        )));
    }
    // Refuses declared types that text cannot be decoded to.
    RowsBuilder::new(&columns.iter().collect::<Vec<_>>())?;
    Ok(Described { table: Table { name: files.name.clone(), columns }, inferred })
}

/// The columns that were seen, in the order of their first appearance.
struct Sample<'a> {
    options: &'a TableOptions,
    columns: Vec<(String, Guess)>,
    places: HashMap<String, usize>,
    /// The names of the first CSV file, sorted; the others must have the same.
    header: Option<Vec<String>>,
    /// Bytes that may still be looked at.
    left: usize,
    /// Whether rows had a say.
    inferred: bool,
    /// Rows that were passed over because they hold line breaks.
    spanning: u64,
}

impl<'a> Sample<'a> {
    fn new(options: &'a TableOptions) -> Self {
        Self {
            options,
            columns: Vec::new(),
            places: HashMap::new(),
            header: None,
            left: SAMPLE_BYTES,
            inferred: false,
            spanning: 0,
        }
    }

    /// The columns that the table has, with their types.
    fn named(self, files: &TableFiles, notes: &mut Vec<String>) -> Vec<(ColumnName, SqlType)> {
        let declared = self.options.columns.iter();
        let csv = files.format == Format::Csv;
        if self.options.columns_only {
            // One that the header lacks is for the guard to miss.
            let there =
                declared.filter(|(name, _)| !csv || self.places.contains_key(name.as_str()));
            return there.cloned().collect();
        }
        // A JSON line that lacks a key is still a row.
        let absent: Vec<_> = declared
            .filter(|(name, _)| !csv && !self.places.contains_key(name.as_str()))
            .cloned()
            .collect();
        let mut columns = Vec::new();
        for (at, (name, guess)) in self.columns.into_iter().enumerate() {
            if name.is_empty() || name.contains('\0') {
                notes.push(format!(
                    "column {} of table \"{}\" has no usable name and is left out",
                    at + 1,
                    files.name
                ));
                continue;
            }
            let sql_type = self.options.declared(&name).cloned();
            columns.push((name.into(), sql_type.unwrap_or_else(|| guess.sql_type())));
        }
        columns.extend(absent);
        columns
    }

    fn csv(&mut self, file: &DataFile) -> Result<(), ConnectorError> {
        let (mut records, names) = open_csv(file, self.options.multiline)?;
        let mut header = names.clone();
        header.sort();
        // Columns without a name may repeat: they are left out anyway.
        let twice = header.iter().zip(header.iter().skip(1)).find(|(a, b)| a == b && !a.is_empty());
        if let Some((name, _)) = twice {
            return Err(file.damaged(format!("column \"{name}\" stands twice in the header")));
        }
        match &self.header {
            None => {
                for name in &names {
                    self.add(file, name.clone())?;
                }
                self.header = Some(header);
            }
            Some(first) if *first != header => {
                return Err(file.damaged("its files have different columns"));
            }
            Some(_) => {}
        }
        // The header alone tells which columns there are; rows could only tell their types.
        let settled = |name: &String| name.is_empty() || self.options.declared(name).is_some();
        if self.options.columns_only || names.iter().all(settled) {
            return Ok(());
        }
        self.inferred = true;
        let places: Vec<_> = names.iter().map(|name| self.places.get(name).copied()).collect();
        let mut record = Record::default();
        while self.left > 0 && records.read(&mut record).map_err(|error| broken(file, &error))? {
            let fields = (0..record.len()).filter_map(|at| Some((at, record.field(at)?)));
            for (at, bytes) in fields {
                self.left = self.left.saturating_sub(bytes.len() + 1);
                let guess = str::from_utf8(bytes).map_or(Guess::Unknown, Guess::of_cell);
                self.judge(places.get(at).copied().flatten(), guess);
            }
            self.left = self.left.saturating_sub(1);
        }
        self.spanning += records.spanning;
        Ok(())
    }

    fn json(&mut self, file: &DataFile) -> Result<(), ConnectorError> {
        self.inferred = true;
        let mut lines = open_json(file)?;
        let mut line = Vec::new();
        let mut first = true;
        while self.left > 0 && lines.read(&mut line).map_err(|error| broken(file, &error))? {
            self.left = self.left.saturating_sub(line.len() + 1);
            // Some lines of a printed list may well be objects; it is no table all the same.
            if std::mem::take(&mut first) && line.trim_ascii_start().starts_with(b"[") {
                return Err(file.damaged("it holds a JSON list, not one object a line"));
            }
            let Ok(text) = str::from_utf8(&line) else { continue };
            let mut found = Vec::new();
            if json::members(text, |name, value| found.push((name, Guess::of_json(value))))
                .is_none()
            {
                continue;
            }
            for (name, guess) in found {
                let place = match self.places.get(name.as_ref()) {
                    Some(place) => *place,
                    None => self.add(file, name.into_owned())?,
                };
                self.judge(Some(place), guess);
            }
        }
        Ok(())
    }

    fn add(&mut self, file: &DataFile, name: String) -> Result<usize, ConnectorError> {
        let place = self.columns.len();
        if place == MAX_COLUMNS {
            return Err(file.damaged(format!("it has more than {MAX_COLUMNS} columns")));
        }
        self.places.insert(name.clone(), place);
        self.columns.push((name, Guess::Unknown));
        Ok(place)
    }

    fn judge(&mut self, place: Option<usize>, guess: Guess) {
        if let Some((_, known)) = place.and_then(|place| self.columns.get_mut(place)) {
            *known = known.and(guess);
        }
    }
}
