//! Records of comma-separated values, after RFC 4180 and PostgreSQL's COPY.
//!
//! An unquoted empty field is NULL, a quoted one the empty text, as in `COPY … CSV`; that is why
//! this is a reader of our own. Fields may hold line breaks in quotes; lines end in LF or CRLF;
//! empty lines count for nothing. Nothing is ever read anew from within quotes: whoever may
//! write a text could otherwise write rows.

use std::io::{self, BufRead};
use std::ops::Range;

/// A record of more fields is too large, however few bytes they hold. PostgreSQL's tables end at
/// 1,600 columns.
const MAX_FIELDS: usize = 4096;

/// A record: its fields as bytes, and which of them were quoted.
#[derive(Debug, Default)]
pub struct Record {
    bytes: Vec<u8>,
    fields: Vec<(Range<usize>, bool)>,
}

impl Record {
    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// The bytes of a field; `None` where there is no such field, or it is NULL.
    pub fn field(&self, at: usize) -> Option<&[u8]> {
        let (range, quoted) = self.fields.get(at)?;
        let bytes = self.bytes.get(range.clone())?;
        (*quoted || !bytes.is_empty()).then_some(bytes)
    }
}

/// Where in a record the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

/// Reads records.
pub struct Records<R> {
    input: R,
    max_bytes: usize,
    /// Whether a record may be of several lines.
    pub multiline: bool,
    /// Records that were passed over: too large, never closed, or misquoted.
    pub skipped: u64,
    /// Records that were passed over because they are of several lines, and for nothing else.
    pub spanning: u64,
}

impl<R: BufRead> Records<R> {
    /// A reader that passes over records of more than `max_bytes`.
    pub fn new(input: R, max_bytes: usize) -> Self {
        Self { input, max_bytes, multiline: false, skipped: 0, spanning: 0 }
    }

    /// Reads the next record; false at the end.
    pub fn read(&mut self, record: &mut Record) -> io::Result<bool> {
        loop {
            let mut assembly = Assembly::new(record, self.max_bytes);
            let ended = loop {
                let buffer = self.input.fill_buf()?;
                if buffer.is_empty() {
                    break false;
                }
                let (used, ended) = assembly.take(buffer);
                self.input.consume(used);
                if ended {
                    break true;
                }
            };
            let blank = assembly.is_blank();
            let closed = assembly.state != State::Quoted;
            assembly.end_record();
            let whole = closed && !assembly.overflowed && !assembly.misquoted;
            let spans = assembly.spans && !self.multiline;
            match (ended, blank, whole, spans) {
                (true, true, ..) => {}
                (false, true, ..) => return Ok(false),
                (_, false, true, false) => return Ok(true),
                (_, false, true, true) => self.spanning += 1,
                (_, false, false, _) => self.skipped += 1,
            }
            if !ended {
                return Ok(false);
            }
        }
    }
}

/// A record while its bytes come in.
struct Assembly<'a> {
    record: &'a mut Record,
    max_bytes: usize,
    state: State,
    field_start: usize,
    quoted: bool,
    /// Whether the byte before was an unquoted carriage return.
    after_return: bool,
    overflowed: bool,
    /// Whether there is a line break in quotes.
    spans: bool,
    /// Whether a field goes on behind its closing quote.
    misquoted: bool,
}

impl<'a> Assembly<'a> {
    fn new(record: &'a mut Record, max_bytes: usize) -> Self {
        record.bytes.clear();
        record.fields.clear();
        Self {
            record,
            max_bytes,
            state: State::FieldStart,
            field_start: 0,
            quoted: false,
            after_return: false,
            overflowed: false,
            spans: false,
            misquoted: false,
        }
    }

    /// Whether nothing was read but perhaps a carriage return.
    fn is_blank(&self) -> bool {
        let bytes = self.record.bytes.len() - usize::from(self.after_return);
        self.record.fields.is_empty() && bytes == 0 && !self.quoted && !self.overflowed
    }

    /// Takes bytes up to the end of the record or of the buffer: how many, and whether it ended.
    fn take(&mut self, buffer: &[u8]) -> (usize, bool) {
        let mut rest = buffer;
        while let Some((&byte, after)) = rest.split_first() {
            let run = match self.state {
                State::Quoted => run(rest, |byte| byte == b'"'),
                State::Plain => run(rest, |byte| matches!(byte, b',' | b'\n' | b'\r')),
                State::FieldStart | State::QuoteInQuoted => &[],
            };
            if !run.is_empty() {
                self.after_return = false;
                self.spans |= self.state == State::Quoted && run.contains(&b'\n');
                self.misquoted |= self.state == State::Plain && self.quoted;
                self.keep(run);
                rest = rest.get(run.len()..).unwrap_or_default();
                continue;
            }
            rest = after;
            match (self.state, byte) {
                (State::Quoted, _) => self.state = State::QuoteInQuoted,
                (State::QuoteInQuoted, b'"') => {
                    self.keep(b"\"");
                    self.state = State::Quoted;
                }
                (State::FieldStart, b'"') => {
                    self.quoted = true;
                    self.state = State::Quoted;
                }
                (_, b',') => {
                    self.misquoted |= self.quoted && self.after_return;
                    self.end_field();
                }
                (_, b'\n') => return (buffer.len() - rest.len(), true),
                (state, byte) => {
                    // A carriage return may be half of the line's end.
                    self.misquoted |= state == State::QuoteInQuoted && byte != b'\r';
                    self.misquoted |= self.quoted && self.after_return;
                    self.keep(&[byte]);
                    self.state = State::Plain;
                    self.after_return = byte == b'\r';
                }
            }
        }
        (buffer.len(), false)
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.record.bytes.len() + bytes.len() > self.max_bytes {
            self.overflowed = true;
        }
        // Past the limit the record is only read to its end, not kept.
        if !self.overflowed {
            self.record.bytes.extend_from_slice(bytes);
        }
    }

    fn end_field(&mut self) {
        let end = self.record.bytes.len();
        if !self.overflowed {
            self.record.fields.push((self.field_start..end, self.quoted));
        }
        self.overflowed |= self.record.fields.len() > MAX_FIELDS;
        self.field_start = end;
        self.quoted = false;
        self.after_return = false;
        self.state = State::FieldStart;
    }

    fn end_record(&mut self) {
        if self.after_return {
            self.record.bytes.pop();
        }
        self.end_field();
    }
}

/// The bytes before the first that `ends` the run.
fn run(bytes: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    let length = bytes.iter().position(|byte| ends(*byte)).unwrap_or(bytes.len());
    bytes.get(..length).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// Each record as its fields, NULL as `-` and a quoted or plain text as itself.
    /// With how many records were passed over, and how many of these for their line breaks.
    fn parse(
        text: &str,
        multiline: bool,
        capacity: usize,
        max_bytes: usize,
    ) -> (Vec<Vec<String>>, u64, u64) {
        let mut records =
            Records::new(BufReader::with_capacity(capacity, text.as_bytes()), max_bytes);
        records.multiline = multiline;
        let mut record = Record::default();
        let mut all = Vec::new();
        while records.read(&mut record).unwrap() {
            let fields = (0..record.len()).map(|at| match record.field(at) {
                None => "-".to_owned(),
                Some(bytes) => format!("[{}]", str::from_utf8(bytes).unwrap()),
            });
            all.push(fields.collect());
        }
        (all, records.skipped, records.spanning)
    }

    #[test]
    fn records() {
        let cases: &[(&str, &[&[&str]], u64)] = &[
            ("a,b\n1,2\n", &[&["[a]", "[b]"], &["[1]", "[2]"]], 0),
            ("a,b", &[&["[a]", "[b]"]], 0),
            ("a,b\r\n1,2\r\n", &[&["[a]", "[b]"], &["[1]", "[2]"]], 0),
            (",\"\",x\n", &[&["-", "[]", "[x]"]], 0),
            ("\"a\nb\",\"c\"\"d\",\"e,f\"\n", &[&["[a\nb]", "[c\"d]", "[e,f]"]], 0),
            ("\"\n\"\n\"\n\"\n", &[&["[\n]"], &["[\n]"]], 0),
            ("a\n\n\r\nb\n", &[&["[a]"], &["[b]"]], 0),
            ("\"\"\n", &[&["[]"]], 0),
            ("\"\"\r\n", &[&["[]"]], 0),
            ("a,\n", &[&["[a]", "-"]], 0),
            ("a\"b\"c\n", &[&["[a\"b\"c]"]], 0),
            // The quote ends before the field.
            ("\"a\"bc,d\nb\n", &[&["[b]"]], 1),
            ("\"a\"\rb,d\nb\n", &[&["[b]"]], 1),
            ("\"a\"\r,d\nb\n", &[&["[b]"]], 1),
            ("\"a\"\r\r\nb\n", &[&["[b]"]], 1),
            ("\"a\\\"b\",d\nb\n", &[&["[b]"]], 1),
            ("a\rb\n", &[&["[a\rb]"]], 0),
            ("\"a\r\n\"\r\n", &[&["[a\r\n]"]], 0),
            // Never closed: the rest of the file is no record, whatever stands in it.
            ("a\n\"b\nacme,1\n", &[&["[a]"]], 1),
            ("a\n0123456789012345678901,2\nb\n", &[&["[a]"], &["[b]"]], 1),
            ("a\n\"0123456789\n012345678901\n\",2\nb\n", &[&["[a]"], &["[b]"]], 1),
            ("", &[], 0),
            ("\n", &[], 0),
        ];
        for (text, expected, skipped) in cases {
            for capacity in [1, 2, 3, 64] {
                let (records, passed, spanning) = parse(text, true, capacity, 20);
                assert_eq!(records, *expected, "{text:?} by {capacity}");
                assert_eq!((passed, spanning), (*skipped, 0), "{text:?} by {capacity}");
            }
        }
    }

    #[test]
    fn a_record_is_one_line_unless_somebody_vouches_for_the_quotes() {
        let cases: &[(&str, &[&[&str]], u64, u64)] = &[
            ("a\n\"b\nc\",d\ne\n", &[&["[a]"], &["[e]"]], 0, 1),
            ("\"a\r\n\",b\r\nc\r\n", &[&["[c]"]], 0, 1),
            // Somebody wrote a bare quote, and closes it two lines later.
            ("1,evil,\"\n2,acme,x\n3,evil,\"\n4,acme,y\n", &[&["[4]", "[acme]", "[y]"]], 0, 1),
            // The next quote is another's, and not where one can end.
            ("1,evil,\"\n2,acme,\"x\"\n3,acme,y\n", &[&["[3]", "[acme]", "[y]"]], 1, 0),
            ("1,evil,\"\n2,acme,x\n", &[], 1, 0),
            ("\"a\",\"b\"\r\n", &[&["[a]", "[b]"]], 0, 0),
        ];
        for (text, expected, skipped, spanning) in cases {
            for capacity in [1, 2, 3, 64] {
                let found = parse(text, false, capacity, 64);
                let expected =
                    (expected.iter().map(|fields| fields.to_vec()).collect(), *skipped, *spanning);
                let found: (Vec<Vec<&str>>, u64, u64) = (
                    found
                        .0
                        .iter()
                        .map(|fields| fields.iter().map(String::as_str).collect())
                        .collect(),
                    found.1,
                    found.2,
                );
                assert_eq!(found, expected, "{text:?} by {capacity}");
            }
        }
    }

    #[test]
    fn a_record_of_too_many_fields_is_passed_over() {
        let text = format!("{}\nb\n", ",".repeat(MAX_FIELDS));
        assert_eq!(parse(&text, false, 64, usize::MAX), (vec![vec!["[b]".to_owned()]], 1, 0));
    }
}
