//! Opens a folder for writing, and puts in order what a crash left.
//!
//! Everything that the head counts was acknowledged, and must be there and hold together, or the
//! log does not open. What stands past the head was acknowledged to nobody: a group whose commit
//! was cut short, outcomes of the last moments, or bytes that somebody added while the gateway
//! was down. Nothing tells these apart, since only the head is keyed; so none of it enters the
//! chain, and none of it is thrown away. It moves to a file of its own, and the first record
//! after it, `recovered`, holds that file's name, length and SHA-256.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::json;

use super::disk::Files;
use super::error::AuditError;
use super::folder::{self, Listing, remnant_name, segment_name};
use super::hash::Hash;
use super::head::{self, Head, Heads, Signer};
use super::key::Key;
use super::line::Payload;
use super::walk::{Fault, Recovered, Remnant, Walk};

/// A folder that is ready for its next record.
pub(super) struct Opened {
    pub(super) files: Files,
    pub(super) signer: Signer,
    /// Where the chain goes on.
    pub(super) durable: Head,
    /// To be recorded before anything else.
    pub(super) recovered: Option<Payload>,
}

/// Locks the folder, checks it, and puts it in order.
pub(super) fn open(dir: &Path, key_file: &Path) -> Result<Opened, AuditError> {
    let lock = folder::lock(dir)?;
    let listing = folder::list(dir)?;
    let key = key(dir, key_file, &listing)?;
    let (durable, next, head_damaged) = head(dir, &key, &listing)?;
    check(dir, &listing, &durable)?;

    let set_aside = || remnant(dir, &listing, &durable);
    let remnant = set_aside().map_err(AuditError::io("recover", dir))?;
    let recovered =
        (remnant.is_some() || head_damaged).then_some(Recovered { remnant, head_damaged });
    if let Some(recovered) = &recovered {
        tracing::warn!(dir = %dir.display(), ?recovered, "the audit log was not closed in order");
    }

    let signer = Signer::new(key, next);
    let files = || {
        let mut head = File::options().write(true).open(dir.join(folder::HEAD))?;
        // Whichever copy is older, or damaged, says the same as the other from here on.
        let (older, _) = signer.copies(&durable);
        head.seek(SeekFrom::Start(older.offset))?;
        head.write_all(&older.copy)?;
        head.sync_data()?;
        let path = dir.join(segment_name(durable.segment));
        let segment = folder::private().create(durable.bytes == 0).append(true).open(path)?;
        folder::sync(dir)?;
        Ok(Files::new(dir.to_owned(), segment, durable.bytes, head, lock))
    };
    let files = files().map_err(AuditError::io("open", dir))?;
    let recovered = recovered.map(|recovered| Payload::own("recovered", json!(recovered)));
    Ok(Opened { files, signer, durable, recovered })
}

/// The key; a new one for a new log only.
fn key(dir: &Path, key_file: &Path, listing: &Listing) -> Result<Key, AuditError> {
    match Key::load(key_file)? {
        Some(key) => Ok(key),
        None if listing.segments.is_empty() && !dir.join(folder::HEAD).exists() => {
            Key::create(key_file)
        }
        None => Err(AuditError::KeyMissing { key_file: key_file.to_owned(), dir: dir.to_owned() }),
    }
}

/// What is committed, which copy of the head to write first, and whether one is damaged.
fn head(dir: &Path, key: &Key, listing: &Listing) -> Result<(Head, usize, bool), AuditError> {
    let path = dir.join(folder::HEAD);
    match Heads::read(&path, key).map_err(AuditError::io("read", &path))? {
        // The head is made before the first segment, so a head that is missing beside segments
        // was taken away.
        Heads::Missing if listing.segments.is_empty() => {
            folder::write_whole(&path, &mut [&mut head::new_file(key).as_slice()])
                .map_err(AuditError::io("write", &path))?;
            Ok((Head::START, 0, false))
        }
        Heads::Missing => Err(damaged(dir, Fault::of_file(folder::HEAD, "the head is missing"))),
        Heads::Whole(first, second) if first.link.seq >= second.link.seq => Ok((first, 1, false)),
        Heads::Whole(_, second) => Ok((second, 0, false)),
        Heads::Damaged { whole, damaged } => Ok((whole, damaged, true)),
        Heads::Worthless => Err(damaged(dir, Fault::of_file(folder::HEAD, head::WORTHLESS))),
    }
}

/// Whether what the head counts is there. Of the segments before the last, only that they exist:
/// `verify` reads those.
fn check(dir: &Path, listing: &Listing, durable: &Head) -> Result<(), AuditError> {
    let fault = |file: String, what: &str| Err(damaged(dir, Fault::of_file(file, what)));
    if let Some(stray) = listing.strays.first() {
        return fault(stray.clone(), "this file is not of the log");
    }
    let next = durable.segment + 1;
    if let Some((stray, _)) = listing.segments.range(next + 1..).next() {
        return fault(segment_name(*stray), "the head does not count this segment");
    }
    if let Some((stray, _)) = listing.remnants.range(durable.link.seq + 2..).next() {
        return fault(remnant_name(*stray), "no record tells of this file");
    }
    for segment in 1..durable.segment {
        if !listing.segments.contains_key(&segment) {
            return fault(segment_name(segment), "the segment is missing");
        }
    }
    let mut walk =
        if durable.segment == 1 { Walk::from_start(dir) } else { Walk::from_within(dir) };
    walk.up_to(durable).map_err(|stop| stop.error(dir))
}

/// Moves what stands past the head to a file of its own. At whatever step this is cut short, it
/// is done again at the next start; then that file may hold a piece twice, never too little.
fn remnant(dir: &Path, listing: &Listing, durable: &Head) -> io::Result<Option<Remnant>> {
    let seq = durable.link.seq + 1;
    let name = remnant_name(seq);
    let path = dir.join(&name);
    let beyond =
        listing.segments.get(&durable.segment).is_some_and(|length| *length > durable.bytes);
    let successor = listing.segments.get(&(durable.segment + 1));

    if beyond || successor.is_some_and(|length| *length > 0) {
        let mut earlier: Box<dyn Read> = match listing.remnants.get(&seq) {
            Some(_) => Box::new(File::open(&path)?),
            None => Box::new(io::empty()),
        };
        let mut tail = File::open(dir.join(segment_name(durable.segment)))?;
        tail.seek(SeekFrom::Start(durable.bytes))?;
        let mut rest: Box<dyn Read> = match successor {
            Some(_) => Box::new(File::open(dir.join(segment_name(durable.segment + 1)))?),
            None => Box::new(io::empty()),
        };
        folder::write_whole(&path, &mut [&mut earlier, &mut tail, &mut rest])?;
    }
    if beyond {
        let segment = File::options().write(true).open(dir.join(segment_name(durable.segment)))?;
        segment.set_len(durable.bytes)?;
        segment.sync_all()?;
    }
    if successor.is_some() {
        fs::remove_file(dir.join(segment_name(durable.segment + 1)))?;
        folder::sync(dir)?;
    }
    match File::open(&path) {
        Ok(file) => {
            let (hash, bytes) = Hash::of_reader(file)?;
            Ok(Some(Remnant { file: name, bytes, sha256: hash.to_string() }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn damaged(dir: &Path, fault: Fault) -> AuditError {
    AuditError::Damaged { dir: dir.to_owned(), fault }
}
