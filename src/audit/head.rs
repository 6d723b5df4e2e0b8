//! The head: how far the log is committed, signed.
//!
//! The file holds two copies, each in a block of its own so that no write touches both. A commit
//! writes and syncs one copy, and then the other without waiting; the next commit starts with
//! the other. So at every moment one copy is whole on the disk, and at rest both say the same:
//! there is no older state in the folder to fall back to for someone who damages a copy.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder::segment_name;
use super::hash::Hash;
use super::key::Key;
use super::line::Link;

/// A block that disks write as one, or at least apart from the next.
const COPY_BYTES: usize = 4096;

/// So that no other message signed with this key can pass for a head.
const PURPOSE: &str = "portcullis audit head";

/// What is wrong where neither copy is whole.
pub(super) const WORTHLESS: &str = "the head was changed, or signed with another key";

/// How far a log is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The segment of the last committed record.
    pub(super) segment: u64,
    /// How many bytes of that segment are committed.
    pub(super) bytes: u64,
    /// The last committed record: its number is how many there are.
    pub(super) link: Link,
}

/// The copy as it is spelled.
#[derive(Serialize, Deserialize)]
struct Text {
    v: u32,
    segment: u64,
    file: String,
    bytes: u64,
    seq: u64,
    hash: String,
    mac: String,
}

impl Head {
    /// Of a log without records.
    pub(super) const START: Self = Self { segment: 1, bytes: 0, link: Link::START };

    /// One copy: a JSON object, spaces up to the block's end, and a newline.
    fn encode(&self, key: &Key) -> Vec<u8> {
        let Self { segment, bytes, link: Link { seq, hash } } = self;
        let signed = format!("{PURPOSE} v1 segment {segment} bytes {bytes} seq {seq} hash {hash}");
        let text = Text {
            v: 1,
            segment: *segment,
            file: segment_name(*segment),
            bytes: *bytes,
            seq: *seq,
            hash: hash.to_string(),
            mac: key.mac(signed.as_bytes()),
        };
        // Numbers and digits only: it encodes, and it fits.
        let mut copy = serde_json::to_vec(&text).unwrap_or_default();
        copy.resize(COPY_BYTES - 1, b' ');
        copy.push(b'\n');
        copy
    }

    /// Reads a copy; `None` unless it is, byte for byte, what [`Head::encode`] makes.
    fn decode(copy: &[u8], key: &Key) -> Option<Self> {
        let text: Text = serde_json::from_slice(copy).ok()?;
        let hash = Hash::parse(text.hash.as_bytes())?;
        let link = Link { seq: text.seq, hash };
        let head = Self { segment: text.segment, bytes: text.bytes, link };
        // Not in constant time: whoever can probe this can read the folder, and the signature
        // that is compared with is computed over what stands in it.
        (head.encode(key) == copy).then_some(head)
    }
}

/// What the head's file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heads {
    /// There is no such file.
    Missing,
    /// Both copies are whole. They differ while a commit is under way, or was cut short.
    Whole(Head, Head),
    /// One copy is whole: the other was torn by a crash, or changed.
    Damaged {
        /// What the whole copy says.
        whole: Head,
        /// Which of the copies is not, 0 or 1.
        damaged: usize,
    },
    /// Nothing in it can be trusted.
    Worthless,
}

impl Heads {
    /// Reads the file of this folder.
    pub(super) fn read(path: &Path, key: &Key) -> io::Result<Self> {
        let mut text = Vec::new();
        match File::open(path) {
            Ok(file) => file.take(2 * COPY_BYTES as u64 + 1).read_to_end(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Missing),
            Err(error) => return Err(error),
        };
        let copy = |index: usize| {
            let copy = text.get(index * COPY_BYTES..(index + 1) * COPY_BYTES)?;
            Head::decode(copy, key)
        };
        // Bytes behind the second copy make it another.
        let second = if text.len() == 2 * COPY_BYTES { copy(1) } else { None };
        Ok(match (copy(0), second) {
            (Some(first), Some(second)) => Self::Whole(first, second),
            (Some(whole), None) => Self::Damaged { whole, damaged: 1 },
            (None, Some(whole)) => Self::Damaged { whole, damaged: 0 },
            (None, None) => Self::Worthless,
        })
    }
}

/// The bytes of a new head's file.
pub(super) fn new_file(key: &Key) -> Vec<u8> {
    Head::START.encode(key).repeat(2)
}

/// Where a commit has to put its two copies.
pub(super) struct Signer {
    key: Key,
    next: u64,
}

/// One copy and where it goes in the file.
pub(super) struct Placed {
    /// From the start of the file, in bytes.
    pub(super) offset: u64,
    pub(super) copy: Vec<u8>,
}

impl Signer {
    /// Continues a file, of which `next` (0 or 1) is the copy that may be overwritten first: the
    /// older, or the damaged one.
    pub(super) fn new(key: Key, next: usize) -> Self {
        Self { key, next: u64::from(next != 0) }
    }

    /// The copy to write and sync, and the one to write after it.
    pub(super) fn copies(&self, head: &Head) -> (Placed, Placed) {
        let copy = head.encode(&self.key);
        let at = |index: u64| Placed { offset: index * COPY_BYTES as u64, copy: copy.clone() };
        (at(self.next), at(1 - self.next))
    }

    /// To be told when the first of the copies is durable.
    pub(super) fn committed(&mut self) {
        self.next = 1 - self.next;
    }
}
