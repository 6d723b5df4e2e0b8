//! The rows of one file, whichever of the two formats it is in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use portcullis_connector_api::decode::CellBuilder;
use portcullis_connector_api::{ColumnName, ConnectorError, SqlType};

use crate::folder::{DataFile, Format};
use crate::text::MAX_RECORD_BYTES;
use crate::text::csv::{Record, Records};
use crate::text::json::{self, Lines};

/// Read at once from a file.
const BUFFER_BYTES: usize = 256 << 10;

/// U+FEFF in UTF-8, which some programs write first.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Opens a CSV file behind its header, and gives the header's names. The header is no tenant's,
/// and may be of several lines; whether the rows may is for the configuration to say.
pub fn open_csv(
    file: &DataFile,
    multiline: bool,
) -> Result<(Records<BufReader<File>>, Vec<String>), ConnectorError> {
    let mut records = Records::new(buffered(file)?, MAX_RECORD_BYTES);
    records.multiline = true;
    let mut header = Record::default();
    if !records.read(&mut header).map_err(|error| broken(file, &error))? || records.skipped > 0 {
        return Err(file.damaged("a CSV file has no header"));
    }
    records.multiline = multiline;
    let names = (0..header.len()).map(|at| {
        let bytes = header.field(at).unwrap_or_default();
        str::from_utf8(bytes).map(str::to_owned)
    });
    let names: Vec<String> =
        names.collect::<Result<_, _>>().map_err(|_| file.damaged("the header is not UTF-8"))?;
    Ok((records, names))
}

/// Opens a JSON file.
pub fn open_json(file: &DataFile) -> Result<Lines<BufReader<File>>, ConnectorError> {
    Ok(Lines::new(buffered(file)?, MAX_RECORD_BYTES))
}

/// Opens a file behind its byte order mark, if it has one.
fn buffered(file: &DataFile) -> Result<BufReader<File>, ConnectorError> {
    let mut opened = file.open()?;
    let mut head = Vec::with_capacity(BYTE_ORDER_MARK.len());
    let read = opened.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut head);
    read.map_err(|error| broken(file, &error))?;
    if head != BYTE_ORDER_MARK {
        opened.rewind().map_err(|error| broken(file, &error))?;
    }
    Ok(BufReader::with_capacity(BUFFER_BYTES, opened))
}

/// A failure while reading.
pub fn broken(file: &DataFile, error: &io::Error) -> ConnectorError {
    file.damaged(format!("a file cannot be read: {}", error.kind()))
}

/// The wanted columns of one file, row by row.
pub enum RowSource {
    /// A CSV file.
    Csv {
        /// The rows to come.
        records: Records<BufReader<File>>,
        /// The present row.
        record: Record,
        /// How many names the header has.
        width: usize,
        /// For each wanted column, its place in the header.
        places: Vec<usize>,
        /// Rows with more cells than the header has names.
        skipped: u64,
    },
    /// A JSON file.
    Json {
        /// The lines to come.
        lines: Lines<BufReader<File>>,
        /// The present line.
        line: Vec<u8>,
        /// For each wanted column, its value in the present line, as written; empty where the
        /// line has none.
        values: Vec<String>,
        /// For each wanted name, its place in `values`.
        places: HashMap<String, usize>,
        /// Lines that are no objects.
        skipped: u64,
    },
}

impl RowSource {
    /// Opens a file for its columns of these names.
    pub fn open(
        file: &DataFile,
        format: Format,
        multiline: bool,
        columns: &[ColumnName],
    ) -> Result<Self, ConnectorError> {
        if format == Format::Json {
            let places = columns.iter().enumerate().map(|(at, name)| (name.to_string(), at));
            return Ok(Self::Json {
                lines: open_json(file)?,
                line: Vec::new(),
                values: vec![String::new(); columns.len()],
                places: places.collect(),
                skipped: 0,
            });
        }
        let (records, header) = open_csv(file, multiline)?;
        let places = columns.iter().map(|name| {
            header
                .iter()
                .position(|own| own == name.as_str())
                .ok_or_else(|| file.damaged(format!("a file has no column \"{name}\" any more")))
        });
        let places = places.collect::<Result<_, _>>()?;
        let record = Record::default();
        Ok(Self::Csv { records, record, width: header.len(), places, skipped: 0 })
    }

    /// Goes to the next row; false at the end. What is no row is passed over and counted.
    pub fn advance(&mut self) -> io::Result<bool> {
        match self {
            Self::Csv { records, record, width, skipped, .. } => {
                while records.read(record)? {
                    // With a cell too many nobody knows which cell belongs to which column, and
                    // so whose row it is.
                    if record.len() <= *width {
                        return Ok(true);
                    }
                    *skipped += 1;
                }
                Ok(false)
            }
            Self::Json { lines, line, values, places, skipped } => {
                while lines.read(line)? {
                    values.iter_mut().for_each(String::clear);
                    let parsed = str::from_utf8(line).ok().and_then(|line| {
                        json::members(line, |name, value| {
                            let place =
                                places.get(name.as_ref()).and_then(|at| values.get_mut(*at));
                            if let Some(slot) = place {
                                slot.push_str(value);
                            }
                        })
                    });
                    if parsed.is_some() {
                        return Ok(true);
                    }
                    *skipped += 1;
                }
                Ok(false)
            }
        }
    }

    /// Gives the wanted cells of the present row to their builders.
    pub fn give(&self, cells: &mut [CellBuilder]) {
        match self {
            Self::Csv { record, places, .. } => {
                for (cell, at) in cells.iter_mut().zip(places) {
                    match record.field(*at) {
                        // The row ends early: its other cells cannot be told.
                        None if *at >= record.len() => cell.bad(),
                        None => cell.null(),
                        Some(bytes) => match str::from_utf8(bytes) {
                            Ok(text) => cell.text(text),
                            Err(_) => cell.bad(),
                        },
                    }
                }
            }
            Self::Json { values, .. } => {
                for (cell, value) in cells.iter_mut().zip(values) {
                    match value.as_str() {
                        "" | "null" => cell.null(),
                        value => match text_of(value, cell.sql_type()) {
                            Some(text) => cell.text(&text),
                            None => cell.bad(),
                        },
                    }
                }
            }
        }
    }

    /// How many lines of the file were no rows, whatever they were.
    pub fn skipped(&self) -> u64 {
        match self {
            Self::Csv { records, skipped, .. } => records.skipped + skipped,
            Self::Json { lines, skipped, .. } => lines.skipped + skipped,
        }
    }

    /// How many rows were passed over because they are of several lines.
    pub fn spanning(&self) -> u64 {
        match self {
            Self::Csv { records, .. } => records.spanning,
            Self::Json { .. } => 0,
        }
    }
}

/// What PostgreSQL's `->` gives for a JSON column, and its `->>` for any other.
fn text_of<'a>(value: &'a str, sql_type: &SqlType) -> Option<Cow<'a, str>> {
    if value.starts_with('"') && !matches!(sql_type, SqlType::Json | SqlType::Jsonb) {
        return json::string(value);
    }
    Some(Cow::Borrowed(value))
}
