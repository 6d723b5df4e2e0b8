//! How `COPY` writes a value.

use bytes::{BufMut, BytesMut};

/// The form of the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyFormat {
    /// Lines.
    Lines(CopyLines),
    /// `FORMAT binary`
    Binary,
}

/// Rows as lines, `FORMAT text` and `FORMAT csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyLines {
    /// What stands between two values.
    pub delimiter: u8,
    /// What stands for NULL.
    pub null: String,
    /// Whether the first line names the columns.
    pub header: bool,
    /// How values are quoted, in `FORMAT csv`.
    pub csv: Option<Quoting>,
}

/// How `FORMAT csv` quotes values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoting {
    /// Stands before and behind.
    pub quote: u8,
    /// Stands before each of these within a value, and before itself.
    pub escape: u8,
    /// What is always quoted.
    pub forced: Forced,
}

/// The columns whose values are quoted whatever they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forced {
    /// Those of these names.
    Columns(Vec<String>),
    /// All of them.
    All,
}

impl CopyLines {
    /// Appends the text of a value that is not NULL. `single` is said of rows of one column.
    pub(crate) fn put(&self, value: &[u8], forced: bool, single: bool, out: &mut BytesMut) {
        match &self.csv {
            None => self.put_escaped(value, out),
            Some(quoting) => {
                let quoted = forced || self.needs_quotes(value, quoting.quote, single);
                put_csv(value, quoting, quoted, out);
            }
        }
    }

    fn put_escaped(&self, value: &[u8], out: &mut BytesMut) {
        for run in
            value.chunk_by(|&before, &byte| !self.is_special(before) && !self.is_special(byte))
        {
            let special = run.first().is_some_and(|&byte| self.is_special(byte));
            if !special {
                out.put_slice(run);
                continue;
            }
            for &byte in run {
                out.put_u8(b'\\');
                out.put_u8(letter(byte).unwrap_or(byte));
            }
        }
    }

    fn is_special(&self, byte: u8) -> bool {
        byte == b'\\' || byte == self.delimiter || letter(byte).is_some()
    }

    /// A value that could be taken for NULL, for more than one, or for the end of the data.
    fn needs_quotes(&self, value: &[u8], quote: u8, single: bool) -> bool {
        value == self.null.as_bytes()
            || (single && value == b"\\.")
            || value.iter().any(|byte| [self.delimiter, quote, b'\n', b'\r'].contains(byte))
    }
}

fn put_csv(value: &[u8], quoting: &Quoting, quoted: bool, out: &mut BytesMut) {
    if !quoted {
        out.put_slice(value);
        return;
    }
    let special = |byte: u8| byte == quoting.quote || byte == quoting.escape;
    out.put_u8(quoting.quote);
    for run in value.split_inclusive(|&byte| special(byte)) {
        match run.split_last() {
            Some((&last, before)) if special(last) => {
                out.put_slice(before);
                out.put_u8(quoting.escape);
                out.put_u8(last);
            }
            _ => out.put_slice(run),
        }
    }
    out.put_u8(quoting.quote);
}

/// The letter that stands behind a backslash for a control character.
fn letter(byte: u8) -> Option<u8> {
    match byte {
        0x08 => Some(b'b'),
        0x0c => Some(b'f'),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        0x0b => Some(b'v'),
        _ => None,
    }
}
