//! Walks along the lines of segments and holds each against the chain.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::AuditError;
use super::folder::segment_name;
use super::hash::Hash;
use super::head::Head;
use super::line::{self, EventFields, Header, Kind, Link, MAX_LINE_BYTES, VERSION};

/// Where a log does not hold together, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file's name in the folder.
    pub file: String,
    /// The line, from 1; `None` where the file as a whole is at fault.
    pub line: Option<u64>,
    /// Where the line starts, in bytes from 0.
    pub byte: u64,
    /// What is wrong.
    pub what: String,
}

impl Fault {
    /// A fault of a whole file.
    pub(super) fn of_file(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, byte: 0, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}, byte {}", self.byte)?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Why a walk ended early.
pub(super) enum Stop {
    /// The log is at fault.
    Fault(Fault),
    /// This file could not be read.
    Io(PathBuf, io::Error),
}

impl Stop {
    /// As an error about the log in `dir`.
    pub(super) fn error(self, dir: &Path) -> AuditError {
        match self {
            Self::Fault(fault) => AuditError::Damaged { dir: dir.to_owned(), fault },
            Self::Io(path, error) => AuditError::io("read", &path)(error),
        }
    }
}

/// One line of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// From 1.
    pub(super) number: u64,
    /// In bytes from 0.
    pub(super) offset: u64,
}

/// The lines of a segment, each bounded in length.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    next: Place,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        let reader = BufReader::with_capacity(1 << 16, reader);
        Self { reader, next: Place { number: 1, offset: 0 } }
    }

    /// Reads the next line into `line`, its newline included where it has one. A line that is
    /// too long is given in pieces, so without a newline.
    pub(super) fn read(&mut self, line: &mut Vec<u8>) -> io::Result<Option<Place>> {
        line.clear();
        let mut bounded = (&mut self.reader).take(MAX_LINE_BYTES as u64);
        let length = bounded.read_until(b'\n', line)?;
        if length == 0 {
            return Ok(None);
        }
        let place = self.next;
        self.next.number += 1;
        self.next.offset += u64::try_from(length).unwrap_or(u64::MAX);
        Ok(Some(place))
    }

    /// Where the next line starts.
    pub(super) fn end(&self) -> Place {
        self.next
    }
}

/// A file that keeps what a crash left, as its record describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remnant {
    /// Its name.
    pub(super) file: String,
    /// Its length.
    pub(super) bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub(super) sha256: String,
}

/// What the log tells after a crash, as `recovered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recovered {
    /// What stood past the head.
    pub(super) remnant: Option<Remnant>,
    /// One copy of the head was not whole.
    pub(super) head_damaged: bool,
}

/// How far along the chain a walk is.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    dir: &'a Path,
    /// The last line seen. `None` before the first line of a walk that starts inside the chain:
    /// then that line is believed, and the head's signature has to bear it out at the end.
    link: Option<Link>,
    /// The time of the first record.
    pub(super) first: Option<String>,
    /// The time of the last record.
    pub(super) last: Option<String>,
    /// The remnants that records tell of.
    pub(super) remnants: Vec<Remnant>,
}

impl<'a> Walk<'a> {
    /// From the first record of all.
    pub(super) fn from_start(dir: &'a Path) -> Self {
        Self { dir, link: Some(Link::START), first: None, last: None, remnants: Vec::new() }
    }

    /// From the first line of some segment.
    pub(super) fn from_within(dir: &'a Path) -> Self {
        Self { link: None, ..Self::from_start(dir) }
    }

    /// How many records stand between the chain's start and here, the last one included.
    pub(super) fn records(&self) -> u64 {
        self.link.map_or(0, |link| link.seq)
    }

    /// The hash of the last of them.
    pub(super) fn hash(&self) -> Option<Hash> {
        self.link.map(|link| link.hash)
    }

    /// Walks over a segment that has a successor.
    pub(super) fn whole(&mut self, segment: u64) -> Result<(), Stop> {
        self.lines(segment, self.open(segment)?).map(drop)
    }

    /// Walks over what the head counts of its segment, and holds the end against the head.
    pub(super) fn up_to(&mut self, head: &Head) -> Result<(), Stop> {
        if *head == Head::START {
            return Ok(());
        }
        let end = self.lines(head.segment, self.open(head.segment)?.take(head.bytes))?;
        let fault = |what: String| {
            let (line, byte) = (Some(end.number), end.offset);
            Err(Stop::Fault(Fault { file: segment_name(head.segment), line, byte, what }))
        };
        let (found, counted) = (self.records(), head.link.seq);
        if end.offset != head.bytes || found != counted {
            return fault(format!("the log ends with record {found}, the head counts {counted}"));
        }
        if self.link != Some(head.link) {
            return fault("the head was signed over other records than these".to_owned());
        }
        Ok(())
    }

    fn open(&self, segment: u64) -> Result<File, Stop> {
        let path = self.dir.join(segment_name(segment));
        File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Stop::Fault(Fault::of_file(segment_name(segment), "the segment is missing"))
            }
            _ => Stop::Io(path, error),
        })
    }

    /// Walks over the lines of a segment. Gives the place behind them.
    fn lines(&mut self, segment: u64, text: impl Read) -> Result<Place, Stop> {
        let mut lines = Lines::new(text);
        let mut line = Vec::new();
        let unreadable = |error| Stop::Io(self.dir.join(segment_name(segment)), error);
        while let Some(place) = lines.read(&mut line).map_err(unreadable)? {
            self.line(&line, place.number == 1, segment).map_err(|what| {
                let (line, byte) = (Some(place.number), place.offset);
                Stop::Fault(Fault { file: segment_name(segment), line, byte, what })
            })?;
        }
        Ok(lines.end())
    }

    /// Takes one line as the next of the chain, or says why it cannot be.
    fn line(&mut self, line: &[u8], first: bool, segment: u64) -> Result<(), String> {
        if !line.ends_with(b"\n") {
            return Err("the line is cut off".to_owned());
        }
        let (hashed, hash) = line::split(line).ok_or("this is not a record")?;
        if Hash::of(hashed) != hash {
            return Err("the record was changed: its hash is that of another text".to_owned());
        }
        let header: Header<'_> = serde_json::from_slice(line)
            .map_err(|error| format!("this is not a record: {error}"))?;
        if header.v != VERSION {
            return Err(format!("the record has the unknown version {}", header.v));
        }
        let prev = header.prev().ok_or("the record names no hash before it")?;
        let before = self.link.unwrap_or(Link { seq: header.seq.saturating_sub(1), hash: prev });
        if before.seq.checked_add(1) != Some(header.seq) {
            let (found, wanted) = (header.seq, before.seq.saturating_add(1));
            return Err(format!("record {found} stands where record {wanted} ought to be"));
        }
        if prev != before.hash {
            return Err("the record does not follow from the one before it".to_owned());
        }
        let opens = match header.kind {
            Kind::Log => self.own(line)?,
            Kind::Intent | Kind::Outcome | Kind::Event => None,
        };
        if opens != first.then_some(segment) {
            return Err("the record belongs to another segment".to_owned());
        }
        header.time.clone_into(self.last.get_or_insert_default());
        if self.first.is_none() {
            self.first = self.last.clone();
        }
        self.link = Some(Link { seq: header.seq, hash });
        Ok(())
    }

    /// Looks into what the log tells of itself. Gives the number of the segment where this is
    /// the record that opens one.
    fn own(&mut self, line: &[u8]) -> Result<Option<u64>, String> {
        let fields: EventFields = serde_json::from_slice(line)
            .map_err(|error| format!("this is not a record: {error}"))?;
        match fields.name.as_str() {
            "segment" => Ok(fields.details.get("segment").and_then(Value::as_u64)),
            "recovered" => {
                let told: Recovered = serde_json::from_value(fields.details)
                    .map_err(|error| format!("this is not a record: {error}"))?;
                self.remnants.extend(told.remnant);
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}
