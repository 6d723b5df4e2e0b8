//! What columns a CSV or JSON table has.

use std::collections::{BTreeMap, HashMap};

use portcullis_connector_api::decode::RowsBuilder;
use portcullis_connector_api::{Column, ConnectorError, Table};

use crate::folder::{DataFile, Format, TableFiles};
use crate::options::TableOptions;
use crate::text::MAX_COLUMNS;
use crate::text::csv::Record;
use crate::text::infer::Guess;
use crate::text::json;
use crate::text::source::{broken, open_csv, open_json};

/// Types are judged by so many bytes of a table's files; a larger table should declare them.
const SAMPLE_BYTES: usize = 16 << 20;

/// Describes a table; blocks while it reads the sample. Columns without a name are noted and
/// left out.
pub fn describe(
    files: &TableFiles,
    options: Option<&TableOptions>,
    notes: &mut Vec<String>,
) -> Result<Table, ConnectorError> {
    let mut sample =
        Sample { columns: Vec::new(), places: HashMap::new(), header: None, left: SAMPLE_BYTES };
    for file in &files.files {
        match files.format {
            Format::Json => sample.json(file)?,
            _ => sample.csv(file)?,
        }
    }
    let mut declared: BTreeMap<_, _> =
        options.map(|options| options.columns.clone()).unwrap_or_default();
    let mut columns = Vec::new();
    for (at, (name, guess)) in sample.columns.into_iter().enumerate() {
        let sql_type = declared.remove(name.as_str()).unwrap_or_else(|| guess.sql_type());
        if name.is_empty() || name.contains('\0') {
            notes.push(format!(
                "column {} of table \"{}\" has no usable name and is left out",
                at + 1,
                files.name
            ));
            continue;
        }
        columns.push(Column { name: name.into(), sql_type, nullable: true, fallible: true });
    }
    // JSON lines without a key are still rows; a CSV file without a column is not the table
    // that the configuration describes.
    for (name, sql_type) in declared {
        if files.format == Format::Csv {
            return Err(ConnectorError::Configuration(format!(
                "table \"{}\" has no column \"{name}\"",
                files.name
            )));
        }
        columns.push(Column { name, sql_type, nullable: true, fallible: true });
    }
    if columns.is_empty() {
        return Err(ConnectorError::Damaged(format!(
            "table \"{}\" has no columns: no line holds a JSON object",
            files.name
        )));
    }
    // Refuses declared types that text cannot be decoded to.
    RowsBuilder::new(&columns.iter().collect::<Vec<_>>())?;
    Ok(Table { name: files.name.clone(), columns })
}

/// The columns that were seen, in the order of their first appearance.
struct Sample {
    columns: Vec<(String, Guess)>,
    places: HashMap<String, usize>,
    /// The names of the first CSV file, sorted; the others must have the same.
    header: Option<Vec<String>>,
    /// Bytes that may still be looked at.
    left: usize,
}

impl Sample {
    fn csv(&mut self, file: &DataFile) -> Result<(), ConnectorError> {
        let (mut records, names) = open_csv(file)?;
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
        Ok(())
    }

    fn json(&mut self, file: &DataFile) -> Result<(), ConnectorError> {
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
