//! One record as one line, and the chain through the lines.
//!
//! A line is a JSON object in UTF-8 and a newline, written by us without any white space:
//!
//! ```text
//! {"v":1,"seq":7,"time":"…","kind":"intent",…fields…,"prev":"…","hash":"…"}
//! ```
//!
//! `hash` is the SHA-256 of the line's bytes from the first brace up to, and without, the comma
//! before `"hash"`. `prev` is the `hash` of the line before, in the segment before where need
//! be, and 64 zeros in the first line of all. So every byte of every line is either hashed or
//! fixed. Characters that could act on a terminal, or look like a new line, are escaped: a log
//! can be printed as it is.

use std::fmt;
use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;

use super::hash::Hash;
use super::record::{Intent, Outcome};

/// The version of the format, in every line.
pub(super) const VERSION: u32 = 1;

/// The longest line that is written or read, its newline included.
pub(super) const MAX_LINE_BYTES: usize = 16 << 20;

/// What the fields `v` to `kind`, `prev` and `hash` take at most.
const FRAME_BYTES: usize = 512;

/// Between the hashed bytes and the hash.
const BEFORE_HASH: &[u8] = b",\"hash\":\"";
/// After the hash.
const AFTER_HASH: &[u8] = b"\"}\n";

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// What a statement is going to do.
    Intent,
    /// How a statement ended.
    Outcome,
    /// Anything else worth keeping.
    Event,
    /// What the log tells of itself; only its own code writes these.
    Log,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Event => "event",
            Self::Log => "log",
        })
    }
}

/// The fields between `kind` and `prev`, encoded.
#[derive(Clone, Debug)]
pub(super) struct Payload {
    kind: Kind,
    fields: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct OutcomeFields {
    /// The `seq` of the intent.
    pub(super) id: u64,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
pub(super) struct EventFields {
    pub(super) name: String,
    pub(super) details: serde_json::Value,
}

impl Payload {
    pub(super) fn intent(intent: &Intent) -> Self {
        Self::encode(Kind::Intent, intent)
    }

    pub(super) fn outcome(id: u64, outcome: Outcome) -> Self {
        Self::encode(Kind::Outcome, &OutcomeFields { id, outcome })
    }

    pub(super) fn event(name: &str, details: serde_json::Value) -> Self {
        Self::encode(Kind::Event, &EventFields { name: name.to_owned(), details })
    }

    /// Of the log about itself.
    pub(super) fn own(name: &str, details: serde_json::Value) -> Self {
        Self::encode(Kind::Log, &EventFields { name: name.to_owned(), details })
    }

    /// How long the line will be at most.
    pub(super) fn line_bytes(&self) -> usize {
        self.fields.len() + FRAME_BYTES
    }

    fn encode(kind: Kind, record: &impl Serialize) -> Self {
        let mut text = Vec::with_capacity(512);
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, Harmless);
        if let Err(error) = record.serialize(&mut serializer) {
            // No type of ours fails to encode; were one to, the record must not vanish for it.
            text = serde_json::json!({ "unencodable": error.to_string() }).to_string().into();
        }
        let inner = text.strip_prefix(b"{").and_then(|text| text.strip_suffix(b"}"));
        Self { kind, fields: inner.unwrap_or_default().to_owned() }
    }
}

/// Where a chain stands: the last record's number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) seq: u64,
    pub(super) hash: Hash,
}

impl Link {
    /// Before the first record.
    pub(super) const START: Self = Self { seq: 0, hash: Hash::NONE };

    /// Appends the next line to `text`, and moves on to it.
    pub(super) fn extend(&mut self, text: &mut Vec<u8>, time: DateTime<Utc>, payload: &Payload) {
        let seq = self.seq + 1;
        let time = time.to_rfc3339_opts(SecondsFormat::Micros, true);
        let kind = payload.kind;
        let mut line =
            format!(r#"{{"v":{VERSION},"seq":{seq},"time":"{time}","kind":"{kind}","#).into_bytes();
        line.extend_from_slice(&payload.fields);
        line.extend_from_slice(format!(r#","prev":"{}""#, self.hash).as_bytes());
        *self = Self { seq, hash: Hash::of(&line) };
        text.append(&mut line);
        text.extend_from_slice(BEFORE_HASH);
        text.extend_from_slice(self.hash.to_string().as_bytes());
        text.extend_from_slice(AFTER_HASH);
    }
}

/// What every line holds, whatever its kind.
#[derive(Deserialize)]
pub(super) struct Header<'a> {
    pub(super) v: u32,
    pub(super) seq: u64,
    pub(super) time: &'a str,
    pub(super) kind: Kind,
    prev: &'a str,
}

impl Header<'_> {
    pub(super) fn prev(&self) -> Option<Hash> {
        Hash::parse(self.prev.as_bytes())
    }
}

/// Splits a line, its newline included, into the bytes that are hashed and the hash that stands
/// behind them. `None` where it does not have that form.
pub(super) fn split(line: &[u8]) -> Option<(&[u8], Hash)> {
    let line = line.strip_suffix(AFTER_HASH)?;
    let (line, digits) = line.split_at_checked(line.len().checked_sub(64)?)?;
    Some((line.strip_suffix(BEFORE_HASH)?, Hash::parse(digits)?))
}

/// JSON without white space, and without characters that act on a terminal, break a line or
/// reorder text. `serde_json` itself escapes what lies under U+0020.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some((start, found)) = rest.char_indices().find(|(_, found)| acts(*found)) {
            let (plain, more) = rest.split_at(start);
            writer.write_all(plain.as_bytes())?;
            write!(writer, "\\u{:04x}", u32::from(found))?;
            rest = more.strip_prefix(found).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// DEL and the C1 controls, the line and paragraph separators, the marks that change the
/// direction of text (UAX #9, section 2), and those that cannot be seen.
fn acts(found: char) -> bool {
    matches!(found,
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}'
        | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
