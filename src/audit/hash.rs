//! SHA-256, as the log spells it.

use std::fmt;
use std::io::{self, Read};

use aws_lc_rs::digest;

/// A SHA-256 digest (FIPS 180-4), written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first record names as the hash of the record before it.
    pub const NONE: Self = Self([0; 32]);

    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_slice(digest::digest(&digest::SHA256, bytes).as_ref())
    }

    /// The digest of all that a reader gives, and how many bytes that is.
    pub(super) fn of_reader(mut reader: impl Read) -> io::Result<(Self, u64)> {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut bytes = 0;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = reader.read(&mut buffer)?;
            if length == 0 {
                return Ok((Self::from_slice(context.finish().as_ref()), bytes));
            }
            context.update(buffer.get(..length).unwrap_or_default());
            bytes += u64::try_from(length).unwrap_or(u64::MAX);
        }
    }

    /// Takes 64 lower-case hexadecimal digits and nothing else: one hash has one spelling.
    pub fn parse(text: &[u8]) -> Option<Self> {
        unhex(text).map(Self)
    }

    /// From 32 bytes; other lengths do not occur, and would give [`Hash::NONE`].
    fn from_slice(bytes: &[u8]) -> Self {
        Self(bytes.try_into().unwrap_or_default())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The 32 bytes that exactly 64 lower-case hexadecimal digits stand for.
pub(super) fn unhex(text: &[u8]) -> Option<[u8; 32]> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = digits else { return None };
        *byte = (nibble(*high)? << 4) | nibble(*low)?;
    }
    Some(bytes)
}
