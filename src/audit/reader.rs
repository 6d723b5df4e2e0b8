//! Reads records as what they were written from. Believes what it reads: [`verify`] is what
//! tells whether it may be believed.
//!
//! [`verify`]: super::verify()

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::error::AuditError;
use super::folder::{self, segment_name};
use super::hash::Hash;
use super::line::{self, EventFields, Header, Kind, OutcomeFields};
use super::record::{Intent, Outcome};
use super::walk::{Fault, Lines, Place};

/// One record of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its number, from 1.
    pub seq: u64,
    /// When it was written.
    pub time: DateTime<Utc>,
    /// What it tells.
    pub entry: Entry,
    /// Its hash.
    pub hash: Hash,
}

/// What a record tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// What a statement is going to do.
    Intent(Box<Intent>),
    /// How a statement ended.
    Outcome {
        /// The number of the intent's record.
        id: u64,
        /// How.
        outcome: Outcome,
    },
    /// Something outside of statements.
    Event {
        /// What: `start`, `reload`.
        name: String,
        /// The facts.
        details: Value,
    },
    /// What the log tells of itself: `segment` opens each segment, `recovered` follows a crash,
    /// `refused` a time in which nothing could be written.
    Log {
        /// Which of these.
        name: String,
        /// The facts.
        details: Value,
    },
}

/// The records in the order of the log. A line that is still being written is left out.
///
/// # Errors
/// Where there is no such folder, or no log in it.
pub fn records(dir: &Path) -> Result<Records, AuditError> {
    if !folder::holds_log(dir)? {
        return Err(AuditError::NoLog(dir.to_owned()));
    }
    let mut records = Records { dir: dir.to_owned(), segment: 0, lines: None };
    if !records.advance()? {
        let missing = io::ErrorKind::NotFound.into();
        return Err(AuditError::io("read", &dir.join(segment_name(1)))(missing));
    }
    Ok(records)
}

/// Iterates over the records of a folder, segment after segment.
pub struct Records {
    dir: PathBuf,
    segment: u64,
    lines: Option<Lines<File>>,
}

impl Records {
    /// Opens the next segment; whether there is one.
    fn advance(&mut self) -> Result<bool, AuditError> {
        let path = self.dir.join(segment_name(self.segment + 1));
        match File::open(&path) {
            Ok(file) => {
                self.lines = Some(Lines::new(file));
                self.segment += 1;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(AuditError::io("read", &path)(error)),
        }
    }

    fn read(&mut self) -> Result<Option<Record>, AuditError> {
        let mut line = Vec::new();
        while let Some(lines) = &mut self.lines {
            let path = || self.dir.join(segment_name(self.segment));
            let place =
                lines.read(&mut line).map_err(|error| AuditError::io("read", &path())(error))?;
            match place {
                Some(place) if line.ends_with(b"\n") => {
                    return parse(&line).map(Some).map_err(|what| self.fault(place, what));
                }
                Some(_) => return Ok(None),
                None if self.advance()? => {}
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    fn fault(&self, Place { number, offset }: Place, what: String) -> AuditError {
        let file = segment_name(self.segment);
        let fault = Fault { file, line: Some(number), byte: offset, what };
        AuditError::Damaged { dir: self.dir.clone(), fault }
    }
}

impl Iterator for Records {
    type Item = Result<Record, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read().transpose();
        if !matches!(item, Some(Ok(_))) {
            self.lines = None;
        }
        item
    }
}

fn parse(line: &[u8]) -> Result<Record, String> {
    fn fields<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, String> {
        serde_json::from_slice(line).map_err(|error| format!("this is not a record: {error}"))
    }
    let header: Header<'_> = fields(line)?;
    let (_, hash) = line::split(line).ok_or("the record has no hash")?;
    let time = DateTime::parse_from_rfc3339(header.time)
        .map_err(|error| format!("the record has no time: {error}"))?
        .to_utc();
    let entry = match header.kind {
        Kind::Intent => Entry::Intent(fields(line)?),
        Kind::Outcome => {
            let OutcomeFields { id, outcome } = fields(line)?;
            Entry::Outcome { id, outcome }
        }
        Kind::Event => {
            let EventFields { name, details } = fields(line)?;
            Entry::Event { name, details }
        }
        Kind::Log => {
            let EventFields { name, details } = fields(line)?;
            Entry::Log { name, details }
        }
    };
    Ok(Record { seq: header.seq, time, entry, hash })
}
